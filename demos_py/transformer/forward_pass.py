"""One real pass of pocket-lm, tensor by tensor: each number can be opened, and is made again from what it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from demos_py.algorithms.sampling import softmax
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider, text
from demos_py.models import pocket_lm
from demos_py.models.pieces import counted, marked, named, signed, told
from demos_py.models.pocket_lm_pass import NEEDS, STAGES, Cell, Place, cell, tensor

TITLE = "One pass through the model, tensor by tensor"
DRAWN = 16  # positions in the grid
COLUMNS = 384  # of the widest tensor that is drawn
LEVELS = (-0.75, -0.4, -0.12, 0.12, 0.4, 0.75)  # of the scale, between the seven shades
SHARES = (0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8)  # between the eight shades of attention


PARTS = {
    "enter": "Tokens become vectors",
    "look": "Attention, in each layer",
    "know": "MLP, in each layer",
    "leave": "Vectors become a token",
}


@dataclass(frozen=True)
class Params:
    text: str = text("When Zoe and Finn went to the market, Finn gave a lamp to", label="Text", rows=4)
    stage: str = choice(
        "attention",
        label="Tensor",
        options={key: f"{i}. {s.name}" for i, (key, s) in enumerate(STAGES.items(), 1)},
    )
    layer: int = slider(3, low=0, high=5, step=1, label="Layer", unit="of 0 to 5", ticks=5)
    head: int = slider(3, low=0, high=3, step=1, label="Head", unit="of 0 to 3", ticks=3)
    back: int = slider(
        0,
        low=0,
        high=DRAWN - 1,
        step=1,
        label="Row",
        words={0: "last token", **{i: f"{i} earlier" for i in range(1, DRAWN)}},
        ticks=DRAWN - 1,
    )
    column: int = slider(2, low=0, high=COLUMNS - 1, step=1, label="Number in the row", ticks=8)


@dataclass(frozen=True)
class State:
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    matrix: bytes  # float32, the tensor's last rows and all its columns
    shape: tuple[int, int]  # of what `matrix` holds
    row: int
    column: int
    columns: tuple[str, ...]  # names of the columns where they have any
    cell: Cell
    nexts: tuple[tuple[str, float], ...]  # the likeliest next tokens after the last position
    cut: bool


async def init(params: Params) -> State:
    """Run the model, keep the stage's tensor, and make the opened number again."""
    lm = await pocket_lm.load()
    ids, cut = lm.encode(params.text)
    stage, place = STAGES[params.stage], Place(params.stage, params.layer, params.head)
    out = dict(await lm.forward(ids, sorted({stage.output, "logits", *NEEDS[params.stage]})))
    whole = tensor(place, lm.config, out)
    row = len(ids) - 1 - min(params.back, DRAWN - 1, len(ids) - 1)
    last = softmax(out["logits"][-1].astype(float))
    likely = np.argsort(-last, kind="stable")[:5].tolist()
    names: tuple[str, ...] = ()
    if params.stage == "logits":
        # 1,536 columns are no drawing: those of the tokens that are likeliest in this row
        shown = np.argsort(-whole[row], kind="stable")[:24]
        column = min(params.column, len(shown) - 1)
        opened = int(shown[column])
        whole, names = whole[:, shown], tuple(lm.piece(int(i)) for i in shown)
    else:
        column = opened = min(params.column, whole.shape[1] - 1)
        if params.stage in ("scores", "attention"):
            names = tuple(lm.piece(i) for i in ids)
    made = await cell(lm, place, out, ids, row, opened)
    kept = whole[max(0, len(ids) - DRAWN) :].astype(np.float32)
    return State(
        pieces=tuple(lm.piece(i) for i in ids),
        ids=tuple(ids),
        matrix=kept.tobytes(),
        shape=(kept.shape[0], kept.shape[1]),
        row=row,
        column=column,
        columns=names,
        cell=made,
        nexts=tuple((lm.piece(i), float(last[i])) for i in likely),
        cut=cut,
    )


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A pressed stage, row or step opens another part of the pass."""
    keys = list(STAGES)
    if event.name == "open" and event.value in STAGES:
        params = replace(params, stage=event.value)
    elif event.name == "walk" and event.value in ("-1", "1"):
        params = replace(
            params, stage=keys[max(0, min(len(keys) - 1, keys.index(params.stage) + int(event.value)))]
        )
    elif event.name == "row" and event.value in map(str, range(state.shape[0])):
        params = replace(params, back=int(event.value))
    elif event.name == "number" and event.value in ("-1", "1"):
        params = replace(params, column=max(0, min(state.shape[1] - 1, state.column + int(event.value))))
    else:
        return params, state
    return params, await init(params)


def view(params: Params, state: State) -> View:
    stage = STAGES[params.stage]
    size, (rows, columns) = len(state.pieces), state.shape
    matrix = np.frombuffer(state.matrix, np.float32).reshape(rows, columns)
    first = size - rows
    value = float(matrix[state.row - first, state.column])
    square = params.stage in ("scores", "attention")
    wide = {"logits": 1536}.get(params.stage, columns)
    of = f"[{size} × {wide:,}]"
    # a table of vectors has a row a position; only what is inside a layer belongs to a layer and a head
    where = {"enter": "", "leave": ""}.get(stage.part, f" of layer {params.layer}")
    if stage.output in ("queries", "keys", "values", "queries_rotated", "scores", "attention", "mixed"):
        where += f", head {params.head}"
    told_column = told(state.columns[state.column]) if state.columns else str(state.column)
    noun = "column" if state.columns else "number"
    top, top_p = state.nexts[0]
    reading = (
        f"**{stage.name.capitalize()}**{where}, {of}: {stage.does}. At {marked(state.pieces[state.row])}, {noun} "
        f"{told_column.replace('*', '＊').replace('`', '‵')}, it is **{signed(value, 3)}**. In the end {marked(top)} comes next, with {top_p:.1%}."
    )
    notices: list[str] = []
    if state.cut:
        notices.append("The text is longer than the model’s context: only its end was read.")
    if not params.text:
        notices.append("There is no text, so the model reads its start token alone.")
    if first:
        notices.append(f"The grid shows the last {rows} of {counted(size, 'position')}.")
    if params.column > state.column:
        notices.append(f"A row has {columns} numbers here, so number {state.column} is open.")
    table = Table(
        caption=f"{stage.name.capitalize()}{where} at {told(state.pieces[state.row])}, position {state.row}",
        columns=("Number", "Value"),
        rows=tuple(
            (told(state.columns[i]) if state.columns else str(i), signed(matrix[state.row - first, i], 3))
            for i in range(columns)
        ),
    )
    shades = (
        shares(matrix, first) if params.stage == "attention" else signs(matrix, first if square else None)
    )
    drawing: dict[str, Any] = {
        "parts": [
            (
                title,
                [
                    (key, f"{i}. {s.name}", key == params.stage)
                    for i, (key, s) in enumerate(STAGES.items(), 1)
                    if s.part == part
                ],
            )
            for part, title in PARTS.items()
        ],
        "does": stage.does,
        "name": f"{stage.name.capitalize()}{where}",
        "of": of,
        "rows": [(size - 1 - i, state.pieces[i], i == state.row) for i in range(first, size)],
        "shades": shades,
        "sequential": params.stage == "attention",
        "columns": columns,
        "height": rows,
        "opened": (state.column, state.row - first),
        "cell": state.cell,
        "value": signed(value, 3),
        "cell_name": f"row {told(state.pieces[state.row])}, {noun} {told_column}",
        "hidden": square,
        "nexts": [{"token": piece, "p": f"{100 * p:.1f}"} for piece, p in state.nexts],
    }
    facts = {
        "tokens": f"{size:,}",
        "shape": of,
        "value": signed(value, 3),
        "made": signed(state.cell.made, 3),
        "row": named(state.pieces[state.row]),
        "column": told_column or "–",
        "top": named(top),
        "p": f"{top_p:.1%}",
        "stages": str(len(STAGES)),
        "numbers": f"{rows * columns:,}",
        "id": f"{state.ids[state.row]:,}",
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=tuple(notices))


def runs(levels: np.ndarray, shades: int, first: int | None) -> list[str]:
    """One SVG path a shade over cells of 1 by 1, equal neighbours in one stroke.

    With `first`, the number of the first row's position, later columns stay empty: the mask hides them.
    """
    made: list[list[str]] = [[] for _ in range(shades)]
    for y, row in enumerate(levels.tolist()):
        end = len(row) if first is None else first + y + 1
        start = 0
        for x in range(1, end + 1):
            if x == end or row[x] != row[start]:
                made[row[start]].append(f"M{start} {y}h{x - start}v1H{start}z")
                start = x
    return ["".join(one) for one in made]


def signs(matrix: np.ndarray, first: int | None) -> list[str]:
    """Seven shades from negative to positive; the scale is the tensor's 98th percentile."""
    visible = matrix if first is None else matrix[np.tri(*matrix.shape, k=first, dtype=bool)]
    scale = float(np.quantile(np.abs(visible), 0.98)) or 1.0
    return runs(np.digitize(matrix / scale, LEVELS), len(LEVELS) + 1, first)


def shares(matrix: np.ndarray, first: int) -> list[str]:
    """Eight shades from 0 to 1."""
    return runs(np.digitize(matrix, SHARES), len(SHARES) + 1, first)
