"""Text written by pocket-lm one token after the other: draw, append, run again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from demos_py.algorithms.sampling import Kept, cut, divide, draw, entropy, nucleus, ranked, softmax
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import number, slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import counted, marked, named, shown, signed, told
from demos_py.models.pocket_lm import PocketLM

TITLE = "Writing one token at a time"
SHOWN = 12  # candidates
MOST = 24  # tokens that are drawn
STRIP = 24  # tokens of the prompt that are drawn
SURE = 0.9  # from here on a token counts as one that the model was sure of


@dataclass(frozen=True)
class Params:
    prompt: str = text("One day Mira", label="Prompt", rows=3)
    steps: int = slider(12, low=0, high=MOST, step=1, label="Tokens taken", ticks=12)
    temperature: float = slider(
        1.0, low=0.0, high=2.0, step=0.05, label="Temperature", unit="no unit", words={0.0: "0, greedy"}
    )
    top_p: float = slider(
        0.9, low=0.0, high=1.0, step=0.01, label="Top-p", unit="of the mass", words={1.0: "off"}
    )
    seed: int = number(1, low=0, high=999_999, label="Seed")


@dataclass(frozen=True)
class Taken:
    """A token that was drawn: what the model gave it, and what it was drawn with after temperature and top-p."""

    token: int
    model: float
    drawn: float
    kept: int  # tokens that could be drawn
    random: float  # the uniform number that chose it


@dataclass(frozen=True)
class State:
    """The prompt, what was taken after it, and the logits after the last token of all."""

    prompt: tuple[int, ...]
    taken: tuple[Taken, ...]
    logits: tuple[float, ...]
    pieces: tuple[str, ...]  # every token as it is shown, by id
    end: int  # the token that parts documents
    cut: bool  # whether the prompt's beginning was left out

    @property
    def ended(self) -> bool:
        return bool(self.taken) and self.taken[-1].token == self.end


async def init(params: Params) -> State:
    """Run the model over the prompt, then once more after each token that is taken."""
    lm = await pocket_lm.load()
    ids, was_cut = lm.encode(params.prompt)
    room = lm.config["context"] - 1 - MOST  # the last token that can be taken must fit into the context
    prompt = [lm.end, *ids[1:][-room:]]
    pieces = tuple(lm.piece(i) if i == lm.end else shown(lm.tokenizer.tokens[i]) for i in range(lm.end + 1))
    start = State(tuple(prompt), (), (), pieces, lm.end, was_cut or len(prompt) < len(ids))
    return await grown(lm, params, start, params.steps)


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """Take one token more, one fewer, none, or all with the next seed. One more costs one run of the model."""
    lm, done = await pocket_lm.load(), len(state.taken)
    if event.name == "take":
        state = await grown(lm, params, state, min(done + 1, MOST))
        return replace(params, steps=len(state.taken)), state  # none was taken where the text has ended
    if event.name == "back":
        params = replace(params, steps=max(0, done - 1))
        return params, await grown(
            lm, params, replace(state, taken=state.taken[: params.steps], logits=()), params.steps
        )
    if event.name == "again":
        params = replace(params, steps=0)
        return params, await grown(lm, params, replace(state, taken=(), logits=()), 0)
    if event.name == "next-seed":
        params = replace(params, seed=(params.seed + 1) % 1_000_000)
        return params, await grown(lm, params, replace(state, taken=(), logits=()), params.steps)
    return params, state


async def grown(lm: PocketLM, params: Params, state: State, steps: int) -> State:
    """`state` with tokens taken until there are `steps`, or the text has ended: the loop itself.

    No cache: each run reads the whole text again. State without logits is run first.
    """
    while not state.logits or (len(state.taken) < steps and not state.ended):
        if state.logits:
            state = replace(state, taken=(*state.taken, take(params, state)))
        ids = [*state.prompt, *(taken.token for taken in state.taken)]
        logits = await lm.logits(ids)
        state = replace(state, logits=tuple(logits[-1].tolist()))
    return state


def take(params: Params, state: State) -> Taken:
    """The next token. The k-th token of a seed is chosen by the seed's k-th random number, whatever the text."""
    logits = np.array(state.logits)
    _, final = candidates(logits, params)
    step = len(state.taken) + 1
    token = int(draw(final, step, params.seed)[-1])
    uniform = float(np.random.default_rng(params.seed).random(step)[-1])
    return Taken(token, float(softmax(logits)[token]), float(final[token]), int((final > 0).sum()), uniform)


