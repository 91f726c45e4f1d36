"""The ONNX graphs of a decoder, written node by node, so that every tensor has the name that the book uses.

`forward` gives every intermediate and takes masks and patches; `lens` reads logits off any residual stream;
`decode` goes on from a cache of keys and values. All three take their weights from one file, in float16, and
compute in float32. Shapes: T tokens, L layers, H heads, D head size, d width, P positions in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from wasm.models.network import Config, rope_table

WEIGHTS = "weights.bin"
Layout = Mapping[str, tuple[int, tuple[int, ...]]]  # of each weight: its offset in the file, and its shape
OPSET = 18
IR = 9
CLAMPED = 6  # the point of the residual stream at which a direction can be clamped: after three layers
HIDDEN = -1e30  # a score that softmax turns to zero


class Graph:
    """Collects nodes and initialisers; each method that adds a node returns the name of its output."""

    def __init__(self, layout: Layout, weights: str = WEIGHTS) -> None:
        self.layout = layout
        self.weights = weights
        self.nodes: list[Any] = []
        self.initialisers: dict[str, Any] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.made: dict[str, str] = {}

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        out = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"make_{out}", **attributes))
        return out

    def halves(self, x: str) -> tuple[str, str]:
        names = (f"first_{len(self.nodes)}", f"second_{len(self.nodes)}")
        self.nodes.append(helper.make_node("Split", [x], list(names), axis=-1, num_outputs=2))
        return names

    def constant(self, value: Any, kind: type = np.float32) -> str:
        array = np.asarray(value, kind)
        key = f"{array.dtype}{array.shape}{array.tobytes().hex()}"
        if key not in self.made:
            self.made[key] = name = f"constant_{len(self.made)}"
            self.initialisers[name] = numpy_helper.from_array(array, name)
        return self.made[key]

    def weight(self, name: str) -> str:
        """A weight as float32; it lies in the weights' file as float16."""
        if name not in self.made:
            offset, shape = self.layout[name]
            tensor = TensorProto(name=f"{name}.half", data_type=TensorProto.FLOAT16, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", self.weights),
                ("offset", offset),
                ("length", 2 * int(np.prod(shape))),
            ):
                tensor.external_data.add(key=key, value=str(value))
            self.initialisers[tensor.name] = tensor
            self.made[name] = self.op("Cast", tensor.name, name=name, to=TensorProto.FLOAT)
        return self.made[name]

    def input(self, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def pick(self, stack: str, index: int) -> str:
        return self.op("Gather", stack, self.constant(index, np.int64), axis=0)

    def stack(self, name: str, parts: Sequence[str], shape: Sequence[int | str]) -> None:
        axis = self.constant([0], np.int64)
        self.op("Concat", *(self.op("Unsqueeze", part, axis) for part in parts), name=name, axis=0)
        self.output(name, shape)

    def model(self, name: str) -> ModelProto:
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, list(self.initialisers.values())
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="cutaway"
        )


def norm(g: Graph, x: str, weight: str, eps: float) -> str:
    """RMSNorm: x / sqrt(mean(x²) + eps) · weight. Zhang and Sennrich 2019, eq. 4."""
    mean = g.op("ReduceMean", g.op("Mul", x, x), g.constant([-1], np.int64), keepdims=1)
    size = g.op("Sqrt", g.op("Add", mean, g.constant(eps)))
    return g.op("Mul", g.op("Div", x, size), g.weight(weight))


def rotated(g: Graph, x: str, cos: str, sin: str) -> str:
    first, second = g.halves(x)
    left = g.op("Sub", g.op("Mul", first, cos), g.op("Mul", second, sin))
    right = g.op("Add", g.op("Mul", second, cos), g.op("Mul", first, sin))
    return g.op("Concat", left, right, axis=-1)


def split_heads(g: Graph, x: str, heads: int, size: int, batch: bool) -> str:
    kept = [0, 0] if batch else [0]
    shaped = g.op("Reshape", x, g.constant([*kept, heads, size], np.int64))
    return g.op("Transpose", shaped, perm=[0, 2, 1, 3] if batch else [1, 0, 2])


def clamped(g: Graph, x: str, config: Config) -> str:
    """x with one direction's activation, relu(x·read + bias), set to a value where `clamp_on` is 1."""
    d = config.width
    read = g.op("Unsqueeze", g.input("clamp_read", [d]), g.constant([1], np.int64))
    active = g.op("Relu", g.op("Add", g.op("MatMul", x, read), g.input("clamp_bias", [1])))
    change = g.op("Mul", g.op("Sub", g.input("clamp_value", [1]), active), g.input("clamp_on", [1]))
    return g.op("Add", x, g.op("Mul", change, g.input("clamp_write", [d])))


