"""What staging and finishing share: the places, the hash that names a file, the one integrity manifest."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
ASSETS = BUILD / "assets"
MANIFEST = "manifest.json"


class AssetError(Exception):
    """A file is missing, or is not the one that was pinned."""


def run(what: str, command: list[str | Path], stdin: str = "", **environment: str) -> str:
    """The output of a tool; a failure says what could not be done, and all that the tool said."""
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise AssetError(f"{what}:\n{done.stdout}{done.stderr}")
    sys.stderr.write(done.stderr)
    return done.stdout


def digest(data: bytes) -> str:
    """The sha256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_files(paths: Iterable[tuple[str, Path]]) -> str:
    """One sha256 over many files: their names as given, and their bytes."""
    whole = hashlib.sha256()
    for name, path in sorted(paths):
        whole.update(f"{name}\0{digest(path.read_bytes())}\n".encode())
    return whole.hexdigest()


def write(path: Path, data: bytes) -> bool:
    """Write a file unless it already holds these bytes, and say whether it was written.

    An untouched file keeps its time, so that Make and the site generators see that nothing changed.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(data)
    half.replace(path)  # so that a build that was stopped never leaves half a file
    return True


def put(name: str, data: bytes, folder: Path = ASSETS) -> dict[str, Any]:
    """Write a file under the folder named by its hash; the answer is its entry in the manifest.

    The name itself stays as it is: Pyodide reads wheel names, and people read network logs.
    """
    whole = digest(data)
    path = f"{whole[:12]}/{name}"
    write(folder / path, data)
    return {"path": path, "bytes": len(data), "sha256": whole}


def load_manifest(folder: Path = ASSETS) -> dict[str, Any]:
    """The manifest of a folder of assets."""
    try:
        return json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        raise AssetError(f"{folder / MANIFEST} is missing: run `python -m wasm.stage` first") from error


def verify(folder: Path, manifest: dict[str, Any]) -> None:
    """Hold every file of the manifest against its size and sha256."""
    for name, entry in manifest["files"].items():
        path = folder / entry["path"]
        if not path.is_file():
            raise AssetError(f"{path} is missing")
        data = path.read_bytes()
        if len(data) != entry["bytes"] or digest(data) != entry["sha256"]:
            raise AssetError(
                f"{path} is not the {name} that was staged: {len(data)} bytes, sha256 {digest(data)}; "
                f"expected {entry['bytes']} bytes, sha256 {entry['sha256']}"
            )
