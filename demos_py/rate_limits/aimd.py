"""Clients that feel their way to a limit they share, and what makes their shares equal."""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.algorithms.aimd import Shared, fairness, round_after
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider

TITLE = "Finding a limit that nobody names"
OPENS_AT, RATE, STEP = 60, 8, "round"
ROUNDS = 200
GROWTH = 1.1  # of a rate that is multiplied up
NAMES = {
    "aimd": "add, then multiply down",
    "aiad": "add, then subtract",
    "mimd": "multiply by 1.1, multiply down",
    "miad": "multiply by 1.1, then subtract",
}
STARTS = (1.0, 12.0, 4.0, 8.0, 2.0, 16.0)  # calls a second, the clients’ first rates
COLOURS = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Params:
    rule: str = choice("aimd", label="Rule: up, down", options=NAMES)
    clients: int = slider(3, low=1, high=6, step=1, label="Clients", ticks=5)
    limit: int = slider(30, low=10, high=100, step=5, label="Limit of all", unit="calls a second", ticks=9)
    up: float = slider(
        0.5, low=0.1, high=3.0, step=0.1, label="Added each round", unit="calls a second", ticks=10
    )
    down: float = slider(0.5, low=0.1, high=0.9, step=0.1, label="Multiplied by, if refused", ticks=8)
    lag: int = slider(0, low=0, high=10, step=1, label="News is late by", unit="rounds", ticks=10)


def init(params: Params) -> Shared:
    return Shared((STARTS[: params.clients],))


def update(params: Params, state: Shared, event: Event) -> tuple[Params, Shared]:
    if event.name != "tick" or ended(params, state):
        return params, state
    return params, round_after(state, params.rule, params.limit, params.up, params.down, GROWTH, params.lag)


def ended(params: Params, state: Shared) -> bool:
    return len(state.history) > ROUNDS


def mark(params: Params, state: Shared) -> str:
    crossed = sum(state.rates) > params.limit >= sum(state.history[-2])
    return "over the limit" if crossed else ""


def view(params: Params, state: Shared) -> View:
    at = len(state.history) - 1
    rates, total = state.rates, sum(state.rates)
    fair = fairness(rates)
    recent = state.history[max(0, at - 49) :]
    mean = sum(map(sum, recent)) / len(recent)
    top = 1.5 * params.limit
    every = range(0, at + 1, 1 if at < 100 else 2)

    def path(values: list[float]) -> list[float]:
        return [min(value, top) for value in values]

    lines = [
        charts.line(
            list(every), path([state.history[i][client] for i in every]), f"client {client + 1}",
            f"var(--cw-c{COLOURS[client]})",
        )
        for client in range(params.clients)
    ]  # fmt: skip
    lines.append(
        charts.line(list(every), path([sum(state.history[i]) for i in every]), "all", "var(--cw-ink)")
    )
    lines.append(charts.line([0, ROUNDS], [params.limit] * 2, "limit", "var(--cw-cut)", dash="dash"))
    step = charts.round_below(top / 3)
    figure = charts.chart(
        lines,
        charts.axis("round", 0, ROUNDS, (0, 50, 100, 150, 200)),
        charts.axis("calls a second", 0, top, [step * i for i in range(int(top / step) + 1)]),
        labels=[charts.label(ROUNDS, params.limit, "limit of all", anchor="right")],
        height=240,
    )
    over = total > params.limit
    notices = ()
    if max(map(sum, state.history)) > top:
        notices = (f"Above {top:,.0f} calls a second the lines are cut at the drawing’s top.",)
    return View(
        reading=(
            f"Round {at}: the clients send **{total:,.1f}** of {params.limit} calls a second, "
            f"{'above the limit, so all go down' if over else 'under the limit, so all go up'}. "
            f"Fairness is **{fair:.3f}** of 1; over the last {len(recent)} rounds {mean / params.limit:.0%} of the "
            f"limit was asked for, and {state.refused} rounds so far were over it."
        ),
        table=Table(
            caption=f"Round {at}",
            columns=("Client", "First rate, calls a second", "Rate now", "Share now"),
            rows=tuple(
                (str(i + 1), f"{STARTS[i]:.1f}", f"{rate:,.2f}", f"{rate / total:.1%}")
                for i, rate in enumerate(rates)
            ),
        ),
        charts={"rates": figure},
        drawing={
            "numbers": [
                *((f"Client {i + 1}", f"{rate:,.1f} a second") for i, rate in enumerate(rates)),
                ("All", f"{total:,.1f} a second"),
                ("Fairness", f"{fair:.3f}"),
            ],
            "key": [(COLOURS[i], f"client {i + 1}") for i in range(params.clients)],
        },
        facts={
            "fairness": f"{fair:.3f}",
            "used": f"{mean / params.limit:.0%}",
            "refused": str(state.refused),
            "largest": f"{max(rates):,.1f}",
            "smallest": f"{min(rates):,.1f}",
        },
        notices=notices,
    )
