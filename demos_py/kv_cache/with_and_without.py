"""Writing with a KV cache and without: the same tokens, and how much work they are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from demos_py.algorithms.kv_cache import Shape, work, work_of_writing
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm

TITLE = "Writing with a cache, and without"
SHAPES = {
    "pocket": ("pocket-lm", Shape(6, 128, 4, 2, 32, 384, 1536)),
    "llama3-8b": ("Llama 3 8B", Shape(32, 4096, 32, 8, 128, 14336, 128256)),
    "llama3-70b": ("Llama 3 70B", Shape(80, 8192, 64, 8, 128, 28672, 128256)),
}
MOST = 32
POINTS = 40


@dataclass(frozen=True)
class Params:
    prompt: str = text("One day Mira", label="Prompt", rows=2)
    tokens: int = slider(16, low=4, high=MOST, step=1, label="Tokens to write", ticks=14)
    shape: str = choice("llama3-8b", label="Operations of", options={k: v[0] for k, v in SHAPES.items()})
    length: int = slider(4096, low=256, high=32768, step=256, label="Text of", unit="tokens", ticks=8)


@dataclass(frozen=True)
class State:
    """What the model wrote; `times` are ms a token, with and without, once the reader has measured them."""

    prompt: tuple[int, ...]
    written: tuple[int, ...]
    pieces: tuple[str, ...]
    difference: float  # the largest between the logits of the two ways, nat
    cut: bool
    times: tuple[tuple[float, float], ...] = field(default=(), compare=False)


async def init(params: Params) -> State:
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.prompt)
    prompt = ids[: 1 + lm.config["context"] - MOST - 1] if len(ids) + MOST > lm.config["context"] else ids
    run = await lm.decode(prompt)
    rows, written = [run.outputs["logits"][0, -1]], []
    for _ in range(params.tokens):
        written.append(int(rows[-1].argmax()))
        run = await lm.decode(written[-1:], run.outputs)
        rows.append(run.outputs["logits"][0, -1])
    # causal: row t of one pass over all tokens is what a pass over the first t + 1 of them would end with
    whole = (await lm.decode([*prompt, *written])).outputs["logits"][0, len(prompt) - 1 :]
    return State(
        tuple(prompt),
        tuple(written),
        tuple(lm.piece(token) for token in written),
        float(np.abs(np.array(rows) - whole).max()),
        cut or prompt != ids,
    )


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """`measure` writes the same tokens again in both ways, and keeps how long each run took."""
    if event.name != "measure":
        return params, state
    lm = await pocket_lm.load()
    run = await lm.decode(list(state.prompt))
    cached, whole = [], []
    for token in state.written:
        run = await lm.decode([token], run.outputs)
        cached.append(run.ms)
    for n in range(1, len(state.written) + 1):
        whole.append((await lm.decode([*state.prompt, *state.written[:n]])).ms)
    return params, replace(state, times=tuple(zip(cached, whole, strict=True)))


def times_of(count: float) -> str:
    """A factor in words: 3 digits at the most."""
    return f"{count:,.0f}" if count >= 100 else f"{count:.1f}"


def view(params: Params, state: State) -> View:
    name, shape = SHAPES[params.shape]
    n = params.length
    ours, without = (work_of_writing(shape, n, cached) for cached in (True, False))
    last, last_without = sum(work(shape, 1, n - 1)), sum(work(shape, n, 0))
    weights, attention = work(shape, n, 0)
    xs = sorted({max(1, round(n * (i / POINTS) ** 2)) for i in range(1, POINTS + 1)})
    with_line = [sum(work(shape, 1, x - 1)) for x in xs]
    without_line = [sum(work(shape, x, 0)) for x in xs]
    low = 10.0 ** np.floor(np.log10(min(with_line)))
    high = 10.0 ** np.ceil(np.log10(max(without_line)))
    ticks = [float(10.0**k) for k in range(int(np.log10(low)), int(np.log10(high)) + 1, 2)]
    y = charts.axis("multiply-adds, power of ten", low, high, ticks, log=True)
    y["ticktext"] = [f"{round(np.log10(tick))}" for tick in ticks]
    work_chart = charts.chart(
        [
            charts.line(xs, without_line, "without", "var(--cw-c2)"),
            charts.line(xs, with_line, "with", "var(--cw-c1)"),
        ],
        charts.axis("tokens so far", 0, n, [0, n // 4, n // 2, 3 * n // 4, n]),
        y,
    )
    times = state.times
    top = max((max(pair) for pair in times), default=1.0) * 1.1
    step = charts.round_below(top / 2)
    at = list(range(1, len(times) + 1))
    time_chart = charts.chart(
        [
            charts.line(at, [b for _, b in times], "without", "var(--cw-c2)"),
            charts.line(at, [a for a, _ in times], "with", "var(--cw-c1)"),
        ],
        charts.axis("token written", 0, params.tokens, [0, params.tokens // 2, params.tokens]),
        charts.axis("ms a token", 0, top, [step * k for k in range(int(top / step) + 1)]),
        height=150,
    )
    sums = tuple(sum(column) for column in zip(*times, strict=True)) if times else ()
    measured = (
        f" Measured here, {len(times)} tokens took {sums[0]:.0f} ms with it and **{sums[1]:.0f} ms** without."
        if sums
        else ""
    )
    small = "less than 0.001" if state.difference < 0.001 else f"{state.difference:.3f}"
    reading = (
        f"Both ways write the same {len(state.written)} tokens; their logits differ by {small} nat at most. For "
        f"{n:,} tokens of {name}, the cache saves all but one in **{times_of(without / ours)}** multiply-adds.{measured}"
    )
    rows = [
        (label, f"{a:.3g}", f"{b:.3g}", times_of(b / a))
        for label, a, b in (
            (f"token {n:,}", last, last_without),
            (f"all {n:,} tokens", ours, without),
        )
    ]
    return View(
        reading=reading,
        table=Table(
            caption=f"Multiply-adds of {name}",
            columns=("Of", "With a cache", "Without", "Factor"),
            rows=tuple(rows),
        ),
        charts={"work": work_chart, "times": time_chart},
        drawing={
            "pieces": [(piece, "") for piece in state.pieces],
            "numbers": [
                ("All tokens, with", f"{ours:.2e}"),
                ("Without", f"{without:.2e}"),
                ("Factor", times_of(without / ours)),
                ("Measured, with", f"{sums[0]:.0f} ms" if sums else "not yet"),
                ("Measured, without", f"{sums[1]:.0f} ms" if sums else "not yet"),
            ],
        },
        facts={
            "factor": times_of(without / ours),
            "last factor": times_of(last_without / last),
            "same": small,
            "attention share": f"{attention / (weights + attention):.0%}",
            "with": f"{ours:.2e}",
            "without": f"{without:.2e}",
        },
        notices=("The prompt is longer than the model’s memory, so a part of it was left out.",)
        if state.cut
        else (),
    )
