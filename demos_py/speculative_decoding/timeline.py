"""The same requests served one by one, in fixed batches, in batches that change, and with speculation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.batching import MODES, Job, Plan, Queueing, begin, run, step
from demos_py.algorithms.batching import ended as all_answered
from demos_py.algorithms.rate_limits import draw
from demos_py.algorithms.roofline import Server
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import Bar, lanes
from demos_py.core.params import choice, slider

TITLE = "One server, four ways to fill it"
OPENS_AT, RATE, STEP = 150, 30, "step"
NAMES = {
    "naive": "one at a time",
    "static": "fixed batches",
    "continuous": "continuous batching",
    "speculative": "continuous, speculative",
}
LOADS = {
    "ragged": "ragged lengths",
    "alike": "all alike",
    "tail": "a few very long",
    "trickle": "a slow trickle",
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWX"
REQUESTS = 24
# Llama 3 70B in 16 bits on two H100 SXM, 1,024 tokens of cache a request; 40% of the dense peak is reached
SERVER = Server(70.55e9, 141.1e9, 1024 * 327_680, 2 * 3.35e12, 0.4 * 2 * 989.5e12)


@dataclass(frozen=True)
class Params:
    mode: str = choice("static", label="Mode", options=NAMES)
    load: str = choice("ragged", label="Requests", options=LOADS)
    slots: int = slider(6, low=1, high=12, step=1, label="Slots of the batch", ticks=11)
    drafted: int = slider(4, low=1, high=8, step=1, label="Drafted tokens", unit="speculative", ticks=7)
    acceptance: float = slider(
        0.7, low=0.0, high=1.0, step=0.05, label="Acceptance", unit="speculative", ticks=10
    )
    price: float = slider(8.0, low=1.0, high=20.0, step=0.5, label="Price", unit="$ an hour", ticks=10)
    seed: int = slider(1, low=0, high=20, step=1, label="Seed", ticks=20)


@lru_cache(50)
def jobs(load: str, seed: int) -> tuple[Job, ...]:
    """The requests of a load, by arrival."""
    out = []
    for i in range(REQUESTS):
        a, b = draw(seed, i, 1), draw(seed, i, 2)
        gap = 1.2 if load == "trickle" else 0.08
        arrival = round(gap * (i + 0.5 * a), 3)
        tokens = {
            "ragged": int(8 * 2 ** (4 * b)),
            "alike": 48,
            "tail": 200 if i % 8 == 3 else 16 + int(16 * b),
        }
        out.append(Job(arrival, tokens.get(load, int(20 + 40 * b))))
    return tuple(out)


@lru_cache(100)
def plan_of(params: Params, mode: str = "") -> Plan:
    """The plan that the controls describe."""
    return Plan(
        mode or params.mode, jobs(params.load, params.seed), SERVER, params.slots, params.drafted,
        params.acceptance, seed=params.seed,
    )  # fmt: skip


@lru_cache(50)
def _end(plan: Plan) -> Queueing:
    return run(plan)


def init(params: Params) -> Queueing:
    return begin(plan_of(params))


def update(params: Params, state: Queueing, event: Event) -> tuple[Params, Queueing]:
    if event.name != "tick" or ended(params, state):
        return params, state
    return params, step(plan_of(params), state)


def ended(params: Params, state: Queueing) -> bool:
    return all_answered(plan_of(params), state)


def mark(params: Params, state: Queueing) -> str:
    return named(state.last) if "begins" in state.last else ""


def named(words: str) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: LETTERS[int(match[1])], words)


COLUMNS = ("Tokens a second", "$ a million tokens", "Slots used", "Mean latency", "95th percentile")


def results(plan: Plan, state: Queueing, price: float) -> tuple[str, ...]:
    """Throughput, cost, utilisation and latencies of what has happened so far."""
    rate = state.tokens / state.clock if state.clock else 0
    late = sorted(seconds for _, seconds in state.latencies)
    slots = state.passes * plan.width
    return (
        f"{rate:,.0f}",
        f"{price / 3600 / rate * 1e6:,.2f}" if rate else "–",
        f"{state.busy / slots:.0%}" if slots else "–",
        f"{sum(late) / len(late):.2f} s" if late else "–",
        f"{late[min(len(late) - 1, int(0.95 * len(late)))]:.2f} s" if late else "–",
    )


def view(params: Params, state: Queueing) -> View:
    plan = plan_of(params)
    longest = max(_end(plan_of(params, mode)).clock for mode in ("static", "continuous"))
    # to naive serving the axis belongs to itself: it would press all others into a corner
    end = _end(plan).clock if params.mode == "naive" else longest
    gone = {job for job, _ in state.latencies}
    bars = [
        Bar(slot, start, until, 0 if padding else 1 + job % 8, "" if padding else LETTERS[job])
        for slot, job, start, until, padding in state.past
    ]
    for i, slot in enumerate(state.slots):
        if slot is not None:
            padding = slot.job in gone
            bars.append(
                Bar(
                    i,
                    slot.since,
                    state.clock,
                    0 if padding else 1 + slot.job % 8,
                    "" if padding else LETTERS[slot.job],
                )
            )
    now = results(plan, state, params.price)
    ends = [(mode, plan_of(params, mode)) for mode in MODES]
    table = Table(
        caption="The same requests in each mode, when all are answered",
        columns=("Mode", *COLUMNS),
        rows=tuple((NAMES[mode], *results(other, _end(other), params.price)) for mode, other in ends),
    )
    what = named(state.last) or (
        "each running request gets a token" if state.passes else "nothing has run yet"
    )
    running = sum(slot is not None and slot.job not in gone for slot in state.slots)
    reading = (
        f"Pass {state.passes}, {state.clock:.2f} s: {what}. {running} run, {len(state.waiting)} wait, "
        f"**{len(state.latencies)} of {len(plan.jobs)}** are answered: **{now[0]} tokens a second**, {now[2]} of the "
        f"slots used, ${now[1]} a million tokens."
    )
    return View(
        reading=reading,
        table=table,
        drawing={
            "lanes": lanes(
                [f"slot {i + 1}" for i in range(plan.width)], bars, span=(0, end), unit="time, s",
                label="The slots of the batch over time", now=state.clock, key={0: "waits for the rest of its batch"},
            ),
            "numbers": list(zip(COLUMNS, now, strict=True)),
            "high": 12 * 20,
        },
        facts={
            "rate": now[0], "cost": now[1], "used": now[2], "mean": now[3], "p95": now[4],
            "time": f"{state.clock:.1f} s", "passes": str(state.passes),
        },
    )  # fmt: skip