def candidates(logits: np.ndarray, params: Params) -> tuple[Kept, np.ndarray]:
    """What top-p keeps at this temperature, and the probabilities to draw from."""
    heated = divide(logits, params.temperature)
    kept = nucleus(softmax(heated), params.top_p)
    return kept, softmax(cut(heated, kept))


def odds(log_probability: float) -> str:
    """A log-probability, in nat, as “1 in n” with two digits; as a power of ten where n is long."""
    digits = -log_probability / math.log(10)
    if digits > 6:
        return "1 in 10" + str(round(digits)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    n = 10**digits
    return f"1 in {n:.2g}" if n < 9.95 else f"1 in {round(n, 1 - math.floor(digits)):,.0f}"


def view(params: Params, state: State) -> View:
    logits = np.array(state.logits)
    model = softmax(logits)
    kept, final = candidates(logits, params)
    order = ranked(model)[:SHOWN]
    top = int(order[0])
    taken, n = state.taken, len(state.taken)
    pieces = [state.pieces[t.token] for t in taken]
    total = math.fsum(math.log(t.model) for t in taken)
    sure = sum(t.model > SURE for t in taken)
    open_ = min(taken, key=lambda t: t.model) if taken else None
    # what this figure's own loop read: the prompt, then the prompt and one token more, and so on
    passes = [len(state.prompt) + k for k in range(n + 1)]
    positions, cached = sum(passes), passes[-1]
    again = positions - cached

    if n == 1:
        reading = f"**1 token** came after the prompt; the model gave it {taken[0].model:.1%}. "
    elif taken:
        reading = (
            f"**{n} tokens** came after the prompt, one pass each: the model gave {sure} of them more than "
            f"{SURE:g}, and all of them together a log-probability of **{signed(total, 1)} nat**, about {odds(total)}. "
        )
    else:
        reading = "Nothing was taken yet: the model has read the prompt, in one pass. "
    if state.ended:
        reading += "The last one is the end token, so the loop stops."
    else:
        reading += (
            f"Next, {marked(state.pieces[top])} is the likeliest with {model[top]:.1%}, "
            f"and **{kept.n:,} of {kept.total:,}** tokens can be drawn."
        )

    notices = []
    if state.cut:
        notices.append("The prompt is too long for the model’s context: only its end was read.")
    if state.ended and n < params.steps:
        notices.append(f"The model ended its text after {counted(n, 'token')}, so no more are taken.")
    if not params.prompt:
        notices.append("There is no prompt, so the model begins a text of its own.")

    none = "–"
    table = Table(
        caption="The tokens that were taken, in order; logarithms in nat, probabilities and random numbers without unit",
        columns=(
            "Token",
            "Step",
            "Id",
            "Model’s p",
            "ln of it",
            "Drawn with",
            "Could be drawn",
            "Random number",
            "Positions read",
        ),
        rows=(("the prompt", "0", none, none, none, none, none, none, f"{passes[0]:,}"),)
        + tuple(
            (
                told(piece),
                str(k),
                str(t.token),
                f"{t.model:.4f}",
                signed(math.log(t.model), 2),
                f"{t.drawn:.4f}",
                f"{t.kept:,}",
                f"{t.random:.4f}",
                f"{passes[k]:,}",
            )
            for k, (piece, t) in enumerate(zip(pieces, taken, strict=True), start=1)
        ),
    )
    prompt = [state.pieces[i] for i in state.prompt]
    drawing = {
        "prompt": prompt[-STRIP:],
        "left_out": len(prompt) - min(len(prompt), STRIP),
        "taken": [(piece, f"{t.model:.2f}") for piece, t in zip(pieces, taken, strict=True)],
        "buttons": buttons(n, state.ended),
        "ended": state.ended,
        "rows": [
            {
                "token": state.pieces[i],
                "before": float(model[i]),
                "after": float(final[i]),
                "cut": not kept.mask[i],
            }
            for i in order.tolist()
        ],
        "numbers": [
            ("log-probability", f"{signed(total, 2)} nat" if taken else none),
            ("per token", f"{signed(total / n, 2)} nat" if taken else none),
            ("passes", f"{n + 1:,}"),
            ("positions read", f"{positions:,}"),
            ("with a cache", f"{cached:,}"),
        ],
        "chart_label": f"Positions read after each token: {positions:,} without a cache, {cached:,} with one",
    }
    facts = {
        "taken": f"{n:,}",
        "text": told("".join(pieces)).replace("␣", " ").strip() or none,
        "first token": named(pieces[0]) if taken else none,
        "first p": f"{taken[0].model:.3f}" if taken else none,
        "last token": named(pieces[-1]) if taken else none,
        "sure": f"{sure:,}",
        "unsure": f"{n - sure:,}",
        "least likely": named(state.pieces[open_.token]) if open_ else none,
        "least p": f"{open_.model:.3f}" if open_ else none,
        "log-probability": signed(total, 1) if taken else none,
        "odds": odds(total) if taken else none,
        "per token": signed(total / n, 2) if taken else none,
        "perplexity": f"{math.exp(-total / n):.2f}" if taken else none,
        "prompt tokens": f"{len(state.prompt):,}",
        "passes": f"{n + 1:,}",
        "positions": f"{positions:,}",
        "positions with cache": f"{cached:,}",
        "read again": f"{again:,}",
        "times": f"{positions / cached:.1f}",
        "vocabulary": f"{kept.total:,}",
        "kept": f"{kept.n:,}" if not state.ended else none,
        "removed": f"{kept.total - kept.n:,}" if not state.ended else none,
        "next": named(state.pieces[top]) if not state.ended else none,
        "next p": f"{model[top]:.3f}" if not state.ended else none,
        "next drawn": f"{final[top]:.3f}" if not state.ended else none,
        "next entropy": f"{entropy(model):.2f}" if not state.ended else none,
        "ended": "yes" if state.ended else "no",
        "seed": str(params.seed),
        "rest": f"{max(0.0, 1 - float(model[order].sum())):.1%}",
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"positions": work(passes)},
        facts=facts,
        notices=tuple(notices),
    )


