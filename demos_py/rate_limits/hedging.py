"""A second copy of a slow call: what it does to the slowest hundredth, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.hedging import Latency, alone, copied, hedged, quantile
from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import slider

TITLE = "A second copy of a slow call"
DELAYS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0)  # s


@dataclass(frozen=True)
class Params:
    after: float = slider(1.2, low=0.1, high=8.0, step=0.1, label="Copy after", unit="s", ticks=8)
    budget: int = slider(
        100,
        low=0,
        high=100,
        step=1,
        label="Copies, at most",
        unit="% of calls",
        words={100: "no budget"},
        ticks=10,
    )
    usual: float = slider(
        0.6, low=0.2, high=3.0, step=0.1, label="A usual call takes", unit="s, median", ticks=7
    )
    share: int = slider(3, low=0, high=20, step=1, label="Slow calls", unit="%", ticks=10)
    slow: float = slider(
        6.0, low=2.0, high=30.0, step=0.5, label="A slow call takes", unit="s, median", ticks=7
    )
    shared: int = slider(0, low=0, high=100, step=5, label="Slowness that both share", unit="%", ticks=10)


@lru_cache(400)
def _point(latency: Latency, after: float, shared: float, budget: float) -> tuple[float, float, float]:
    """The share of calls that are copied, the median and the 99th percentile."""
    survival = hedged(latency, after, shared, budget)
    # a copy makes no call slower, so the search ends where a single call would be
    p50, p99 = _alone(latency)
    found = quantile(survival, 0.5, p50), quantile(survival, 0.99, p99)
    return copied(latency, after, budget)[0], *found


@lru_cache(100)
def _alone(latency: Latency) -> tuple[float, float]:
    return quantile(alone(latency), 0.5), quantile(alone(latency), 0.99)


def view(params: Params, state: None) -> View:
    latency = Latency(params.usual, 0.35, params.slow, 0.5, params.share / 100)
    shared = params.shared / 100
    one = alone(latency)
    p50, p95, p99 = (quantile(one, q) for q in (0.5, 0.95, 0.99))
    budget = params.budget / 100
    extra, now50, now99 = _point(latency, params.after, shared, budget)
    open_by_then, chosen = one(params.after), copied(latency, params.after, budget)[1]
    free = [_point(latency, after, shared, 1.0) for after in DELAYS]
    curve = [_point(latency, after, shared, budget) for after in DELAYS]
    top = max(p99, now99) * 1.1
    step = charts.round_below(top / 3)
    bounded = [
        charts.dots(
            [100 * x for x, *_ in curve], [y for *_, y in curve], "budget", "var(--cw-c2)", "circle-open"
        )
    ]
    figure = charts.chart(
        [
            charts.line([100 * x for x, _, _ in free], [y for *_, y in free], "no budget", "var(--cw-c1)"),
            charts.dots([100 * x for x, _, _ in free], [y for *_, y in free], "delays", "var(--cw-c1)"),
            *(bounded if budget < 1 else ()),
            charts.dots([100 * extra], [now99], "now", "var(--cw-c2)"),
            charts.line([0, 100], [p99, p99], "without", "var(--cw-ink-3)", dash="dash"),
            charts.line([100 * extra] * 2, [0, top], "copy after", "var(--cw-cut)", dash="dash"),
        ],
        charts.axis("calls sent twice, %", 0, 100, (0, 25, 50, 75, 100)),
        charts.axis("p99, s", 0, top, [step * i for i in range(int(top / step) + 1)]),
        labels=[
            charts.label(100, p99, "without a copy", anchor="right"),
            charts.label(
                100 * extra,
                0.62 * top,
                f"copied after {params.after:.1f} s",
                anchor="left" if extra < 0.6 else "right",
            ),
        ],
        height=300,
    )
    reading = (
        f"{open_by_then:.1%} of the calls are still open after {params.after:.1f} s"
        f"{'' if chosen == 1 else f', and the budget lets {chosen:.0%} of those be copied'}: **{extra:.1%}** of all "
        f"calls are sent twice. The slowest hundredth falls "
        f"from {p99:.2f} to **{now99:.2f} s**; the median from {p50:.2f} to {now50:.2f} s. The 95th percentile of a "
        f"single call is {p95:.2f} s: a copy then would double {one(p95):.0%}."
    )
    rows = tuple(
        (f"{after:.1f}", f"{x:.1%}", f"{median:.2f}", f"{slowest:.2f}", f"{unbounded:.2f}")
        for after, (x, median, slowest), (*_, unbounded) in zip(DELAYS, curve, free, strict=True)
    )
    return View(
        reading=reading,
        table=Table(
            caption="The same calls, copied after each delay",
            columns=(
                "Copy after, s",
                "Sent twice",
                "Median, s",
                "99th percentile, s",
                "99th without a budget, s",
            ),
            rows=rows,
        ),
        charts={"cost": figure},
        drawing={
            "key": [(1, "each delay without a budget"), (2, "with the controls’ budget")],
            "numbers": [
                ("Sent twice", f"{extra:.1%}"),
                ("99th percentile", f"{now99:.2f} s"),
                ("without a copy", f"{p99:.2f} s"),
                ("Late calls copied", f"{chosen:.0%}"),
            ],
        },
        facts={
            "extra": f"{extra:.1%}",
            "p50": f"{p50:.2f} s",
            "p95": f"{p95:.2f} s",
            "p99": f"{p99:.2f} s",
            "hedged p99": f"{now99:.2f} s",
            "hedged p50": f"{now50:.2f} s",
        },
    )
