"""Where a position looks, in any head of pocket-lm, and what becomes of the prediction without that head."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from demos_py.algorithms.sampling import softmax
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import counted, marked, named, signed, told

TITLE = "Where one position looks, head by head"
LAYERS, HEADS = 6, 4
DRAWN = 24
LISTED = 6


@dataclass(frozen=True)
class Params:
    text: str = text("When Zoe and Finn went to the market, Finn gave a lamp to", label="Text", rows=4)
    layer: int = slider(3, low=0, high=LAYERS - 1, step=1, label="Layer", unit="of 0 to 5", ticks=5)
    head: int = slider(3, low=0, high=HEADS - 1, step=1, label="Head", unit="of 0 to 3", ticks=3)
    back: int = slider(
        0,
        low=0,
        high=DRAWN - 1,
        step=1,
        label="Query token",
        words={0: "last", **{i: f"{i} earlier" for i in range(1, DRAWN)}},
        ticks=DRAWN - 1,
    )
    ablate: str = choice(
        "no", label="This head", options={"no": "on, as in the model", "yes": "switched off"}
    )


@dataclass(frozen=True)
class State:
    pieces: tuple[str, ...]
    row: int  # the query's position
    weights: tuple[float, ...]  # of the chosen head, the query's to every key
    looks: tuple[tuple[int, float], ...]  # of all heads, by layer: the key most attended to, and its weight
    likely: tuple[tuple[str, float, float], ...]  # next tokens: as the model gives them, and as it is now
    effects: tuple[float, ...]  # of each head switched off alone, on ln p of the favourite; empty until asked
    cut: bool


def switched_off(layer: int, head: int) -> np.ndarray:
    """The forward graph's `head_mask` with one head's output at zero."""
    mask = np.ones((LAYERS, HEADS, 1, 1), np.float32)
    mask[layer, head] = 0
    return mask


async def init(params: Params) -> State:
    """Run the model, and once more without the head if it is switched off."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    row = len(ids) - 1 - min(params.back, DRAWN - 1, len(ids) - 1)
    out = await lm.forward(ids, ["attention", "logits"])
    attention = out["attention"][:, :, row]
    model = softmax(out["logits"][-1].astype(float))
    now = model
    if params.ablate == "yes":
        changed = await lm.forward(ids, ["logits"], head_mask=switched_off(params.layer, params.head))
        now = softmax(changed["logits"][-1].astype(float))
    likeliest = sorted(
        {*np.argsort(-model)[:5].tolist(), *np.argsort(-now)[:3].tolist()}, key=lambda i: -model[i]
    )
    return State(
        pieces=tuple(lm.piece(i) for i in ids),
        row=row,
        weights=tuple(attention[params.layer, params.head].astype(float).tolist()),
        looks=tuple((int(head.argmax()), float(head.max())) for layer in attention for head in layer),
        likely=tuple((lm.piece(i), float(model[i]), float(now[i])) for i in likeliest),
        effects=(),
        cut=cut,
    )


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A pressed token is the query, a pressed head the head; “each in turn” switches off all 24, one at a time."""
    if event.name == "query" and event.value in map(str, range(min(DRAWN, len(state.pieces)))):
        params = replace(params, back=int(event.value))
        return params, await init(params)
    if event.name == "look" and event.value in map(str, range(LAYERS * HEADS)):
        layer, head = divmod(int(event.value), HEADS)
        params = replace(params, layer=layer, head=head)
        return params, replace(await init(params), effects=state.effects)
    if event.name == "each":
        lm = await pocket_lm.load()
        ids, _ = lm.encode(params.text)
        model = softmax((await lm.logits(ids))[-1].astype(float))
        top = int(np.argmax(model))
        effects: list[float] = []
        for number in range(LAYERS * HEADS):
            out = await lm.forward(ids, ["logits"], head_mask=switched_off(*divmod(number, HEADS)))
            p = float(softmax(out["logits"][-1].astype(float))[top])
            effects.append(math.log(max(p, 1e-12)) - math.log(float(model[top])))
        state = replace(state, effects=tuple(effects))
    return params, state


def view(params: Params, state: State) -> View:
    size, row = len(state.pieces), state.row
    weights = np.array(state.weights[: row + 1])
    order = np.argsort(-weights, kind="stable")
    top = int(order[0])
    favourite, model_p, now_p = state.likely[0]
    chosen = params.layer * HEADS + params.head
    reading = (
        f"In layer {params.layer}, head {params.head}, {marked(state.pieces[row])} gives **{weights[top]:.1%}** of "
        f"its attention to {marked(state.pieces[top])}, of {counted(row + 1, 'position')} that it can see."
    )
    if params.ablate == "yes":
        reading += f" Without this head, {marked(favourite)} comes next with **{now_p:.1%}** instead of {model_p:.1%}."
    else:
        reading += f" After the text, the model expects {marked(favourite)}, with {model_p:.1%}."
    notices: list[str] = []
    if state.cut:
        notices.append("The text is longer than the model’s context: only its end was read.")
    if not params.text:
        notices.append("There is no text, so the model reads its start token alone.")
    drawn = min(DRAWN, size)
    worst = int(np.argmin(state.effects)) if state.effects else -1
    table = Table(
        caption=f"Attention of {told(state.pieces[row])}, position {row}, in layer {params.layer}, head {params.head}",
        columns=("Key", "Position", "Weight"),
        rows=tuple((told(state.pieces[i]), str(i), f"{weights[i]:.3f}") for i in range(row + 1)),
    )
    drawing = {
        "tokens": [
            {
                "back": size - 1 - i,
                "piece": state.pieces[i],
                "query": i == row,
                "weight": f"{state.weights[i]:.2f}" if i <= row else "hidden",
                "share": f"{100 * state.weights[i]:.1f}" if i <= row else "0",
            }
            for i in range(size - drawn, size)
        ],
        "heads": [
            [
                {
                    "value": layer * HEADS + head,
                    "piece": state.pieces[state.looks[layer * HEADS + head][0]],
                    "weight": f"{state.looks[layer * HEADS + head][1]:.2f}",
                    "effect": signed(state.effects[layer * HEADS + head]) if state.effects else "",
                    "pressed": layer * HEADS + head == chosen,
                }
                for head in range(HEADS)
            ]
            for layer in range(LAYERS)
        ],
        "rows": [{"token": piece, "before": a, "after": b, "cut": False} for piece, a, b in state.likely],
        "off": params.ablate == "yes",
    }
    shown = sum(a for _, a, _ in state.likely)
    facts = {
        "query": named(state.pieces[row]),
        "top": named(state.pieces[top]),
        "top weight": f"{weights[top]:.1%}",
        "tokens": f"{size:,}",
        "visible": f"{row + 1:,}",
        "favourite": named(favourite),
        "p": f"{model_p:.1%}",
        "p now": f"{now_p:.1%}",
        "now": named(max(state.likely, key=lambda one: one[2])[0]),
        "heads": str(LAYERS * HEADS),
        "rest": f"{max(0.0, 1 - shown):.1%}",
        "worst": f"layer {worst // HEADS}, head {worst % HEADS}" if state.effects else "–",
        "worst effect": signed(state.effects[worst]) if state.effects else "–",
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=tuple(notices))
