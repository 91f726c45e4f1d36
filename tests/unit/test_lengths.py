"""No module of ours grows longer than one can keep in mind."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST = 400  # lines
KINDS = (".py", ".js", ".mjs", ".css", ".jinja", ".html")
MADE = {"node_modules", "build", "site", "dist"}  # folders that Git ignores
MADE_FILES = {"overrides/partials/cutaway.html"}


def modules() -> dict[str, Path]:
    """Every module in the repository's folders, by its path there."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."]
    files = [
        file
        for folder in folders
        if folder.name not in MADE
        for file in folder.rglob("*")
        if file.suffix in KINDS
    ]
    named = {file.relative_to(ROOT).as_posix(): file for file in files if file.is_file()}
    return {path: file for path, file in named.items() if path not in MADE_FILES}


def test_no_module_is_too_long() -> None:
    found = modules()
    assert {"demos_py/core/demo.py", "wasm/host/main.js", "docs/assets/cutaway/tokens.css"} <= set(found)
    lengths = {path: len(file.read_text("utf-8").splitlines()) for path, file in found.items()}
    long = [
        f"{path} has {lines} lines, {lines - MOST} too many: split it where it has a joint"
        for path, lines in sorted(lengths.items())
        if lines > MOST
    ]
    assert not long, "\n".join(long)
