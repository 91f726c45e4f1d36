"""Pack the tables of `docs/data` for figures: `python -m wasm.tables`.

The browser's Python reads no YAML, so each `docs/data/<name>.yml` becomes `build/data/tables/<name>.json`. A figure
loads it by `await sessions.load("tables/<name>.json")`, and a chapter shows the same file as a table.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from wasm.assets import BUILD, ROOT, write

TABLES = ROOT / "docs/data"
FOLDER = BUILD / "data/tables"


def write_all(folder: Path = FOLDER) -> list[Path]:
    """Write every file that changed; the answer is all of them."""
    paths = []
    for table in sorted(TABLES.glob("*.yml")):
        path = folder / f"{table.stem}.json"
        # the one kind of value that JSON lacks is a date, which is text in ISO 8601
        data = json.dumps(yaml.safe_load(table.read_text("utf-8")), ensure_ascii=False, default=str)
        write(path, data.encode())
        paths.append(path)
    return paths


if __name__ == "__main__":
    write_all()
