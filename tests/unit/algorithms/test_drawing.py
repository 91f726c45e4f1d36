"""Draws follow their distribution, never touch a cut token, and repeat."""

from bisect import bisect_right
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from demos_py.algorithms.sampling import draw

UNEVEN = np.array([0.5, 0.25, 0.125, 0.0, 0.0625, 0.03125, 0.03125, 0.0])


@pytest.mark.parametrize("seed", range(10))
def test_chi_square(seed: int) -> None:
    """Under the right distribution a p-value below 1e-4 comes once in 10,000 seeds; these ten are fixed."""
    drawn = draw(UNEVEN, 10_000, seed)
    observed = np.bincount(drawn, minlength=8)
    possible = UNEVEN > 0
    assert observed[~possible].sum() == 0
    assert chisquare(observed[possible], 10_000 * UNEVEN[possible]).pvalue > 1e-4


def test_the_p_values_are_spread_evenly() -> None:
    """Too good a fit would be as suspicious as a bad one."""
    possible = UNEVEN > 0
    tests = [
        chisquare(
            np.bincount(draw(UNEVEN, 10_000, seed), minlength=8)[possible], 10_000 * UNEVEN[possible]
        ).pvalue
        for seed in range(200)
    ]
    assert chisquare(np.histogram(tests, bins=10, range=(0, 1))[0]).pvalue > 1e-3


def test_the_generator_is_numpys_as_documented() -> None:
    """`numpy.random.default_rng(0).random(5)`, printed in many places, read off to three digits."""
    assert draw(np.full(1000, 0.001), 5, 0).tolist() == [636, 269, 40, 16, 813]


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any),
    st.integers(0, 2**32),
    st.integers(0, 200),
)
def test_each_draw_inverts_the_cumulative_sum(weights: list[int], seed: int, n: int) -> None:
    share = np.array(weights) / sum(weights)
    drawn = draw(share, n, seed)
    uniform = np.random.Generator(np.random.PCG64(seed)).random(n).tolist()
    sums = list(accumulate(share.tolist()))
    last = max(i for i, weight in enumerate(weights) if weight)
    assert drawn.tolist() == [min(bisect_right(sums, u), last) for u in uniform]
    assert all(weights[i] for i in drawn)
    assert drawn.tolist() == draw(share, n, seed).tolist()
    assert drawn[: n // 2].tolist() == draw(share, n // 2, seed).tolist()


def test_a_sum_that_falls_short_gives_the_rest_to_the_last_possible_token() -> None:
    drawn = draw(np.array([0.0, 0.25, 0.0, 0.5, 0.0]), 1000, 3)  # a rounding, made visible
    assert set(drawn.tolist()) == {1, 3}


def test_none_and_refusals() -> None:
    assert draw(UNEVEN, 0, 1).tolist() == []
    for n, seed in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError):
            draw(UNEVEN, n, seed)
