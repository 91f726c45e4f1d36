"""The book as it is written: its pages, their front matter and their prose, and what can be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from markdown import Markdown
from mkdocs.config import load_config

from demos_py.core.markdown.chapters import FENCE, FRONT_MATTER
from demos_py.core.markdown.page import ChapterError

CODE = re.compile(r"(`+).+?\1")
ID = re.compile(r'\sid="([^"]+)"')
PLACED = re.compile(r"^\s*/{3,}\s*demo\s*\|\s*([\w-]+/[\w-]+).*(\n\s+again: true)?", re.MULTILINE)
NOT_PARTS = {"assets", "contribute", "data", "reference", "use"}  # folders of docs/ that hold no chapters
EXTENSION = "demos_py.core.markdown"


@dataclass(frozen=True, order=True)
class Problem:
    """Something to mend: a file, from the repository's root; a line of it, from 1; what is wrong and what to do."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Page:
    """A page's file. `path` is from the repository's root."""

    path: str
    text: str

    @property
    def folder(self) -> str:
        """The folder below docs/ that it lies in; empty for a page of none."""
        parts = Path(self.path).parts
        return parts[1] if len(parts) > 2 else ""

    @property
    def is_chapter(self) -> bool:
        """Whether it is a chapter, which all pages in the folder of a part are."""
        return bool(self.folder) and self.folder not in NOT_PARTS

    @cached_property
    def front_matter(self) -> dict[str, Any] | yaml.YAMLError:
        """Its front matter, or why that cannot be read; empty where there is none."""
        found = FRONT_MATTER.match(self.text)
        try:
            read = yaml.safe_load(found[1]) if found else None
        except yaml.YAMLError as error:
            return error
        return read if isinstance(read, dict) else {}

    @property
    def front(self) -> dict[str, Any]:
        """Its front matter as far as it can be read."""
        return self.front_matter if isinstance(self.front_matter, dict) else {}

    @property
    def body(self) -> str:
        """Its text without the front matter."""
        return FRONT_MATTER.sub("", self.text)

    @cached_property
    def prose(self) -> list[tuple[int, str]]:
        """Each line outside of front matter and blocks of code with its number, from 1; what is code in it is left out."""
        found: list[tuple[int, str]] = []
        front = self.text[: len(self.text) - len(self.body)].count("\n")
        fence = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            mark = FENCE.fullmatch(line)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            elif not fence and number > front:
                found.append((number, CODE.sub("", line)))
        return found

    def line_of(self, words: str) -> int:
        """The first line that has these words; 1 where none has."""
        at = self.text.find(words)
        return self.text.count("\n", 0, at) + 1 if at >= 0 else 1

    def problem(self, where: int | str, what: str) -> Problem:
        """A problem of this page, at a line or at the first that has some words."""
        return Problem(self.path, where if isinstance(where, int) else self.line_of(where), what)


class Book:
    """All pages below a repository's root, and how they look as HTML."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pages = [
            Page(str(path.relative_to(root)), path.read_text("utf-8"))
            for path in sorted((root / "docs").rglob("*.md"))
        ]
        self.config = load_config(str(root / "mkdocs.yml"))
        self._settings = self.config.mdx_configs | {EXTENSION: {"docs": str(root / "docs")}}
        self.problems: list[Problem] = []  # of the pages that could not be rendered

    @property
    def chapters(self) -> list[Page]:
        """The chapters, in the order of their files."""
        return [page for page in self.pages if page.is_chapter]

    @cached_property
    def html(self) -> dict[str, str]:
        """Each page as HTML by its path. One that cannot be rendered is left out, and in `problems`."""
        found: dict[str, str] = {}
        for page in self.pages:
            markdown = Markdown(extensions=self.config.markdown_extensions, extension_configs=self._settings)
            try:
                found[page.path] = markdown.convert(page.body)
            except ChapterError as error:
                self.problems += [self.problem_of(line, page.path) for line in str(error).splitlines()]
        return found

    def problem_of(self, said: str, path: str) -> Problem:
        """A line of a ChapterError as a problem; of this file, where it names none."""
        found = re.fullmatch(r"(?:(.*?):(\d+): )?(.*)", said)
        assert found
        place, line, what = found.groups()
        return Problem(place.removeprefix(f"{self.root}/") if place else path, int(line or 1), what)

    @cached_property
    def anchors(self) -> dict[str, set[str]]:
        """What a link can lead to on each page that could be rendered."""
        return {path: set(ID.findall(html)) for path, html in self.html.items()}

    def placed(self) -> Iterator[tuple[str, Page, bool]]:
        """Each demo that stands on a page, with that page, and whether the page only shows it once more."""
        for page in self.pages:
            prose = "\n".join(line for _, line in page.prose)
            for demo_id, again in PLACED.findall(prose):
                yield demo_id, page, bool(again)
