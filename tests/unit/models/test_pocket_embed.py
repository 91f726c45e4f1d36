"""The tokenizer against the teacher's own ids, the vectors against the file's bytes, and cosines against the teacher."""

import json
import math
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from demos_py.core import native
from demos_py.models import pocket_embed
from demos_py.models.pocket_embed import PocketEmbed

FOLDER = native.MODELS / "pocket-embed"
NAMES = ("model.json", "vocabulary.json", "vectors.bin")
CASES = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text().splitlines()]
TEXT = st.text(max_size=60).filter(lambda text: "[" not in text)


@cache
def model() -> PocketEmbed:
    return pocket_embed.read(*[(FOLDER / name).read_bytes() for name in NAMES])


def vector(piece: str) -> list[float]:
    """A piece's vector, number by number from the file."""
    data, at, width = (FOLDER / "vectors.bin").read_bytes(), model().ids[piece], model().config["dimensions"]
    (scale,) = struct.unpack_from("<e", data, model().config["vocabulary"] * width + 2 * at)
    return [number * scale for number in struct.unpack_from(f"<{width}b", data, at * width)]


def test_the_ids_of_the_teachers_tokenizer() -> None:
    assert len(CASES) >= 300
    for text, ids in CASES:
        assert model().encode(text) == ids, text


def longest(word: str, first: bool = True) -> list[str] | None:
    """WordPiece by recursion: the longest piece that fits, or nothing where the rest cannot be spelt."""
    if not word:
        return []
    fits = [
        p for p in (word[:n] for n in range(1, len(word) + 1)) if ("" if first else "##") + p in model().ids
    ]
    if not fits:
        return None
    rest = longest(word[len(fits[-1]) :], False)
    return None if rest is None else [("" if first else "##") + fits[-1], *rest]


@given(st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=40))
def test_each_word_by_its_longest_pieces(word: str) -> None:
    found = [model().pieces[i] for i in model().encode(word)]
    assert found == (longest(word) or ["[UNK]"])


@given(TEXT, TEXT)
def test_words_do_not_see_each_other(one: str, other: str) -> None:
    encode = model().encode
    assert encode(f"{one} {other}") == encode(one) + encode(other)
    assert encode(f"  {one}\n") == encode(one)


@given(st.text(max_size=200))
def test_any_text_has_a_vector(text: str) -> None:
    (found,) = model().embed([text])
    known = any(model().weights([i])[0] > 0 for i in model().encode(text))
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) == pytest.approx(1.0 if known else 0.0, abs=1e-5)


def test_a_text_by_hand() -> None:
    text = "A small dog barked."
    pieces = ["a", "small", "dog", "barked", "."]
    assert [model().pieces[i] for i in model().encode(text)] == pieces
    total = [math.fsum(numbers) for numbers in zip(*map(vector, pieces), strict=True)]
    length = math.sqrt(math.fsum(x * x for x in total))
    assert np.allclose(model().embed([text])[0], [x / length for x in total], atol=1e-6)
    weights = model().weights(model().encode(text))
    assert np.allclose(weights, [math.sqrt(math.fsum(x * x for x in vector(p))) for p in pieces], rtol=1e-5)
    assert weights[0] < weights[2]  # “a” pulls less than “dog”


def test_word_order_is_not_seen() -> None:
    one, other = model().embed(["The dog bit the man.", "The man bit the dog."])
    assert np.allclose(one, other, atol=1e-6)


def test_nothing_gets_zeros() -> None:
    assert not model().embed(["", "   ", "[UNK]", "\u0378"]).any()
    assert model().embed([]).shape == (0, model().config["dimensions"])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, of all pairs' cosines: the linear correlation of their ranks."""
    upper = np.triu_indices(len(one), 1)
    ranks = [rankdata((vectors @ vectors.T)[upper]) for vectors in (one, other)]
    return float(np.corrcoef(ranks)[0, 1])


def test_cosines_go_with_the_teachers() -> None:
    """On texts of which none was a lesson."""
    kept = np.load(FOLDER / "reference.npz")
    true, ours = kept["vectors"].astype(float), model().embed(kept["texts"].tolist())
    assert correlation(ours, true) > 0.35
    assert abs(correlation(np.roll(ours, 1, 0), true)) < 0.2


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How do I get my money back?", "Refunds and returned purchases", "Opening hours of the museum"),
        ("car", "automobile", "banana"),
        ("The doctor treated a sick child.", "Physicians heal young patients.", "The stock market fell on Monday."),
        ("recipe for bread", "flour, yeast and an oven", "engine, wheels and fuel"),
    ],
)  # fmt: skip
def test_what_means_the_same_is_nearer(question: str, right: str, wrong: str) -> None:
    asked, same, other = model().embed([question, right, wrong])
    assert asked @ same > asked @ other + 0.1


def test_sizes_are_true() -> None:
    live = int((model().rows != 0).any(1).sum())
    assert model().config["parameters"] == live * model().config["dimensions"]
    measured = json.loads((FOLDER / "measured.json").read_text())
    assert measured["bytes"] == {name: (FOLDER / name).stat().st_size for name in NAMES}
    assert sum(path.stat().st_size for path in Path(FOLDER).iterdir()) < 5_000_000
