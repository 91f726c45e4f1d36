"""The scheduler against closed forms, queueing theory, and a second simulator that goes from event to event."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.algorithms.batching import MODES, Job, Plan, begin, ended, run, step
from demos_py.algorithms.roofline import Server

ONE_SECOND = Server(0, 1, 0, 1, 1)  # every pass takes 1 s
JOBS = st.lists(
    st.builds(Job, st.integers(0, 40).map(float), st.integers(1, 20)), min_size=1, max_size=12
).map(lambda jobs: tuple(sorted(jobs, key=lambda job: job.arrival)))


@pytest.mark.parametrize(("n", "length", "slots"), [(6, 10, 3), (7, 4, 3), (5, 9, 8)])
def test_uniform_lengths_take_what_arithmetic_says(n: int, length: int, slots: int) -> None:
    jobs = tuple(Job(0.0, length) for _ in range(n))
    rounds = -(-n // slots)
    assert run(Plan("naive", jobs, ONE_SECOND, slots)).clock == n * length
    assert run(Plan("static", jobs, ONE_SECOND, slots)).clock == rounds * length
    assert run(Plan("continuous", jobs, ONE_SECOND, slots)).clock == rounds * length
    perfect = run(Plan("speculative", jobs, ONE_SECOND, slots, drafted=4, acceptance=1.0, draft_time=0))
    assert perfect.clock == rounds * -(-length // 5)
    useless = run(Plan("speculative", jobs, ONE_SECOND, slots, drafted=4, acceptance=0.0, draft_time=0))
    assert useless.clock == rounds * length


def test_the_queue_of_one_server_is_that_of_m_d_1() -> None:
    # Poisson arrivals, every answer takes 5 s: the mean wait is ρ / (2 μ (1 − ρ)) (Pollaczek and Khinchine)
    n, service, load = 6_000, 5, 0.6
    rng = np.random.default_rng(4)
    arrivals = np.cumsum(rng.exponential(service / load, n))
    free, waits = 0.0, []
    state = run(
        Plan("naive", tuple(Job(float(at), service) for at in arrivals[:600]), ONE_SECOND), most=20_000
    )
    for at in arrivals[:600]:  # Lindley's recursion, the same arrivals
        start = max(free, at)
        waits.append(start - at)
        free = start + service
    found = [latency - service for _, latency in sorted(state.latencies)]
    assert found == pytest.approx(waits)
    for at in arrivals[600:]:
        start = max(free, at)
        waits.append(start - at)
        free = start + service
    assert np.mean(waits) == pytest.approx(load * service / (2 * (1 - load)), rel=0.1)


def by_events(plan: Plan) -> dict[int, float]:
    """When each request is answered, with passes of 1 s: slots as the times at which they are free again."""
    out: dict[int, float] = {}
    if plan.mode == "static":
        now, queue = 0.0, list(enumerate(plan.jobs))
        while queue:
            now = max(now, queue[0][1].arrival)
            batch = [item for item in queue if item[1].arrival <= now][: plan.slots]
            queue = queue[len(batch) :]
            for number, job in batch:
                out[number] = now + job.tokens
            now += max(job.tokens for _, job in batch)
        return out
    # passes begin at whole seconds, counted from the arrival that ended the last pause
    free, start = [0.0] * plan.width, 0.0
    for number, job in enumerate(plan.jobs):
        slot = min(range(plan.width), key=lambda i: free[i])
        begins = max(free[slot], job.arrival, start)
        start = begins
        free[slot] = out[number] = begins + job.tokens
    return out


@settings(max_examples=120, deadline=None)
@given(JOBS, st.sampled_from(("naive", "static", "continuous")), st.integers(1, 4))
def test_a_second_simulator_answers_at_the_same_times(jobs: tuple[Job, ...], mode: str, slots: int) -> None:
    plan = Plan(mode, jobs, ONE_SECOND, slots)
    state = run(plan)
    found = {number: plan.jobs[number].arrival + latency for number, latency in state.latencies}
    assert found == pytest.approx(by_events(plan))


@settings(max_examples=60, deadline=None)
@given(JOBS, st.sampled_from(MODES), st.integers(1, 4), st.floats(0, 1))
def test_every_token_is_emitted_once(jobs: tuple[Job, ...], mode: str, slots: int, acceptance: float) -> None:
    plan = Plan(mode, jobs, ONE_SECOND, slots, acceptance=acceptance)
    state = begin(plan)
    while not ended(plan, state):
        state = step(plan, state)
        assert sum(slot is not None for slot in state.slots) <= plan.width
    assert state.tokens == sum(job.tokens for job in jobs)
    assert sorted(number for number, _ in state.latencies) == list(range(len(jobs)))
    assert state.busy <= state.passes * plan.width
