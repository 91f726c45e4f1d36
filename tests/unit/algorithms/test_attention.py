"""Attention weights against SciPy, and against a softmax row by row that leaves hidden keys out altogether."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from demos_py.algorithms.attention import (
    attention_weights,
    causal_mask,
    effective_number,
    entropies,
    leak,
    scaled_scores,
)

squares = st.integers(1, 7).flatmap(
    lambda n: hnp.arrays(np.float64, (n, n), elements=st.floats(-30, 30, allow_subnormal=False))
)
temperatures = st.floats(0.05, 20)


def by_rows(scores: np.ndarray, temperature: float) -> list[list[float]]:
    """Each query's softmax over the keys up to itself, in plain Python."""
    rows = []
    for query, row in enumerate(scores.tolist()):
        seen = [score / temperature for score in row[: query + 1]]
        top = max(seen)
        parts = [math.exp(score - top) for score in seen]
        rows.append([part / math.fsum(parts) for part in parts] + [0.0] * (len(row) - query - 1))
    return rows


@given(squares, temperatures)
def test_masked_by_rows(scores: np.ndarray, temperature: float) -> None:
    found = attention_weights(scores, temperature, causal_mask(len(scores)))
    assert found == pytest.approx(np.array(by_rows(scores, temperature)), abs=1e-12)
    assert leak(found).tolist() == [0] * len(scores)


@given(squares, temperatures)
def test_unmasked_by_scipy(scores: np.ndarray, temperature: float) -> None:
    found = attention_weights(scores, temperature)
    assert found == pytest.approx(scipy.special.softmax(scores / temperature, axis=1), abs=1e-12)
    later = [math.fsum(row[at + 1 :]) for at, row in enumerate(found.tolist())]
    assert leak(found).tolist() == pytest.approx(later, abs=1e-12)


@given(squares, temperatures)
def test_entropy_by_scipy(scores: np.ndarray, temperature: float) -> None:
    weights = attention_weights(scores, temperature, causal_mask(len(scores)))
    bits = entropies(weights)
    assert bits.tolist() == pytest.approx(scipy.stats.entropy(weights, base=2, axis=1).tolist(), abs=1e-9)
    spread = np.asarray(effective_number(bits))
    assert (spread >= 1).all() and (spread <= np.arange(1, len(scores) + 1) + 1e-9).all()


@given(squares, temperatures, temperatures)
def test_heat_spreads(scores: np.ndarray, one: float, other: float) -> None:
    cold, hot = sorted((one, other))
    mask = causal_mask(len(scores))
    colder, hotter = (entropies(attention_weights(scores, t, mask)) for t in (cold, hot))
    assert (colder <= hotter + 1e-9).all()


def test_who_sees_whom() -> None:
    """A mask that is one off would hide a token from itself, or show it the next one."""
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    alike = attention_weights(np.zeros((4, 4)), 1.0, causal_mask(4))
    assert [row.count(0) for row in alike.tolist()] == [3, 2, 1, 0]
    assert np.asarray(effective_number(entropies(alike))).tolist() == pytest.approx([1, 2, 3, 4])
    with pytest.raises(ValueError, match="at least one key"):
        attention_weights(np.zeros((4, 4)), 1.0, np.tri(4, k=-1, dtype=bool))


def test_a_later_score_changes_nothing() -> None:
    scores = np.arange(16.0).reshape(4, 4)
    changed = scores + 1000 * ~causal_mask(4)
    assert (
        attention_weights(scores, 0.7, causal_mask(4)) == attention_weights(changed, 0.7, causal_mask(4))
    ).all()


def test_the_root_keeps_the_spread() -> None:
    """Of random vectors of variance 1, scaled scores have variance 1 at any width."""
    rng = np.random.default_rng(0)
    for width in (4, 32, 256):
        queries, keys = rng.normal(size=(2, 300, width))
        scores = scaled_scores(queries, keys)
        assert scores.shape == (300, 300) and scores.var() == pytest.approx(1, abs=0.1)
        assert scores[3, 5] == pytest.approx(math.fsum(queries[3] * keys[5]) / math.sqrt(width))


def test_many_heads_at_once() -> None:
    scores = np.random.default_rng(1).normal(size=(2, 3, 5, 5))
    weights = attention_weights(scores, 2.0, causal_mask(5))
    assert weights[1, 2] == pytest.approx(np.array(by_rows(scores[1, 2], 2.0)))
    assert entropies(weights).shape == leak(weights).shape == (2, 3, 5)


def test_the_limits() -> None:
    scores = np.array([[1.0, 3.0, 2.0]])
    assert attention_weights(scores, 1e-300).tolist() == [[0, 1, 0]]
    assert attention_weights(scores, 1e300)[0] == pytest.approx([1 / 3] * 3)
    assert attention_weights(np.array([[1e308, -1e308]]), 0.1).tolist() == [[1, 0]]
    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="temperature"):
            attention_weights(scores, wrong)
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            attention_weights(np.array([[0, bad]]))
