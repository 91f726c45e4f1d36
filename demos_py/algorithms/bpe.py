"""Byte-level byte-pair encoding: training, and encoding by ranks.

A tokenizer is a list of byte strings, the token's id being its place in it. The first 256 are the single
bytes, so any text can be encoded. Each later one is two earlier ones joined, in the order in which training
joined them; encoding joins in the same order. Sources: Sennrich, Haddow and Birch 2016 (the merges), Radford
et al. 2019 (bytes as the alphabet, and merges that never cross the pieces of a first, coarse cut).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

# A word with the space before it, one digit at a time, a run of signs, or white space. Every character is
# in exactly one piece, so the pieces of a text joined are the text.
PATTERN = r" ?[^\W\d_]+|\d| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s"

BYTES = tuple(bytes([value]) for value in range(256))


@dataclass(frozen=True)
class Merge:
    """One step of training: two tokens that were joined, their new one, and how often they stood together."""

    left: int
    right: int
    new: int
    count: int


def train(text: str, merges: int, pattern: str = PATTERN) -> list[Merge]:
    """The first `merges` merges that byte-pair encoding learns from a text, fewer if nothing repeats.

    At each step the pair of neighbouring tokens that stands most often in the text is joined everywhere; of
    pairs as frequent as each other, the one with the smaller ids. A pair that stands once is not joined.
    Pieces are counted once for all their occurrences, so the time depends on the different words.
    """
    pieces = Counter(re.findall(pattern, text))
    words = [list(piece.encode()) for piece in pieces]
    times = list(pieces.values())
    pairs: Counter[tuple[int, int]] = Counter()
    holders: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for at, word in enumerate(words):
        for pair in itertools.pairwise(word):
            pairs[pair] += times[at]
            holders[pair].add(at)

    learned: list[Merge] = []
    while len(learned) < merges and pairs:
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        count = pairs[best]
        if count < 2:
            break
        new = len(BYTES) + len(learned)
        learned.append(Merge(*best, new, count))
        for at in holders.pop(best):
            word = words[at]
            for pair in itertools.pairwise(word):
                pairs[pair] -= times[at]
                if pairs[pair] <= 0:
                    del pairs[pair]
                holders[pair].discard(at)
            words[at] = word = join(word, best, new)
            for pair in itertools.pairwise(word):
                pairs[pair] += times[at]
                holders[pair].add(at)
    return learned


def join(word: Sequence[int], pair: tuple[int, int], new: int) -> list[int]:
    """The word with each occurrence of a pair replaced by one token, from the left, none overlapping."""
    joined: list[int] = []
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            joined.append(new)
            at += 2
        else:
            joined.append(word[at])
            at += 1
    return joined


def tokens(merges: Sequence[Merge]) -> list[bytes]:
    """The bytes of every token: the 256 bytes, then what each merge made."""
    made = list(BYTES)
    for merge in merges:
        made.append(made[merge.left] + made[merge.right])
    return made


@dataclass(frozen=True)
class Tokenizer:
    """Encodes and decodes text by a list of byte strings in order of rank, and the pattern of the first cut."""

    tokens: tuple[bytes, ...]
    pattern: str = PATTERN

    @cached_property
    def _ranks(self) -> dict[bytes, int]:
        return {token: rank for rank, token in enumerate(self.tokens)}

    @cached_property
    def _known(self) -> dict[str, tuple[int, ...]]:
        return {}

    def encode(self, text: str) -> list[int]:
        """The ids of a text's tokens. Raises UnicodeEncodeError on half a surrogate pair."""
        known = self._known
        ids: list[int] = []
        for piece in re.findall(self.pattern, text):
            found = known.get(piece)
            if found is None:
                found = known[piece] = tuple(encode_piece(piece.encode(), self._ranks))
            ids += found
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some tokens; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.tokens[token] for token in ids).decode(errors="replace")


def encode_piece(piece: bytes, ranks: dict[bytes, int]) -> list[int]:
    """The ids of one piece's tokens: again and again the two neighbours that make the lowest rank are joined."""
    parts = [piece[at : at + 1] for at in range(len(piece))]
    while len(parts) > 1:
        rank, at = min((ranks.get(parts[i] + parts[i + 1], len(ranks)), i) for i in range(len(parts) - 1))
        if rank == len(ranks):
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return [ranks[part] for part in parts]
