"""How long a chapter takes to read, from its Markdown."""

from __future__ import annotations

import re

from demos_py.core.markdown.chapters import FRONT_MATTER

# English non-fiction, silently: M. Brysbaert, “How many words do we read per minute? A review and meta-analysis of
# reading rate”, Journal of Memory and Language 109 (2019), https://doi.org/10.1016/j.jml.2019.104047
WORDS_A_MINUTE = 238
MINUTES_A_FIGURE = 2  # to read it as it stands, guess, change something and see: our own estimate

CODE = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1`*~* *$", re.DOTALL | re.MULTILINE)
FIGURE = re.compile(r"^/// demo \|", re.MULTILINE)
# a row of a table; the first line of a block, its end, an option
NO_TEXT = re.compile(r"^ *(\||///| {4}\w+:).*$", re.MULTILINE)
# tags, where links lead, attributes
MARKUP = re.compile(r"<[^>]*>|\]\([^)]*\)|\{:? *[.#][^}]*\}")
# a computed number, a formula: as a word
AS_A_WORD = re.compile(r"\{\{.*?\}\}|\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
WORD = re.compile(r"[^\W_]+(?:[-'’.,][^\W_]+)*")


def words(text: str) -> int:
    """The words that are read one after the other: no code, no table, nothing that only tells the builder something."""
    for pattern in (FRONT_MATTER, CODE, NO_TEXT, MARKUP):
        text = pattern.sub("", text)
    return len(WORD.findall(AS_A_WORD.sub(" one ", text)))


def minutes(text: str) -> int:
    """The minutes that a page takes, to the nearest, and at least 1: its words, and a while with each figure."""
    figures = len(FIGURE.findall(CODE.sub("", text)))
    return max(1, round(words(text) / WORDS_A_MINUTE + figures * MINUTES_A_FIGURE))