def attended(
    g: Graph, q: str, k: str, v: str, hidden: str, config: Config, batch: bool
) -> tuple[str, str, str]:
    """Scores before the mask, attention, and values mixed by it; each key head serves a group of heads."""
    group = config.heads // config.kv_heads
    serves = g.constant([head // group for head in range(config.heads)], np.int64)
    axis = 1 if batch else 0
    k, v = (g.op("Gather", x, serves, axis=axis) for x in (k, v))
    turned = g.op("Transpose", k, perm=[0, 1, 3, 2] if batch else [0, 2, 1])
    scores = g.op("Mul", g.op("MatMul", q, turned), g.constant(config.head_dim**-0.5))
    attention = g.op("Softmax", g.op("Where", hidden, g.constant(HIDDEN), scores), axis=-1)
    return scores, attention, g.op("MatMul", attention, v)


def joined(g: Graph, mixed: str, config: Config, batch: bool) -> str:
    turned = g.op("Transpose", mixed, perm=[0, 2, 1, 3] if batch else [1, 0, 2])
    kept = [0, 0] if batch else [0]
    return g.op("Reshape", turned, g.constant([*kept, config.heads * config.head_dim], np.int64))


def angles(g: Graph, config: Config) -> tuple[str, str]:
    cos, sin = (g.constant(table.numpy()) for table in rope_table(config))
    return g.op("Gather", cos, "positions"), g.op("Gather", sin, "positions")


def later(g: Graph, key_positions: str) -> str:
    """Which keys stand after which query, and so are hidden from it."""
    query = g.op("Unsqueeze", "positions", g.constant([1], np.int64))
    return g.op("Greater", g.op("Unsqueeze", key_positions, g.constant([0], np.int64)), query)


def unembedded(g: Graph, x: str, config: Config, name: str = "logits") -> str:
    turned = g.op("Transpose", g.weight("embedding.weight"), perm=[1, 0])
    return g.op("MatMul", x, turned, name=name)


def forward(config: Config, layout: Layout, weights: str = WEIGHTS) -> ModelProto:
    """One pass over T tokens with every intermediate as an output."""
    c, g = config, Graph(layout, weights)
    points = (2 if c.d_ff else 1) * c.layers + 1
    g.input("ids", ["T"], TensorProto.INT32)
    g.input("positions", ["T"], TensorProto.INT32)
    g.input("head_mask", [c.layers, c.heads, 1, 1])
    g.input("head_patch", [c.layers, c.heads, "T_head", c.head_dim])
    g.input("block_mask", [c.layers, 2])
    g.input("residual_mask", [points, "T_mask", 1])
    g.input("residual_patch", [points, "T_patch", c.width])
    kept: dict[str, list[str]] = {}

    def keep(name: str, value: str) -> str:
        kept.setdefault(name, []).append(value)
        return value

    def point(x: str) -> str:
        number = len(kept.get("residual", []))
        x = g.op("Mul", x, g.pick("residual_mask", number))
        x = g.op("Add", x, g.pick("residual_patch", number))
        return keep("residual", clamped(g, x, c) if number == CLAMPED else x)

    cos, sin = angles(g, c)
    hidden = later(g, "positions")
    x = point(g.op("Gather", g.weight("embedding.weight"), "ids"))
    for layer in range(c.layers):
        at = f"layers.{layer}."
        masks = g.pick("block_mask", layer)
        n = keep("normed", norm(g, x, f"{at}norm_attention.weight", c.eps))
        q, k, v = (
            keep(
                name,
                split_heads(g, g.op("MatMul", n, g.weight(f"{at}{key}.weight")), heads, c.head_dim, False),
            )
            for name, key, heads in (
                ("queries", "q", c.heads),
                ("keys", "k", c.kv_heads),
                ("values", "v", c.kv_heads),
            )
        )
        q, k = keep("queries_rotated", rotated(g, q, cos, sin)), keep("keys_rotated", rotated(g, k, cos, sin))
        scores, attention, mixed = attended(g, q, k, v, hidden, c, False)
        keep("scores", scores)
        keep("attention", attention)
        mixed = g.op("Mul", mixed, g.pick("head_mask", layer))
        mixed = keep("mixed", g.op("Add", mixed, g.pick("head_patch", layer)))
        added = g.op("MatMul", joined(g, mixed, c, False), g.weight(f"{at}o.weight"))
        x = point(g.op("Add", x, keep("attention_out", g.op("Mul", added, g.pick(masks, 0)))))
        if not c.d_ff:
            continue
        n = keep("normed", norm(g, x, f"{at}norm_mlp.weight", c.eps))
        gate, up = (keep(name, g.op("MatMul", n, g.weight(f"{at}{name}.weight"))) for name in ("gate", "up"))
        inner = keep("hidden", g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up))
        added = g.op("MatMul", inner, g.weight(f"{at}down.weight"))
        x = point(g.op("Add", x, keep("mlp_out", g.op("Mul", added, g.pick(masks, 1)))))
    unembedded(g, keep("normed", norm(g, x, "norm.weight", c.eps)), c)
    g.output("logits", ["T", c.vocab])
    by_head, by_kv = [c.layers, c.heads, "T"], [c.layers, c.kv_heads, "T", c.head_dim]
    shapes: dict[str, list[int | str]] = {
        "residual": [points, "T", c.width],
        "normed": [points, "T", c.width],
        "queries": [*by_head, c.head_dim],
        "keys": [*by_kv],
        "values": [*by_kv],
        "queries_rotated": [*by_head, c.head_dim],
        "keys_rotated": [*by_kv],
        "scores": [*by_head, "T"],
        "attention": [*by_head, "T"],
        "mixed": [*by_head, c.head_dim],
        "attention_out": [c.layers, "T", c.width],
        "gate": [c.layers, "T", c.d_ff],
        "up": [c.layers, "T", c.d_ff],
        "hidden": [c.layers, "T", c.d_ff],
        "mlp_out": [c.layers, "T", c.width],
    }
    for name, shape in shapes.items():
        if name in kept:
            g.stack(name, kept[name], shape)
    return g.model("forward")


def lens(config: Config, layout: Layout) -> ModelProto:
    """The logits that the final norm and the unembedding read off any residual stream [N, d]."""
    g = Graph(layout)
    g.input("residual", ["N", config.width])
    unembedded(g, norm(g, "residual", "norm.weight", config.eps), config)
    g.output("logits", ["N", config.vocab])
    return g.model("lens")


def autoencoder(width: int, features: int, layout: Layout) -> ModelProto:
    """Sparse features of residual vectors [N, d], and the vectors made again from them."""
    g = Graph(layout)
    g.input("residual", ["N", width])
    read = g.op("MatMul", "residual", g.weight("read"))
    active = g.op("Relu", g.op("Add", read, g.weight("bias")), name="activations")
    g.op("Add", g.op("MatMul", active, g.weight("write")), g.weight("centre"), name="reconstruction")
    g.output("activations", ["N", features])
    g.output("reconstruction", ["N", width])
    return g.model("encode")


def decode(config: Config, layout: Layout) -> ModelProto:
    """T more tokens of each of B texts, after P positions whose rotated keys and values are given."""
    c, g = config, Graph(layout)
    g.input("ids", ["B", "T"], TensorProto.INT32)
    g.input("positions", ["T"], TensorProto.INT32)
    g.input("key_positions", ["S"], TensorProto.INT32)
    g.input("past_keys", [c.layers, "B", c.kv_heads, "P", c.head_dim])
    g.input("past_values", [c.layers, "B", c.kv_heads, "P", c.head_dim])
    cos, sin = angles(g, c)
    hidden = later(g, "key_positions")
    x = g.op("Gather", g.weight("embedding.weight"), "ids")
    caches: dict[str, list[str]] = {"keys": [], "values": []}
    for layer in range(c.layers):
        at = f"layers.{layer}."
        n = norm(g, x, f"{at}norm_attention.weight", c.eps)
        q, k, v = (
            split_heads(g, g.op("MatMul", n, g.weight(f"{at}{key}.weight")), heads, c.head_dim, True)
            for key, heads in (("q", c.heads), ("k", c.kv_heads), ("v", c.kv_heads))
        )
        k = g.op("Concat", g.pick("past_keys", layer), rotated(g, k, cos, sin), axis=2)
        v = g.op("Concat", g.pick("past_values", layer), v, axis=2)
        caches["keys"].append(k)
        caches["values"].append(v)
        *_, mixed = attended(g, rotated(g, q, cos, sin), k, v, hidden, c, True)
        x = g.op("Add", x, g.op("MatMul", joined(g, mixed, c, True), g.weight(f"{at}o.weight")))
        n = norm(g, x, f"{at}norm_mlp.weight", c.eps)
        gate, up = (g.op("MatMul", n, g.weight(f"{at}{name}.weight")) for name in ("gate", "up"))
        inner = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
        x = g.op("Add", x, g.op("MatMul", inner, g.weight(f"{at}down.weight")))
        if 2 * (layer + 1) == CLAMPED:
            x = clamped(g, x, c)
    unembedded(g, norm(g, x, "norm.weight", c.eps), c)
    g.output("logits", ["B", "T", c.vocab])
    for name, parts in caches.items():
        g.stack(name, parts, [c.layers, "B", c.kv_heads, "S", c.head_dim])
    return g.model("decode")
