"""Rotary positions: a query and a key are turned by their places, and their product knows only the distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from demos_py.algorithms.rotary import frequencies, rotated, waves
from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import choice, slider
from demos_py.models.pieces import signed

TITLE = "Positions as rotations"
SIZE = 32  # numbers in a head, as in pocket-lm
FARTHEST = 64  # positions on the chart
CONTEXT = 256  # positions of pocket-lm


@dataclass(frozen=True)
class Params:
    query: int = slider(12, low=0, high=FARTHEST, step=1, label="Position of the query", ticks=8)
    key: int = slider(4, low=0, high=FARTHEST, step=1, label="Position of the key", ticks=8)
    shift: int = slider(0, low=0, high=128, step=1, label="Move both by", unit="positions", ticks=8)
    pair: int = slider(
        4, low=0, high=SIZE // 2 - 1, step=1, label="Pair to draw", unit="of 0 to 15", ticks=15
    )
    angle: int = slider(30, low=0, high=180, step=5, label="Angle between them", unit="degrees", ticks=6)
    base: str = choice(
        "10000", label="Base", options={"10000": "10,000", "500000": "500,000, as Llama 3", "100": "100"}
    )
    way: str = choice(
        "turn", label="Position is", options={"turn": "a rotation (RoPE)", "add": "added (2017)"}
    )


def vectors(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """A query whose pairs all point one way, and a key whose pairs all stand at `angle` radians to it, [32] each."""
    half = np.ones(SIZE // 2)
    return np.concatenate([half, 0 * half]), np.concatenate([half * math.cos(angle), half * math.sin(angle)])


def score(params: Params, query: float, key: float) -> float:
    """The dot product of query and key at two positions, undivided, no unit; 16 is the most without added waves."""
    q, k = vectors(math.radians(params.angle))
    base = float(params.base)
    if params.way == "add":
        return float((q + waves(query, SIZE, base)) @ (k + waves(key, SIZE, base)))
    return float(rotated(q, query, base) @ rotated(k, key, base))


def init(params: Params) -> None:
    return None


def view(params: Params, state: None) -> View:
    base = float(params.base)
    m, n = params.query + params.shift, params.key + params.shift
    speed = frequencies(SIZE, base)
    now, unmoved = score(params, m, n), score(params, params.query, params.key)
    distance = params.query - params.key
    turn_q, turn_k = m * speed[params.pair], n * speed[params.pair] + math.radians(params.angle)
    far = [score(params, params.key + params.shift + d, n) for d in range(FARTHEST + 1)]
    farther = [score(params, params.key + params.shift + 50 + d, n + 50) for d in range(FARTHEST + 1)]
    differs = max(abs(a - b) for a, b in zip(far, farther, strict=True))
    length = 2 * math.pi / speed
    slow = int((length > CONTEXT).sum())
    if params.way == "turn":
        reading = (
            f"Query at {m}, key at {n}: their product is **{signed(now)}**. Move both as far as you like, it stays so; "
            f"what counts is the distance of {distance}."
        )
    else:
        reading = (
            f"Query at {m}, key at {n}, with waves added: their product is **{signed(now)}**. Moved by {params.shift}, "
            f"they differ by {signed(now - unmoved)} from where they were; the place itself counts."
        )
    table = Table(
        caption="The 16 pairs of a head: how fast each turns, and what it adds to the product at these positions",
        columns=("Pair", "Degrees a position", "Positions for a whole turn", "Adds"),
        rows=tuple(
            (
                str(i),
                f"{math.degrees(speed[i]):.4g}",
                f"{length[i]:,.4g}",
                signed(parts(params, m, n)[i], 3),
            )
            for i in range(SIZE // 2)
        ),
    )
    turn = lambda angle: math.degrees(angle) % 360
    drawing: dict[str, Any] = {
        "dials": [
            dial("before", 0.0, math.radians(params.angle)),
            dial("after", turn_q, turn_k) if params.way == "turn" else dial_added(params, m, n),
        ],
        "turned": params.way == "turn",
        "numbers": [
            ("pair turns", f"{math.degrees(speed[params.pair]):.3g}° a position"),
            ("whole turn", f"{length[params.pair]:,.3g} positions"),
            ("product now", signed(now)),
            ("before the move", signed(unmoved)),
        ],
        "label": f"Product over distance; {signed(now)} at a distance of {distance}",
    }
    facts = {
        "score": signed(now),
        "unmoved": signed(unmoved),
        "distance": str(distance),
        "moves by": signed(now - unmoved),
        "greatest difference": f"{differs:.2f}" if differs > 5e-3 else "0",
        "fastest": f"{length[0]:.2g}",
        "slowest": f"{length[-1]:,.0f}",
        "pair turn": f"{math.degrees(speed[params.pair]):.3g}",
        "pair length": f"{length[params.pair]:,.0f}",
        "query turned": f"{turn(turn_q):.0f}",
        "slow pairs": str(slow),
        "pairs": str(SIZE // 2),
        "at once": signed(far[0]),
        "at farthest": signed(far[-1]),
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"far": curve(far, farther, distance, now)},
        facts=facts,
    )


def parts(params: Params, query: float, key: float) -> list[float]:
    """What each pair adds to the product."""
    q, k = vectors(math.radians(params.angle))
    base = float(params.base)
    if params.way == "add":
        product = (q + waves(query, SIZE, base)) * (k + waves(key, SIZE, base))
    else:
        product = rotated(q, query, base) * rotated(k, key, base)
    return product.reshape(2, -1).sum(0).tolist()


def arrow(x: float, y: float) -> str:
    """An SVG path from the centre to (x, y), y upwards, and the arrow's head."""
    length = math.hypot(x, y) or 1.0
    left, right = (
        (x - 7 * math.cos(math.atan2(y, x) + turn), y - 7 * math.sin(math.atan2(y, x) + turn))
        for turn in (0.4, -0.4)
    )
    shaft = f"M0 0L{x:.1f} {-y:.1f}"
    return (
        shaft
        if length < 8
        else f"{shaft}M{left[0]:.1f} {-left[1]:.1f}L{x:.1f} {-y:.1f}L{right[0]:.1f} {-right[1]:.1f}"
    )


