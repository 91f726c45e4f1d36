"""What the book's MCP server serves: a small lending library, as tools, resources and a prompt."""

from __future__ import annotations

import re
from typing import Any

SERVER = {"name": "little-library", "version": "1.2.0"}
BRANCHES = ("Harbour", "Hill", "Station")
SHELVES = 2
BOOKS = (  # id, title, authors, year, copies that are in
    ("b1", "Cybernetics", "Norbert Wiener", 1948, 1),
    ("b2", "The Mathematical Theory of Communication", "Claude Shannon, Warren Weaver", 1949, 2),
    ("b3", "The Sciences of the Artificial", "Herbert Simon", 1969, 1),
    ("b4", "Perceptrons", "Marvin Minsky, Seymour Papert", 1969, 0),
    ("b5", "The Mythical Man-Month", "Frederick Brooks", 1975, 3),
    ("b6", "Parallel Distributed Processing", "David Rumelhart, James McClelland", 1986, 1),
    ("b7", "Elements of Information Theory", "Thomas Cover, Joy Thomas", 1991, 2),
    ("b8", "Speech and Language Processing", "Dan Jurafsky, James Martin", 2000, 1),
    ("b9", "Deep Learning", "Ian Goodfellow, Yoshua Bengio, Aaron Courville", 2016, 2),
)
_BOOK = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "year": {"type": "integer"},
        "copies": {"type": "integer", "minimum": 0},
    },
    "required": ["id", "title", "year", "copies"],
}
TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "search_catalogue",
        "title": "Search the catalogue",
        "description": "Books whose title or authors contain the words, best match first.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "words": {"type": "string", "minLength": 1, "maxLength": 200},
                "most": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "required": ["words"],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"found": {"type": "integer"}, "books": {"type": "array", "items": _BOOK}},
            "required": ["found", "books"],
        },
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "reserve_book",
        "title": "Reserve a book",
        "description": "Puts a book aside. Asks the reader where it should wait.",
        "inputSchema": {
            "type": "object",
            "properties": {"book": {"type": "string", "enum": [book[0] for book in BOOKS]}},
            "required": ["book"],
            "additionalProperties": False,
        },
        "annotations": {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True},
    },
)
WHERE = {
    "type": "object",
    "properties": {"branch": {"type": "string", "title": "Branch", "enum": list(BRANCHES)}},
    "required": ["branch"],
}
RESOURCES = {
    "library://hours": ("Opening hours", "Monday to Saturday, 9 to 18. Hill is closed on Mondays."),
    "library://rules": ("Lending rules", "Four weeks, renewed once. A reserved book waits for five days."),
}
PROMPT = {
    "name": "reading_list",
    "title": "A reading list",
    "description": "Where to begin with a subject, from what the library has.",
    "arguments": [{"name": "subject", "required": True}],
}


def search(words: str, most: int = 3) -> dict[str, Any]:
    """The `most` books that contain the most of the words in title or authors; `found` counts all that match."""
    asked = set(re.findall(r"\w+", words.casefold()))
    ranked: list[tuple[int, int, dict[str, Any]]] = []
    for place, (id, title, authors, year, copies) in enumerate(BOOKS):
        hits = len(asked & set(re.findall(r"\w+", f"{title} {authors}".casefold())))
        if hits:
            ranked.append((-hits, place, {"id": id, "title": title, "year": year, "copies": copies}))
    ranked.sort(key=lambda row: row[:2])
    return {"found": len(ranked), "books": [book for _, _, book in ranked[:most]]}


def title_of(book: str) -> str:
    """The title of a book by its id."""
    return next(title for id, title, *_ in BOOKS if id == book)
