"""How much speculation gains, by how often the draft is right and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demos_py.algorithms.speculation import break_even, speed_up, tokens_a_pass
from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import slider

TITLE = "When guessing does not pay"
RUNS = 4_000


@dataclass(frozen=True)
class Params:
    acceptance: float = slider(
        0.7, low=0.0, high=1.0, step=0.05, label="Acceptance", unit="of drafted tokens", ticks=10
    )
    drafted: int = slider(4, low=1, high=12, step=1, label="Drafted tokens", unit="a pass", ticks=11)
    cost: float = slider(
        0.067, low=0.0, high=0.5, step=0.001, label="A draft costs", unit="of a target’s pass", ticks=10
    )
    verify: float = slider(
        1.0, low=1.0, high=6.0, step=0.1, label="A verifying pass costs", unit="plain passes", ticks=10
    )
    seed: int = slider(1, low=0, high=20, step=1, label="Seed of the check", ticks=20)


def simulated(params: Params) -> float:
    """The speed-up over RUNS passes with a coin for each drafted token."""
    coins = np.random.default_rng(params.seed).random((RUNS, params.drafted)) < params.acceptance
    tokens = 1 + np.cumprod(coins, axis=1).sum(axis=1)
    return float(tokens.mean() / (params.verify + params.drafted * params.cost))


def view(params: Params, state: None) -> View:
    alphas = [i / 40 for i in range(41)]
    gain = speed_up(params.acceptance, params.drafted, params.cost, params.verify)
    even = break_even(params.drafted, params.cost, params.verify)
    by_k = {k: speed_up(params.acceptance, k, params.cost, params.verify) for k in range(1, 13)}
    best = max(by_k, key=lambda k: by_k[k])
    top = 6.0
    curve = [min(top, speed_up(a, params.drafted, params.cost, params.verify)) for a in alphas]
    figure = charts.chart(
        [
            charts.line(alphas, curve, "speed-up", "var(--cw-c1)", width=2),
            charts.line([0, 1], [1, 1], "no gain", "var(--cw-cut)", dash="dash"),
            charts.dots([params.acceptance], [min(top, gain)], "now", "var(--cw-c1)"),
        ],
        charts.axis("acceptance", 0, 1, (0, 0.25, 0.5, 0.75, 1)),
        charts.axis("times as fast", 0, top, (0, 1, 2, 3, 4, 5, 6)),
        labels=[charts.label(1, 1, "below this line guessing loses", anchor="right")],
        height=240,
    )
    where = f"from **{even:.2f}** on" if even is not None else "**never**"
    found = simulated(params)
    reading = (
        f"{tokens_a_pass(params.acceptance, params.drafted):.2f} tokens a pass at the cost of "
        f"{params.verify + params.drafted * params.cost:.3f} plain ones: **{gain:.2f} times** as fast; a simulation of "
        f"{RUNS:,} passes gives {found:.3f}. With {params.drafted} drafted tokens it gains {where}. The best number to "
        f"draft would be {best}, with {by_k[best]:.2f}."
    )
    return View(
        reading=reading,
        table=Table(
            caption=f"By the number of drafted tokens, at an acceptance of {params.acceptance:.2f}",
            columns=("Drafted", "Tokens a pass", "Times as fast", "Gains from an acceptance of"),
            rows=tuple(
                (
                    str(k), f"{tokens_a_pass(params.acceptance, k):.2f}", f"{value:.2f}",
                    "never" if (e := break_even(k, params.cost, params.verify)) is None else f"{e:.2f}",
                )
                for k, value in by_k.items()
            ),
        ),
        charts={"gain": figure},
        drawing={
            "numbers": [
                ("Formula", f"{gain:.2f} times"), ("Simulated", f"{found:.3f} times"),
                ("Gains from", f"{even:.2f}" if even is not None else "never"), ("Best to draft", str(best)),
            ]
        },
        facts={
            "gain": f"{gain:.2f}", "even": f"{even:.2f}" if even is not None else "never", "best": str(best),
            "best gain": f"{by_k[best]:.2f}", "tokens": f"{tokens_a_pass(params.acceptance, params.drafted):.2f}",
            "simulated": f"{found:.3f}",
        },
    )  # fmt: skip
