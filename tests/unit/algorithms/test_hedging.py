"""Hedged calls against simulation, and against the closed form of the exponential."""

import math

import numpy as np
import pytest

from demos_py.algorithms.hedging import Latency, alone, copied, hedged, lognormal, quantile

LATENCY = Latency()


def drawn(n: int, shared: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The latencies of both copies of n calls, drawn from the mixture."""
    rng = np.random.default_rng(seed)
    slow = rng.random(n) < LATENCY.share
    other = np.where(rng.random(n) < shared, slow, rng.random(n) < LATENCY.share)

    def take(is_slow: np.ndarray) -> np.ndarray:
        usual = LATENCY.usual * np.exp(LATENCY.spread * rng.standard_normal(n))
        return np.where(is_slow, LATENCY.slow * np.exp(LATENCY.slow_spread * rng.standard_normal(n)), usual)

    return take(slow), take(other)


@pytest.mark.parametrize("after", [0.2, 1.2, 4.0])
@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_the_survival_is_what_a_simulation_counts(after: float, shared: float) -> None:
    n = 200_000
    first, second = drawn(n, shared, seed=7)
    took = np.minimum(first, after + second)
    survival = hedged(LATENCY, after, shared)
    for t in (0.5, 1.0, 2.0, 5.0, 8.0):
        p = survival(t)
        assert abs((took > t).mean() - p) < 5 * math.sqrt(p * (1 - p) / n) + 1e-5
    assert abs((first > after).mean() - alone(LATENCY)(after)) < 0.005


@pytest.mark.parametrize("after", [0.2, 0.9, 4.0])
@pytest.mark.parametrize("budget", [0.02, 0.05, 0.3])
def test_a_budget_is_what_a_bucket_of_copies_gives_call_by_call(after: float, budget: float) -> None:
    """Each call puts a share of a copy into a bucket, and a call that is late takes one out, if there is one."""
    n, level = 150_000, 0.0
    first, second = drawn(n, 0.4, seed=11)
    took = first.copy()
    copies = 0
    for i in range(n):
        level = min(100.0, level + budget)
        if first[i] > after and level >= 1:
            level -= 1
            copies += 1
            took[i] = min(first[i], after + second[i])
    share, chosen = copied(LATENCY, after, budget)
    assert copies / n == pytest.approx(share, abs=0.0025)
    assert share <= budget + 1e-12 and chosen == pytest.approx(copies / (first > after).sum(), abs=0.03)
    survival = hedged(LATENCY, after, 0.4, budget)
    for t in (0.5, 1.0, 2.0, 5.0, 8.0):
        p = survival(t)
        assert abs((took > t).mean() - p) < 6 * math.sqrt(p * (1 - p) / n) + 5e-4


def test_the_ends_of_a_budget() -> None:
    for t in (0.3, 1.5, 6.0):
        assert hedged(LATENCY, 0.9, 0.2, 0.0)(t) == pytest.approx(alone(LATENCY)(t))
        assert hedged(LATENCY, 0.9, 0.2, 1.0)(t) == hedged(LATENCY, 0.9, 0.2)(t)


def test_of_exponential_calls_the_quantile_is_known() -> None:
    after, q = 0.7, 0.99
    survival = lambda t: math.exp(-t) if t < after else math.exp(-t) * math.exp(-(t - after))
    assert quantile(survival, q) == pytest.approx((after - math.log(1 - q)) / 2, abs=1e-5)


def test_the_lognormals_median_and_a_quantile() -> None:
    survival = lognormal(2.0, 0.5)
    assert survival(2.0) == pytest.approx(0.5) and survival(0) == 1
    assert survival(2.0 * math.exp(0.5 * 1.959963985)) == pytest.approx(0.025, abs=1e-8)


def test_a_shared_fate_cannot_be_hedged_away() -> None:
    alone99 = quantile(alone(LATENCY), 0.99)
    assert quantile(hedged(LATENCY, 1.2, 0.0), 0.99) < 0.5 * alone99
    assert quantile(hedged(LATENCY, 1.2, 1.0), 0.99) > 0.6 * alone99
