"""How likely it is that one of k answers is right, by the formula and by drawing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from demos_py.algorithms.pass_at_k import pass_at_k
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import number, slider

TITLE = "One right answer among k"


@dataclass(frozen=True)
class Params:
    n: int = slider(50, low=10, high=100, step=10, label="Sampled", unit="answers", ticks=9)
    right: int = slider(5, low=0, high=100, step=1, label="Right", unit="answers")
    k: int = slider(10, low=1, high=100, step=1, label="Tries", unit="answers")
    seed: int = number(1, low=0, high=999_999, label="Seed")


def sizes(params: Params) -> tuple[int, int, int]:
    """n, right and k; of the last two at most n."""
    return params.n, min(params.right, params.n), min(params.k, params.n)


GROUPS = 200  # drawn at once


@dataclass(frozen=True)
class State:
    """How many groups of k were drawn, and how many of them held a right answer."""

    drawn: int = 0
    hits: int = 0


def draw(params: Params, state: State) -> State:
    """More groups of k answers, without putting back; the first `right` of the n are the right ones."""
    n, right, k = sizes(params)
    chance = random.Random(f"{params.seed}, {state.drawn}")
    hits = sum(min(chance.sample(range(n), k)) < right for _ in range(GROUPS))
    return State(state.drawn + GROUPS, state.hits + hits)


def init(params: Params) -> State:
    return draw(params, State())


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """The button draws more."""
    return params, draw(params, state) if event.name == "draw" else state


def view(params: Params, state: State) -> View:
    n, right, k = sizes(params)
    every = range(1, n + 1)
    exact = [pass_at_k(n, right, tries) for tries in every]
    naive = [1 - (1 - right / n) ** tries for tries in every]
    now, simple = exact[k - 1], naive[k - 1]
    found = f"{state.hits / state.drawn:.3f}"

    reading = (
        f"Where **{right} of {n}** answers are right, {k} of them hold a right one with probability "
        f"**{now:.3f}**. If each were put back, it would be {simple:.3f}. Of {state.drawn:,} groups drawn, "
        f"a share of {found} held one."
    )
    shown = sorted({1, 2, 5, 10, 20, 50, 100, k} & set(every))
    table = Table(
        caption=f"Probability, no unit, that one of k answers is right; {right} of {n} are",
        columns=("k", "Not put back", "Put back"),
        rows=tuple((str(at), f"{exact[at - 1]:.4f}", f"{naive[at - 1]:.4f}") for at in shown),
    )
    curve = charts.chart(
        [
            charts.line(every, naive, "put back", "var(--cw-c2)", dash="dash"),
            charts.line(every, exact, "not put back", "var(--cw-c1)", width=2),
            charts.dots([k], [now], "now", "var(--cw-c1)"),
        ],
        charts.axis("k, answers", 0, n, (0, n // 2, n)),
        charts.axis("probability, no unit", 0, 1, (0, 0.5, 1)),
    )
    notices = []
    if params.right > n:
        notices.append(f"Of {n} answers no more than {n} can be right.")
    if params.k > n:
        notices.append(f"No more than {n} answers can be tried.")
    return View(
        reading=reading,
        table=table,
        drawing={
            "label": f"Probability over k: a curve that reaches {now:.3f} at {k} answers",
            "numbers": [("Not put back", f"{now:.3f}"), ("Put back", f"{simple:.3f}"), ("Drawn", found)],
        },
        charts={"curve": curve},
        facts={"exact": f"{now:.3f}", "naive": f"{simple:.3f}", "found": found},
        notices=tuple(notices),
    )
