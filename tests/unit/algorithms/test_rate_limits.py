"""The fleet against a second implementation, event by event in exact fractions, and against closed forms."""

import heapq
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.algorithms import rate_limits as rl

PLANS = st.builds(
    lambda load, jobs, strategy, limit, capacity, attempts, outage, seed: rl.Plan(
        rl.arrivals(load, jobs), strategy, limit, capacity, attempts, (200, 300) if outage else (0, 0), seed
    ),
    st.sampled_from(rl.LOADS),
    st.integers(1, 150),
    st.sampled_from(rl.STRATEGIES),
    st.integers(20, 300),
    st.integers(1, 100),
    st.integers(1, 10),
    st.booleans(),
    st.integers(0, 20),
)


def by_events(plan: rl.Plan, end: Fraction = Fraction(60)) -> dict[str, int]:
    """The same minute, event by event: time in seconds, levels in tokens, both exact."""
    rate = Fraction(plan.limit, 60)
    agenda: list[tuple[Fraction, int, int]] = []  # time, job, attempt
    for job, tick in enumerate(plan.arrivals):
        heapq.heappush(agenda, (Fraction(tick, 10), job, 1))
    tokens, last = Fraction(plan.capacity), Fraction(0)
    budget = Fraction(rl.BUDGET_FIRST)
    count: dict[str, int] = dict.fromkeys(("calls", "succeeded", "given_up", "refused", "overloaded"), 0)
    while agenda and agenda[0][0] < end:
        now, job, attempt = heapq.heappop(agenda)
        tokens, last = min(Fraction(plan.capacity), tokens + (now - last) * rate), now
        count["calls"] += 1
        if attempt == 1:
            budget = min(Fraction(rl.BUDGET_FIRST), budget + Fraction(1, 10))
        floor = 0
        if Fraction(plan.outage[0], 10) <= now < Fraction(plan.outage[1], 10):
            count["overloaded"] += 1
        elif tokens >= 1:
            tokens -= 1
            count["succeeded"] += 1
            continue
        else:
            count["refused"] += 1
            tenths = -(-((1 - tokens) / rate * 10) // 1)
            floor = int(-(-tenths // 10))
        if plan.strategy == "none" or attempt == plan.attempts:
            count["given_up"] += 1
            continue
        if plan.strategy == "budget":
            if budget < 1:
                count["given_up"] += 1
                continue
            budget -= 1
        cap = min(32, 2 ** (attempt - 1))
        chance = rl.draw(plan.seed, job, attempt)
        wait = {"fixed": 1.0, "exponential": cap, "retry-after": floor + chance * cap}.get(
            plan.strategy, chance * cap
        )
        heapq.heappush(agenda, (now + Fraction(max(1, round(wait * 10)), 10), job, attempt + 1))
    return count


@settings(max_examples=120)
@given(PLANS.filter(lambda plan: plan.strategy != "producer"))
def test_a_second_implementation_counts_the_same(plan: rl.Plan) -> None:
    fleet = rl.run(plan)
    assert {name: getattr(fleet, name) for name in by_events(plan)} == by_events(plan)


@settings(max_examples=60)
@given(PLANS)
def test_no_job_is_lost_and_no_answer_uncounted(plan: rl.Plan) -> None:
    fleet = rl.run(plan)
    assert fleet.calls == fleet.succeeded + fleet.refused + fleet.overloaded
    assert len(plan.arrivals) == fleet.succeeded + fleet.given_up + len(fleet.waiting) + len(fleet.held)
    assert fleet.calls == sum(first + again for first, again, _ in fleet.history)
    assert fleet.succeeded <= plan.capacity + plan.limit  # what a minute refills, on a full bucket
    assert len(fleet.history) == fleet.tick == 600


@settings(max_examples=40)
@given(PLANS.filter(lambda plan: plan.strategy == "producer" and plan.outage == (0, 0)))
def test_a_bucket_at_the_producer_is_never_refused(plan: rl.Plan) -> None:
    fleet = rl.run(plan)
    assert fleet.refused == 0 == fleet.retries


@given(st.integers(1, 400), st.integers(1, 50), st.integers(20, 300))
def test_a_burst_is_answered_as_far_as_the_bucket_goes(jobs: int, capacity: int, limit: int) -> None:
    plan = rl.Plan((0,) * jobs, "none", limit, capacity)
    fleet = rl.tick(plan, rl.begin(plan))
    assert (fleet.succeeded, fleet.given_up) == (min(jobs, capacity), max(0, jobs - capacity))


def test_a_steady_load_above_the_limit_gets_the_limit() -> None:
    fleet = rl.run(rl.Plan(rl.arrivals("steady", 300), "none", 100, 1))
    assert fleet.succeeded == pytest.approx(100, abs=1)


@given(PLANS, st.integers(0, 300), st.integers(1, 9), st.integers(0, 30))
def test_retry_after_is_a_floor(plan: rl.Plan, job: int, attempt: int, floor: int) -> None:
    kept = rl.Plan(plan.arrivals, "retry-after", seed=plan.seed)
    wait = rl.delay(kept, rl.Call(job, attempt, 429, floor)) / rl.TICKS_A_SECOND
    assert floor <= wait <= floor + min(32, 2 ** (attempt - 1)) + 0.1


def test_the_draws_are_uniform() -> None:
    drawn = sorted(rl.draw(seed, job, 1) for seed in range(20) for job in range(100))
    # Kolmogorov and Smirnov: the largest gap to the uniform law, 1.95 / sqrt(n) at one in a thousand
    assert max(abs(x - (i + 0.5) / 2000) for i, x in enumerate(drawn)) < 1.95 / 2000**0.5


@pytest.mark.parametrize("load", rl.LOADS)
def test_loads_are_of_the_size_asked_for_and_in_order(load: str) -> None:
    due = rl.arrivals(load, 120)
    assert len(due) == 120 and list(due) == sorted(due) and 0 <= due[0] and due[-1] < 600


def test_an_unknown_load_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no load is called “storm”"):
        rl.arrivals("storm", 10)
