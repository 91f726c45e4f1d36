"""Waits against their laws: bounds, means in closed form, and what happens to a floor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.backoff import KINDS, Law, law, most_at_once, waits, with_floor

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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", ["ignore", "larger", "add"])
@pytest.mark.parametrize(
    ("base", "cap", "floor"), [(1.0, 20.0, 5.0), (1.0, 3.0, 0.7), (4.0, 5.0, 2.5), (2.0, 1.0, 0.0)]
)
def test_the_closed_form_is_the_mean_of_many_waits(
    kind: str, rule: str, base: float, cap: float, floor: float
) -> None:
    found = with_floor(waits(kind, MANY, 4, base, cap, seed=3), floor, rule)
    for n in range(4):
        one = law(kind, n + 1, base, cap, floor, rule)
        if one is None:
            assert kind == "decorrelated" and n
            continue
        assert one.mean == pytest.approx(found[:, n].mean(), rel=0.02)
        for t in (0.4, 1.0, 2.6, 5.5):
            assert one.below(t) == pytest.approx((found[:, n] < t).mean(), abs=0.01)
        # the share of the fullest window against the fullest of many fixed windows
        starts = np.linspace(0, cap + floor, 1501)
        ordered = np.sort(found[:, n])
        held = np.searchsorted(ordered, starts + 0.1, "left") - np.searchsorted(ordered, starts, "left")
        assert one.fullest(0.1) == pytest.approx(held.max() / MANY, abs=0.012)


def test_laws_by_hand() -> None:
    # evenly from 0 to 10 and at least 4: 4 with 0.4, else 7 on average; at least 4 and at most 6: 4, 5, 6
    assert Law(0, 10, 4).mean == pytest.approx(0.4 * 4 + 0.6 * 7)
    assert Law(0, 10, 4, 6).mean == pytest.approx(0.4 * 4 + 0.2 * 5 + 0.4 * 6)
    assert Law(0, 10).fullest(0.1) == pytest.approx(0.01)
    assert Law(0, 10, 4).fullest(0.1) == pytest.approx(0.41)
    assert Law(0, 10, 0, 6).fullest(0.1) == pytest.approx(0.41)
    assert Law(3, 3).mean == 3 and Law(3, 3).fullest(0.1) == 1


def test_an_unknown_kind_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no backoff is called “polite”"):
        waits("polite", 1, 1, 1, 1, 1)
