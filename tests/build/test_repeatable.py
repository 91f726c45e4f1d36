"""The same sources give the same bytes: in another folder, time zone, language, and with other rights and seeds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wasm.assets import ROOT, digest
from wasm.disk import write_archive, write_copy

SITE = ROOT / "site"
NOT_SOURCES = (".git", ".venv", "node_modules", "build", "site", ".*_cache", "__pycache__", ".hypothesis", "cutaway.html")
ELSEWHERE = {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": "/nonexistent"}
STEPS = (
    ("python", "-m", "wasm.stage"),
    ("mkdocs", "build", "--strict", "--quiet"),
    ("python", "-m", "wasm.finish", "site"),
    ("python", "-m", "wasm.offline", "site"),
    ("python", "-m", "wasm.disk", "site"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, built from nothing in a copy of the checkout."""
    folder = tmp_path_factory.mktemp("another place") / "book"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    where = os.environ | ELSEWHERE | {"PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1"}
    for tool, *arguments in STEPS:
        command = [Path(sys.executable).with_name(tool), *arguments]
        done = subprocess.run(
            command, cwd=folder, env=where, umask=0o077, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return folder


def sums(folder: Path) -> dict[str, str]:
    """The hash of each file; what `make hosted` puts into the site afterwards is not of the site."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "cutaway-offline.zip"]
    return {str(path.relative_to(folder)): digest(path.read_bytes()) for path in files}


def test_the_site_is_the_same_to_the_byte(again: Path) -> None:
    here, there = sums(SITE), sums(again / "site")
    assert set(here) == set(there)
    assert [name for name in here if here[name] != there[name]] == []


def test_the_copy_for_reading_from_disk_is_the_same_to_the_byte(again: Path, tmp_path: Path) -> None:
    write_copy(SITE, tmp_path / "cutaway")
    write_archive(tmp_path / "cutaway", tmp_path / "archive.zip")
    assert sums(tmp_path / "cutaway") == sums(again / "build/offline/cutaway")
    assert digest((tmp_path / "archive.zip").read_bytes()) == digest((again / "build/cutaway-offline.zip").read_bytes())
