"""What each sampling parameter does to a distribution over ten tokens, before one is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demos_py.algorithms.sampling import USUAL_ORDER, entropy, nucleus, ranked, run_chain, softmax, steps
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import numbers, slider, text
from demos_py.sampling import LOGITS, PROMPT, TOKENS

TITLE = "Next-token distribution"
PIECE = re.compile(r"\s?\w+|\S")  # the reader's text in pieces like our ten: a word with the space before it


@dataclass(frozen=True)
class Params:
    temperature: float = slider(1.0, low=0.0, high=2.0, step=0.05, label="Temperature", unit="no unit")
    top_p: float = slider(0.9, low=0.0, high=1.0, step=0.01, label="Top-p", unit="of the mass")
    top_k: int = slider(10, low=1, high=10, step=1, label="Top-k", unit="tokens", ticks=9, words={10: "off"})
    min_p: float = slider(
        0.0, low=0.0, high=1.0, step=0.01, label="Min-p", unit="of the top token", words={0.0: "off"}
    )
    presence: float = slider(0.0, low=-2.0, high=2.0, step=0.1, label="Presence penalty", unit="nat", ticks=8)
    frequency: float = slider(
        0.0, low=-2.0, high=2.0, step=0.1, label="Frequency penalty", unit="nat", ticks=8
    )
    text: str = text("Paris is a city. Paris is the capital of France.", label="Text so far", rows=3)
    logits: tuple[float, ...] = numbers(
        LOGITS, names=TOKENS, low=-20, high=20, step=0.1, label="Edit the logits", unit="nat"
    )


# The four presets of the chapter's table.
PRESETS: dict[str, tuple[str, dict[str, float]]] = {
    "extract": ("Extract", {"temperature": 0.0, "top_p": 1.0, "frequency": 0.0}),
    "chat": ("Chat", {"temperature": 0.7, "top_p": 1.0, "frequency": 0.0}),
    "create": ("Create", {"temperature": 1.0, "top_p": 0.95, "frequency": 0.2}),
    "code": ("Code", {"temperature": 0.2, "top_p": 0.95, "frequency": 0.0}),
}
# A preset settles these too.
OFF = {"top_k": 10, "min_p": 0.0, "presence": 0.0}


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """A pressed preset sets its parameters and switches the others off; the text and the logits stay."""
    if event.name == "preset" and event.value in PRESETS:
        params = replace(params, **OFF, **PRESETS[event.value][1])
    return params, state


@lru_cache(8)
def counts(so_far: str) -> np.ndarray:
    """How often each of the ten tokens stands in the text, shape (10,)."""
    pieces = [" " + piece.strip() for piece in PIECE.findall(so_far)]
    seen = np.array([pieces.count(token) for token in TOKENS])
    seen.setflags(write=False)  # it is kept for the next step
    return seen


def view(params: Params, state: None) -> View:
    seen = counts(params.text)
    chain = steps(
        params.temperature, params.top_k, params.top_p, params.min_p, seen, params.presence, params.frequency
    )
    trail = run_chain(np.array(params.logits), [chain[name] for name in USUAL_ORDER])
    model, _, heated, *_, final = after = [softmax(logits) for logits in trail]  # heated: before any cut
    kept = nucleus(final, 1.0)  # what can still be drawn
    mass = float(heated[kept.mask].sum())
    # the tokens kept first, each group by probability
    order = ranked(np.where(kept.mask, 1.0, 0.0) + heated / 2)
    top = TOKENS[int(np.argmax(final))]
    # the last step that took a token away draws the line; underflow may do so at a low temperature
    left = [int(np.count_nonzero(p)) for p in after]
    last = next(
        (
            name
            for name, now, was in zip(USUAL_ORDER[::-1], left[:0:-1], left[-2::-1], strict=True)
            if now < was
        ),
        "",
    )
    by = {
        "temperature": f"temperature {params.temperature:g}",
        "top_k": "top-k",
        "top_p": "top-p",
        "min_p": "min-p",
    }

    rows = [
        {"token": TOKENS[i], "before": float(model[i]), "after": float(final[i]), "cut": not kept.mask[i]}
        for i in order
    ]
    bits, before = f"{entropy(final):.2f}", f"{entropy(model):.2f}"
    goes = "falls" if float(bits) < float(before) else "rises"
    spread = f"stays at {bits} bits" if bits == before else f"{goes} from {before} to {bits} bits"
    reading = (
        f"**{kept.n} of {kept.total}** tokens can be drawn, {mass:.1%} of the mass; `{top}` goes from "
        f"{model[TOKENS.index(top)]:.3f} to **{final.max():.3f}**. "
        f"Entropy {spread}."
    )
    table = Table(
        caption="Each token from logit to final probability; penalties and logits in nat, probabilities without unit",
        columns=(
            "Token",
            "Logit",
            "Times in text",
            "After penalties",
            "Model’s p",
            "p at temperature",
            "Final p",
        ),
        rows=tuple(
            (
                TOKENS[i].strip(),
                f"{params.logits[i]:.1f}",
                str(seen[i]),
                f"{trail[1][i]:.1f}",
                f"{model[i]:.4f}",
                f"{heated[i]:.4f}",
                f"{final[i]:.4f}",
            )
            for i in order
        ),
    )
    facts = {
        "kept": str(kept.n),
        "mass": f"{mass:.1%}",
        "top": top.strip(),
        "top before": f"{model[TOKENS.index(top)]:.3f}",
        "top after": f"{final.max():.3f}",
        "second after": f"{np.sort(final)[-2]:.3f}",
        "rest after": f"{1 - final.max():.1%}",
        "ratio": f"{np.sort(final)[-1] / np.sort(final)[-2]:.1f}" if kept.n > 1 else "no second token",
        "entropy before": before,
        "entropy after": bits,
    }
    drawing = {
        "prompt": PROMPT,
        "rows": rows,
        "cut_note": f"{by[last]} cuts here" if last else "",
        "cut_more": f": {mass:.3f} of the mass is above",
        "presets": [
            (key, name, all(getattr(params, k) == v for k, v in {**OFF, **settings}.items()))
            for key, (name, settings) in PRESETS.items()
        ],
        "seen": [
            (TOKENS[i], f"{seen[i]} time" + "s" * int(seen[i] > 1)) for i in range(len(TOKENS)) if seen[i]
        ],
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts)
