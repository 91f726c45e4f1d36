"""What every chapter has: an opening, an end, a line in the contents, a package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from author.book import Book, Page, Problem

FRONT = {  # what the opening is made from
    "title": "the chapter's title",
    "number": "its number, which its package has too, as CHAPTER",
    "part": "its part, such as Part IV, Serving",
    "deck": "one claim that can fail, in two sentences at most",
    "measure": "what it costs to read, such as four figures; the minutes are computed",
}
NEXT = ("Read next", "What to read next", "Where to go next")
QUESTIONS = 3
CHAPTER = re.compile(r"^CHAPTER = (\d+)", re.MULTILINE)
NOT_FINISHED = re.compile(r"\b(TODO|FIXME|XXX|[Ll]orem ipsum)\b")


def check(book: Book) -> Iterator[Problem]:
    """Every page's place in the contents; every chapter's front matter, end and package."""
    named = set(_paths(book.config.nav))
    for page in book.pages:
        name = page.path.removeprefix("docs/")
        if name not in named:
            yield page.problem(
                1, f"is in no contents: give it a line under nav in mkdocs.yml, - Title: {name}"
            )
        for number, line in page.prose:
            if found := NOT_FINISHED.search(line):
                yield page.problem(number, f"“{found[0]}” is left over: finish it, or take it out")
    numbers: dict[Any, str] = {}
    for page in book.chapters:
        yield from _front(page)
        yield from _end(page)
        number = page.front.get("number")
        if number in numbers:
            yield page.problem(
                "number:", f"{numbers[number]} is chapter {number} already: take another number"
            )
        elif number is not None:
            numbers[number] = page.path
            yield from _package(book, page, number)


def _paths(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for item in nav.values() if isinstance(nav, dict) else nav or []:
            yield from _paths(item)


def _front(page: Page) -> Iterator[Problem]:
    if isinstance(page.front_matter, yaml.MarkedYAMLError):
        mark = page.front_matter.problem_mark
        yield page.problem(
            mark.line + 2 if mark else 1,
            f"the front matter is not YAML: {page.front_matter.problem}; text with a colon in it needs quotes",
        )
        return
    for key, what in FRONT.items():
        if not page.front.get(key):
            yield page.problem(1, f"the front matter has no {key}: {what}")


def _end(page: Page) -> Iterator[Problem]:
    headings = re.findall(r"^## (.*?)(?: \{.*)?$", page.text, re.MULTILINE)
    last = page.text.count("\n") + 1
    for names in (("Check yourself",), NEXT, ("Sources",)):
        if not set(names) & set(headings):
            yield page.problem(last, f"the chapter has no “## {names[0]}”: chapters end with it")
    asked = len(re.findall(r"^\?{3}\+? question ", page.text, re.MULTILINE))
    if "Check yourself" in headings and asked < QUESTIONS:
        yield page.problem(
            "## Check yourself",
            f'{asked} questions of {QUESTIONS}: add one by ??? question "…" and its answer, indented',
        )
    _, _, sources = page.text.partition("\n## Sources")
    if "Sources" in headings and "https://" not in sources:
        yield page.problem(
            "## Sources", "no source with a link: name the primary ones, with authors and year"
        )


def _package(book: Book, page: Page, number: int) -> Iterator[Problem]:
    name = page.path.rpartition("/")[2].removesuffix(".md").replace("-", "_")
    package = f"demos_py/{name}/__init__.py"
    if not (book.root / package).is_file():
        yield page.problem(1, f"its figures have no package: there is no {package}. `make demo` makes it")
        return
    found = CHAPTER.search((book.root / package).read_text("utf-8"))
    if found is None or int(found[1]) != number:
        yield Problem(package, 1, f"needs the line CHAPTER = {number}, the number in {page.path}")
