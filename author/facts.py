"""The tables of facts: each row with its source, and none of it older than a year without a word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from author.book import Book, Problem
from demos_py.core.markdown.data import Table, load, stale
from demos_py.core.markdown.page import ChapterError


def _tables(book: Book) -> Iterator[Table | Problem]:
    for path in sorted((book.root / "docs/data").glob("*.yml")):
        try:
            yield load(path)
        except ChapterError as error:
            yield book.problem_of(str(error).replace("\n", " "), str(path.relative_to(book.root)))


def check(book: Book) -> Iterator[Problem]:
    """Every table that cannot be shown."""
    yield from (found for found in _tables(book) if isinstance(found, Problem))


def old(book: Book, today: date) -> Iterator[Problem]:
    """Every row that was checked more than a year ago: nothing wrong yet, but somebody should look again."""
    for table in _tables(book):
        if isinstance(table, Table):
            for row in stale(table, today):
                path = str(table.path.relative_to(book.root))
                yield Problem(
                    path, row.line, f"{row.cells[0]} was last checked on {row.source.checked}: look again"
                )
