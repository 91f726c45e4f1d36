"""A chapter and a figure that have just been begun are without a mistake, and their test passes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from author import new
from author.book import Book
from author.check import problems
from demos_py.core.markdown.book import Book as Plan
from wasm.assets import ROOT

NEXT = 1 + max(chapter.number for chapter in Plan(ROOT / "docs").chapters.values())


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The root of a copy of the book, as far as a chapter and a figure need it."""
    for name in ("docs", "demos_py", "tests/unit"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    for name in ("docs/assets", "overrides", "author", "wasm", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    return tmp_path


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with the packages that lie there."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )


def test_a_new_chapter_builds_and_its_test_passes(book: Path) -> None:
    written = new.chapter(book, "serving", "made-by-a-test")
    names = {str(path.relative_to(book)) for path in written}
    assert names == {
        "docs/serving/made-by-a-test.md",
        "docs/book.yml",
        "mkdocs.yml",
        "demos_py/made_by_a_test/__init__.py",
        "demos_py/made_by_a_test/first.py",
        "demos_py/made_by_a_test/first.html.jinja",
        "tests/unit/made_by_a_test/test_first.py",
    }
    checked = python(book, "-m", "author.check")
    left = [
        line for line in checked.stdout.splitlines() if "made-by-a-test" in line or "made_by_a_test" in line
    ]
    assert left == [], checked.stdout
    tested = python(book, "-m", "pytest", "tests/unit/made_by_a_test")
    assert tested.returncode == 0, tested.stdout
    # in the nav and in the plan below the last chapter of its part, and everything else as it was
    assert added(book, "mkdocs.yml") == [f"      - {NEXT} Made by a test: serving/made-by-a-test.md"]
    assert added(book, "docs/book.yml") == [
        f"      made-by-a-test: {{ title: Made by a test, number: {NEXT} }}"
    ]


def added(book: Path, name: str) -> list[str]:
    """The lines that a file has and the book's own has not; none of whose are gone."""
    before, now = ((root / name).read_text("utf-8").splitlines() for root in (ROOT, book))
    new_lines = [line for line in now if line not in before]
    assert [line for line in now if line in before] == before
    return new_lines


def test_a_planned_chapter_has_its_place(book: Path) -> None:
    written = new.chapter(book, "serving", "quantization")
    assert book / "docs/book.yml" not in written
    assert "\nnumber: 18\n" in (book / "docs/serving/quantization.md").read_text("utf-8")
    lines = (book / "mkdocs.yml").read_text("utf-8").splitlines()
    assert lines.index("      - 18 Quantization: serving/quantization.md") == 1 + lines.index("  - Serving:")
    new.chapter(book, "agents", "observability")
    assert added(book, "mkdocs.yml") == [
        "      - 18 Quantization: serving/quantization.md",
        "  - Working with agents:",
        "      - 28 Observability: agents/observability.md",
    ]


def test_a_second_figure_needs_its_place(book: Path) -> None:
    new.demo(book, "sampling/second-look")
    assert [str(problem).partition(": ")[2] for problem in problems(Book(book))] == [
        "stands in no chapter: place it in sampling.md by /// demo | sampling/second-look"
    ]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            lambda root: new.chapter(root, "servings", "made-by-a-test"),
            "PART being one of foundations, retrieval, production",
        ),
        (lambda root: new.chapter(root, "serving", "My Chapter"), "in small letters"),
        (lambda root: new.chapter(root, "serving", "kv-cache"), "is there already"),
        (lambda root: new.chapter(root, "serving", "evals"), "make chapter PART=choosing"),
        (lambda root: new.demo(root, "made-by-a-test"), "is no name of a figure"),
        (lambda root: new.demo(root, "made-by-a-test/first"), "begin it by make chapter"),
        (lambda root: new.demo(root, "sampling/draws"), "is there already"),
    ],
)
def test_what_is_refused(book: Path, what, said: str) -> None:  # type: ignore[no-untyped-def]
    before = (book / "mkdocs.yml").read_text()
    with pytest.raises(new.Refused, match=re.escape(said)):
        what(book)
    assert (book / "mkdocs.yml").read_text() == before
