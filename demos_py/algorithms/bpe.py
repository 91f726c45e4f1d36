"""Byte-level byte-pair encoding: training, and encoding by ranks.

A tokenizer is a list of byte strings, the token's id being its place in it. The first 256 are the single
bytes, so any text can be encoded. Each later one is two earlier ones joined, in the order in which training
joined them; encoding joins in the same order. Sources: Sennrich, Haddow and Birch 2016 (the merges), Radford
et al. 2019 (bytes as the alphabet, and merges that never cross the pieces of a first, coarse cut).
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

# A word with the space before it, one digit at a time, a run of signs, or white space. Every character is
# in exactly one piece, so the pieces of a text joined are the text.
PATTERN = r" ?[^\W\d_]+|\d| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s"

_RUN = re.compile(r"(.)\1{8,}", re.DOTALL)

BYTES = tuple(bytes([value]) for value in range(256))
Pair = tuple[int, int]


@dataclass(frozen=True)
class Merge:
    """One step of training: two tokens that were joined, their new one, and how often they stood together.

    `joined` is how often they were made one: less than `count` where pairs overlap, as in “aaa”.
    """

    left: int
    right: int
    new: int
    count: int
    joined: int


class _Chain:
    """Tokens in a row that are joined in place: each knows its neighbours, and a place joined away holds -1.

    Joining costs the same however long the row is.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)
        self.after = list(range(1, len(self.ids) + 1))
        self.before = list(range(-1, len(self.ids) - 1))

    def pair(self, at: int) -> Pair | None:
        """The token at a place and the next one; none at the end and at a place joined away."""
        after = self.after[at]
        return None if self.ids[at] < 0 or after == len(self.ids) else (self.ids[at], self.ids[after])

    def join(self, at: int, new: int) -> tuple[int, ...]:
        """Join a place with the next; the answer is the places whose pair is another one now."""
        gone = self.after[at]
        after = self.after[at] = self.after[gone]
        self.ids[at], self.ids[gone] = new, -1
        if after < len(self.ids):
            self.before[after] = at
        return (at,) if self.before[at] < 0 else (self.before[at], at)

    def left(self) -> list[int]:
        """The tokens that are left, in order."""
        return [token for token in self.ids if token >= 0]


def train(text: str, merges: int, pattern: str = PATTERN) -> list[Merge]:
    """The first `merges` merges that byte-pair encoding learns from a text, fewer if nothing repeats.

    At each step the pair of neighbouring tokens that stands most often in the text is joined everywhere; of
    pairs as frequent as each other, the one with the smaller ids. A pair that stands once is not joined.
    Pieces are counted once for all their occurrences, and a step touches only the places of its pair, so the
    time depends on the different words.
    """
    pieces = Counter(re.findall(pattern, text))
    words = [_Chain(piece.encode()) for piece in pieces]
    times = list(pieces.values())
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[tuple[int, int]]] = defaultdict(set)

    def add(word: int, at: int) -> None:
        if (pair := words[word].pair(at)) is not None:
            counts[pair] += times[word]
            places[pair].add((word, at))

    def drop(word: int, at: int) -> None:
        if (pair := words[word].pair(at)) is not None:
            counts[pair] -= times[word]
            places[pair].discard((word, at))
            if not counts[pair]:
                del counts[pair], places[pair]

    for number, word in enumerate(words):
        for at in range(len(word.ids)):
            add(number, at)

    learned: list[Merge] = []
    while len(learned) < merges and counts:
        count = max(counts.values())
        if count < 2:
            break
        best = min(pair for pair, times_seen in counts.items() if times_seen == count)
        new = len(BYTES) + len(learned)
        joined = 0
        for number, at in sorted(places[best]):
            word = words[number]
            if word.pair(at) != best:  # an occurrence that overlapped the one before it
                continue
            for changed in {word.before[at], at, word.after[at]} - {-1}:
                drop(number, changed)
            for changed in word.join(at, new):
                add(number, changed)
            joined += times[number]
        learned.append(Merge(*best, new, count, joined))
    return learned


def join(word: Sequence[int], pair: Pair, new: int) -> list[int]:
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


def join_all(ids: Sequence[int], joined: Callable[[int, int], int | None]) -> list[int]:
    """Join neighbours until none can be: always the two that make the lowest token, the first of equal ones.

    `joined(left, right)` is the token that two neighbours make, or none. A heap holds the pairs, so the time
    is of the order of n log n in the number of tokens, also for a word of ten thousand letters.
    """
    chain = _Chain(ids)
    heap: list[tuple[int, int, Pair]] = []

    def offer(places: Sequence[int]) -> Iterator[tuple[int, int, Pair]]:
        for at in places:
            if (pair := chain.pair(at)) is not None and (new := joined(*pair)) is not None:
                yield new, at, pair

    heap.extend(offer(range(len(chain.ids))))
    heapq.heapify(heap)
    while heap:
        new, at, pair = heapq.heappop(heap)
        if chain.pair(at) == pair:  # else one of the two was joined with another since
            for found in offer(chain.join(at, new)):
                heapq.heappush(heap, found)
    return chain.left()


def legible(token: bytes) -> str | None:
    """A token's text with what cannot be seen written out, or none where its bytes are not whole characters.

    Spaces, tabs and line ends stay as they are. A mark with no letter before it gets a dotted circle, and of
    a long run of one character three are left, with the number of all.
    """
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return None
    circle = "\N{DOTTED CIRCLE}" if unicodedata.category(text[:1] or " ")[0] == "M" else ""
    text = _RUN.sub(lambda run: f"{run[1] * 3}…×{len(run[0])}", text)
    return circle + "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


def hexed(token: bytes) -> str:
    """A token's bytes in hex, such as `F0 9F`."""
    return token.hex(" ").upper()


def tokens(merges: Sequence[Merge]) -> list[bytes]:
    """The bytes of every token: the 256 bytes, then what each merge made."""
    made = list(BYTES)
    for merge in merges:
        made.append(made[merge.left] + made[merge.right])
    return made


def replay(cut: Sequence[str], merges: Sequence[Merge]) -> list[list[int]]:
    """The ids of each of some pieces after these merges, made as training made them, pair by pair."""
    made = {(merge.left, merge.right): merge.new for merge in merges}
    known = {
        piece: join_all(piece.encode(), lambda left, right: made.get((left, right))) for piece in set(cut)
    }
    return [known[piece] for piece in cut]


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
    ids = [ranks[piece[at : at + 1]] for at in range(len(piece))]
    made = {token: piece[at : at + 1] for at, token in enumerate(ids)}

    def joined(left: int, right: int) -> int | None:
        both = made[left] + made[right]
        new = ranks.get(both)
        if new is not None:
            made[new] = both
        return new

    return join_all(ids, joined)
