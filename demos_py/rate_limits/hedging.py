"""A second copy of a slow call: what it does to the slowest hundredth, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.hedging import Latency, alone, hedged, quantile
from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import slider

TITLE = "A second copy of a slow call"
DELAYS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0)  # s


@dataclass(frozen=True)
class Params:
    after: float = slider(1.2, low=0.1, high=8.0, step=0.1, label="Copy after", unit="s", ticks=8)
    usual: float = slider(
        0.6, low=0.2, high=3.0, step=0.1, label="A usual call takes", unit="s, median", ticks=7
    )
    share: int = slider(3, low=0, high=20, step=1, label="Slow calls", unit="%", ticks=10)
    slow: float = slider(
        6.0, low=2.0, high=30.0, step=0.5, label="A slow call takes", unit="s, median", ticks=7
    )
    shared: int = slider(0, low=0, high=100, step=5, label="Slowness that both share", unit="%", ticks=10)


@lru_cache(400)
def _point(latency: Latency, after: float, shared: float) -> tuple[float, float, float]:
    """The share of calls that are copied, the median and the 99th percentile."""
    copied = hedged(latency, after, shared)
    return alone(latency)(after), quantile(copied, 0.5), quantile(copied, 0.99)


def view(params: Params, state: None) -> View:
    latency = Latency(params.usual, 0.35, params.slow, 0.5, params.share / 100)
    shared = params.shared / 100
    one = alone(latency)
    p50, p95, p99 = (quantile(one, q) for q in (0.5, 0.95, 0.99))
    extra, now50, now99 = _point(latency, params.after, shared)
    curve = [_point(latency, after, shared) for after in DELAYS]
    top = max(p99, now99) * 1.1
    step = charts.round_below(top / 3)
    figure = charts.chart(
        [
            charts.line([100 * x for x, _, _ in curve], [y for *_, y in curve], "p99", "var(--cw-c1)"),
            charts.dots([100 * x for x, _, _ in curve], [y for *_, y in curve], "delays", "var(--cw-c1)"),
            charts.line([0, 100], [p99, p99], "without", "var(--cw-ink-3)", dash="dash"),
            charts.line([100 * extra] * 2, [0, top], "copy after", "var(--cw-cut)", dash="dash"),
        ],
        charts.axis("calls sent twice, %", 0, 100, (0, 25, 50, 75, 100)),
        charts.axis("p99, s", 0, top, [step * i for i in range(int(top / step) + 1)]),
        labels=[charts.label(100, p99, "without a copy", anchor="right")],
    )
    reading = (
        f"Copied after {params.after:.1f} s, **{extra:.1%}** of the calls are sent twice. The slowest hundredth falls "
        f"from {p99:.2f} to **{now99:.2f} s**; the median from {p50:.2f} to {now50:.2f} s. The 95th percentile of a "
        f"single call is {p95:.2f} s: a copy then would double {one(p95):.0%}."
    )
    rows = tuple(
        (f"{after:.1f}", f"{x:.1%}", f"{median:.2f}", f"{slowest:.2f}")
        for after, (x, median, slowest) in zip(DELAYS, curve, strict=True)
    )
    return View(
        reading=reading,
        table=Table(
            caption="The same calls, copied after each delay",
            columns=("Copy after, s", "Sent twice", "Median, s", "99th percentile, s"),
            rows=rows,
        ),
        charts={"cost": figure},
        facts={
            "extra": f"{extra:.1%}",
            "p50": f"{p50:.2f} s",
            "p95": f"{p95:.2f} s",
            "p99": f"{p99:.2f} s",
            "hedged p99": f"{now99:.2f} s",
            "hedged p50": f"{now50:.2f} s",
        },
    )
