"""Ties, the ends of each range, and hostile numbers: a defined result, or a ValueError that says why."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from demos_py.algorithms import sampling
from demos_py.algorithms.sampling import divide, min_p, nucleus, penalise, run_chain, softmax, steps, top_k

pytestmark = pytest.mark.filterwarnings("error")  # NumPy's RuntimeWarning is how a NaN is born
INF, NAN = math.inf, math.nan
FOUR = np.array([0.4, 0.3, 0.2, 0.1])


def kept(cut: sampling.Kept) -> list[int]:
    return np.flatnonzero(cut.mask).tolist()


def test_of_equals_the_first_is_kept() -> None:
    even = np.full(4, 0.25)
    assert kept(top_k(even, 2)) == [0, 1]
    assert kept(nucleus(even, 0.5)) == [0, 1]
    assert kept(nucleus(even, 0.51)) == [0, 1, 2]
    assert kept(min_p(even, 1)) == [0, 1, 2, 3]  # each is as likely as the likeliest
    assert softmax(np.zeros(4), 0).tolist() == [1, 0, 0, 0]
    assert divide(np.array([1.0, 2.0, 2.0]), 0).tolist() == [-INF, 2, -INF]
    assert sampling.ranked(np.array([1, 3, 2, 3, 1])).tolist() == [1, 3, 2, 0, 4]


def test_the_ends_of_top_k() -> None:
    assert kept(top_k(FOUR, 1)) == [0]
    assert kept(top_k(FOUR, 4)) == kept(top_k(FOUR, 10**9)) == [0, 1, 2, 3]
    assert kept(top_k(np.array([0.5, 0, 0.5, 0]), 3)) == [0, 2]  # what is gone does not come back


def test_the_ends_of_top_p() -> None:
    assert kept(nucleus(FOUR, 0)) == kept(nucleus(FOUR, 5e-324)) == [0]
    assert kept(nucleus(FOUR, 1)) == [0, 1, 2, 3]
    assert kept(nucleus(np.array([0, 0.5, 0.5, 0]), 1)) == [1, 2]
    assert kept(nucleus(np.array([0, 1, 0.0]), 0.999)) == [1]


def test_the_ends_of_min_p() -> None:
    assert kept(min_p(FOUR, 0)) == [0, 1, 2, 3]
    assert kept(min_p(FOUR, 1)) == [0]
    assert kept(min_p(np.array([0.5, 0, 0.5]), 0)) == [0, 2]


@pytest.mark.parametrize("tenths", [(5, 3, 1, 1), (4, 3, 2, 1), (7, 2, 1), (1,) * 10, (6, 1, 1, 1, 1)])
def test_a_nucleus_that_reaches_p_exactly_needs_no_more(tenths: tuple[int, ...]) -> None:
    """In fractions: 0.5 + 0.3 + 0.1 is 0.9, whatever doubles say."""
    through_logits = softmax(np.log(np.array(tenths) / 10))
    for p in range(1, 11):
        need = next(
            n
            for n in range(1, len(tenths) + 1)
            if sum(Fraction(t, 10) for t in tenths[:n]) >= Fraction(p, 10)
        )
        assert nucleus(np.array(tenths) / 10, p / 10).n == need, p
        assert nucleus(through_logits, p / 10).n == need, p


def test_temperature_zero_is_the_limit() -> None:
    logits = np.array([1.0, 1.5, -2.0])
    assert softmax(logits, 0).tolist() == [0, 1, 0]
    assert softmax(logits, 1e-320).tolist() == [0, 1, 0]
    assert softmax(np.array([1.0, 0.5, 1.0]), 1e-320).tolist() == [0.5, 0, 0.5]  # not zero, so ties share
    assert divide(logits, 1e-320).tolist() == [-INF, 0, -INF]


def test_a_huge_temperature_makes_all_equal() -> None:
    assert softmax(np.array([20.0, -20.0]), 1e308).tolist() == [0.5, 0.5]
    assert softmax(np.array([0.0, -INF]), 1e308).tolist() == [1, 0]


def test_a_removed_token_stays_removed_at_any_temperature() -> None:
    """At infinite temperature too: -inf / inf is NaN, so either 0 for it or a clear refusal."""
    for function in (softmax, lambda z, t: softmax(divide(z, t))):
        try:
            assert function(np.array([0.0, -INF, 0.0]), INF).tolist() == [0.5, 0, 0.5]
        except ValueError as refusal:
            assert "temperature" in str(refusal)


def test_enormous_logits() -> None:
    assert softmax(np.array([1e308, -1e308])).tolist() == [1, 0]
    assert softmax(np.array([1e308, 1e308, 0])).tolist() == [0.5, 0.5, 0]
    assert softmax(np.array([-1e308, -1e308])).tolist() == [0.5, 0.5]
    chain = steps(0.5, 2, 0.5, 0.1, np.array([3, 0, 1]), 2, -2)
    for name in sampling.USUAL_ORDER:
        trail = run_chain(np.array([1e308, -1e308, 0.0]), [chain[name], *chain.values()])
        assert softmax(trail[-1]).tolist() == [1, 0, 0], name


def test_one_token_is_certain() -> None:
    chain = steps(0.0, 1, 0.0, 1.0, np.array([9]), 2, 2)
    assert softmax(run_chain(np.array([-7.0]), list(chain.values()))[-1]).tolist() == [1]


def test_entropy_of_certainty_is_plain_zero() -> None:
    assert math.copysign(1, sampling.entropy(np.array([1.0, 0.0]))) == 1
    assert sampling.entropy(np.array([1.0, 5e-324])) == pytest.approx(0)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "empty": (lambda: softmax(np.array([])), "at least one"),
    "nested": (lambda: softmax(np.zeros((2, 2))), "flat list"),
    "nan": (lambda: softmax(np.array([1, NAN])), "NaN"),
    "inf": (lambda: softmax(np.array([1, INF])), "infinite"),
    "all gone": (lambda: softmax(np.array([-INF, -INF])), "no token is left"),
    "T < 0": (lambda: softmax(np.zeros(2), -1), "0 or more, not -1"),
    "T -inf": (lambda: softmax(np.zeros(2), -INF), "0 or more"),
    "T nan": (lambda: softmax(np.zeros(2), NAN), "0 or more, not nan"),
    "divide T < 0": (lambda: divide(np.zeros(2), -0.1), "0 or more, not -0.1"),
    "divide T nan": (lambda: divide(np.zeros(2), NAN), "0 or more, not nan"),
    "k = 0": (lambda: top_k(FOUR, 0), "at least 1 token, not 0"),
    "k < 0": (lambda: top_k(FOUR, -3), "at least 1 token, not -3"),
    "p < 0": (lambda: nucleus(FOUR, -0.01), "between 0 and 1, not -0.01"),
    "p > 1": (lambda: nucleus(FOUR, 1.01), "between 0 and 1, not 1.01"),
    "p nan": (lambda: nucleus(FOUR, NAN), "between 0 and 1, not nan"),
    "min-p < 0": (lambda: min_p(FOUR, -1), "between 0 and 1, not -1"),
    "min-p > 1": (lambda: min_p(FOUR, INF), "between 0 and 1, not inf"),
    "min-p nan": (lambda: min_p(FOUR, NAN), "between 0 and 1, not nan"),
    "counts": (lambda: penalise(np.zeros(2), np.array([1, 2, 3])), "3 counts do not fit 2 logits"),
    "no counts": (lambda: penalise(np.zeros(2), np.array([])), "0 counts do not fit 2 logits"),
    "chain of nothing": (lambda: run_chain(np.array([]), []), "at least one"),
    "chain of nan": (lambda: run_chain(np.array([NAN]), []), "NaN"),
    "chain to inf": (lambda: run_chain(np.zeros(2), [lambda z: z + INF]), "infinite"),
    "chain to nothing": (lambda: run_chain(np.zeros(2), [lambda z: z - INF]), "no token is left"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(case: str) -> None:
    attempt, words = REFUSED[case]
    with pytest.raises(ValueError, match="^[^\n]*" + words.replace(".", r"\.")):
        attempt()
