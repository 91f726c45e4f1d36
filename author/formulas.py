"""Formulas that KaTeX can set."""

from __future__ import annotations

from collections.abc import Iterator

from author.book import Book, Problem
from wasm.formulas import formulas_in, rendered


def check(book: Book) -> Iterator[Problem]:
    """Every formula of the pages."""
    wanted = {path: list(formulas_in(html)) for path, html in book.html.items()}
    answers = rendered({formula for found in wanted.values() for formula in found})
    for page in book.pages:
        for formula in wanted.get(page.path, []):
            if "error" in answers[formula]:
                tex = formula[0]
                yield page.problem(
                    tex, f"the formula {tex} is not one that KaTeX can set: {answers[formula]['error']}"
                )
