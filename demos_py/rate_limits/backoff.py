"""When a crowd of refused clients comes back, by the way each of them waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demos_py.algorithms.backoff import KINDS, law, most_at_once, waits, with_floor
from demos_py.core.demo import Table, View
from demos_py.core.drawings import histogram
from demos_py.core.params import choice, slider

TITLE = "When a crowd comes back"
NAMES = {
    "exponential": "exponential, no jitter",
    "fixed": "fixed",
    "half": "exponential × 0.5 to 1.5",
    "equal": "equal jitter",
    "full": "full jitter",
    "decorrelated": "decorrelated jitter",
}
FLOORS = {"ignore": "ignored", "larger": "the larger of the two", "add": "added to the jitter"}
WINDOW = 0.1  # s
COLUMNS = 90


@dataclass(frozen=True)
class Params:
    kind: str = choice("exponential", label="Wait", options=NAMES)
    floor: str = choice("ignore", label="Retry-After is", options=FLOORS)
    retry_after: int = slider(5, low=0, high=30, step=1, label="Retry-After", unit="s", ticks=15)
    clients: int = slider(100, low=10, high=500, step=10, label="Clients", unit="refused at once", ticks=7)
    retries: int = slider(5, low=1, high=8, step=1, label="Retries", ticks=7)
    base: float = slider(1.0, low=0.1, high=4.0, step=0.1, label="First wait", unit="s", ticks=13)
    cap: int = slider(20, low=1, high=60, step=1, label="Longest wait", unit="s", ticks=6)
    seed: int = slider(1, low=0, high=20, step=1, label="Seed", ticks=20)


def arrivals(params: Params, kind: str, floor: str) -> np.ndarray:
    """When each client calls again, in s after the first refusal, if all calls are refused: (clients, retries)."""
    wait = waits(kind, params.clients, params.retries, params.base, params.cap, params.seed)
    return np.cumsum(with_floor(wait, params.retry_after, floor), axis=1)


def expected(params: Params, kind: str, floor: str) -> tuple[float, float, float | None]:
    """In closed form: the first retries in the fullest WINDOW, the mean first wait, and the mean of all waits together."""
    laws = [
        law(kind, n + 1, params.base, params.cap, params.retry_after, floor) for n in range(params.retries)
    ]
    assert laws[0] is not None
    total = sum(one.mean for one in laws if one is not None) if None not in laws else None
    return params.clients * laws[0].fullest(WINDOW), laws[0].mean, total


def seconds(value: float | None) -> str:
    return "no simple form" if value is None else f"{value:.2f} s"


def view(params: Params, state: None) -> View:
    times = arrivals(params, params.kind, params.floor)
    peak = most_at_once(times, WINDOW)
    first = most_at_once(times[:, 0], WINDOW)
    total = float(times[:, -1].mean())
    early = int((times[:, 0] < params.retry_after).sum())
    # the axis is that of the longest possible wait, so that kinds can be compared
    longest = sum(min(params.cap, 1.5 * params.base * 2**n) for n in range(params.retries))
    end = longest + (params.retry_after * params.retries if params.floor != "ignore" else 0)
    counts, _ = np.histogram(times, bins=COLUMNS, range=(0, end))
    top = max(10, params.clients)
    fullest, mean, whole = expected(params, params.kind, params.floor)
    rows = []
    for kind in KINDS:
        mine = arrivals(params, kind, params.floor)
        full, soon, late = expected(params, kind, params.floor)
        rows.append(
            (
                NAMES[kind],
                str(most_at_once(mine, WINDOW)),
                str(int((mine[:, 0] < params.retry_after).sum())),
                str(most_at_once(mine[:, 0], WINDOW)),
                f"{full:.1f}",
                f"{mine[:, 0].mean():.2f}",
                f"{soon:.2f}",
                f"{mine[:, -1].mean():.2f}",
                "–" if late is None else f"{late:.2f}",
            )
        )
    reading = (
        f"{params.clients} clients were refused at the same moment. With {NAMES[params.kind]}, up to **{peak}** of "
        f"their calls fall into one tenth of a second; the last retry comes after **{total:.1f} s** on average"
        f"{'' if whole is None else f', where {whole:.1f} s are expected'}. "
        f"**{early}** of the first retries come before the {params.retry_after} s that the server asked for."
    )
    return View(
        reading=reading,
        table=Table(
            caption=f"{params.clients} clients, {params.retries} retries, Retry-After {FLOORS[params.floor]}",
            columns=(
                "Wait",
                "Most in 0.1 s",
                "Too early",
                "First retries, most in 0.1 s",
                "In a fixed 0.1 s, expected",
                "First retry, mean s",
                "First, expected s",
                "Last retry, mean s",
                "Last, expected s",
            ),
            rows=tuple(rows),
        ),
        drawing={
            "calls": histogram(
                [((2, int(count)),) for count in counts],
                top=top,
                span=(0, end),
                unit="time since the refusal, s",
                label="Calls that come back, over time",
                key={2: f"calls in each {end / COLUMNS:.2f} s"},
            ),
            "numbers": [
                ("Most in 0.1 s", str(peak)),
                ("First retries, most in 0.1 s", str(first)),
                ("In a fixed 0.1 s, expected", f"{fullest:.1f}"),
                ("Too early", str(early)),
                ("First retry, mean", f"{times[:, 0].mean():.2f} s"),
                ("First retry, expected", seconds(mean)),
                ("Last retry, mean", f"{total:.2f} s"),
                ("Last retry, expected", seconds(whole)),
            ],
        },
        facts={
            "peak": str(peak),
            "first": str(first),
            "total": f"{total:.1f} s",
            "early": str(early),
            "expected first": f"{fullest:.0f}",
            "expected mean": seconds(mean),
            "expected total": seconds(whole),
        },
    )
