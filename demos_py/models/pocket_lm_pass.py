"""The tensors of one pass of pocket-lm, and how each number of one is made from the tensors before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from demos_py.algorithms.rotary import frequencies
from demos_py.models.pieces import signed
from demos_py.models.pocket_lm import PocketLM


@dataclass(frozen=True)
class Stage:
    """One tensor of the pass: its name, its place in the graph's outputs, and what it is for."""

    name: str
    output: str
    does: str
    part: str  # of the pass: enter, look, know, leave


STAGES: dict[str, Stage] = {
    "embedding": Stage("embedding", "residual", "each token’s row of the embedding table", "enter"),
    "norm": Stage("norm", "normed", "the stream, scaled to an even size", "look"),
    "query": Stage("query", "queries", "what each position looks for", "look"),
    "key": Stage("key", "keys", "what each position offers", "look"),
    "value": Stage("value", "values", "what each position hands over", "look"),
    "turned": Stage("query, turned", "queries_rotated", "the query, rotated by its position", "look"),
    "scores": Stage("scores", "scores", "each query against each key", "look"),
    "attention": Stage("attention", "attention", "the scores as shares that add up to 1", "look"),
    "mix": Stage("mix", "mixed", "the values, mixed by those shares", "look"),
    "add": Stage("stream + attention", "residual", "what all heads found, added to the stream", "look"),
    "norm2": Stage("norm", "normed", "the stream, scaled again", "know"),
    "gate": Stage("gate", "gate", "how far each neuron opens", "know"),
    "up": Stage("up", "up", "what each neuron would let through", "know"),
    "hidden": Stage("gate × up", "hidden", "SiLU of the gate, times up", "know"),
    "add2": Stage("stream + MLP", "residual", "what the neurons write, added to the stream", "know"),
    "last": Stage("last norm", "normed", "the stream after all layers, scaled once more", "leave"),
    "logits": Stage("logits", "logits", "each token of the vocabulary as the next one", "leave"),
}


@dataclass(frozen=True)
class Place:
    """Which tensor of the pass: its key in `STAGES`, and the layer and head where it has one of them in each."""

    stage: str
    layer: int
    head: int


@dataclass(frozen=True)
class Cell:
    """The opened number: how it is made, from which numbers, and what they come to."""

    formula: str
    terms: tuple[tuple[str, str], ...]
    made: float


def product(
    inputs: np.ndarray, weights: np.ndarray, of: str, name: str
) -> tuple[tuple[tuple[str, str], ...], float]:
    """A sum of products: its three largest, and the others together."""
    every = inputs.astype(float) * weights.astype(float)
    largest = np.argsort(-np.abs(every), kind="stable")[:3].tolist()
    rest = float(every.sum() - every[largest].sum())
    terms = [
        (
            f"{of}[{i}] × {name}[{i}]",
            f"{signed(float(inputs[i]))} × {signed(float(weights[i]))} = {signed(float(every[i]))}",
        )
        for i in largest
    ]
    if len(every) > 3:
        terms.append((f"the other {len(every) - 3:,} products", signed(rest)))
    return tuple(terms), float(every.sum())


