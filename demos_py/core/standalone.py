"""A figure at a terminal: what a downloaded program does when it is run (see wasm/pages/standalone.py)."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from demos_py.core import params as controls
from demos_py.core.demo import Demo, Table, from_module

FOLDER = Path("cutaway-files")  # where what a model needs is kept


def text_of(demo: Demo, query: str) -> str:
    """What the figure shows for a query, as text: its controls, its reading, its table.

    Raises SystemExit with a sentence for each part of the query that means nothing.
    """
    params, problems = controls.from_query(
        demo.params(), f"v={controls.LINK_VERSION}&{query}" if query else ""
    )
    if problems:
        raise SystemExit("\n".join(problems))
    view = demo.first_view(params)
    values = [
        f"    {name}={' '.join(control.write(getattr(params, name)))}".ljust(44) + f"  {control.label}"
        for name, control in controls.controls(params).items()
    ]
    reading = re.sub(r"\*\*|`", "", view.reading)
    return "\n".join([demo.title, "", *values, "", *view.notices, reading, "", as_text(view.table)])


def as_text(table: Table) -> str:
    """A table with its columns in line."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([table.caption, "", *lines])


def use_files(files: Mapping[str, tuple[str, str]]) -> None:
    """Let sessions find a file that is not in this folder's book: fetched once from its address, and checked.

    `files` maps a name such as `pocket-lm/forward.onnx` to its address and its sha256, in hexadecimal.
    """
    from demos_py.core import native
    from demos_py.core.sessions import SessionError

    if native.MODELS.is_dir():
        return  # run in the book's own folder
    native.MODELS = FOLDER

    async def load(name: str) -> bytes:
        folder, _, graph = name.partition("/")
        for beside in (name, f"{folder}/{graph.removesuffix('.onnx')}.bin", f"{folder}/weights.bin"):
            if beside in files and not (FOLDER / beside).is_file():
                _fetch(*files[beside], FOLDER / beside)
        if not (FOLDER / name).is_file():
            raise SessionError(f"There is no file {name}.")
        return (FOLDER / name).read_bytes()

    native.load = load


def _fetch(address: str, sha256: str, path: Path) -> None:
    print(f"Fetching {address}", file=sys.stderr)
    with urllib.request.urlopen(address) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{address} has another content than this program was made with; download it anew.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main(demo_id: str, arguments: Sequence[str], files: Mapping[str, tuple[str, str]]) -> None:
    """Print a figure. Each argument is `name=value`, as in the figure's link; raises SystemExit for another."""
    if files:
        use_files(files)
    demo = from_module(importlib.import_module(f"demos_py.{demo_id.replace('-', '_').replace('/', '.')}"))
    wrong = [argument for argument in arguments if "=" not in argument]
    if wrong:
        raise SystemExit(f"“{wrong[0]}” is no name=value. Without arguments, the program lists its names.")
    print(
        text_of(
            demo, urlencode([(name, value) for name, _, value in (one.partition("=") for one in arguments)])
        )
    )
