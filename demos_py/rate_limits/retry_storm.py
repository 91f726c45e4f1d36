"""A minute of calls against a token bucket: what each way of retrying does to the calls, and to the service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.rate_limits import (
    STRATEGIES,
    TICKS_A_SECOND,
    UNITS,
    Fleet,
    Plan,
    arrivals,
    begin,
    by_second,
    run,
    tick,
)
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import histogram
from demos_py.core.params import choice, slider

TITLE = "A retry storm"
OPENS_AT, RATE, STEP = 260, 20, "tick"
SECONDS = 60
OUTAGE = (20, 30)  # s
LOAD_NAMES = {
    "waves": "three waves, at 0, 20 and 40 s",
    "steady": "steady",
    "burst": "all in one second",
    "ramp": "rising",
    "outage": "steady, with an outage from 20 to 30 s",
}
NAMES = {
    "exponential": "exponential, no jitter",
    "none": "no retry",
    "fixed": "fixed, 1 s",
    "jitter": "exponential, full jitter",
    "retry-after": "Retry-After, then jitter",
    "budget": "jitter, with a retry budget",
    "producer": "bucket at the producer",
}
FIRST, AGAIN = 1, 2  # colours


@dataclass(frozen=True)
class Params:
    load: str = choice("waves", label="Load", options=LOAD_NAMES)
    strategy: str = choice("jitter", label="When refused", options=NAMES)
    jobs: int = slider(120, low=20, high=300, step=10, label="Jobs", unit="in the minute", ticks=14)
    limit: int = slider(100, low=20, high=300, step=10, label="Limit", unit="calls a minute", ticks=14)
    capacity: int = slider(10, low=1, high=100, step=1, label="Bucket holds", unit="tokens", ticks=11)
    attempts: int = slider(6, low=1, high=10, step=1, label="Calls for a job, at most", ticks=9)
    seed: int = slider(1, low=0, high=20, step=1, label="Seed of the jitter", ticks=20)


def plan_of(params: Params, strategy: str | None = None) -> Plan:
    """The plan that the controls describe."""
    outage = tuple(second * TICKS_A_SECOND for second in OUTAGE) if params.load == "outage" else (0, 0)
    return Plan(
        arrivals(params.load, params.jobs, SECONDS),
        strategy or params.strategy,
        params.limit,
        params.capacity,
        params.attempts,
        (outage[0], outage[1]),
        params.seed,
    )


def init(params: Params) -> Fleet:
    return begin(plan_of(params))


def update(params: Params, state: Fleet, event: Event) -> tuple[Params, Fleet]:
    if event.name != "tick" or ended(params, state):
        return params, state
    return params, tick(_plan(params), state)


def ended(params: Params, state: Fleet) -> bool:
    return state.tick >= SECONDS * TICKS_A_SECOND


def mark(params: Params, state: Fleet) -> str:
    calls = len(state.last)
    return f"{calls} calls at once" if calls >= max(8, params.jobs // 6) else ""


@lru_cache(20)
def _plan(params: Params) -> Plan:
    return plan_of(params)


@lru_cache(50)
def _end(plan: Plan) -> Fleet:
    return run(plan, SECONDS * TICKS_A_SECOND)


def cells(fleet: Fleet) -> tuple[str, ...]:
    """A run's results as the cells of a table."""
    return (
        str(fleet.succeeded),
        str(fleet.given_up),
        str(len(fleet.waiting) + len(fleet.held)),
        str(fleet.calls),
        str(fleet.refused + fleet.overloaded),
        ratio(fleet),
        waited(fleet),
    )


def ratio(fleet: Fleet) -> str:
    """Calls made for each job that succeeded."""
    return f"{fleet.calls / fleet.succeeded:.2f}" if fleet.succeeded else "–"


def waited(fleet: Fleet) -> str:
    """The mean time from due to success, in seconds."""
    return f"{fleet.waited / fleet.succeeded / TICKS_A_SECOND:.1f} s" if fleet.succeeded else "–"


COLUMNS = ("Succeeded", "Given up", "Still waiting", "Calls", "Refused", "Calls a success", "Mean wait")


def happened(fleet: Fleet) -> str:
    """What the newest tick brought, in words."""
    if not fleet.last:
        return "no call"
    good = sum(call.status == 200 for call in fleet.last)
    again = sum(call.attempt > 1 for call in fleet.last)
    calls = f"{len(fleet.last)} call{'s' * (len(fleet.last) > 1)}"
    return f"{calls}, {again} of them again, {good} answered"


def view(params: Params, state: Fleet) -> View:
    now = state.tick / TICKS_A_SECOND
    seconds = list(by_second(state.history))
    columns = [((FIRST, first), (AGAIN, again)) for first, again, _ in seconds]
    columns += [()] * (SECONDS - len(columns))
    over = ended(params, state)
    done = _end(_plan(params)) if over else state
    peak = max((first + again for first, again, _ in seconds), default=0)
    reading = (
        f"At {now:.1f} s: {happened(state)}. So far **{state.succeeded} of {state.arrived}** jobs have succeeded, "
        f"{state.given_up} were given up, and **{state.calls} calls** were made, "
        f"{state.refused + state.overloaded} of them refused."
    )
    if over:
        table = Table(
            caption=f"The same minute with each way of retrying: {params.jobs} jobs, {LOAD_NAMES[params.load]}",
            columns=("When refused", *COLUMNS),
            rows=tuple((NAMES[name], *cells(_end(plan_of(params, name)))) for name in STRATEGIES),
        )
    else:
        table = Table(
            caption=f"{NAMES[params.strategy]}, after {now:.1f} s",
            columns=("When refused", *COLUMNS),
            rows=((NAMES[params.strategy], *cells(state)),),
        )
    top = max(20, 3 * params.jobs // 4)
    drawing = {
        "calls": histogram(
            columns,
            top=top,
            span=(0, SECONDS),
            unit="time, s",
            label="Calls in each second: first calls, and again",
            key={FIRST: "first calls", AGAIN: "calls again"},
            now=now,
            limit=params.limit / 60,
        ),
        "level": state.level / UNITS,
        "counts": list(zip(COLUMNS, cells(done), strict=True)),
    }
    facts = {
        "peak": str(peak),
        "succeeded": str(state.succeeded),
        "given_up": str(state.given_up),
        "waiting": str(len(state.waiting) + len(state.held)),
        "calls": str(state.calls),
        "refused": str(state.refused + state.overloaded),
        "ratio": ratio(state),
        "waited": waited(state),
    }
    notices = ()
    if any(first + again > top for first, again, _ in seconds):
        notices = (f"A column is cut at the drawing’s top: {peak} calls in one second.",)
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=notices)
