"""The chapters as files: what an index of the book reads from their Markdown, without converting it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml
from markdown.extensions.toc import slugify, unique

SOURCES = "Sources"  # the heading of a chapter's last section
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*\n", re.DOTALL)
FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
HEADING = re.compile(r"(#{2,3})\s+(.+?)\s*(?:\{[^}]*?#([\w-]+)[^}]*\})?\s*")
BLOCK = re.compile(r"/{3,}\s*([\w-]*)\s*(?:\|\s*(.*?))?\s*")
OPTION = re.compile(r"    \w+:.*")
# What is no running text: facts, code, formulas, attributes, tags; and what a link leads to.
NOT_TEXT = re.compile(r"\{\{.*?\}\}|(`+).+?\1|\$\$.*?\$\$|\$[^$\n]+\$|\{[ .#:][^}\n]*\}|<[^>\n]+>", re.DOTALL)
TARGET = re.compile(r"\]\([^)\s]*\)")


@dataclass(frozen=True)
class Section:
    """A section as its heading names it; `text` is its running text, `items` its lists' lines, in Markdown."""

    title: str
    anchor: str
    text: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """A page of the book with a number. `path` is below the folder of the chapters."""

    path: str
    number: int
    title: str
    sections: tuple[Section, ...]  # the first, without a title, is what stands before any heading
    figures: tuple[str, ...]  # references, in order
    tables: tuple[str, ...]  # names of tables in data/
    other_sense: tuple[str, ...] = ()  # anchors of glossary terms whose words mean something else here

    def section(self, title: str) -> Section | None:
        """The section with this heading."""
        return next((section for section in self.sections if section.title == title), None)


def chapters(docs: Path) -> list[Chapter]:
    """Every chapter of the book, by number."""
    found = (read_chapter(docs, path) for path in sorted(docs.rglob("*.md")))
    return sorted((chapter for chapter in found if chapter), key=lambda chapter: chapter.number)


def read_chapter(docs: Path, path: Path) -> Chapter | None:
    """The chapter that a file is, or None where its front matter gives no number."""
    return _read(docs, path, path.stat().st_mtime_ns)


@lru_cache(500)
def _read(docs: Path, path: Path, _changed: int) -> Chapter | None:
    text = path.read_text("utf-8")
    head = FRONT_MATTER.match(text)
    try:
        read = yaml.safe_load(head[1]) if head else None
    except yaml.YAMLError:
        read = None  # the generator takes such a head for text, and so no number either
    given = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    if not head or not isinstance(given.get("number"), int):
        return None
    sections, figures, tables = _parts(text[head.end() :])
    name = path.relative_to(docs).as_posix()
    other_sense = tuple(str(given.get("other_sense") or "").replace(",", " ").split())
    return Chapter(name, given["number"], str(given.get("title", "")), sections, figures, tables, other_sense)


def _parts(text: str) -> tuple[tuple[Section, ...], tuple[str, ...], tuple[str, ...]]:
    """The sections, the figures and the tables of data of a chapter's text, in order."""
    taken: set[str] = set()
    found: list[tuple[str, str, list[str]]] = [("", "", [])]
    placed: dict[str, list[str]] = {"demo": [], "data": []}
    fence = ""
    for line in text.splitlines():
        mark = FENCE.fullmatch(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        elif fence:
            continue
        elif block := BLOCK.fullmatch(line):
            placed.get(block[1], []).append(block[2] or "")
        elif OPTION.fullmatch(line):
            continue
        elif heading := HEADING.fullmatch(line):
            title = plain(heading[2])
            anchor = heading[3] or unique(slugify(title, "-"), taken)
            taken.add(anchor)
            found.append((title, anchor, []))
        else:
            found[-1][2].append(line)
    return (
        tuple(Section(title, anchor, _running(lines), _items(lines)) for title, anchor, lines in found),
        tuple(placed["demo"]),
        tuple(placed["data"]),
    )


def plain(markdown: str) -> str:
    """A line of Markdown without its marks: emphasis, code, links."""
    return re.sub(r"[*`\[\]]", "", TARGET.sub("", markdown))


def _running(lines: list[str]) -> str:
    text = "\n".join(line for line in lines if not line.lstrip().startswith("|"))
    return plain(NOT_TEXT.sub(" ", text))


def _items(lines: list[str]) -> tuple[str, ...]:
    return tuple(line[2:].strip() for line in lines if line.startswith(("- ", "* ")))
