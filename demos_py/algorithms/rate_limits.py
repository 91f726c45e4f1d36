"""A fleet of clients against a rate limit: a token bucket, and what each does when it is refused.

Time goes in ticks of 0.1 s. Within a tick the calls are made in the order of their jobs' numbers. The bucket
counts in units of 1/600 of a token, so that a limit per minute refills a whole number of units each tick and
nothing is ever rounded.

Sources: the token bucket, Turner 1986, "New directions in communications"; jittered backoff, Brooker 2015,
"Exponential backoff and jitter"; retry budgets, Beyer et al. 2016, Site Reliability Engineering, chapter 21;
Retry-After, RFC 9110, section 10.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

TICKS_A_SECOND = 10
UNITS = 600  # of the bucket in a token: one minute's ticks
STRATEGIES = ("none", "fixed", "exponential", "jitter", "retry-after", "budget", "producer")
LOADS = ("steady", "burst", "waves", "ramp", "outage")
FIXED, BASE, LONGEST = 1.0, 1.0, 32.0  # s: the fixed delay; the first exponential delay and the cap
BUDGET_SHARE, BUDGET_FIRST = (
    1,
    10,
)  # tenths of a retry that a first call earns, and that each fleet starts with


@dataclass(frozen=True)
class Plan:
    """What is fixed before the run. `arrivals`: the tick at which each job becomes due, ascending."""

    arrivals: tuple[int, ...]
    strategy: str
    limit: int = 100  # calls a minute
    capacity: int = 10  # tokens that the bucket holds; it begins full
    attempts: int = 6  # calls for one job at most
    outage: tuple[int, int] = (0, 0)  # ticks from, to: the service answers 529 and takes no token
    seed: int = 0


@dataclass(frozen=True)
class Call:
    """One call and its answer: 200, 429 or 529."""

    job: int
    attempt: int  # from 1
    status: int
    retry_after: int = 0  # s, whole, on a 429


@dataclass(frozen=True)
class Fleet:
    """The state after `tick` ticks. `waiting` holds (tick, job, attempt), ascending; times in ticks."""

    level: int  # units in the bucket
    tick: int = 0
    arrived: int = 0
    held: tuple[int, ...] = ()  # jobs that wait at the producer
    producer: int = UNITS
    waiting: tuple[tuple[int, int, int], ...] = ()
    budget: int = 10 * BUDGET_FIRST  # tenths of a retry
    calls: int = 0
    retries: int = 0
    succeeded: int = 0
    given_up: int = 0
    refused: int = 0  # answers 429
    overloaded: int = 0  # answers 529
    waited: int = 0  # ticks from due to success, summed over those that succeeded
    last: tuple[Call, ...] = ()  # the calls of the newest tick
    history: tuple[tuple[int, int, int], ...] = ()  # a tick each: first calls, retries, successes


def arrivals(load: str, jobs: int, seconds: int = 60) -> tuple[int, ...]:
    """The tick at which each of `jobs` becomes due, for one of LOADS, over `seconds`.

    steady and outage: evenly; burst: all within the second that begins at 5 s; waves: a third at once at 0, 20 and 40 s;
    ramp: at a rate that rises in proportion to time. Raises ValueError for another load.
    """
    whole = seconds * TICKS_A_SECOND
    if load in ("steady", "outage"):
        return tuple(i * whole // jobs for i in range(jobs))
    if load == "burst":
        return tuple(5 * TICKS_A_SECOND + i * TICKS_A_SECOND // jobs for i in range(jobs))
    if load == "waves":
        return tuple(3 * i // jobs * 20 * TICKS_A_SECOND for i in range(jobs))
    if load == "ramp":
        return tuple(int(whole * ((i + 0.5) / jobs) ** 0.5) for i in range(jobs))
    raise ValueError(f"no load is called “{load}”; there are {', '.join(LOADS)}")


def draw(seed: int, job: int, attempt: int) -> float:
    """A number from 0 to below 1 that depends on its three arguments alone (SplitMix64; Steele et al. 2014)."""
    mask = (1 << 64) - 1
    z = (seed * 0x9E3779B97F4A7C15 + job * 0xBF58476D1CE4E5B9 + attempt * 0x94D049BB133111EB + 1) & mask
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = ((z ^ (z >> shift)) * factor) & mask
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


def delay(plan: Plan, call: Call) -> int:
    """Ticks from a refused call to the next one of the same job; at least one."""
    backoff = min(LONGEST, BASE * 2 ** (call.attempt - 1))
    jitter = draw(plan.seed, call.job, call.attempt)
    seconds = {
        "fixed": FIXED,
        "exponential": backoff,
        # the floor that the server names is never undercut: the jitter comes on top of it
        "retry-after": call.retry_after + jitter * backoff,
    }.get(plan.strategy, jitter * backoff)
    return max(1, round(seconds * TICKS_A_SECOND))


def begin(plan: Plan) -> Fleet:
    """The fleet before its first tick, the bucket full."""
    return Fleet(level=plan.capacity * UNITS)


def tick(plan: Plan, fleet: Fleet) -> Fleet:
    """The fleet one tick later."""
    now = fleet.tick
    level = min(plan.capacity * UNITS, fleet.level + plan.limit) if now else fleet.level
    producer = min(UNITS, fleet.producer + plan.limit) if now else fleet.producer
    arrived = fleet.arrived
    while arrived < len(plan.arrivals) and plan.arrivals[arrived] <= now:
        arrived += 1
    first, held = tuple(range(fleet.arrived, arrived)), fleet.held
    if plan.strategy == "producer":
        held += first
        free = min(len(held), producer // UNITS)
        first, held, producer = held[:free], held[free:], producer - free * UNITS
    split = 0
    while split < len(fleet.waiting) and fleet.waiting[split][0] <= now:
        split += 1
    due = sorted([(job, 1) for job in first] + [(job, attempt) for _, job, attempt in fleet.waiting[:split]])
    if not due:
        return replace(
            fleet, tick=now + 1, level=level, producer=producer, arrived=arrived, held=held, last=(),
            history=(*fleet.history, (0, 0, 0)),
        )  # fmt: skip
    waiting = list(fleet.waiting[split:])
    budget, given_up, succeeded, waited = fleet.budget, fleet.given_up, fleet.succeeded, fleet.waited
    out = plan.outage[0] <= now < plan.outage[1]
    calls: list[Call] = []
    for job, attempt in due:
        if attempt == 1:
            budget = min(10 * BUDGET_FIRST, budget + BUDGET_SHARE)
        if out:
            call = Call(job, attempt, 529)
        elif level >= UNITS:
            level -= UNITS
            succeeded += 1
            waited += now - plan.arrivals[job]
            call = Call(job, attempt, 200)
        else:
            ticks = -(-(UNITS - level) // plan.limit)
            call = Call(job, attempt, 429, -(-ticks // TICKS_A_SECOND))
        calls.append(call)
        if call.status == 200:
            continue
        broke = plan.strategy == "budget" and budget < 10
        if plan.strategy == "none" or attempt >= plan.attempts or broke:
            given_up += 1
            continue
        if plan.strategy == "budget":
            budget -= 10
        waiting.append((now + delay(plan, call), job, attempt + 1))
    again = sum(call.attempt > 1 for call in calls)
    good = sum(call.status == 200 for call in calls)
    return Fleet(
        level=level, tick=now + 1, arrived=arrived, held=held, producer=producer, waiting=tuple(sorted(waiting)),
        budget=budget, calls=fleet.calls + len(calls), retries=fleet.retries + again, succeeded=succeeded,
        given_up=given_up, refused=fleet.refused + sum(call.status == 429 for call in calls),
        overloaded=fleet.overloaded + sum(call.status == 529 for call in calls), waited=waited,
        last=tuple(calls), history=(*fleet.history, (len(calls) - again, again, good)),
    )  # fmt: skip


def run(plan: Plan, ticks: int = 60 * TICKS_A_SECOND) -> Fleet:
    """The fleet after `ticks` ticks."""
    fleet = begin(plan)
    for _ in range(ticks):
        fleet = tick(plan, fleet)
    return fleet


def by_second(history: tuple[tuple[int, int, int], ...]) -> Iterator[tuple[int, int, int]]:
    """First calls, retries and successes of each second, the newest perhaps not over."""
    for at in range(0, len(history), TICKS_A_SECOND):
        first, again, good = zip(*history[at : at + TICKS_A_SECOND], strict=True)
        yield sum(first), sum(again), sum(good)
