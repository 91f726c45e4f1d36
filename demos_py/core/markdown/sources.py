"""What the book cites: the entries of the chapters' last sections, and the sources of its tables of data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from demos_py.core.markdown.chapters import SOURCES, Chapter, chapters, plain

# What is taken as a whole in a citation, so that no mark within it divides it: a link, a quotation, a title.
WHOLE = re.compile(r"\[[^\]]*\]\([^)]*\)|“[^”]*”|\*[^*]+\*|`[^`]+`|\([^)]*\)")
LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
TITLE = re.compile(r"\[(?!arXiv:)[^\]]*\]\([^)]*\)|“[^”]*”|\*[^*]+\*")
YEAR = re.compile(r"\b(?:19|20)\d\d\b(?:-\d\d)*")
# Ends a work where another one follows.
BETWEEN = re.compile(r"(?<=[^.\s][^.\s])[.;] (?=\S)|, and (?=\S)")


@dataclass
class Work:
    """A work, as the first chapter that cites it has it; `said` is who, where and when."""

    title: str
    url: str
    said: str
    chapters: list[Chapter]

    @property
    def order(self) -> str:
        """What works are sorted by: the title without an article, capitals and marks."""
        words = re.sub(r"[^\w ]", "", self.title.casefold())
        return re.sub(r"^(?:the|an?) ", "", words.strip())


def works(docs: Path) -> list[Work]:
    """Every work that the book cites, by title; one that several chapters cite is told by its address or its title."""
    found: dict[str, Work] = {}
    for chapter in chapters(docs):
        section = chapter.section(SOURCES)
        cited = [work for item in (section.items if section else ()) for work in citations(item)]
        cited += [work for name in chapter.tables for work in _of_table(docs / "data" / f"{name}.yml")]
        for title, url, said in cited:
            key = url.split("://")[-1].rstrip("/") or title.casefold()
            work = found.setdefault(key, Work(title, url, said, []))
            if chapter not in work.chapters:
                work.chapters.append(chapter)
    return sorted(found.values(), key=lambda work: (work.order, work.url))


def citations(item: str) -> list[tuple[str, str, str]]:
    """The works of an entry, each as title, address or nothing, and what else is said of it up to a remark."""
    whole: list[str] = []

    def take(found: re.Match[str]) -> str:
        whole.append(found[0])
        return f"\0{len(whole) - 1}\1"

    def put_back(text: str) -> str:
        return re.sub("\0(\\d+)\1", lambda found: put_back(whole[int(found[1])]), text)

    pieces = [put_back(piece) for piece in BETWEEN.split(WHOLE.sub(take, item))]
    # a piece that names no work belongs to the one before it, and is a remark on it
    starts = [
        piece
        for at, piece in enumerate(pieces)
        if at == 0 or (TITLE.search(piece) and (YEAR.search(piece) or LINK.search(piece)))
    ]
    return [_work(piece.rstrip(".")) for piece in starts]


def _work(piece: str) -> tuple[str, str, str]:
    links = LINK.findall(piece)
    titled = TITLE.search(piece)
    shown = titled[0] if titled else piece.partition(":")[0]
    inner = LINK.fullmatch(shown)
    title = re.sub(r"[*“”`]", "", inner[1] if inner else shown).strip()
    # what stands around the title, up to the remark that a colon opens
    masked = WHOLE.sub(lambda found: "\1" * len(found[0]), piece)
    end = masked.find(":", titled.end()) if titled else -1
    said = (piece if end < 0 else piece[:end]).replace(shown, "\0", 1) if titled else ""
    said = re.sub(r"^and [^\0]*\0|\s*,\s*\0|\0\s*,\s*|\0", ",", said)
    said = re.sub(r",[\s,]*", ", ", plain(said)).strip(", ")
    return title, links[0][1] if links else "", said


def _of_table(path: Path) -> list[tuple[str, str, str]]:
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else []


@lru_cache(100)
def _read(path: Path, _changed: int) -> list[tuple[str, str, str]]:
    rows = yaml.safe_load(path.read_text("utf-8"))["rows"]
    sources = [row["source"] for row in rows]
    return [(str(one["title"]), str(one["url"]), f"read {one['checked']}") for one in sources]
