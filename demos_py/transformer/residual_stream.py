"""The residual stream of one position: how long it is, what it would say, and what each block adds to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from demos_py.algorithms.sampling import softmax
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import marked, named, signed, told

TITLE = "One position’s residual stream, block by block"
LAYERS = 6
BLOCKS = tuple(f"{kind} {layer}" for layer in range(LAYERS) for kind in ("attention", "MLP"))
DRAWN = 24  # tokens that can be chosen


@dataclass(frozen=True)
class Params:
    text: str = text("When Zoe and Finn went to the market, Finn gave a lamp to", label="Text", rows=4)
    back: int = slider(
        0,
        low=0,
        high=DRAWN - 1,
        step=1,
        label="Position",
        words={0: "last", **{i: f"{i} earlier" for i in range(1, DRAWN)}},
        ticks=DRAWN - 1,
    )
    drop: str = choice(
        "none",
        label="Leave out",
        options={"none": "nothing", **{str(i): name for i, name in enumerate(BLOCKS)}},
    )


@dataclass(frozen=True)
class State:
    """The chosen position at the 13 points of the stream: before any block, and after each of the 12."""

    pieces: tuple[str, ...]
    at: int
    lengths: tuple[float, ...]  # of the residual vector
    tops: tuple[str, ...]  # the lens's likeliest token at each point
    top_ps: tuple[float, ...]
    final_ps: tuple[float, ...]  # the lens's probability of `final`
    added: tuple[float, ...]  # what each point's part adds to the logit of `final`, in nat
    logit: float
    final: str  # the whole model's likeliest token
    whole_p: float  # its probability with nothing left out
    said: str  # the likeliest token as the model is now
    effects: tuple[float, ...]  # of each block left out alone, on ln p of `final`; empty until asked
    cut: bool


def without(blocks: list[int]) -> np.ndarray:
    """The forward graph's `block_mask` with these of the twelve blocks left out."""
    mask = np.ones((LAYERS, 2), np.float32)
    for block in blocks:
        mask[divmod(block, 2)] = 0
    return mask


async def init(params: Params) -> State:
    """Run the model, with a block left out if one is, and read the lens at every point."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    at = len(ids) - 1 - min(params.back, DRAWN - 1, len(ids) - 1)
    dropped = [] if params.drop == "none" else [int(params.drop)]
    out = await lm.forward(
        ids, ["residual", "attention_out", "mlp_out", "logits"], block_mask=without(dropped)
    )
    whole = softmax((await lm.logits(ids) if dropped else out["logits"])[at].astype(float))
    final = int(np.argmax(whole))
    stream = out["residual"][:, at]
    lens = np.array([softmax(row) for row in (await lm.lens(stream)).astype(float)])
    blocks = np.stack([out["attention_out"][:, at], out["mlp_out"][:, at]], axis=1).reshape(2 * LAYERS, -1)
    embedding, weight = await lm.weight("embedding.weight"), await lm.weight("norm.weight")
    # the final norm divides by one number, so each part's share of a logit is a dot product
    size = math.sqrt(float((stream[-1] ** 2).mean()) + lm.config["eps"])
    added = np.vstack([stream[:1], blocks]) @ (embedding[final] * weight) / size
    return State(
        pieces=tuple(lm.piece(i) for i in ids),
        at=at,
        lengths=tuple(np.linalg.norm(stream, axis=1).astype(float).tolist()),
        tops=tuple(lm.piece(int(i)) for i in lens.argmax(1)),
        top_ps=tuple(lens.max(1).tolist()),
        final_ps=tuple(lens[:, final].tolist()),
        added=tuple(added.astype(float).tolist()),
        logit=float(out["logits"][at, final]),
        final=lm.piece(final),
        whole_p=float(whole[final]),
        said=lm.piece(int(np.argmax(out["logits"][at]))),
        effects=(),
        cut=cut,
    )


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A pressed token is the position; “each in turn” leaves out every block alone and measures."""
    if event.name == "position" and event.value in map(str, range(min(DRAWN, len(state.pieces)))):
        params = replace(params, back=int(event.value))
        return params, await init(params)
    if event.name == "each":
        lm = await pocket_lm.load()
        ids, _ = lm.encode(params.text)
        whole = softmax((await lm.logits(ids))[state.at].astype(float))
        final = int(np.argmax(whole))
        effects: list[float] = []
        for block in range(2 * LAYERS):
            logits = (await lm.forward(ids, ["logits"], block_mask=without([block])))["logits"]
            p = softmax(logits[state.at].astype(float))[final]
            effects.append(math.log(max(float(p), 1e-12)) - math.log(float(whole[final])))
        state = replace(state, effects=tuple(effects))
    return params, state


