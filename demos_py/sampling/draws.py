"""Seeded draws from a distribution over ten tokens: what was drawn beside what was to be expected."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from demos_py.algorithms.sampling import cut, divide, draw, nucleus, softmax
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import number, slider
from demos_py.sampling import LOGITS, PROMPT, TOKENS

TITLE = "Draws, and how often the favourite loses"
MOST = 10_000
RUNS_KEPT = 12


@dataclass(frozen=True)
class Params:
    n: int = number(100, low=1, high=MOST, label="Draws", unit="tokens")
    seed: int = number(1, low=0, high=999_999, label="Seed")
    temperature: float = slider(1.0, low=0.0, high=2.0, step=0.05, label="Temperature", unit="no unit")
    top_p: float = slider(1.0, low=0.0, high=1.0, step=0.01, label="Top-p", unit="of the mass")


@dataclass(frozen=True)
class State:
    """The runs before this one with the same settings: (seed, how often the favourite was drawn)."""

    runs: tuple[tuple[int, int], ...] = ()


def init(params: Params) -> State:
    return State()


def distribution(params: Params) -> np.ndarray:
    """What is drawn from, shape (10,): temperature, then top-p."""
    heated = divide(np.array(LOGITS), params.temperature)
    return softmax(cut(heated, nucleus(softmax(heated), params.top_p)))


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """“Draw again” keeps this run's result and takes the next seed."""
    if event.name == "again":
        expected = distribution(params)
        wins = int((draw(expected, params.n, params.seed) == int(np.argmax(expected))).sum())
        state = State((*state.runs, (params.seed, wins))[-RUNS_KEPT:])
        params = replace(params, seed=(params.seed + 1) % 1_000_000)
    return params, state


def running_share(drawn: np.ndarray, token: int) -> tuple[list[int], list[float]]:
    """At up to 60 numbers of draws, spread evenly on a log scale: the share of `token` among the first so many."""
    n = drawn.size
    at = np.unique(np.geomspace(1, n, 60).round().astype(int))
    return at.tolist(), (np.cumsum(drawn == token)[at - 1] / at).tolist()


def view(params: Params, state: State) -> View:
    expected = distribution(params)
    drawn = draw(expected, params.n, params.seed)
    seen = np.bincount(drawn, minlength=len(TOKENS))
    top = int(np.argmax(expected))
    p, n = float(expected[top]), params.n
    lost, spread = n - int(seen[top]), math.sqrt(n * p * (1 - p))
    never = int(((seen == 0) & (expected > 0)).sum())

    at, share = running_share(drawn, top)
    everywhere = np.geomspace(1, MOST, 30)
    width = 2 * np.sqrt(p * (1 - p) / everywhere)
    chart = charts.chart(
        [
            charts.band(
                everywhere.round(3).tolist(),
                np.clip(p - width, 0, 1).round(4).tolist(),
                np.clip(p + width, 0, 1).round(4).tolist(),
                "within two standard deviations",
                "var(--cw-accent-wash)",
            ),
            charts.line([1, MOST], [p, p], "probability", "var(--cw-cut)", dash="dash"),
            charts.line(at, share, "share so far", "var(--cw-c1)", width=2),
            charts.dots(at[-1:], share[-1:], "now", "var(--cw-c1)"),
        ],
        charts.axis("draws so far", 1, MOST, (1, 10, 100, 1000, 10_000), log=True),
        charts.axis(f"share of “{TOKENS[top].strip()}”", 0, 1, (0, 0.25, 0.5, 0.75, 1)),
        labels=[charts.label(MOST, p, f"probability {p:.3f}", "var(--cw-cut)", log_x=True, anchor="right")],
    )
    rows = [
        {"token": TOKENS[i], "before": seen[i] / n, "after": float(expected[i]), "cut": expected[i] == 0}
        for i in range(len(TOKENS))
    ]
    reading = (
        f"In **{n:,} draw{'s' * (n > 1)}** with seed {params.seed}, `{TOKENS[top]}` loses **{lost:,}** "
        f"time{'s' * (lost != 1)}; {n * (1 - p):,.1f} were to be expected, give or take {spread:,.1f}. "
        + (
            f"{never} possible token{'s' * (never > 1)} never came up."
            if never
            else "Every possible token came up."
        )
    )
    table = Table(
        caption=f"Observed and expected counts of {n:,} draws, seed {params.seed}",
        columns=("Token", "Probability", "Expected", "Standard deviation", "Observed"),
        rows=tuple(
            (
                TOKENS[i].strip(),
                f"{q:.4f}",
                f"{n * q:,.2f}",
                f"{math.sqrt(n * q * (1 - q)):,.2f}",
                f"{seen[i]:,}",
            )
            for i, q in enumerate(expected.tolist())
        ),
    )
    wins = [*state.runs, (params.seed, int(seen[top]))]
    drawing = {
        "prompt": PROMPT,
        "rows": rows,
        "top": TOKENS[top],
        "chart_label": f"Share of {TOKENS[top].strip()} after each number of draws; it ends at {share[-1]:.3f}, "
        f"the probability is {p:.3f}",
        "runs": [(f"seed {seed}", f"{count / n:.1%}", seed == params.seed) for seed, count in wins],
    }
    facts = {
        "lost": f"{lost:,}",
        "lost share": f"{lost / n:.1%}",
        "expected share": f"{1 - p:.1%}",
        "spread": f"{spread:.1f}",
    }
    return View(reading=reading, table=table, drawing=drawing, charts={"share": chart}, facts=facts)
