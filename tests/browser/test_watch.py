"""What is saved while the book is served shows on the page, and what is wrong is said there."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, figure_of
from wasm.assets import ROOT

FIGURE = figure_of("sampling/distribution")
SOURCES = ("author", "demos_py", "docs", "overrides", "wasm", "site", "build/assets")
CHAPTER = "docs/production/sampling.md"
MODULE = "demos_py/sampling/distribution.py"
BODY = "return document.body.textContent"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A copy of the repository, to be written in."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("node_modules", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    return tmp_path


@pytest.fixture
def address(written: Path) -> Iterator[str]:
    """Where that copy is served while it is written."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = os.environ | {"PYTHONPATH": str(written), "NO_MKDOCS_2_WARNING": "1"}
    serving = subprocess.Popen(
        [sys.executable, "-m", "author.watch", str(port)],
        cwd=written,
        env=settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout and "Cutaway is at" in serving.stdout.readline()
    yield f"http://127.0.0.1:{port}/"
    serving.terminate()
    serving.wait(10)


def save(path: Path, old: str, new: str) -> None:
    """Write a file with one place of it changed."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def says(reader: PlaywrightDriver, words: str) -> None:
    """Wait until these words stand somewhere on the page."""
    wait_for(reader, f"{BODY}.includes(arguments[0])", words, what=words)


def test_what_is_saved_is_shown(reader: PlaywrightDriver, written: Path, address: str) -> None:
    reader.open(address + SAMPLING)
    shown.go_live(reader, FIGURE)
    # Markdown
    save(
        written / CHAPTER,
        "A language model does not choose",
        "A sentence just written. A model does not choose",
    )
    says(reader, "A sentence just written.")
    # a mistake: its line, and the page as it was
    save(written / CHAPTER, "/// demo | sampling/draws", "/// demo | sampling/drws")
    says(reader, "did you mean “sampling/draws”")
    line = (written / CHAPTER).read_text("utf-8").partition("sampling/drws")[0].count("\n") + 1
    assert f"{CHAPTER}:{line}: " in reader.run(BODY)
    says(reader, "A sentence just written.")
    save(written / CHAPTER, "/// demo | sampling/drws", "/// demo | sampling/draws")
    wait_for(
        reader,
        f"return !{BODY.removeprefix('return ')}.includes('did you mean')",
        what="the page built again",
    )
    # a figure: in the page, and in the reader's own Python
    save(written / MODULE, "tokens can be drawn", "tokens may be drawn")
    says(reader, "tokens may be drawn")
    shown.go_live(reader, FIGURE)
    reader.press(FIGURE.control("temperature"), "End")
    wait_for(
        reader,
        "return document.querySelector(`${arguments[0]} .cw-badge`).textContent.includes('Python in this page')",
        FIGURE.css,
    )
    says(reader, "tokens may be drawn")
    # a mistake in it
    save(written / MODULE, 'TITLE = "', 'TITLE = missing + "')
    says(reader, "NameError: name 'missing' is not defined")
    assert f"{MODULE}:" in reader.run(BODY)
    save(written / MODULE, 'TITLE = missing + "', 'TITLE = "A new ')
    says(reader, "A new Next-token distribution")
    # its template, and a style
    save(written / MODULE.replace(".py", ".html.jinja"), "{%", "<p>Just drawn.</p>{%")
    says(reader, "Just drawn.")
    save(written / "docs/assets/cutaway/prose.css", "", "body{--just-styled:1}")
    styled = "return getComputedStyle(document.body).getPropertyValue('--just-styled') === '1'"
    wait_for(reader, styled, what="the style")
