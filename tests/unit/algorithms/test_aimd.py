"""Adding and multiplying against what is known of them: Chiu and Jain's theorem, invariants, the sawtooth's mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.aimd import RULES, Shared, fairness, round_after

RATES = st.lists(st.floats(0.5, 20), min_size=2, max_size=6).map(tuple)


def after(rule: str, rates: tuple[float, ...], rounds: int, **other: float) -> Shared:
    values = {"limit": 30.0, "up": 0.5, "down": 0.5, "factor": 1.1, "lag": 0} | other
    state = Shared((rates,))
    for _ in range(rounds):
        state = round_after(state, rule, **values)  # type: ignore[arg-type]
    return state


@given(RATES)
def test_only_add_and_multiply_down_makes_shares_equal(rates: tuple[float, ...]) -> None:
    assert fairness(after("aimd", rates, 800, up=0.1).rates) > 0.995
    assert fairness(after("mimd", rates, 300).rates) == pytest.approx(fairness(rates), abs=1e-9)


def test_adding_and_subtracting_keeps_the_distance() -> None:
    rates = after("aiad", (5.0, 12.0), 500).rates
    assert rates[1] - rates[0] == pytest.approx(7)


def test_multiplying_up_and_subtracting_makes_it_worse() -> None:
    assert fairness(after("miad", (5.0, 6.0), 60, up=2).rates) < fairness((5.0, 6.0))


def test_one_clients_sawtooth_has_the_mean_of_its_closed_form() -> None:
    history = [rates[0] for rates in after("aimd", (1.0,), 4000, up=0.05).history[2000:]]
    # between limit and down × limit at a constant slope: on average in the middle
    assert sum(history) / len(history) == pytest.approx(30 * (1 + 0.5) / 2, rel=0.01)


@given(st.sampled_from(RULES), RATES, st.integers(0, 10))
def test_rates_stay_positive_and_refusals_are_counted(rule: str, rates: tuple[float, ...], lag: int) -> None:
    state = after(rule, rates, 100, lag=lag)
    assert all(rate >= 0.01 for row in state.history[1:] for rate in row)
    assert state.refused == sum(sum(row) > 30 for row in state.history[:-1])


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=10))
def test_fairness_is_from_one_nth_to_one(rates: list[float]) -> None:
    assert 1 / len(rates) - 1e-9 <= fairness(rates) <= 1 + 1e-9
    assert fairness([3.0] * len(rates)) == pytest.approx(1)
    assert fairness([1.0] + [0.0] * 3) == pytest.approx(0.25)
