"""The formula against every group that there is; the drawing against the formula."""

from itertools import combinations
from math import sqrt

import pytest

from demos_py.algorithms.pass_at_k import pass_at_k
from demos_py.core.demo import Event
from demos_py.guide.pass_at_k import Params, init, update, view


@pytest.mark.parametrize("right", range(8))
@pytest.mark.parametrize("k", range(1, 8))
def test_the_formula_counts_the_groups_that_hold_a_right_answer(right: int, k: int) -> None:
    groups = list(combinations(range(7), k))
    held = sum(any(answer < right for answer in group) for group in groups)
    assert pass_at_k(7, right, k) == pytest.approx(held / len(groups))


@pytest.mark.parametrize("wrong", [(5, 6, 1), (5, -1, 1), (5, 1, 0), (5, 1, 6)])
def test_what_does_not_fit_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        pass_at_k(*wrong)


@pytest.mark.parametrize("right", [0, 1, 5, 50])
def test_what_is_drawn_comes_near(right: int) -> None:
    params = Params(right=right, k=10)
    state = init(params)
    for _ in range(19):
        params, state = update(params, state, Event("draw", "more"))
    p = pass_at_k(50, right, 10)
    assert state.drawn == 4000
    assert abs(state.hits - 4000 * p) <= 4 * sqrt(4000 * p * (1 - p))
    assert view(params, state).facts["found"] == f"{state.hits / 4000:.3f}"


def test_the_same_seed_draws_the_same() -> None:
    once, again, other = (init(Params(seed=seed)) for seed in (7, 7, 8))
    assert once == again != other
    _, more = update(Params(seed=7), once, Event("draw", "more"))
    assert more.drawn == 400 and more.hits != 2 * once.hits


def test_too_many_are_taken_as_all_and_it_says_so() -> None:
    params = Params(n=10, right=11, k=12)
    shown = view(params, init(params))
    assert shown.facts["exact"] == "1.000" and len(shown.notices) == 2


def test_put_back_it_would_be_less_likely() -> None:
    facts = view(Params(), init(Params())).facts
    assert float(facts["exact"]) > float(facts["naive"])
