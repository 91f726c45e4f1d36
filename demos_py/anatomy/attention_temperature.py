"""One attention head of pocket-lm on the reader's text: a softmax of its scores, at any temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from demos_py.algorithms.attention import attention_weights, causal_mask, effective_number, entropies, leak
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import counted, marked, named, shown, told

TITLE = "One head’s attention, and its temperature"
DRAWN = 24  # tokens in the grid
LISTED = 6  # keys under the grid
LEVELS = (0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8)  # where the next of the eight shades begins
COLDEST, HOTTEST = 0.2, 5.0  # as far below the model’s own 1 as above, in ratio


@dataclass(frozen=True)
class Params:
    text: str = text("When Zoe and Finn went to the market, Finn gave a lamp to", label="Text", rows=4)
    temperature: float = slider(
        1.0, low=COLDEST, high=HOTTEST, step=0.1, label="Temperature", unit="no unit", ticks=6
    )
    layer: int = slider(3, low=0, high=5, step=1, label="Layer", unit="of 0 to 5", ticks=5)
    head: int = slider(3, low=0, high=3, step=1, label="Head", unit="of 0 to 3", ticks=3)
    back: int = slider(
        0,
        low=0,
        high=DRAWN - 1,
        step=1,
        label="Query token",
        words={0: "last", **{i: f"{i} earlier" for i in range(1, DRAWN)}},
        ticks=DRAWN - 1,
    )
    mask: str = choice("on", label="Causal mask", options={"on": "on, as in the model", "off": "off"})
    scale: str = choice("on", label="Division by √d", options={"on": "on, as in the model", "off": "off"})


@dataclass(frozen=True)
class State:
    """The text's tokens as they are shown, and the chosen head's scores before mask and softmax."""

    pieces: tuple[str, ...]
    scores: bytes  # float32, T x T, a row a query; in nat, divided by the root of the head's width
    width: int  # of the head, d
    cut: bool  # whether the text's beginning was left out


async def init(params: Params) -> State:
    """Run the model over the text, and keep what one head computed."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    scores = (await lm.forward(ids, ["scores"]))["scores"][params.layer, params.head]
    pieces = [lm.piece(i) if i == lm.end else shown(lm.tokenizer.tokens[i]) for i in ids]
    return State(tuple(pieces), scores.astype(np.float32).tobytes(), lm.config["head_dim"], cut)


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A pressed token of the grid becomes the query."""
    drawn = min(DRAWN, len(state.pieces))
    if event.name == "query" and event.value in map(str, range(drawn)):
        params = replace(params, back=int(event.value))
    return params, state


def view(params: Params, state: State) -> View:
    size = len(state.pieces)
    scores = np.frombuffer(state.scores, np.float32).reshape(size, size).astype(np.float64)
    root = math.sqrt(state.width)
    used = scores if params.scale == "on" else scores * root
    causal = causal_mask(size)
    masked = params.mask == "on"
    weights = attention_weights(used, params.temperature, causal if masked else None)
    model = attention_weights(scores, 1.0, causal)
    drawn = min(DRAWN, size)
    first = size - drawn  # the first token that the grid shows
    row = size - 1 - min(params.back, drawn - 1)
    now, then = weights[row], model[row]
    bits, model_bits = entropies(weights), entropies(model)
    spread, model_spread = np.asarray(effective_number(bits)), np.asarray(effective_number(model_bits))
    visible = row + 1 if masked else size
    leaked = leak(weights)
    order = np.argsort(-np.where(np.arange(size) < visible, used[row], -np.inf), kind="stable")[:visible]
    top = int(order[0])

    # What each switch would do to the model's own weights, whatever is set now.
    unmasked = leak(attention_weights(scores, 1.0))
    undivided = np.asarray(effective_number(entropies(attention_weights(scores * root, 1.0, causal))))
    ends = {
        t: float(effective_number(entropies(attention_weights(scores[row], t, causal[row]))))
        for t in (COLDEST, HOTTEST)
    }

    reading = (
        f"In layer {params.layer}, head {params.head}, the query {marked(state.pieces[row])} "
        f"gives **{now[top]:.1%}** of its attention to {marked(state.pieces[top])}. Its {bits[row]:.2f} bits of "
        f"entropy are those of **{spread[row]:.2f}** equally weighted tokens, of {visible:,} that it can see."
    )
    if not masked and row + 1 < size:
        reading += f" **{leaked[row]:.1%}** leaks to tokens that come later."
    elif not masked:
        reading += (
            " Nothing comes after the last token, so nothing leaks here;"
            f" over all queries {leaked.mean():.1%} does."
        )
    if params.scale == "off":
        reading += f" Without the division by √{state.width} every score is {root:.2f} times as large."

    notices = []
    if state.cut:
        notices.append("The text is longer than the model’s context: only its end was read.")
    if first:
        notices.append(
            f"The grid shows the last {drawn} of {size:,} tokens; its first column holds the {first:,} before them."
        )
    if not params.text:
        notices.append("There is no text, so the model reads its start token alone.")

    table = Table(
        caption=f"The query {told(state.pieces[row])}, position {row}, and every key that it can see; scores in nat",
        columns=("Key", "Position", "Score", "Model’s weight", "Weight now"),
        rows=tuple(
            (told(state.pieces[i]), str(i), f"{used[row, i]:.2f}", f"{then[i]:.4f}", f"{now[i]:.4f}")
            for i in range(visible)
        ),
    )
    listed = [
        {"piece": state.pieces[i], "at": i, "model": float(then[i]), "now": float(now[i]), "later": i > row}
        for i in order[:LISTED].tolist()
    ]
    rest = order[LISTED:]
    others = {"n": len(rest), "model": float(then[rest].sum()), "now": float(now[rest].sum())}
    drawing = {
        "queries": [
            (size - 1 - i, state.pieces[i], i, i == row, f"{spread[i]:.1f}") for i in range(first, size)
        ],
        "keys": ([f"{first:,} earlier"] if first else []) + [named(p) for p in state.pieces[first:]],
        "earlier": bool(first),
        "paths": paths(weights, first, masked),
        "staircase": staircase(drawn, bool(first)),
        "chosen": row - first,
        "columns": drawn + bool(first),
        "drawn": drawn,
        "masked": masked,
        "levels": [f"{low:g}" for low in (0, *LEVELS)],
        "query": state.pieces[row],
        "query_at": row,
        "listed": listed,
        "others": others,
        "numbers": [
            ("entropy", f"{bits[row]:.2f} bit"),
            ("effective number", f"{spread[row]:.2f} of {visible:,} tokens"),
            ("mean over all queries", f"{spread.mean():.2f} tokens"),
            ("leak to later tokens", f"{leaked[row]:.1%}"),
        ],
        "label": f"Attention weights of {counted(drawn, 'query token')}, each a row; the chosen row gives "
        f"{now[top]:.1%} to {told(state.pieces[top])}",
        "chart_label": f"Entropy of the chosen query at each temperature; {bits[row]:.2f} bits now",
    }
    lower = size * (size - 1) // 2
    facts = {
        "layer": str(params.layer),
        "head": str(params.head),
        "tokens": f"{size:,}",
        "query": named(state.pieces[row]),
        "top": named(state.pieces[top]),
        "top weight": f"{now[top]:.1%}",
        "top weight model": f"{then[top]:.1%}",
        "entropy": f"{bits[row]:.2f}",
        "most entropy": f"{math.log2(visible):.2f}",
        "effective": f"{spread[row]:.2f}",
        "visible": f"{visible:,}",
        "entropy model": f"{model_bits[row]:.2f}",
        "effective model": f"{model_spread[row]:.2f}",
        "effective coldest": f"{ends[COLDEST]:.2f}",
        "effective hottest": f"{ends[HOTTEST]:.2f}",
        "mean effective": f"{spread.mean():.2f}",
        "mean effective model": f"{model_spread.mean():.2f}",
        "mean effective undivided": f"{undivided.mean():.2f}",
        "leak": f"{leaked[row]:.1%}",
        "mean leak": f"{leaked.mean():.1%}",
        "leak without mask": f"{unmasked[row]:.1%}",
        "mean leak without mask": f"{unmasked.mean():.1%}",
        "most leak without mask": f"{unmasked.max():.1%}",
        "start weight": f"{now[0]:.1%}",
        "hidden cells": f"{lower:,}",
        "all cells": f"{size * size:,}",
        "hidden share": f"{lower / size**2:.1%}",
        "head width": str(state.width),
        "root": f"{root:.2f}",
        "undivided temperature": f"{1 / root:.3f}",
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"entropy": spread_chart(used[row, :visible], params.temperature, float(bits[row]))},
        facts=facts,
        notices=tuple(notices),
    )


def paths(weights: np.ndarray, first: int, masked: bool) -> list[str]:
    """One SVG path for each of the eight shades: the grid's cells of that shade, equal neighbours in one stroke.

    A cell is 1 by 1. Before the tokens from `first` on stands a column with all earlier ones, if there are any.
    """
    grid = weights[first:, first:]
    if first:
        grid = np.column_stack([weights[first:, :first].sum(axis=1), grid])
    level = np.digitize(grid, LEVELS)
    made: list[list[str]] = [[] for _ in range(len(LEVELS) + 1)]
    for y, row in enumerate(level.tolist()):
        end = y + 1 + bool(first) if masked else len(row)
        start = 0
        for x in range(1, end + 1):
            if x == end or row[x] != row[start]:
                made[row[start]].append(f"M{start} {y}h{x - start}v1H{start}z")
                start = x
    return ["".join(cells) for cells in made]


def staircase(size: int, earlier: bool) -> str:
    """The causal mask's edge as an SVG path: below it the past and the token itself, above it what is later."""
    return f"M{1 + earlier} 0" + "v1h1" * (size - 1) + "v1"


