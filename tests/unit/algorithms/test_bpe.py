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
