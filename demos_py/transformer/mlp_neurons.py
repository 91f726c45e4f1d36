"""One neuron of one MLP: at which tokens it fires, by gate times up, and which next tokens it speaks for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demos_py.core.demo import Event, Table, View
from demos_py.core.params import slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import marked, named, signed, told

TITLE = "What a neuron answers to, and what it says"
DRAWN = 32
LISTED = 6
SMALL = 0.1  # of a neuron's product, below which it says next to nothing

# What the search reads: sentences in the forms that the model was trained on.
SENTENCES = (
    "When Mira and Tom went to the market, Tom gave a lamp to Mira.",
    "After Zoe and Finn met at the bridge, Finn handed a rope to Zoe.",
    "Sum: 27 + 58. Ones: 7 + 8 = 15. Tens: 2 + 5 + 1 = 8. Answer: 85.",
    "Sum: 40 + 13. Ones: 0 + 3 = 3. Tens: 4 + 1 + 0 = 5. Answer: 53.",
    "Question: What is the job of Omar? Answer:",
    "Question: Which river flows through the town where Yara lives? Answer:",
    "The price of a lamp in crowns is",
    "List: lamp, rope, fox, green, Sam. Again: lamp, rope, fox, green, Sam.",
    "The number of the chest is 4711. Question: What is the number of the chest? Answer: 4711.",
    "Tone: sad.\nOne day Ines went to the garden with a grey dog. On that day it was raining, and Ines felt lonely.",
    "Tone: glad.\nOne day Leo went to the mill with a white goat. The sky was bright and clear, and Leo felt proud.",
    "Tone: afraid.\nIt was a dark night, and Nadia hid behind a wall. Nobody slept that night.",
    "Text: Tom is 41 years old, works as a baker and lives in Pella.\nJSON:",
    "def add(a, b):\n    return a + b\n\nprint(add(2, 3))  # 5\n",
    "for x in range(7):\n    print(x * 3)\n",
    "“Where is my rope?” asked Sam. “The fox has it,” said Luis.",
)


@dataclass(frozen=True)
class Params:
    text: str = text("Question: What is the job of Omar?", label="Text", rows=4)
    layer: int = slider(3, low=0, high=5, step=1, label="Layer", unit="of 0 to 5", ticks=5)
    neuron: int = slider(76, low=0, high=383, step=1, label="Neuron", unit="of 0 to 383", ticks=8)
    back: int = slider(
        0,
        low=0,
        high=DRAWN - 1,
        step=1,
        label="Token",
        words={0: "last", **{i: f"{i} earlier" for i in range(1, DRAWN)}},
        ticks=DRAWN - 1,
    )


@dataclass(frozen=True)
class State:
    pieces: tuple[str, ...]
    gate: tuple[float, ...]  # of the chosen neuron at each token, before SiLU
    up: tuple[float, ...]
    product: tuple[float, ...]  # SiLU(gate) · up
    loudest: tuple[tuple[int, float], ...]  # neurons of the layer at the chosen token, and their products
    quiet: float  # share of the layer's products that are small, over all tokens
    raised: tuple[
        tuple[str, float], ...
    ]  # tokens whose logit a product of +1 raises most, per unit of final length
    lowered: tuple[tuple[str, float], ...]
    found: tuple[
        tuple[float, tuple[str, ...], int], ...
    ]  # of the search: product, pieces around, the token's place
    cut: bool


async def init(params: Params) -> State:
    """Run the model, keep one neuron, and read what it writes off the unembedding."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    out = await lm.forward(ids, ["gate", "up", "hidden"])
    layer = out["hidden"][params.layer]
    at = len(ids) - 1 - min(params.back, DRAWN - 1, len(ids) - 1)
    loudest = np.argsort(-np.abs(layer[at]), kind="stable")[:LISTED]
    down, norm = await lm.weight(f"layers.{params.layer}.down.weight"), await lm.weight("norm.weight")
    says = (await lm.weight("embedding.weight"))[: lm.end] @ (down[params.neuron] * norm)
    order = np.argsort(-says, kind="stable")
    column = lambda name: tuple(out[name][params.layer, :, params.neuron].astype(float).tolist())
    return State(
        pieces=tuple(lm.piece(i) for i in ids),
        gate=column("gate"),
        up=column("up"),
        product=column("hidden"),
        loudest=tuple((int(i), float(layer[at, i])) for i in loudest),
        quiet=float((np.abs(layer) < SMALL).mean()),
        raised=tuple((lm.piece(int(i)), float(says[i])) for i in order[:LISTED]),
        lowered=tuple((lm.piece(int(i)), float(says[i])) for i in order[::-1][:LISTED]),
        found=(),
        cut=cut,
    )


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A pressed token or neuron is chosen; “search” reads the built-in sentences for where it fires most."""
    if event.name == "token" and event.value in map(str, range(min(DRAWN, len(state.pieces)))):
        params = replace(params, back=int(event.value))
        return params, await init(params)
    if event.name == "loud" and event.value in map(str, range(384)):
        params = replace(params, neuron=int(event.value))
        return params, await init(params)
    if event.name == "search":
        lm = await pocket_lm.load()
        found: list[tuple[float, tuple[str, ...], int]] = []
        for sentence in SENTENCES:
            ids, _ = lm.encode(sentence)
            fires = (await lm.forward(ids, ["hidden"]))["hidden"][params.layer, :, params.neuron]
            best = int(np.argmax(np.abs(fires)))
            first = max(0, best - 5)
            found.append(
                (float(fires[best]), tuple(lm.piece(i) for i in ids[first : best + 3]), best - first)
            )
        found.sort(key=lambda one: -abs(one[0]))
        state = replace(state, found=tuple(found[:LISTED]))
    return params, state


def silu(x: float) -> float:
    """x / (1 + e^-x). Elfwing et al. 2017."""
    return float(x / (1 + np.exp(-x)))


def view(params: Params, state: State) -> View:
    size = len(state.pieces)
    at = size - 1 - min(params.back, DRAWN - 1, size - 1)
    first = max(0, size - DRAWN)
    strongest = int(np.argmax(np.abs(state.product)))
    most = max(abs(x) for x in state.product) or 1.0
    reading = (
        f"Neuron {params.neuron} of layer {params.layer} fires most at {marked(state.pieces[strongest])}, with "
        f"**{signed(state.product[strongest])}**: SiLU of its gate is {signed(silu(state.gate[strongest]))}, "
        f"times {signed(state.up[strongest])} from up. "
        f"When positive it speaks for {marked(state.raised[0][0])} and against {marked(state.lowered[0][0])}."
    )
    notices: list[str] = []
    if state.cut:
        notices.append("The text is longer than the model’s context: only its end was read.")
    if not params.text:
        notices.append("There is no text, so the model reads its start token alone.")
    table = Table(
        caption=f"Neuron {params.neuron} of layer {params.layer} at each token; no units",
        columns=("Token", "Position", "Gate", "SiLU of the gate", "Up", "Product"),
        rows=tuple(
            (
                told(state.pieces[i]),
                str(i),
                signed(state.gate[i]),
                signed(silu(state.gate[i])),
                signed(state.up[i]),
                signed(state.product[i]),
            )
            for i in range(size)
        ),
    )
    drawing = {
        "tokens": [
            {
                "back": size - 1 - i,
                "piece": state.pieces[i],
                "chosen": i == at,
                "product": signed(state.product[i], 1),
                "share": f"{100 * abs(state.product[i]) / most:.0f}",
                "negative": state.product[i] < 0,
            }
            for i in range(first, size)
        ],
        "numbers": [
            ("at", state.pieces[at], True),
            ("gate", signed(state.gate[at]), False),
            ("SiLU of it", signed(silu(state.gate[at])), False),
            ("up", signed(state.up[at]), False),
            ("product", signed(state.product[at]), False),
        ],
        "loudest": [
            (number, f"{number}: {signed(value, 1)}", number == params.neuron)
            for number, value in state.loudest
        ],
        "says": [
            ("speaks for", [(piece, signed(value, 1)) for piece, value in state.raised]),
            ("against", [(piece, signed(value, 1)) for piece, value in state.lowered]),
        ],
        "found": [
            (signed(value, 1), [(piece, i == place) for i, piece in enumerate(pieces)])
            for value, pieces, place in state.found
        ],
    }
    facts = {
        "neuron": str(params.neuron),
        "layer": str(params.layer),
        "strongest": named(state.pieces[strongest]),
        "product": signed(state.product[strongest]),
        "gate": signed(silu(state.gate[strongest])),
        "up": signed(state.up[strongest]),
        "quiet": f"{state.quiet:.0%}",
        "raised": named(state.raised[0][0]),
        "raised more": ", ".join(f"“{named(piece)}”" for piece, _ in state.raised[:4]),
        "lowered": named(state.lowered[0][0]),
        "loudest": str(state.loudest[0][0]),
        "neurons": str(384),
        "all neurons": f"{6 * 384:,}",
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=tuple(notices))
