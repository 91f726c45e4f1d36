"""Pipeline schedules, simulated pass by pass: where the idle time is, and what it buys in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from demos_py.algorithms.pipeline import SCHEDULES, Run, expected_bubble, run
from demos_py.core import charts
from demos_py.core.demo import Table, View
from demos_py.core.params import choice, slider

TITLE = "The bubble in a pipeline"
MOST_STAGES, MOST_MICRO, MOST_CHUNKS = 8, 32, 4
NAMES = {"gpipe": "GPipe", "1f1b": "1F1B", "interleaved": "Interleaved 1F1B"}
# The book's colours of a chunk's passes: forward, backward. They are told apart by the key's words too.
COLOURS = ((1, 2), (6, 5), (3, 4), (8, 7))
ROW = 24  # px, a stage's row
WIDE, WIDEST = 446, 2400  # px, what the drawing fills, and where it stops growing


@dataclass(frozen=True)
class Params:
    schedule: str = choice("1f1b", label="Schedule", options=NAMES)
    stages: int = slider(4, low=2, high=MOST_STAGES, step=1, label="Stages", unit="GPUs", ticks=6)
    micro: int = slider(8, low=1, high=MOST_MICRO, step=1, label="Micro-batches", unit="a step", ticks=31)
    backward: float = slider(
        2.0, low=0.5, high=4.0, step=0.5, label="Backward pass", unit="forward times", ticks=7
    )
    chunks: int = slider(
        2, low=2, high=MOST_CHUNKS, step=1, label="Chunks, if interleaved", unit="a stage", ticks=2
    )
    follow: int = slider(
        1,
        low=0,
        high=MOST_MICRO,
        step=1,
        label="Follow micro-batch",
        words={0: "none", **{i: f"no. {i}" for i in range(1, MOST_MICRO + 1)}},
        ticks=32,
    )


def multiple(micro: int, stages: int) -> int:
    """The micro-batches that an interleaved schedule takes: up to the next multiple of the stages."""
    return -(-micro // stages) * stages


def short(number: float) -> str:
    """A time or a count with no more decimals than it needs, two at most."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def view(params: Params, state: None) -> View:
    p, v, b = params.stages, params.chunks, params.backward
    # An interleaved schedule at the sliders' ends may need a few micro-batches more than the slider has.
    counts = {name: params.micro for name in SCHEDULES} | {"interleaved": multiple(params.micro, p)}
    runs = {name: run(name, p, counts[name], v, b) for name in SCHEDULES}
    closed = {name: expected_bubble(p, counts[name], v if name == "interleaved" else 1) for name in SCHEDULES}
    name = params.schedule
    now, m = runs[name], counts[name]
    ideal = m * (1 + b)
    followed = min(params.follow, m)

    notices = []
    if m != params.micro:
        notices.append(
            f"An interleaved schedule takes the micro-batches in groups of {p}, one for each stage: "
            f"{params.micro} became {m}."
        )
    if followed != params.follow:
        notices.append(f"There are {m} micro-batches, so no. {m} is followed.")

    top = f"{v} × {m}" if name == "interleaved" else str(m)
    reading = (
        f"{NAMES[name]} with {p} stages and {m} micro-batch{'es' * (m > 1)} takes **{short(now.time)}** forward "
        f"times, {short(ideal)} of them at work: **{now.bubble:.1%} is bubble**. "
        f"{p - 1} / ({top} + {p - 1}) gives {closed[name]:.1%}. "
        f"The first stage keeps the activations of **{short(now.kept[0])}** micro-batch{'es' * (now.kept[0] != 1)} "
        f"at once"
    )
    # an interleaved step that had to take more micro-batches is no fair comparison
    others = [other for other in SCHEDULES if other != name and counts[other] == m]
    compared = ", ".join(f"{short(runs[other].kept[0])} with {NAMES[other]}" for other in others)
    reading += f"; {compared}." if others else "."

    table = Table(
        caption=f"{NAMES[name]}, {p} stages, {m} micro-batches; times in forward times",
        columns=(
            "Stage",
            "First pass begins",
            "Last pass ends",
            "At work",
            "Idle",
            "Idle share",
            "Kept at most",
        ),
        rows=tuple(
            (
                str(i + 1),
                short(row[0].start),
                short(row[-1].end),
                short(now.time - now.idle[i]),
                short(now.idle[i]),
                f"{now.idle[i] / now.time:.1%}",
                short(now.kept[i]),
            )
            for i, row in enumerate(now.stages)
        ),
    )
    drawing = {
        **gantt(now, followed),
        "rows": [(str(i + 1), short(kept)) for i, kept in enumerate(now.kept)],
        "followed": followed,
        "compared": [
            {
                "name": NAMES[other],
                "now": other == name,
                "micro": counts[other],
                "time": short(runs[other].time),
                "bubble": f"{runs[other].bubble:.1%}",
                "closed": f"{closed[other]:.1%}",
                "first": short(runs[other].kept[0]),
                "last": short(runs[other].kept[-1]),
            }
            for other in SCHEDULES
        ],
        "chunks": v,
        "label": f"{NAMES[name]}: {p} stages, each a row, over {short(now.time)} forward times; "
        f"{now.bubble:.1%} of the area is idle",
        "chart_label": f"Idle share over the number of micro-batches; {now.bubble:.1%} at {m}",
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"bubble": bubble_chart(params, now, m)},
        facts=facts(params, runs, counts),
        notices=tuple(notices),
    )