def dial(name: str, query: float, key: float) -> dict[str, Any]:
    """Two unit arrows in the plane of a pair."""
    return {
        "name": name,
        "query": arrow(40 * math.cos(query), 40 * math.sin(query)),
        "key": arrow(40 * math.cos(key), 40 * math.sin(key)),
        "says": f"query at {math.degrees(query) % 360:.0f}°, key at {math.degrees(key) % 360:.0f}°",
    }


def dial_added(params: Params, m: int, n: int) -> dict[str, Any]:
    """The pair with its wave added, at half the scale, since the sum of two unit arrows can be 2 long."""
    q, k = vectors(math.radians(params.angle))
    pairs = [x + waves(at, SIZE, float(params.base)) for x, at in ((q, m), (k, n))]
    (qx, qy), (kx, ky) = ((x[params.pair], x[params.pair + SIZE // 2]) for x in pairs)
    return {
        "name": "after, at half size",
        "query": arrow(20 * qx, 20 * qy),
        "key": arrow(20 * kx, 20 * ky),
        "says": f"query {math.hypot(qx, qy):.2f} long, key {math.hypot(kx, ky):.2f} long",
    }


def curve(here: list[float], moved: list[float], distance: int, now: float) -> dict[str, Any]:
    """The product over the distance, from these positions and from 50 further on."""
    at = list(range(len(here)))
    low, high = -20, 40 if max(*here, *moved) > 20 else 20
    return charts.chart(
        [
            charts.line(at, [round(y, 3) for y in here], "from here", "var(--cw-c1)", width=2),
            charts.line(at, [round(y, 3) for y in moved], "50 further on", "var(--cw-c2)", dash="dash"),
            *([charts.dots([distance], [round(now, 3)], "now", "var(--cw-c1)")] if distance >= 0 else []),
        ],
        charts.axis("distance; dashed: 50 positions further on", 0, FARTHEST, range(0, 65, 16)),
        charts.axis("product, no unit", low, high, range(low, high + 1, 10)),
        height=200,
    )
