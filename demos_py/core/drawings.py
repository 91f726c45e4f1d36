"""Drawings of systems in motion: time lanes, a map of memory, a queue, messages between two sides.

Each takes plain data and gives finished HTML. A drawing has few elements, one path a colour, because it is
drawn anew at each step. Colours are numbers: 1 to 8 the book's data colours, 0 hatched (wasted, idle, cut),
-1 free. Words and letters say the same, so that colour is never alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from markupsafe import Markup, escape

WIDTH = 446  # px of a drawing beside its controls
FREE, HATCHED = -1, 0
Box = tuple[float, float, float, float, int]  # x, y, width, height, colour


@dataclass(frozen=True)
class Bar:
    """A stretch of time in a lane: from `start` to `end` in the lanes' unit, with a colour and a letter."""

    lane: int
    start: float
    end: float
    colour: int
    label: str = ""


@dataclass(frozen=True)
class Message:
    """A message from one side to the other. `body` is JSON as a dict, or text as it went over the wire."""

    number: int
    sender: Literal["left", "right"]
    title: str
    body: Mapping[str, Any] | str | None
    note: str = ""
    now: bool = False
    wrong: bool = False


def hatching(x: float, y: float, wide: float, high: float, gap: float = 5) -> str:
    """The path of diagonal strokes, `gap` px apart, that fill a rectangle; they meet over neighbours."""
    out: list[str] = []
    for k in range(math.floor((x + y) / gap) + 1, math.ceil((x + y + wide + high) / gap)):
        total = k * gap  # the stroke is the part of the line x + y = total inside the rectangle
        left, right = max(x, total - y - high), min(x + wide, total - y)
        if right > left:
            out.append(f"M{left:.1f} {total - left:.1f}L{right:.1f} {total - right:.1f}")
    return "".join(out)


def _paths(boxes: Iterable[Box], inset: float = 0.5) -> str:
    """One path for each colour, of all its boxes (x, y, width, height, colour)."""
    drawn: dict[int, list[str]] = {}
    for x, y, wide, high, colour in boxes:
        wide, high = max(wide - 2 * inset, 0.5), high - 2 * inset
        x, y = x + inset, y + inset
        if colour == HATCHED:
            drawn.setdefault(-2, []).append(hatching(x, y, wide, high))
        drawn.setdefault(colour, []).append(f"M{x:.1f} {y:.1f}h{wide:.1f}v{high:.1f}h-{wide:.1f}z")
    out: list[str] = []
    for colour, pieces in sorted(drawn.items()):
        style = (
            f"fill:var(--cw-c{colour})"
            if colour > 0
            else "fill:none;stroke:var(--cw-hatch-ink);stroke-width:1"
            if colour == -2
            else "fill:none;stroke:var(--cw-rule);stroke-width:1"
        )
        out.append(f'<path d="{"".join(pieces)}" style="{style}"/>')
    return "".join(out)


