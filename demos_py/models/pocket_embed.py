"""pocket-embed: a vector for each of 30,522 word pieces of English (wasm/models/pocket-embed/README.md).

No network runs: a text is cut into pieces, their vectors are looked up and averaged. Word order is not seen.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from demos_py.core import sessions

SPECIAL = re.compile(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")
LONGEST = 100  # characters of a word; a longer one is unknown
# What BERT calls Chinese characters: each stands for itself. Hangul, Hiragana and Katakana do not.
CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
ASCII_MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _character(c: str) -> str:
    """What cleaning makes of one character: nothing, a space, itself lower-case, or itself between spaces."""
    category = unicodedata.category(c)
    if c in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return " "
    if c == "\ufffd" or category in ("Cc", "Cf", "Co", "Cs"):
        return ""
    if any(first <= ord(c) <= last for first, last in CJK):
        # a compatibility form is replaced by the character that it stands for
        return f" {unicodedata.normalize('NFD', c)} "
    # each character alone: Python's lower() of a whole word would give a Greek word its final sigma
    parts = (d.lower() for d in unicodedata.normalize("NFD", c) if unicodedata.category(d) != "Mn")
    return "".join(f" {d} " if _stands_alone(d) else d for d in parts)


def _stands_alone(c: str) -> bool:
    return c in ASCII_MARKS or unicodedata.category(c)[0] == "P"


_clean = cache(_character)  # the characters there are bound what is kept


def words(text: str) -> list[str]:
    """Lower-case words without accents; each punctuation mark and each Chinese character is a word."""
    return "".join(map(_clean, text)).split()


def _pieces(word: str, ids: dict[str, int]) -> Iterator[int]:
    """The longest piece of the vocabulary that the word begins with, then the longest that goes on, ..."""
    start = 0
    while start < len(word):
        before = "##" if start else ""
        end = next((e for e in range(len(word), start, -1) if before + word[start:e] in ids), 0)
        if not end:
            raise KeyError(word)
        yield ids[before + word[start:end]]
        start = end


@dataclass(frozen=True)
class PocketEmbed:
    """The vocabulary and the table; ask `load` for it."""

    pieces: tuple[str, ...]  # by id; a piece that goes on within a word begins with ##
    ids: dict[str, int]
    rows: np.ndarray  # int8 [vocabulary, dimensions]
    scales: np.ndarray  # float32 [vocabulary]: a piece's vector is its row times its scale
    config: dict[str, Any]

    def encode(self, text: str) -> list[int]:
        """WordPiece ids of a text of any length (BERT uncased; Devlin et al. 2018), no markers added.

        A word that the vocabulary cannot spell is one `[UNK]`.
        """
        found: list[int] = []
        for part in SPECIAL.split(text):
            if part in self.ids and SPECIAL.fullmatch(part):
                found.append(self.ids[part])
                continue
            for word in words(part):
                try:
                    if len(word) > LONGEST:
                        raise KeyError(word)
                    found += list(_pieces(word, self.ids))
                except KeyError:
                    found.append(self.ids["[UNK]"])
        return found

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The pieces' own vectors, float32 [pieces, dimensions]. The length of each is its weight in a mean.

        `[UNK]` and the other special pieces have zeros: they count for nothing.
        """
        chosen = np.asarray(ids, np.int64)
        return self.rows[chosen].astype(np.float32) * self.scales[chosen, None]

    def weights(self, ids: Sequence[int]) -> np.ndarray:
        """The lengths of the pieces' vectors, [pieces]: how much each pulls the mean; common words weigh little."""
        return np.linalg.norm(self.vectors(ids), axis=1)

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        """One vector of length 1 per text, float32 [texts, dimensions]; the product of two is their cosine.

        The mean of the pieces' vectors, divided by its length (Tulkens and van Dongen 2024, Model2Vec). A text
        without a known piece gets zeros.
        """
        found = [self.vectors(self.encode(text)).sum(0) for text in texts]
        sums = np.array(found, np.float32).reshape(len(found), self.rows.shape[1])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)


async def load() -> PocketEmbed:
    """The vocabulary and the table, 4.3 MB, fetched once a visit. Raises sessions.SessionError."""
    names = ("model.json", "vocabulary.json", "vectors.bin")
    return read(*[await sessions.load(f"pocket-embed/{name}") for name in names])


@cache
def read(config: bytes, vocabulary: bytes, vectors: bytes) -> PocketEmbed:
    """The model from its three files: first all rows, int8, then all scales, float16."""
    sizes, pieces = json.loads(config), tuple(json.loads(vocabulary))
    count, width = sizes["vocabulary"], sizes["dimensions"]
    rows = np.frombuffer(vectors, np.int8, count * width).reshape(count, width)
    scales = np.frombuffer(vectors, "<f2", count, count * width).astype(np.float32)
    return PocketEmbed(pieces, {piece: i for i, piece in enumerate(pieces)}, rows, scales, sizes)