def view(params: Params, state: State) -> View:
    points = ("embedding", *BLOCKS)
    growth = math.exp(2 * float(np.polyfit(range(len(points)), np.log(state.lengths), 1)[0]))
    # from where on the lens says what the model will say
    settled = next(
        (points[i] for i in range(len(points)) if all(top == state.tops[-1] for top in state.tops[i:])),
        points[-1],
    )
    most = int(np.argmax(state.added))
    now = state.final_ps[-1]
    reading = (
        f"At {marked(state.pieces[state.at])} the stream grows from a length of **{state.lengths[0]:.1f}** to "
        f"**{state.lengths[-1]:.1f}**. Read early, it says {marked(state.tops[0])}; from {settled} on it says "
        f"{marked(state.tops[-1])}."
    )
    if params.drop != "none":
        reading += f" Without {BLOCKS[int(params.drop)]}, {marked(state.final)} has {now:.1%} instead of {state.whole_p:.1%}."
    notices: list[str] = []
    if state.cut:
        notices.append("The text is longer than the model’s context: only its end was read.")
    if not params.text:
        notices.append("There is no text, so the model reads its start token alone.")
    drawn = min(DRAWN, len(state.pieces))
    first = len(state.pieces) - drawn
    effects = (
        ["–", *(signed(effect, 2) for effect in state.effects)] if state.effects else ["–"] * len(points)
    )
    table = Table(
        caption=f"The residual stream at {told(state.pieces[state.at])}, after each block; logits and ln p in nat",
        columns=(
            "After",
            "Length",
            "Lens says",
            "With probability",
            f"Probability of {told(state.final)}",
            f"Adds to the logit of {told(state.final)}",
            "ln p changes if left out",
        ),
        rows=tuple(
            (
                points[i],
                f"{state.lengths[i]:.2f}",
                told(state.tops[i]),
                f"{state.top_ps[i]:.3f}",
                f"{state.final_ps[i]:.3f}",
                signed(state.added[i]),
                effects[i],
            )
            for i in range(len(points))
        ),
    )
    drawing: dict[str, Any] = {
        "tokens": [
            (len(state.pieces) - 1 - i, state.pieces[i], i == state.at)
            for i in range(first, len(state.pieces))
        ],
        "final": state.final,
        "points": [
            {
                "name": points[i],
                "p": state.final_ps[i],
                "top": state.tops[i],
                "added": signed(state.added[i]),
                "effect": effects[i],
                "dropped": params.drop == str(i - 1),
            }
            for i in range(len(points))
        ],
        "measured": bool(state.effects),
        "label": f"Length of the residual vector after each block, from {state.lengths[0]:.1f} to {state.lengths[-1]:.1f}",
    }
    worst = int(np.argmin(state.effects)) if state.effects else -1
    facts = {
        "position": named(state.pieces[state.at]),
        "first length": f"{state.lengths[0]:.1f}",
        "last length": f"{state.lengths[-1]:.1f}",
        "times": f"{state.lengths[-1] / state.lengths[0]:.1f}",
        "growth": f"{growth:.2f}",
        "first says": named(state.tops[0]),
        "says": named(state.said),
        "settled": settled,
        "final": named(state.final),
        "p": f"{now:.1%}",
        "whole p": f"{state.whole_p:.1%}",
        "logit": f"{state.logit:.1f}",
        "most by": points[most],
        "most": f"{state.added[most]:.1f}",
        "worst": BLOCKS[worst] if state.effects else "–",
        "worst effect": signed(state.effects[worst]) if state.effects else "–",
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"lengths": lengths(state.lengths)},
        facts=facts,
        notices=tuple(notices),
    )


def lengths(values: tuple[float, ...]) -> dict[str, Any]:
    """The length of the stream at each point, on a logarithmic axis of values from 1 to 1,000."""
    at = list(range(len(values)))
    top = max(2.0, math.ceil(math.log10(max(values)) * 2) / 2)
    ticks = [power for power in range(math.floor(top) + 1)]
    low = min(0.0, math.floor(math.log10(min(values)) * 2) / 2)
    logs = [round(math.log10(value), 3) for value in values]
    y = charts.axis("length, no unit", low, top, ticks)
    y["ticktext"] = [f"{10**tick:,g}" for tick in ticks]
    return charts.chart(
        [
            charts.line(at, logs, "length", "var(--cw-c1)", width=2),
            charts.dots(at[1::2], logs[1::2], "after attention", "var(--cw-c1)"),
            charts.dots(at[::2], logs[::2], "after an MLP", "var(--cw-c1)", symbol="circle-open"),
        ],
        charts.axis(
            "blocks passed; full: attention, open: MLP",
            0,
            len(values) - 1,
            range(0, 13, 2),
        ),
        y,
        height=190,
    )
