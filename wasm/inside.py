"""What a reader finds inside a figure: the demo's module, its template, and the modules that they use."""

import ast
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from demos_py.core.demo import ids
from demos_py.core.edited import TEMPLATE
from wasm.assets import BUILD, ROOT, write

ROOM = "demos_py"


@cache
def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def _path(module: str) -> str | None:
    """The file of one of our modules; None for a name that is none, such as a function's."""
    for path in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
        if (ROOT / path).is_file():
            return path
    return None


@cache
def imported(path: str) -> tuple[str, ...]:
    """The files of ours that a file imports, in the order in which it names them."""
    names: list[str] = []
    for node in ast.walk(ast.parse(_text(path), path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names += [name if _path(name) else node.module for name in inside]
    ours = (_path(name) for name in names if name.startswith(f"{ROOM}."))
    return tuple(dict.fromkeys(path for path in ours if path))


def _all_used(paths: list[str], wanted: Callable[[str], bool]) -> dict[str, str]:
    """The text of some files and of each that they use, by path."""
    found = list(paths)
    for path in found:  # grows while it is read
        found += [other for other in imported(path) if other not in found and wanted(other)]
    return {path: _text(path) for path in found}


def is_core(path: str) -> bool:
    """Whether a file is of what all figures stand on, which a reader does not rewrite."""
    return path.startswith(f"{ROOM}/core/")


def files_of(demo_id: str) -> dict[str, str]:
    """The text of each file of a figure by its path: its module, its template, then what these use, core left out."""
    module = f"{ROOM}/{demo_id.replace('-', '_')}.py"
    template = module.replace(".py", TEMPLATE)
    files = _all_used([module], lambda path: not is_core(path))
    return {module: files.pop(module), template: _text(template), **files}


def of_core() -> dict[str, Any]:
    """What a figure's program needs to run by itself: the beginning of such a file, and the files of core by path."""
    demos = [f"{ROOM}/{demo_id.replace('-', '_')}.py" for demo_id in ids()]
    roots = [f"{ROOM}/__init__.py", f"{ROOM}/core/standalone.py", f"{ROOM}/core/native.py"]
    packages = [
        f"{ROOM}/{room}/__init__.py"
        for room in sorted({Path(demo).parent.name for demo in demos} | {"algorithms", "models"})
    ]
    used = _all_used([*roots, *demos], lambda _path: True)
    files = {path: text for path, text in used.items() if is_core(path) or path in roots}
    return {
        "start": (ROOT / "wasm/pages/standalone.py").read_text("utf-8"),
        "files": files
        | {f"{ROOM}/core/__init__.py": _text(f"{ROOM}/core/__init__.py")}
        | {path: _text(path) for path in packages},
    }


def write_all() -> list[Path]:
    """One file for each demo, as JSON: `{path: text}`; and one of core."""
    paths: list[Path] = []
    for name, value in [
        ("core", of_core()),
        *((demo_id.replace("/", "-"), files_of(demo_id)) for demo_id in ids()),
    ]:
        path = BUILD / "inside" / f"{name}.json"
        write(path, json.dumps(value, ensure_ascii=False).encode())
        paths.append(path)
    return paths