def spread_chart(scores: np.ndarray, temperature: float, bits: float) -> dict[str, Any]:
    """Entropy of one row's softmax over the temperature, and its limit for n keys that are all alike."""
    at = np.geomspace(COLDEST, HOTTEST, 40)
    # each temperature a row of scores of its own, so that one softmax does them all
    curve = entropies(attention_weights(scores[None, :] / at[:, None]))
    limit = math.log2(len(scores))
    top = max(1, math.ceil(limit + 0.3))
    return charts.chart(
        [
            charts.line([COLDEST, HOTTEST], [limit, limit], "all alike", "var(--cw-cut)", dash="dash"),
            charts.line([1, 1], [0, top], "the model’s temperature", "var(--cw-ink-3)", dash="dash"),
            charts.line(at.round(4).tolist(), curve.round(4).tolist(), "entropy", "var(--cw-c1)", width=2),
            charts.dots([temperature], [round(bits, 4)], "now", "var(--cw-c1)"),
        ],
        charts.axis("temperature; the model’s is 1", COLDEST, HOTTEST, (0.2, 0.5, 1, 2, 5), log=True),
        charts.axis("entropy, bit", 0, top, range(0, top + 1, max(1, top // 4))),
        labels=[
            charts.label(
                COLDEST, limit, f"{counted(len(scores), 'token')} all alike", "var(--cw-cut)", log_x=True
            )
        ],
        height=180,
    )