async def cell(
    lm: PocketLM, place: Place, out: dict[str, np.ndarray], ids: list[int], row: int, j: int
) -> Cell:
    """How the number in `row`, column `j` of the stage's tensor is made, from the tensors before it."""
    l, h, size = place.layer, place.head, lm.config["head_dim"]
    kv = h * lm.config["kv_heads"] // lm.config["heads"]
    at = f"layers.{l}."
    stage = place.stage

    async def matmul(source: np.ndarray, of: str, weight: str, name: str, column: int, formula: str) -> Cell:
        return Cell(formula, *product(source, (await lm.weight(weight))[:, column], of, name))

    if stage == "embedding":
        value = float((await lm.weight("embedding.weight"))[ids[row], j])
        return Cell(
            f"row {ids[row]:,} of the table, number {j}", (("token’s number", f"{ids[row]:,}"),), value
        )
    if stage in ("norm", "norm2", "last"):
        point = {"norm": 2 * l, "norm2": 2 * l + 1, "last": 12}[stage]
        weight = {
            "norm": f"{at}norm_attention.weight",
            "norm2": f"{at}norm_mlp.weight",
            "last": "norm.weight",
        }[stage]
        x = out["residual"][point, row].astype(float)
        root = math.sqrt(float((x * x).mean()) + lm.config["eps"])
        gain = float((await lm.weight(weight))[j])
        terms = (
            ("stream", signed(x[j])),
            ("root mean square", signed(root)),
            ("learned weight", signed(gain)),
        )
        return Cell("stream ÷ root mean square × weight", terms, x[j] / root * gain)
    if stage in ("query", "key", "value"):
        block = (h if stage == "query" else kv) * size
        return await matmul(
            out["normed"][2 * l, row],
            "norm",
            f"{at}{stage[0]}.weight",
            f"W {stage}",
            block + j,
            "norm · a column of W",
        )
    if stage == "turned":
        half = size // 2
        angle = row * float(frequencies(size, lm.config["base"])[j % half])
        q = out["queries"][l, h, row].astype(float)
        first, second = float(q[j % half]), float(q[j % half + half])
        own, other = (first, -second) if j < half else (second, first)
        terms = (
            (
                "angle",
                f"{row} × {math.degrees(angle) / row if row else 0:.3g}° = {math.degrees(angle):,.4g}°",
            ),
            ("own number × cosine", f"{signed(own)} × {signed(math.cos(angle))}"),
            ("partner × sine", f"{signed(other)} × {signed(math.sin(angle))}"),
        )
        return Cell("the pair’s two numbers, turned", terms, own * math.cos(angle) + other * math.sin(angle))
    if stage == "scores":
        q, k = out["queries_rotated"][l, h, row], out["keys_rotated"][l, kv, j]
        terms, dot = product(q, k, "query", "key")
        return Cell(
            f"query · key ÷ √{size}",
            (*terms, ("sum ÷ √32", f"{signed(dot)} ÷ {math.sqrt(size):.2f}")),
            dot / math.sqrt(size),
        )
    if stage == "attention":
        if j > row:
            return Cell("hidden by the causal mask", (("a later token", "0"),), 0.0)
        scores = out["scores"][l, h, row, : row + 1].astype(float)
        grown = np.exp(scores - scores.max())
        terms = (("exp(score − largest)", f"{grown[j]:.3f}"), ("sum over what it sees", f"{grown.sum():.3f}"))
        return Cell("exp(score − largest) ÷ their sum", terms, float(grown[j] / grown.sum()))
    if stage == "mix":
        terms, total = product(
            out["attention"][l, h, row, : row + 1], out["values"][l, kv, : row + 1, j], "attention", "value"
        )
        return Cell("attention · the values’ numbers", terms, total)
    if stage == "add":
        before = float(out["residual"][2 * l, row, j])
        terms, total = product(
            out["mixed"][l, :, row].reshape(-1), (await lm.weight(f"{at}o.weight"))[:, j], "heads", "W out"
        )
        return Cell(
            "stream + heads · a column of W", (("stream before", signed(before)), *terms), before + total
        )
    if stage in ("gate", "up"):
        return await matmul(
            out["normed"][2 * l + 1, row],
            "norm",
            f"{at}{stage}.weight",
            f"W {stage}",
            j,
            "norm · a column of W",
        )
    if stage == "hidden":
        gate, up = float(out["gate"][l, row, j]), float(out["up"][l, row, j])
        open_ = gate / (1 + math.exp(-gate))
        terms = (("gate", signed(gate)), ("SiLU of it", signed(open_)), ("up", signed(up)))
        return Cell("SiLU(gate) × up", terms, open_ * up)
    if stage == "add2":
        before = float(out["residual"][2 * l + 1, row, j])
        terms, total = product(
            out["hidden"][l, row], (await lm.weight(f"{at}down.weight"))[:, j], "neurons", "W down"
        )
        return Cell(
            "stream + neurons · a column of W", (("stream before", signed(before)), *terms), before + total
        )
    embedding = await lm.weight("embedding.weight")
    return Cell(
        "last norm · the token’s embedding",
        *product(out["normed"][12, row], embedding[j], "norm", "embedding"),
    )


# of each stage, the outputs that its numbers are made from
NEEDS: dict[str, tuple[str, ...]] = {
    "embedding": (),
    "norm": ("residual",),
    "norm2": ("residual",),
    "last": ("residual",),
    "query": ("normed",),
    "key": ("normed",),
    "value": ("normed",),
    "turned": ("queries",),
    "scores": ("queries_rotated", "keys_rotated"),
    "attention": ("scores",),
    "mix": ("attention", "values"),
    "add": ("mixed",),
    "gate": ("normed",),
    "up": ("normed",),
    "hidden": ("gate", "up"),
    "add2": ("hidden",),
    "logits": ("normed",),
}


def tensor(place: Place, config: dict[str, Any], out: dict[str, np.ndarray]) -> np.ndarray:
    """The stage's tensor, [positions, columns]."""
    l, h = place.layer, place.head
    kv = h * config["kv_heads"] // config["heads"]
    stage = place.stage
    array = out[STAGES[stage].output]
    if stage == "logits":
        return array
    if stage in ("embedding", "add", "add2", "norm", "norm2", "last"):
        return array[
            {
                "embedding": 0,
                "norm": 2 * l,
                "add": 2 * l + 1,
                "norm2": 2 * l + 1,
                "add2": 2 * l + 2,
                "last": 12,
            }[stage]
        ]
    if stage in ("key", "value"):
        return array[l, kv]
    return array[l] if stage in ("gate", "up", "hidden") else array[l, h]
