"""Byte-pair encoding against a trainer that recounts every pair at every step, and an encoder that replays merges."""

import itertools
import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.algorithms import bpe

TEXTS = st.text(st.sampled_from("abc  .1\n") | st.characters(exclude_categories=("Cs",)), max_size=80)


def slow_train(text: str, merges: int) -> tuple[list[tuple[int, int, int]], list[list[int]]]:
    """The merges with their counts, and the text's pieces as they end up."""
    words = [list(piece.encode()) for piece in re.findall(bpe.PATTERN, text)]
    learned: list[tuple[int, int, int]] = []
    for step in range(merges):
        counts = Counter(pair for word in words for pair in itertools.pairwise(word))
        if not counts or max(counts.values()) < 2:
            break
        most = max(counts.values())
        left, right = min(pair for pair, count in counts.items() if count == most)
        learned.append((left, right, most))
        words = [bpe.join(word, (left, right), 256 + step) for word in words]
    return learned, words


@settings(max_examples=150)
@given(TEXTS, st.integers(0, 30))
def test_training_by_recounting(text: str, merges: int) -> None:
    expected, words = slow_train(text, merges)
    learned = bpe.train(text, merges)
    assert [(merge.left, merge.right, merge.count) for merge in learned] == expected
    # replayed merges cut the text as training left it, and each merge says how many tokens it took away
    cut = re.findall(bpe.PATTERN, text)
    assert bpe.replay(cut, learned) == words
    assert len(text.encode()) - sum(merge.joined for merge in learned) == sum(map(len, words))
    # and encoding with the ranks cuts the text as training left it
    tokenizer = bpe.Tokenizer(tuple(bpe.tokens(learned)))
    if len(set(tokenizer.tokens)) == len(tokenizer.tokens):
        assert tokenizer.encode(text) == [token for word in words for token in word]


@settings(max_examples=300)
@given(TEXTS)
def test_every_text_comes_back(text: str) -> None:
    assert "".join(re.findall(bpe.PATTERN, text)) == text
    tokenizer = bpe.Tokenizer(tuple(bpe.tokens(bpe.train("the cat and the hat. the end", 20))))
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_known_example() -> None:
    """“aaabdaaabac”: aa is joined first, then the pairs with it."""
    learned = bpe.train("aaabdaaabac", 3)
    made = bpe.tokens(learned)
    assert made[256] == b"aa" and learned[0].count == 4
    assert [made[merge.new] for merge in learned[1:]] == [b"ab", b"aaab"]


RANKS = {token: rank for rank, token in enumerate([*bpe.BYTES, b"ab", b"bc", b"abc", b"aa", b"aaaa", b"cab"])}


@settings(max_examples=300)
@given(st.binary(max_size=12) | st.text("abc", max_size=30).map(str.encode))
def test_joining_the_lowest_pair_by_looking_at_all(piece: bytes) -> None:
    parts = [piece[at : at + 1] for at in range(len(piece))]
    while True:
        found = [(RANKS[l + r], at) for at, (l, r) in enumerate(itertools.pairwise(parts)) if l + r in RANKS]
        if not found:
            break
        _, at = min(found)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    assert bpe.encode_piece(piece, RANKS) == [RANKS[part] for part in parts]


def test_how_a_token_is_written() -> None:
    assert [
        bpe.legible(token) for token in (b" the", b"\n\t", b"\r\x00", "\u200d".encode(), b"\xf0\x9f")
    ] == [
        " the",
        "\n\t",
        "\\r\\x00",
        "\\u200d",
        None,
    ]
    assert bpe.legible("ั".encode()) == "◌ั"
    assert bpe.legible(b" " + b"=" * 79) == " ===…×79" and bpe.legible(b"=" * 8) == "=" * 8
    assert bpe.hexed("🍓".encode()) == "F0 9F 8D 93"
