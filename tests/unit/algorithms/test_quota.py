"""Limits against buckets that are filled and emptied step by step."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.quota import Limit, binding, open_calls

LIMITS = st.builds(Limit, st.just("x"), st.floats(10, 1e6), st.floats(0.5, 1e5))


def emptied(limit: Limit, calls: float, seconds: float) -> float:
    """When a bucket is empty, by steps of 10 ms; infinite after an hour."""
    step, most = 0.01, limit.a_minute * seconds / 60
    level, at = most, 0.0
    while at < 600:
        level = min(most, level + step * (limit.a_minute - calls * limit.a_call) / 60)
        at += step
        if level <= 0:
            return at
    return math.inf


@pytest.mark.parametrize(
    ("limit", "calls", "seconds"),
    [
        (Limit("a", 50, 1), 100, 60),
        (Limit("b", 40_000, 12_000), 20, 60),
        (Limit("c", 8_000, 300), 20, 60),
        (Limit("d", 100, 1), 90, 30),
        (Limit("e", 100, 2), 75, 10),
    ],
)
def test_a_bucket_lasts_as_long_as_it_does(limit: Limit, calls: float, seconds: float) -> None:
    assert limit.lasts(calls, seconds) == pytest.approx(emptied(limit, calls, seconds), rel=1e-3)


@given(st.tuples(LIMITS, LIMITS, LIMITS), st.floats(1, 1000))
def test_the_limit_that_binds_has_the_largest_share(limits: tuple[Limit, ...], calls: float) -> None:
    worst = binding(limits)
    assert worst.share(calls) == pytest.approx(max(limit.share(calls) for limit in limits))
    assert worst.share(worst.calls) == pytest.approx(1)


def test_open_calls_against_counting_them() -> None:
    # one call every 3 s, each 8 s long: of the instants 0, 0.01, ... of a long minute
    starts = [3 * i for i in range(200)]
    instants = [100 + 0.01 * i for i in range(30_000)]
    counted = sum(sum(s <= t < s + 8 for s in starts[20:180]) for t in instants[::7]) / len(instants[::7])
    assert open_calls(20, 8) == pytest.approx(counted, rel=0.01)
