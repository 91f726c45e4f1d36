"""The page of the book that is being converted: where its errors are, and what its references stand for."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import TemplateSyntaxError

import demos_py
from demos_py.core import params as controls
from demos_py.core.demo import Demo, UnknownDemo, View, find
from demos_py.core.edited import described
from demos_py.core.transport import Log, moment, split_query

ROOM = Path(demos_py.__path__[0])


class ChapterError(Exception):
    """Something in a chapter cannot be resolved; the message begins with its file and line."""


@dataclass(frozen=True)
class Source:
    """The file of a page, and how many of its lines stand before the text that is converted."""

    path: Path
    above: int


class Page:
    """The page being converted: its lines, for messages, and how often each figure stands on it."""

    def __init__(self, docs: str) -> None:
        self.docs = Path(docs)
        self.lines: list[str] = []
        self.placed: list[str] = []
        self.numbered = 0  # of the placed ones
        self._source: Source | None = None

    def begin(self, lines: list[str]) -> None:
        self.lines, self.placed, self.numbered, self._source = list(lines), [], 0, None

    def source(self) -> Source | None:
        """The page's file; None where no file of the book holds this text.

        The extension gets the text without front matter and without its file's name: it finds both again.
        """
        self._source = self._source or self._find()
        return self._source

    def _find(self) -> Source | None:
        text = "\n".join(self.lines)
        body = text.strip()
        for path in sorted(self.docs.rglob("*.md")):
            whole = path.read_text("utf-8")
            if body and whole.rstrip().endswith(body):
                before = whole.rindex(body) - (len(text) - len(text.lstrip()))
                return Source(path, whole[:before].count("\n"))
        return None

    def link(self, path: str) -> str:
        """The address of a file of the book, given by its path below the chapters' folder, for a link on this page."""
        source = self.source()
        here = source.path.parent if source else self.docs
        return Path(os.path.relpath(self.docs / path, here)).as_posix()

    def fail(self, needle: str, why: str) -> ChapterError:
        """An error at the first line that `needle`, a regular expression, finds outside code."""
        fence, at = "", 0
        for number, text in enumerate(self.lines):
            mark = re.match(r"\s*(`{3,}|~{3,})(.*)", text)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            elif not fence and re.search(needle, re.sub(r"(`+).+?\1", "", text)):
                at = number
                break
        source = self.source()
        if source:
            return ChapterError(f"{source.path}:{source.above + at + 1}: {why}")
        return ChapterError(f"line {at + 1}: {why}")

    @contextmanager
    def running(self, demo_id: str, needle: str) -> Generator[None]:
        """What a figure's own program raises in the block becomes a ChapterError at the line of that program."""
        try:
            yield
        except (ChapterError, UnknownDemo):
            raise
        except Exception as error:
            where = _place(error)
            said = f"{described(error)} (the figure {demo_id})"
            raise (ChapterError(f"{where}: {said}") if where else self.fail(needle, said)) from error

    def resolve(self, reference: str, needle: str) -> tuple[Demo, Any, str]:
        """The demo, the parameters and the query that a reference stands for. Raises ChapterError."""
        demo_id, _, query = reference.partition("?")
        try:
            with self.running(demo_id, needle):
                demo = find(demo_id)
                first = demo.params()
        except UnknownDemo as error:
            raise self.fail(needle, str(error)) from None
        plain, _, problems = split_query(query) if demo.moves else (query, None, [])
        values, more = controls.from_query(first, plain)
        if problems + more:
            hint = _nearest(parse_qs(plain), controls.controls(first))
            raise self.fail(needle, f"{demo_id}: " + "; ".join(problems + more) + hint)
        return demo, values, query

    def fact(self, reference: str, name: str, needle: str) -> str:
        """A named result of a figure with the reference's parameters. Raises ChapterError."""
        demo, values, query = self.resolve(reference, needle)
        with self.running(demo.id, needle):
            facts = view(demo.id, values, split_query(query)[1]).facts
        if name not in facts:
            raise self.fail(needle, f"{demo.id} has no fact “{name}”; it has {', '.join(facts)}")
        return facts[name]


def _nearest(given: Iterable[str], known: Iterable[str]) -> str:
    """Which name each unknown one may have been meant for."""
    names = list(known)
    near = [get_close_matches(name, names, n=1) for name in given if name not in names]
    return "".join(f"; did you mean “{name}”?" for found in near for name in found)


def _place(error: Exception) -> str | None:
    """The file and line, of a figure or its numerics, where an error arose; None where it arose elsewhere."""
    if isinstance(error, SyntaxError | TemplateSyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(ROOM) and not path.is_relative_to(ROOM / "core"):
            found = f"{path}:{frame.lineno}"
    return found


@lru_cache(500)
def view(demo_id: str, values: Any, log: Log | None) -> View:
    """What a figure shows with these parameters, after these events; kept, because prose asks for many facts of one."""
    demo = find(demo_id)
    return demo.view(values, moment(demo, values, log).state) if log else demo.first_view(values)