def _words(x: float, y: float, words: str, style: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">{escape(words)}</text>'


def _on(colour: int) -> str:
    return f"fill:var(--cw-on{colour})" if colour > 0 else ""


def key_of(key: Mapping[int, str]) -> Markup:
    """What the colours stand for, in words."""
    marks = {HATCHED: "is-hatched", FREE: "is-free"}
    items = "".join(
        f'<li><i class="{marks.get(colour, "")}" style="{f"background:var(--cw-c{colour})" if colour > 0 else ""}">'
        f"</i>{escape(words)}</li>"
        for colour, words in key.items()
    )
    return Markup(f'<ul class="cw-colours">{items}</ul>' if items else "")


def _drawing(inside: str, wide: float, high: float, label: str, kind: str) -> Markup:
    size = f'viewBox="0 0 {wide:.0f} {high:.0f}" style="width:{wide / 20:.2f}rem"'
    name = escape(label)
    return Markup(
        f'<div class="cw-scroll cw-moving cw-moving--{kind}" tabindex="0" role="region" aria-label="{name}">'
        f'<svg {size} role="img" aria-label="{name}">{inside}</svg></div>'
    )


def ticks_of(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most` of them."""
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(n * power for n in (1, 2, 5, 10) if span / (n * power) <= most)
    return [step * k for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def lanes(
    names: Sequence[str],
    bars: Iterable[Bar],
    *,
    span: tuple[float, float],
    unit: str,
    label: str,
    now: float | None = None,
    key: Mapping[int, str] = {},
    row: float = 20,
) -> Markup:
    """Time lanes (a Gantt chart): a row of `row` px for each name, time across from `span[0]` to `span[1]`.

    `unit` is the time axis's title; `now` draws the cutting plane. `key` says what the colours are.
    """
    longest = max((len(name) for name in names), default=0)
    left, top = min(10 + 6.5 * longest, 120), 4
    low, high = span
    scale = (WIDTH - left - 10) / max(high - low, 1e-9)
    down = top + row * len(names)
    boxes: list[Box] = []
    letters: list[str] = []
    for bar in bars:
        x, wide = left + (bar.start - low) * scale, (bar.end - bar.start) * scale
        y = top + row * bar.lane
        boxes.append((x, y, wide, row, bar.colour))
        if bar.label and wide > 6.5 * len(bar.label) + 2:
            letters.append(_words(x + wide / 2, y + row / 2 + 4.5, bar.label, _on(bar.colour)))
    rules = "".join(f"M{left:.1f} {top + row * i:.1f}H{WIDTH - 10}" for i in range(len(names) + 1))
    out = [f'<path d="{rules}" style="stroke:var(--cw-rule);fill:none"/>', _paths(boxes), *letters]
    out += [_words(left - 6, top + row * i + row / 2 + 4.5, name, "", "end") for i, name in enumerate(names)]
    for tick in ticks_of(low, high):
        x = left + (tick - low) * scale
        out.append(f'<path d="M{x:.1f} {down:.1f}v4" style="stroke:var(--cw-ink-3)"/>')
        out.append(_words(x, down + 16, f"{tick:,g}", "fill:var(--cw-ink-3)"))
    out.append(_words(WIDTH - 10, down + 31, unit, "fill:var(--cw-ink-3)", "end"))
    if now is not None:
        x = left + (min(max(now, low), high) - low) * scale
        out.append(f'<path class="cw-plane-now" d="M{x:.1f} {top - 4}V{down + 4:.1f}"/>')
    return key_of(key) + _drawing("".join(out), WIDTH, down + 36, label, "lanes")


def memory_map(
    cells: Sequence[tuple[int, str]],
    *,
    columns: int,
    label: str,
    key: Mapping[int, str] = {},
    letters: bool = True,
    high: float = 18,
) -> Markup:
    """Memory as rows of `columns` cells, each (colour, letter); cells of one owner in a row share their letter."""
    wide = WIDTH / columns
    boxes: list[Box] = []
    texts: list[str] = []
    for top in range(0, len(cells), columns):
        y, at = top // columns * high, 0
        for (colour, letter), run in groupby(cells[top : top + columns]):
            n = len(list(run))
            # strokes go across a whole run at once: cell by cell they were a quarter of a view's time
            if colour == HATCHED:
                boxes.append((at * wide, y, n * wide, high, HATCHED))
            cell = FREE if colour == HATCHED else colour
            boxes += [((at + i) * wide, y, wide, high, cell) for i in range(n)]
            if letters and letter and n * wide > 7 * len(letter):
                texts.append(_words((at + n / 2) * wide, y + high / 2 + 4.5, letter, _on(colour)))
            at += n
    rows = -(-len(cells) // columns)
    return key_of(key) + _drawing(_paths(boxes) + "".join(texts), WIDTH, max(rows, 1) * high, label, "map")


def histogram(
    columns: Sequence[Sequence[tuple[int, float]]],
    *,
    top: float,
    span: tuple[float, float],
    unit: str,
    label: str,
    key: Mapping[int, str] = {},
    now: float | None = None,
    limit: float | None = None,
    high: float = 120,
) -> Markup:
    """Columns of equal width from `span[0]` to `span[1]`, each a stack of (colour, amount), on a scale up to `top`.

    `limit` draws a level in the drawing, `now` the cutting plane. `unit` is the title of the axis across.
    """
    left, above = 40, 6
    wide = (WIDTH - left - 10) / max(len(columns), 1)
    scale = high / max(top, 1e-9)
    boxes: list[Box] = []
    for i, stack in enumerate(columns):
        y = above + high
        for colour, amount in stack:
            tall = min(amount * scale, y - above)
            if tall > 0:
                boxes.append((left + i * wide, y - tall, wide, tall, colour))
            y -= tall
    out: list[str] = []
    for tick in ticks_of(0, top, 4):
        y = above + high - tick * scale
        out.append(f'<path d="M{left} {y:.1f}H{WIDTH - 10}" style="stroke:var(--cw-rule)"/>')
        out.append(_words(left - 6, y + 4, f"{tick:,g}", "fill:var(--cw-ink-3)", "end"))
    out.append(_paths(boxes, 0.25))
    across = (WIDTH - left - 10) / max(span[1] - span[0], 1e-9)
    for tick in ticks_of(*span):
        x = left + (tick - span[0]) * across
        out.append(_words(x, above + high + 16, f"{tick:,g}", "fill:var(--cw-ink-3)"))
    out.append(_words(WIDTH - 10, above + high + 31, unit, "fill:var(--cw-ink-3)", "end"))
    if limit is not None:
        y = above + high - min(limit, top) * scale
        out.append(
            f'<path d="M{left} {y:.1f}H{WIDTH - 10}" style="stroke:var(--cw-ink);stroke-dasharray:4 3"/>'
        )
    if now is not None:
        x = left + (min(max(now, span[0]), span[1]) - span[0]) * across
        out.append(f'<path class="cw-plane-now" d="M{x:.1f} 0V{above + high + 4}"/>')
    return key_of(key) + _drawing("".join(out), WIDTH, above + high + 36, label, "histogram")


def queue(items: Sequence[tuple[int, str, str]], *, label: str, most: int = 12) -> Markup:
    """A queue, its head first: a box for each item (colour, letter, words), and how many more there are."""
    boxes = [
        f'<li style="{f"border-color:var(--cw-c{colour})" if colour > 0 else ""}"><b>{escape(letter)}</b>'
        f"{escape(words)}</li>"
        for colour, letter, words in items[:most]
    ]
    if len(items) > most:
        boxes.append(f"<li>+{len(items) - most}</li>")
    inside = "".join(boxes) or "<li class='is-empty'>nobody</li>"
    name = escape(label)
    return Markup(f'<div class="cw-queue"><span>{name}</span><ol aria-label="{name}">{inside}</ol></div>')


def json_text(body: Mapping[str, Any] | str) -> str:
    """A message's body as it is read best: JSON indented by two spaces, text as it is."""
    return body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)


def messages(items: Sequence[Message], *, left: str, right: str, label: str, uid: str) -> Markup:
    """Message lanes: arrows between two sides, each with its body; the one of now is open, the others fold."""
    rows: list[Markup] = []
    for item in items:
        kind = " ".join(
            ["out" if item.sender == "left" else "in", "now" * item.now, "wrong" * item.wrong]
        ).strip()
        sender, receiver = (left, right) if item.sender == "left" else (right, left)
        head = Markup(
            '<div class="cw-arrow"><span class="cw-ball" aria-hidden="true">{}</span><b>{}</b>'
            '<span class="cw-vh">, from {} to {}</span><small>{}</small></div>'
        ).format(item.number, item.title, sender, receiver, item.note)
        body = Markup("")
        if item.body is not None:
            text = Markup(
                '<pre class="cw-json" id="{}-body-{}" tabindex="0" role="region" aria-label="{}: {}">{}</pre>'
            ).format(uid, item.number, label, item.number, json_text(item.body))
            fold = Markup('<details class="cw-more"><summary id="{}-fold-{}">{}</summary>{}</details>')
            shown = "as sent" if isinstance(item.body, str) else "JSON"
            body = text if item.now else fold.format(uid, item.number, shown, text)
        rows.append(Markup('<li class="cw-msg {}">{}{}</li>').format(kind, head, body))
    return Markup(
        '<div class="cw-ends2" aria-hidden="true"><span>{}</span><span>{}</span></div>'
        '<ol class="cw-lanes" aria-label="{}">{}</ol>'
    ).format(left, right, label, Markup("").join(rows))
