"""Waits against their laws: bounds, means in closed form, and what happens to a floor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.backoff import KINDS, most_at_once, waits, with_floor

MANY = 40_000


@pytest.mark.parametrize(
    ("kind", "share"), [("fixed", None), ("exponential", 1), ("half", 1), ("equal", 0.75), ("full", 0.5)]
)
def test_the_mean_wait_is_that_of_the_closed_form(kind: str, share: float | None) -> None:
    found = waits(kind, MANY, 4, 0.5, 100, seed=3).mean(axis=0)
    for n, mean in enumerate(found):
        wanted = 0.5 if share is None else share * 0.5 * 2**n
        assert mean == pytest.approx(wanted, rel=0.02)


def test_decorrelated_jitter_has_the_mean_of_its_recursion() -> None:
    # without a cap E(n) = (base + 3 E(n − 1)) / 2, and E(0) is the base
    wanted, found = 1.0, waits("decorrelated", MANY, 4, 1.0, 1e9, seed=5).mean(axis=0)
    for mean in found:
        wanted = (1 + 3 * wanted) / 2
        assert mean == pytest.approx(wanted, rel=0.03)


@given(st.sampled_from(KINDS), st.floats(0.1, 4), st.floats(1, 60), st.integers(1, 8), st.integers(0, 20))
def test_no_wait_is_above_the_cap_or_below_zero(
    kind: str, base: float, cap: float, n: int, seed: int
) -> None:
    found = waits(kind, 50, n, base, cap, seed)
    assert found.shape == (50, n) and (found >= 0).all() and (found <= cap + 1e-9).all()


@given(st.sampled_from(KINDS), st.floats(0, 30))
def test_a_floor_is_kept_by_both_rules_and_broken_by_neither(kind: str, floor: float) -> None:
    wait = waits(kind, 100, 3, 1, 20, 1)
    assert (with_floor(wait, floor, "larger") >= floor).all()
    added = with_floor(wait, floor, "add")
    assert (added >= floor).all() and np.allclose(added - floor, wait)
    assert (with_floor(wait, floor, "ignore") == wait).all()


def test_the_larger_of_the_two_wakes_all_together() -> None:
    wait = waits("full", 100, 1, 1, 20, 1)
    assert most_at_once(with_floor(wait, 5, "larger"), 0.1) == 100
    assert most_at_once(with_floor(wait, 5, "add"), 0.1) < 30


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(1, 50))
def test_the_most_at_once_against_a_brute_force(times: list[int], window: int) -> None:
    brute = max((sum(start <= t < start + window for t in times) for start in times), default=0)
    assert most_at_once(np.array(times, float), window) == brute


def test_an_unknown_kind_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no backoff is called “polite”"):
        waits("polite", 1, 1, 1, 1, 1)
