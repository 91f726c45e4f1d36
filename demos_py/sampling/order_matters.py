"""The same four sampling parameters, applied in two orders: two distributions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demos_py.algorithms.sampling import USUAL_ORDER, ranked, run_chain, softmax, steps
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import arrangement, moved, slider
from demos_py.sampling import LOGITS, PROMPT, TOKENS

TITLE = "The same knobs in another order"
STEPS = {"temperature": "Temperature", "top_k": "Top-k", "top_p": "Top-p", "min_p": "Min-p"}
USUAL = tuple(name for name in USUAL_ORDER if name in STEPS)
# The orders in which three libraries apply these four; sources in docs/production/sampling.md.
PRESETS = {
    "transformers": ("transformers", USUAL),
    "vllm": ("vLLM", ("temperature", "min_p", "top_k", "top_p")),
    "llama-cpp": ("llama.cpp", ("top_k", "top_p", "min_p", "temperature")),
}


@dataclass(frozen=True)
class Params:
    order: tuple[str, ...] = arrangement(
        ("top_k", "top_p", "min_p", "temperature"), options=STEPS, label="Your order"
    )
    temperature: float = slider(1.5, low=0.0, high=2.0, step=0.05, label="Temperature", unit="no unit")
    top_k: int = slider(8, low=1, high=10, step=1, label="Top-k", unit="tokens", ticks=9, words={10: "off"})
    top_p: float = slider(0.9, low=0.0, high=1.0, step=0.01, label="Top-p", unit="of the mass")
    min_p: float = slider(
        0.05, low=0.0, high=1.0, step=0.01, label="Min-p", unit="of the top token", words={0.0: "off"}
    )


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """A step's buttons move it; a preset sets the whole order."""
    if event.name == "move":
        params = replace(params, order=moved(params.order, event.value))
    if event.name == "preset" and event.value in PRESETS:
        params = replace(params, order=PRESETS[event.value][1])
    return params, state


def trail(params: Params, order: tuple[str, ...]) -> list[np.ndarray]:
    """The probabilities after each step of `order`, the model's own first; each of shape (10,)."""
    none = np.zeros(len(TOKENS))
    chain = steps(params.temperature, params.top_k, params.top_p, params.min_p, none, 0.0, 0.0)
    return [softmax(logits) for logits in run_chain(np.array(LOGITS), [chain[name] for name in order])]


def view(params: Params, state: None) -> View:
    mine, usual = trail(params, params.order), trail(params, USUAL)
    a, b = usual[-1], mine[-1]
    distance = float(np.abs(a - b).sum() / 2)
    n_usual, n_mine = int((a > 0).sum()), int((b > 0).sum())
    rows = [
        {"token": TOKENS[i], "before": float(a[i]), "after": float(b[i]), "cut": a[i] == 0 and b[i] == 0}
        for i in ranked(np.array(LOGITS))
    ]
    path = [
        {
            "name": STEPS[name],
            "note": f"{int((now > 0).sum())} tokens left, top {now.max():.3f}",
            "now": int((now > 0).sum()) < int((was > 0).sum()),
        }
        for name, was, now in zip(params.order, mine, mine[1:], strict=False)
    ]
    if params.order == USUAL:
        reading = (
            f"Your order is the usual one: **{n_mine} of {len(TOKENS)}** tokens can be drawn. Move a step."
        )
    elif distance < 5e-4:
        reading = (
            f"Here the order makes no difference: both keep **{n_mine}** tokens with the same probabilities."
        )
    else:
        count = "both keep" if n_mine == n_usual else f"the usual order keeps {n_usual} tokens, yours keeps"
        reading = (
            f"Same numbers, another order: {count} **{n_mine}**. "
            f"**{distance:.1%}** of the probability has moved to other tokens (total variation distance)."
        )
    table = Table(
        caption="Final probability in each order, no unit",
        columns=("Token", "Model", "Usual order", "Your order", "Difference"),
        rows=tuple(
            (TOKENS[i].strip(), f"{mine[0][i]:.4f}", f"{a[i]:.4f}", f"{b[i]:.4f}", f"{b[i] - a[i]:+.4f}")
            for i in range(len(TOKENS))
        ),
    )
    drawing = {
        "prompt": PROMPT,
        "rows": rows,
        "path": path,
        "presets": [(key, name, params.order == order) for key, (name, order) in PRESETS.items()],
    }
    facts = {"kept": str(n_mine), "kept usual": str(n_usual), "distance": f"{distance:.1%}"}
    return View(reading=reading, table=table, drawing=drawing, facts=facts)
