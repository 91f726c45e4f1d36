"""The same parameters on the whole vocabulary of a real model: what the tail holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demos_py.algorithms.sampling import USUAL_ORDER, nucleus, ranked, run_chain, softmax, steps
from demos_py.core.demo import Table, View
from demos_py.core.params import slider, text
from demos_py.models import pocket_lm

TITLE = "The whole vocabulary of a real model"
SHOWN = 10


@dataclass(frozen=True)
class Params:
    prompt: str = text("On that day it was raining, and Mira felt", label="Text so far", rows=2)
    temperature: float = slider(
        2.0, low=0.0, high=4.0, step=0.1, label="Temperature", unit="no unit", ticks=8
    )
    top_p: float = slider(
        1.0, low=0.0, high=1.0, step=0.01, label="Top-p", unit="of the mass", words={1.0: "off"}
    )
    min_p: float = slider(
        0.0, low=0.0, high=1.0, step=0.01, label="Min-p", unit="of the top token", words={0.0: "off"}
    )


@dataclass(frozen=True)
class State:
    """What the model answered: the text's tokens, the logits after the last one, and all tokens, by id."""

    read: tuple[str, ...]
    logits: tuple[float, ...]
    pieces: tuple[str, ...]
    cut: bool  # whether the text's beginning was left out


async def init(params: Params) -> State:
    """Ask the model for its logits after the text."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.prompt)
    logits = await lm.logits(ids)
    return State(tuple(lm.piece(token) for token in ids), tuple(logits[-1].tolist()), lm.pieces, cut)


def view(params: Params, state: State) -> View:
    size = len(state.logits)
    chain = steps(params.temperature, size, params.top_p, params.min_p, np.zeros(size, int), 0.0, 0.0)
    after = [softmax(z) for z in run_chain(np.array(state.logits), [chain[name] for name in USUAL_ORDER])]
    model, _, heated, *_, final = after  # heated: at the temperature, before any cut
    kept = nucleus(final, 1.0)
    order = ranked(np.where(kept.mask, 1.0, 0.0) + heated / 2)[:SHOWN]
    likeliest = ranked(model)[:SHOWN]
    tail, heated_tail = (float(1 - p[likeliest].sum()) for p in (model, heated))
    drawn_tail = float(final.sum() - final[likeliest].sum())
    rest = size - SHOWN
    top = state.pieces[order[0]]
    reading = (
        f"**{kept.n:,} of {kept.total:,}** tokens can be drawn. The {rest:,} outside the model’s ten favourites "
        f"hold {tail:.1%} of its mass, {heated_tail:.1%} at temperature {params.temperature:g}, and "
        f"**{drawn_tail:.1%}** of what is drawn from."
    )
    rows = [
        {
            "token": state.pieces[i],
            "before": float(model[i]),
            "after": float(final[i]),
            "cut": not kept.mask[i],
        }
        for i in order
    ]
    table = Table(
        caption="The likeliest tokens; logits in nat, probabilities without unit",
        columns=("Token", "Id", "Logit", "Model’s p", "p at temperature", "Final p"),
        rows=tuple(
            (
                state.pieces[i],
                str(i),
                f"{state.logits[i]:.2f}",
                f"{model[i]:.4f}",
                f"{heated[i]:.4f}",
                f"{final[i]:.4f}",
            )
            for i in order
        ),
    )
    facts = {
        "vocabulary": f"{size:,}",
        "rest": f"{rest:,}",
        "kept": f"{kept.n:,}",
        "top": top.strip(),
        "top before": f"{model[order[0]]:.3f}",
        "tail before": f"{tail:.1%}",
        "tail heated": f"{heated_tail:.1%}",
        "tail drawn": f"{drawn_tail:.1%}",
        "tail about": f"about {10 * round(10 * drawn_tail)}%",
    }
    notices = ("The text is longer than the model’s context: only its end was read.",) if state.cut else ()
    drawing = {"read": [(piece, "") for piece in state.read[-24:]], "rows": rows, "count": len(state.read)}
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=notices)
