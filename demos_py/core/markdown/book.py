"""The plan of the book: its parts, all their chapters, written or not, and the ways through them. From docs/book.yml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from demos_py.core.markdown.page import ChapterError
from demos_py.core.markdown.reading_time import minutes

PLAN = "book.yml"


class _Word(str):
    """A text of a YAML file that knows its line."""

    line: int


class _Loader(yaml.SafeLoader):
    """YAML as usual, but every text knows its line."""


def _word(loader: _Loader, node: yaml.ScalarNode) -> _Word:
    word = _Word(node.value)
    word.line = node.start_mark.line + 1
    return word


_Loader.add_constructor("tag:yaml.org,2002:str", _word)


@dataclass(frozen=True)
class Chapter:
    """A chapter of the plan. `file` is its place below docs/; `text` is its Markdown, empty while it is not written."""

    name: str
    number: int
    title: str
    file: str
    text: str
    deck: str = ""
    measure: str = ""

    @property
    def page(self) -> str:
        """Its address below the book's."""
        return f"{self.file.removesuffix('.md')}/"

    @property
    def minutes(self) -> int:
        """How long it takes; it must be written."""
        return minutes(self.text)


@dataclass(frozen=True)
class Part:
    """A part of the book."""

    title: str
    folder: str  # below docs/
    chapters: list[Chapter]


class Book:
    """The whole plan. Raises ChapterError, with file and line, for what does not hold together."""

    def __init__(self, docs: Path) -> None:
        self.docs, self.path = docs, docs / PLAN
        plan = self._read()
        self.chapters: dict[str, Chapter] = {}
        self._counted = 0  # chapters whose number is their place
        self.parts = [self._part(part) for part in plan["parts"]]
        paths: dict[str, dict[str, str]] = plan.get("paths") or {}
        self.paths = {
            name: [(self._named(chapter), why) for chapter, why in steps.items()]
            for name, steps in paths.items()
        }
        subjects: dict[str, list[str]] = plan.get("subjects") or {}
        self.subjects = {name: [self._named(one) for one in where] for name, where in subjects.items()}

    def _read(self) -> dict[str, Any]:
        try:
            plan = yaml.load(self.path.read_text("utf-8"), _Loader)
        except FileNotFoundError:
            raise ChapterError(f"{self.path}: the plan of the book is missing") from None
        except yaml.YAMLError as error:
            raise ChapterError(f"{self.path} is not YAML: {error}") from None
        if not isinstance(plan, dict) or "parts" not in plan:
            raise ChapterError(f"{self.path}: the plan needs `parts`")
        return cast("dict[str, Any]", plan)

    def _part(self, part: dict[str, Any]) -> Part:
        chapters = [self._chapter(name, title, part["folder"]) for name, title in part["chapters"].items()]
        return Part(part["title"], part["folder"], chapters)

    def _chapter(self, name: str, title: str | dict[str, str], folder: str) -> Chapter:
        # one that came after the others were numbered says its own, so that none of theirs changes
        given = title if isinstance(title, dict) else {"title": title}
        self._counted += "number" not in given
        number, file = int(given.get("number", self._counted)), f"{folder}/{name}.md"
        path = self.docs / file
        chapter = Chapter(name, number, given["title"], file, "")
        if path.is_file():
            text = path.read_text("utf-8")
            said: dict[Any, Any] = (
                yaml.load(text.split("---\n")[1], _Loader) if text.startswith("---\n") else {}
            )
            lines: dict[str, int] = {
                key: key.line + 1 for key in said
            }  # the first line of the file is the one of dashes

            def wrong(key: str, why: str) -> ChapterError:
                return ChapterError(f"{path}:{lines.get(key, 1)}: {why}")

            for key in ("title", "deck"):
                if not said.get(key):
                    raise wrong(key, f"a chapter needs `{key}` in its front matter")
            if said.get("number") != number:
                raise wrong("number", f"`number` is {said.get('number')}, but {number} in {self.path}")
            if "minutes" in said.get("measure", ""):
                raise wrong("measure", "leave the minutes out of `measure`: they are computed")
            chapter = Chapter(name, number, said["title"], file, text, said["deck"], said.get("measure", ""))
        self.chapters[name] = chapter
        return chapter

    def _named(self, name: str) -> Chapter:
        if name not in self.chapters:
            line = getattr(name, "line", 1)
            raise ChapterError(f"{self.path}:{line}: no chapter is called “{name}”; `parts` lists them all")
        return self.chapters[name]