def buttons(taken: int, ended: bool) -> list[tuple[str, str, str, bool]]:
    """The events: name, value, label, and whether it can be pressed."""
    return [
        ("take", "1", "Take one token", not ended and taken < MOST),
        ("back", "1", "Back", taken > 0),
        ("again", "1", "Start again", taken > 0),
        ("next-seed", "1", "Next seed", taken > 0),
    ]


def work(passes: list[int]) -> dict[str, Any]:
    """Positions that were read so far, after each token: every one again, or each once."""
    at = list(range(len(passes)))
    whole = np.cumsum(passes).tolist()
    to_come = list(range(len(passes) - 1, MOST + 1))
    faint = "var(--cw-ink-3)"
    # the axis ends where the last token that can be taken would end it, so that it stays as it is
    full = (MOST + 1) * passes[0] + MOST * (MOST + 1) // 2
    step = int(charts.round_below(full / 2))
    return charts.chart(
        [
            charts.line(to_come, [(k + 1) * passes[0] + k * (k + 1) // 2 for k in to_come], "to come", faint),
            charts.line(
                to_come, [passes[0] + k for k in to_come], "to come, with a cache", faint, dash="dash"
            ),
            charts.line(at, whole, "without a cache", "var(--cw-c1)", width=2),
            charts.line(at, passes, "with a cache", "var(--cw-c2)", width=2, dash="dash"),
            charts.dots(at[-1:], whole[-1:], "now", "var(--cw-c1)"),
            charts.dots(at[-1:], passes[-1:], "now, with a cache", "var(--cw-c2)"),
        ],
        charts.axis("tokens taken", 0, MOST, range(0, MOST + 1, 4)),
        charts.axis("positions read", 0, full, range(0, full + 1, step)),
        labels=[
            charts.label(0, full * 0.86, "solid: all read again"),
            charts.label(0, full * 0.72, "dashed: with a cache"),
        ],
        height=180,
    )
