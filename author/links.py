"""Links that lead somewhere, and pictures that say what they show."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import unquote, urlsplit

from author.book import Book, Page, Problem

LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
PICTURE = re.compile(r"!\[\s*\]\([^)]*\)|<img\b(?![^>]*\salt=)[^>]*>")
SETS = re.compile(r"\]\(#([\w-]+/[\w-]+)\?")
LOCAL = {"127.0.0.1", "localhost"}


def check(book: Book) -> Iterator[Problem]:
    """Every link and every picture of the pages."""
    placed = {(demo, page.path) for demo, page, _ in book.placed()}
    for page in book.pages:
        for number, line in page.prose:
            for demo in SETS.findall(line):
                if (demo, page.path) not in placed:
                    yield page.problem(
                        number,
                        f"the link sets {demo}, which is not on this page: place it, or link to its chapter",
                    )
            if found := PICTURE.search(line):
                yield page.problem(
                    number,
                    f"{found[0][:60]} has no alternative text: say in words what it shows, ![so](file)",
                )
        links = dict.fromkeys(html.unescape(link) for link in LINK.findall(book.html.get(page.path, "")))
        for link in links:
            # what a block has made itself leads about the built site, and is tested there
            written = f"({link}" in page.text or f'"{link}"' in page.text
            if written and (what := _wrong(book, page, link)):
                yield page.problem(f"({link}", f"the link {link} {what}")


def _wrong(book: Book, page: Page, link: str) -> str | None:
    """What is wrong with a link as it stands in a page's HTML, before MkDocs has made an address of it."""
    parts = urlsplit(link)
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        return "is not https: name the address that is"
    if parts.scheme or parts.netloc or link.startswith("?"):
        return None
    if link.startswith("/"):
        return "begins at a server's root, where the book may not lie: write it from this file, ../part/chapter.md"
    target = page.path
    if parts.path:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), unquote(parts.path)))
        if not (book.root / target).is_file():
            known = [one.path for one in book.pages]
            near = get_close_matches(target, known, n=1)
            return f"leads to no file: there is no {target}" + (f"; is {near[0]} meant?" if near else "")
    anchor = unquote(parts.fragment)
    # the places on a page of the API are made by a plugin, and MkDocs knows whether they are there
    made = any(page.path == target and "\n::: " in page.text for page in book.pages)
    if anchor and target in book.anchors and not made and anchor not in book.anchors[target]:
        near = get_close_matches(anchor, sorted(book.anchors[target]), n=1)
        return f"leads to no place: {target} has no #{anchor}" + (f"; is #{near[0]} meant?" if near else "")
    return None
