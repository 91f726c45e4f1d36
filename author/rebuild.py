"""Answers each line of file names with what went wrong in building them: `python -m author.rebuild`.

It has imported what a build needs of others, which takes longer than the build, and forks for each: so each begins
with the book's own modules as they were saved last.
"""

import importlib
import json
import os
import sys

OTHERS = (
    "griffe",
    "jinja2",
    "material.plugins.search.plugin",
    "mkdocs.commands.build",
    "mkdocs_autorefs",
    "mkdocstrings",
    "mkdocstrings_handlers.python",
    "numpy",
    "onnxruntime",
    "pygments.lexers",
    "pymdownx.superfences",
    "regex",
    "tiktoken",
    "yaml",
)


def build_and_end(changed: list[str], out: int) -> None:
    """In a process of its own: build, write what is wrong as one line of JSON, and end."""
    wrong = ["the build ended early"]
    try:
        from author.draft import rebuild  # only here, so that it is read anew each time

        wrong = rebuild(changed)
    except ImportError as error:
        wrong = [str(error)]
    finally:
        os.write(out, json.dumps(wrong).encode() + b"\n")
        os._exit(0)


def main() -> None:
    """Read lines until there are no more."""
    for name in OTHERS:
        importlib.import_module(name)
    out = os.dup(1)
    os.dup2(2, 1)  # what the build prints is for the terminal
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            build_and_end(json.loads(line), out)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