def facts(params: Params, runs: dict[str, Run], counts: dict[str, int]) -> dict[str, str]:
    """The results by name, for the prose."""
    p, v = params.stages, params.chunks
    now, m = runs[params.schedule], counts[params.schedule]
    found = {
        "schedule": NAMES[params.schedule],
        "stages": str(p),
        "micro-batches": str(m),
        "backward": short(params.backward),
        "chunks": str(v),
        "time": short(now.time),
        "ideal": short(m * (1 + params.backward)),
        "idle": short(now.idle[0]),
        "bubble": f"{now.bubble:.1%}",
        "bubble of the ideal": f"{now.idle[0] / (now.time - now.idle[0]):.1%}",
        "bubble without micro-batches": f"{expected_bubble(p, 1):.1%}",
        "kept": short(now.kept[0]),
        "kept last": short(now.kept[-1]),
        "for ten percent": str(9 * (p - 1)),  # (p - 1) / (m + p - 1) <= 1/10, and so on
        "for five percent": str(19 * (p - 1)),
        "for one percent": str(99 * (p - 1)),
    }
    for name, one in runs.items():
        found |= {
            f"{name} time": short(one.time),
            f"{name} bubble": f"{one.bubble:.1%}",
            f"{name} kept": short(one.kept[0]),
            f"{name} micro-batches": str(counts[name]),
        }
    return found


def gantt(now: Run, followed: int) -> dict[str, Any]:
    """The schedule as SVG: one path a colour, one text a colour with a place for each digit, an axis of times.

    `followed` is the micro-batch, counted from 1, that is framed; 0 for none.
    """
    most = sum(not one.done.backward for one in now.stages[0]) // now.chunks
    legible = 10 if most < 10 else 14  # px for a number of one digit, of two
    unit = max(WIDE / now.time, min(legible * now.chunks, WIDEST / now.time))
    width = [
        (one.end - one.start) * unit for one in (now.stages[0][0], now.stages[0][-1])
    ]  # forward, backward
    outline = [f"h{wide:.1f}v{ROW}h-{wide:.1f}z" for wide in width]
    numbers = [str(i + 1) for i in range(most)]
    boxes: defaultdict[int, list[str]] = defaultdict(list)
    digits: defaultdict[int, tuple[list[str], list[str], list[str]]] = defaultdict(lambda: ([], [], []))
    frame: list[str] = []
    for y, row in enumerate(now.stages):
        for (back, micro, chunk), start, end in row:
            x, wide = start * unit, width[back]
            box = f"M{x:.1f} {y * ROW}{outline[back]}"
            colour = COLOURS[chunk][back]
            boxes[colour].append(box)
            if micro + 1 == followed:
                frame.append(box)
            words = numbers[micro]
            if wide >= 6 * len(words) + 1:
                xs, ys, shown = digits[colour]
                left = x + wide / 2 - 3 * (len(words) - 1)
                for i, digit in enumerate(words):
                    xs.append(f"{left + 6 * i:.1f}")
                    ys.append(str(y * ROW + 16))
                    shown.append(digit)
    step = charts.round_below(max(now.time / 5, 1))
    ticks = [i * step for i in range(int(now.time / step) + 1)]
    kinds = [
        (colour, f"{'backward' if back else 'forward'}" + (f", chunk {chunk + 1}" if now.chunks > 1 else ""))
        for chunk in range(now.chunks)
        for back, colour in enumerate(COLOURS[chunk])
    ]
    return {
        "wide": round(now.time * unit, 1),
        "high": len(now.stages) * ROW,
        "boxes": [(colour, "".join(found)) for colour, found in boxes.items()],
        "digits": [
            (colour, " ".join(xs), " ".join(ys), "".join(words)) for colour, (xs, ys, words) in digits.items()
        ],
        "frame": "".join(frame),
        "ticks": [(f"{100 * tick / now.time:.2f}", short(tick)) for tick in ticks],
        "kinds": kinds,
    }


def bubble_chart(params: Params, now: Run, m: int) -> dict[str, Any]:
    """The idle share over the number of micro-batches: the formulas as lines, simulated steps as dots."""
    p, v = params.stages, params.chunks
    several = params.schedule == "interleaved"
    at = [float(i) for i in range(1, MOST_MICRO + 1)]
    whole = list(range(p, MOST_MICRO + 1, p))
    simulated = [i for i in ([p] if several else [1, 2, 4, 8]) if i != m and i <= MOST_MICRO]
    measured = [100 * run(params.schedule, p, i, v, params.backward).bubble for i in simulated]
    plain = [100 * expected_bubble(p, int(i)) for i in at]
    return charts.chart(
        [
            charts.line(at, plain, "GPipe and 1F1B", "var(--cw-ink-2)", width=2),
            charts.line(
                [float(i) for i in whole],
                [100 * expected_bubble(p, i, v) for i in whole],
                "interleaved",
                "var(--cw-ink-2)",
                width=2,
                dash="dash",
            ),
            charts.dots([float(i) for i in simulated], measured, "simulated", "var(--cw-ink)", "circle-open"),
            charts.dots([float(m)], [100 * now.bubble], "now", "var(--cw-ink)"),
        ],
        charts.axis("micro-batches a step", 0, MOST_MICRO, range(0, MOST_MICRO + 1, 4)),
        charts.axis("idle, %", 0, 100, (0, 25, 50, 75, 100)),
        height=190,
    )
