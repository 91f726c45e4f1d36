"""How soon one of several tries succeeds."""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import slider

TITLE = "@title@"
MOST = 20


@dataclass(frozen=True)
class Params:
    chance: float = slider(0.3, low=0.0, high=1.0, step=0.05, label="Chance", unit="of each try", ticks=10)
    tries: int = slider(3, low=1, high=MOST, step=1, label="Tries", ticks=19)


def at_least_one(chance: float, tries: int) -> float:
    """The probability, from 0 to 1, that one of the tries or more succeeds, where none knows of another."""
    return 1 - (1 - chance) ** tries


def view(params: Params, state: None) -> View:
    counts = range(1, MOST + 1)
    reached = [at_least_one(params.chance, count) for count in counts]
    now = reached[params.tries - 1]
    enough = next((count for count in counts if reached[count - 1] >= 0.9), None)
    figure = charts.chart(
        [
            charts.line([0, MOST], [0.9, 0.9], "nine in ten", "var(--cw-cut)", dash="dash"),
            charts.dots(list(counts), reached, "reached", "var(--cw-c1)", "circle-open"),
            charts.dots([params.tries], [now], "now", "var(--cw-c1)"),
        ],
        charts.axis("tries", 0, MOST, (0, 5, 10, 15, 20)),
        charts.axis("probability", 0, 1, (0, 0.25, 0.5, 0.75, 1)),
        labels=[charts.label(MOST, 0.9, "nine in ten", anchor="right")],
    )
    return View(
        reading=(
            f"{params.tries} {'try' if params.tries == 1 else 'tries'} with a chance of {params.chance:.2f} each: one or "
            f"more succeed with probability **{now:.3f}**. "
            + (f"Nine in ten takes {enough}." if enough else f"Nine in ten takes more than {MOST}.")
        ),
        table=Table(
            caption="Probability that one or more succeed, no unit",
            columns=("Tries", "Probability"),
            rows=tuple((str(count), f"{value:.4f}") for count, value in zip(counts, reached, strict=True)),
        ),
        charts={"reached": figure},
        facts={"now": f"{now:.3f}", "enough": str(enough) if enough else f"more than {MOST}"},
    )
