"""The figure that trains byte-pair encoding, against a trainer that recounts every pair at every step."""

import itertools
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import HOSTILE

from demos_py.algorithms.bpe import PATTERN
from demos_py.anatomy import bpe_train
from demos_py.anatomy.bpe_train import Params
from demos_py.core.demo import Event, View, find
from demos_py.core.render import render_parts


def shown(params: Params) -> View:
    return bpe_train.view(params, bpe_train.init(params))


Words = list[list[bytes]]


def joined(word: list[bytes], ids: dict[tuple[bytes, bytes], int]) -> None:
    """Apply the merges in order, each from the left."""
    for left, right in ids:
        at = 0
        while at + 1 < len(word):
            if (word[at], word[at + 1]) == (left, right):
                word[at : at + 2] = [left + right]
            at += 1


def recount(corpus: str, merges: int) -> tuple[list[tuple[bytes, bytes, int]], Words]:
    """Each merge with its count, and the pieces at the end. Tokens are told apart by their bytes here, so it
    holds only while no two merges make the same bytes; the caller checks."""
    words = [[bytes([b]) for b in piece.encode()] for piece in re.findall(PATTERN, corpus)]
    ids = {bytes([value]): value for value in range(256)}
    learned = []
    for _ in range(merges):
        counts = Counter(pair for word in words for pair in itertools.pairwise(word))
        if not counts or max(counts.values()) < 2:
            break
        left, right = min(counts, key=lambda pair: (-counts[pair], ids[pair[0]], ids[pair[1]]))
        learned.append((left, right, counts[left, right]))
        ids.setdefault(left + right, len(ids))
        for word in words:
            joined(word, {(left, right): 0})
    return learned, words


corpora = st.text(st.sampled_from("abc  he.\n"), max_size=120) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=60
)


def compare(params: Params) -> None:
    learned, words = recount(params.corpus, params.merges)
    if len({left + right for left, right, _ in learned}) < len(learned):
        return
    view = shown(params)
    assert [(row[1], row[2], row[5]) for row in view.table.rows[1:]] == [
        (bpe_train.told(left), bpe_train.told(right), f"{count:,}") for left, right, count in learned
    ]
    size, count = len(params.corpus.encode()), sum(map(len, words))
    assert view.facts["tokens"] == f"{count:,}" and view.facts["bytes"] == f"{size:,}"
    assert int(view.facts["vocabulary"]) == 256 + len(learned)
    if size:
        assert view.facts["bytes per token"] == f"{size / count:.2f}"
    if count <= bpe_train.DRAWN:
        drawn = [[bytes.fromhex(data) for _, data, _ in piece] for piece in view.drawing["strip"]]
        assert drawn == words
    # the other text, by replaying the merges one after the other on every piece of it
    merges = {(left, right): 0 for left, right, _ in learned}
    expected = [[bytes([b]) for b in piece.encode()] for piece in re.findall(PATTERN, params.probe)]
    for word in expected:
        joined(word, merges)
    encoded = [[bytes.fromhex(data) for _, data, _ in piece] for piece in view.drawing["encoded"]]
    assert encoded == expected
    assert b"".join(itertools.chain(*encoded)).decode() == params.probe  # a round trip


@settings(max_examples=100)
@given(corpora, st.integers(0, 30), corpora)
def test_by_recounting(corpus: str, merges: int, probe: str) -> None:
    compare(Params(corpus=corpus, merges=merges, probe=probe))


@pytest.mark.parametrize("merges", [0, 1, 16, 60])
def test_the_default_by_recounting(merges: int) -> None:
    compare(Params(merges=merges))


def test_the_default_teaches() -> None:
    view = shown(Params())
    assert view.facts["merge 1"] == "␣ + s" and not view.notices
    assert f"**{view.facts['tokens']} tokens**" in view.reading
    rates = view.charts["compression"]["data"][0]["y"]
    assert rates[0] == 1 and all(a < b for a, b in itertools.pairwise(rates))


def test_a_token_in_one_piece_is_found_again() -> None:
    """A word of the text, encoded with all merges, is what the text itself became."""
    view = shown(Params(merges=100, probe=" shells"))
    assert [[text for text, *_ in piece] for piece in view.drawing["encoded"]] == [[" shells"]]


def test_the_buttons() -> None:
    params = Params(merges=3)
    state = bpe_train.init(params)
    assert bpe_train.update(params, state, Event("step", "1"))[0].merges == 4
    assert bpe_train.update(params, state, Event("step", "-1"))[0].merges == 2
    assert bpe_train.update(params, state, Event("step", "5")) == (params, state)
    assert bpe_train.update(Params(merges=0), state, Event("step", "-1"))[0].merges == 0
    short = Params(corpus="aa aa", merges=50)
    state = bpe_train.init(short)
    assert "no pair stands twice" in bpe_train.view(short, state).notices[0]
    # from beyond the last merge a step back is one that is seen
    assert bpe_train.update(short, state, Event("step", "-1"))[0].merges == len(state.learned) - 1


@pytest.mark.parametrize("text", [*HOSTILE, "a\ud800b", "`**` `**`", "\x1d\x1e\x1f" * 3, "مرحبا مرحبا"])
def test_hostile_texts(text: str) -> None:
    params = Params(corpus=text, probe=text, merges=50)
    view = shown(params)
    parts = render_parts(find("anatomy/bpe-train"), params, view, "b")
    assert "<script" not in "".join(parts.values())
    assert ("surrogate" in " ".join(view.notices)) == ("\ud800" in text)


@pytest.mark.parametrize("text", ["a" * 10_000, "ab cd " * 1_666, "食べる🍓" * 2_500])
def test_long_texts(text: str) -> None:
    view = shown(Params(corpus=text, merges=5))
    words = recount(text, 5)[1]
    assert view.facts["tokens"] == f"{sum(map(len, words)):,}"
    assert sum(map(len, view.drawing["strip"])) <= bpe_train.DRAWN
    assert "are drawn" in view.notices[-1]
