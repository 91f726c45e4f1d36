"""Every figure placed, tested, described, and without a mistake that a compiler would find."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import TemplateSyntaxError

from author.book import Book, Problem
from demos_py.core.demo import ROOMS_WITHOUT_DEMOS
from demos_py.core.edited import TEMPLATE
from demos_py.core.markdown.index import imports_demo
from demos_py.core.render import environment


def modules(root: Path) -> Iterator[Path]:
    """The file of every demo: each module of a chapter's package is one."""
    for path in sorted((root / "demos_py").glob("*/*.py")):
        if path.parent.name not in ROOMS_WITHOUT_DEMOS and path.name != "__init__.py":
            yield path


def demo_id(path: Path) -> str:
    """`sampling/draws` for `…/sampling/draws.py`."""
    return f"{path.parent.name}/{path.stem}".replace("_", "-")


def tests_of(root: Path, path: Path) -> list[Path]:
    """The test files of a chapter that import a demo's module."""
    files = sorted((root / "tests/unit" / path.parent.name).glob("test_*.py"))
    return [file for file in files if imports_demo(file, f"demos_py.{path.parent.name}", path.stem)]


def check(book: Book) -> Iterator[Problem]:
    """Every demo's module, template, tests and place."""
    placed = {demo for demo, page, again in book.placed() if page.folder and not again}
    for path in modules(book.root):
        name = str(path.relative_to(book.root))
        chapter, stem = path.parent.name, path.stem
        demo = demo_id(path)
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except SyntaxError as error:
            yield Problem(name, error.lineno or 1, f"is not Python: {error.msg}")
            continue
        if not ast.get_docstring(tree):
            yield Problem(
                name, 1, "has no docstring: begin the file with one sentence on what the figure shows"
            )
        titled = any(
            isinstance(node, ast.Assign)
            and any(getattr(target, "id", "") == "TITLE" for target in node.targets)
            for node in tree.body
        )
        if not titled:
            yield Problem(name, 1, 'has no TITLE: write TITLE = "What the reader sees above the figure"')
        yield from _template(book.root, path.with_name(f"{stem}{TEMPLATE}"))
        if not tests_of(book.root, path):
            yield Problem(
                name,
                1,
                f"has no test: write tests/unit/{chapter}/test_{stem}.py, which imports it and compares its numbers "
                "with something that shares none of its code",
            )
        if demo not in placed:
            file = f"{chapter.replace('_', '-')}.md"
            yield Problem(name, 1, f"stands in no chapter: place it in {file} by /// demo | {demo}")


def _template(root: Path, path: Path) -> Iterator[Problem]:
    name = str(path.relative_to(root))
    if not path.is_file():
        yield Problem(name, 1, "is not there: a figure's drawing is a template beside its module")
        return
    try:
        environment().parse(path.read_text("utf-8"))
    except TemplateSyntaxError as error:
        yield Problem(name, error.lineno, f"is no template that Jinja can read: {error.message}")
