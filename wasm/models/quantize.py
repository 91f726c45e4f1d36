"""Quantizes pocket-lm's weights to 8 and 4 bits: `python -m wasm.models.quantize`.

Only weights are rounded; sums are made in float32. Each block of 32 weights that meet in one sum has one scale. The
rounding is symmetric, a weight is a whole number times its scale, and to the nearest, so that no weight moves by more
than half a step (as Q8_0 of llama.cpp does, and nearly Q4_0). Norms stay in float16. `DequantizeLinear` is not used:
ONNX Runtime joins it with the product that follows, and then rounds the activations too, on some machines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from demos_py.algorithms.bpe import Tokenizer
from wasm.models import graphs
from wasm.models.abilities import measured
from wasm.models.export import clamp_off
from wasm.models.network import Config
from wasm.models.packing import load_tokenizer, rows
from wasm.models.pocket_lm import FOLDER

BLOCK = 32
EMBEDDING = "embedding.weight"
CONTRIB = "com.microsoft"
SURE = "same top token where float16 is sure"

CARD = """\
# pocket-lm in 8 and 4 bits

The weights of pocket-lm (README.md) rounded after training, without any more of it. Written by
`python -m wasm.models.quantize`; every figure below is measured by it, with ONNX Runtime on the CPU.

| | float16 | int8 | int4 |
|---|---|---|---|
{table}

{how}

Loss and agreement are of {tokens:,} tokens of newly generated text; agreement is the share of tokens after which
the most likely next token is the one of float16. In {unsure:.0%} of the places no token has more than half: the corpus
draws a name or a number there, many are about as likely, and the least change picks another. The abilities, and what
counts as unseen, are those of README.md. Each is a share of 30 to 500 answers, too few to show what the loss shows.
"""
HOW = """\
Each block of 32 weights that meet in one sum has one float16 scale, so a weight costs half a bit more than its number.
Numbers go from -127 to 127 or from -7 to 7, to the nearest, so no weight moves by more than half a step. They are
stored with 128 or 8 added; of 4 bits two lie in a byte, the lower half first. `MatMulNBits` of ONNX Runtime reads
them as they lie, as weights of every product. Norms stay in float16, and all sums are float32."""


@dataclass(frozen=True)
class Packed:
    """A rounded matrix: whole numbers, and a scale for each block of an output's inputs."""

    numbers: np.ndarray  # int8 [outputs, inputs]
    scales: np.ndarray  # float16 [outputs, inputs / BLOCK]


def rounded(matrix: np.ndarray, bits: int) -> Packed:
    """Round a matrix [outputs, inputs] symmetrically: the greatest weight of each block becomes 2^(bits-1) - 1."""
    most = 2 ** (bits - 1) - 1
    groups = matrix.astype(np.float32).reshape(len(matrix), -1, BLOCK)
    scales = (np.abs(groups).max(-1) / most).astype(np.float16)
    # a scale that float16 rounded down would cut the greatest weight off, by less than half a step
    numbers = np.clip(np.rint(groups / np.maximum(scales, 6e-8).astype(np.float32)[..., None]), -most, most)
    return Packed(numbers.reshape(matrix.shape).astype(np.int8), scales)


def lifted(numbers: np.ndarray, bits: int) -> np.ndarray:
    """Numbers [outputs, inputs] as they are stored: half the range added, uint8; of 4 bits two to a byte, lower first."""
    bytes_ = (numbers.astype(np.int16) + 2 ** (bits - 1)).astype(np.uint8)
    return bytes_ if bits == 8 else bytes_[:, ::2] | bytes_[:, 1::2] << 4


@cache
def weights() -> Mapping[str, np.ndarray]:
    """The committed float16 weights by name, as float32."""
    data = (FOLDER / graphs.WEIGHTS).read_bytes()
    return {
        name: np.frombuffer(data, "<f2", int(np.prod(shape)), offset).reshape(shape).astype(np.float32)
        for name, (offset, shape) in stored_sizes()["weights"].items()
    }


def stored_sizes() -> dict[str, Any]:
    return json.loads((FOLDER / "model.json").read_text())


def sizes() -> Config:
    stored = stored_sizes()
    return Config(**{field.name: stored[field.name] for field in fields(Config)})


def outputs_first(name: str) -> np.ndarray:
    """A matrix as [outputs, inputs]; those of the layers lie the other way round, the embedding by token."""
    return weights()[name] if name == EMBEDDING else weights()[name].T


class File:
    """Collects arrays for one file; each gets its offset."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = bytearray()

    def add(self, name: str, array: np.ndarray, kind: int) -> tuple[TensorProto, int]:
        offset, raw = len(self.data), np.ascontiguousarray(array).tobytes()
        self.data += raw
        self.data += bytes(-len(self.data) % 4)
        return outside(name, kind, array.shape, self.name, offset, len(raw)), offset


def outside(
    name: str, kind: int, shape: Sequence[int], location: str, offset: int, length: int
) -> TensorProto:
    """An initialiser whose bytes lie in another file."""
    tensor = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def converted(bits: int, file: File) -> tuple[ModelProto, dict[str, Any]]:
    """The decode graph over rounded weights, and where each weight's numbers and scales lie in the file."""
    layout = {name: (offset, tuple(shape)) for name, (offset, shape) in stored_sizes()["weights"].items()}
    model = graphs.decode(sizes(), layout)
    halves = {f"{name}.half" for name in layout}
    kept = [t for t in model.graph.initializer if t.name not in halves]
    made: dict[str, Any] = {}
    before: list[NodeProto] = []
    for name in layout:
        if weights()[name].ndim == 1:
            tensor, offset = file.add(f"{name}.half", weights()[name].astype(np.float16), TensorProto.FLOAT16)
            kept.append(tensor)
            made[name] = {"numbers": offset, "shape": list(tensor.dims)}
            before.append(cast(f"{name}.half", name))
            continue
        matrix = outputs_first(name)
        packed = rounded(matrix, bits)
        tensors, places, first = initialisers(name, packed, bits, file)
        kept += tensors
        made[name] = places | {"shape": list(matrix.shape)}
        before += first
    nodes = [n for n in model.graph.node if not (n.op_type == "Cast" and n.input[0] in halves)]
    turned = [n.output[0] for n in nodes if n.op_type == "Transpose" and n.input[0] == EMBEDDING]
    nodes = [swapped(n, made, turned, bits) for n in nodes if n.output[0] not in turned]
    place = next(i for i, n in enumerate(nodes) if n.op_type == "Gather" and n.input[0] == EMBEDDING)
    nodes[place : place + 1], constants = looked_up(nodes[place], made[EMBEDDING]["shape"][1], bits)
    kept += constants
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend([*before, *nodes])
    model.graph.initializer.extend(kept)
    model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    return model, made


def cast(source: str, to: str) -> NodeProto:
    return helper.make_node("Cast", [source], [to], name=f"make_{to}", to=TensorProto.FLOAT)


def initialisers(
    name: str, packed: Packed, bits: int, file: File
) -> tuple[list[TensorProto], dict[str, int], list[NodeProto]]:
    """A matrix's numbers and scales in the file, and the nodes that make what products read."""
    numbers, scales = packed.numbers, packed.scales
    outputs, inputs = numbers.shape
    data_bytes = lifted(numbers, bits)
    blocks = [outputs, inputs // BLOCK, BLOCK * bits // 8]
    data, at = file.add(f"{name}.numbers", data_bytes.reshape(blocks), TensorProto.UINT8)
    steps, scales_at = file.add(f"{name}.scales.half", scales.reshape(-1), TensorProto.FLOAT16)
    tensors, nodes = [data, steps], [cast(f"{name}.scales.half", f"{name}.scales")]
    if name == EMBEDDING:
        # the same bytes once more, in the shape that the look-up wants
        tensors.append(
            outside(f"{name}.rows", TensorProto.UINT8, data_bytes.shape, file.name, at, data_bytes.size)
        )
        half = f"{name}.row_scales.half"
        tensors.append(
            outside(half, TensorProto.FLOAT16, scales.shape, file.name, scales_at, 2 * scales.size)
        )
        nodes.append(cast(half, f"{name}.row_scales"))
    return tensors, {"numbers": at, "scales": scales_at}, nodes


def looked_up(node: NodeProto, width: int, bits: int) -> tuple[list[NodeProto], list[TensorProto]]:
    """The embedding's rows for some ids, unpacked by arithmetic that every build of ONNX Runtime has.

    Its own `GatherBlockQuantized` is missing for the CPU in the builds that bring WebGPU.
    """
    ids, result = node.input[1], node.output[0]
    constants: list[TensorProto] = []
    nodes: list[NodeProto] = []

    def constant(name: str, value: float | list[int]) -> str:
        kind = np.int64 if isinstance(value, list) else np.float32
        constants.append(numpy_helper.from_array(np.asarray(value, kind), f"rows.{name}"))
        return f"rows.{name}"

    def op(kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        out = name or f"rows.{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [out], name=f"make_{out}", **attributes))
        return out

    numbers = op("Cast", op("Gather", f"{EMBEDDING}.rows", ids, axis=0), to=TensorProto.FLOAT)
    if bits == 4:
        second = op("Floor", op("Mul", numbers, constant("sixteenth", 1 / 16)))
        first = op("Sub", numbers, op("Mul", second, constant("sixteen", 16.0)))
        last = constant("last", [-1])
        numbers = op("Concat", op("Unsqueeze", first, last), op("Unsqueeze", second, last), axis=-1)
    blocks = op("Reshape", numbers, constant("blocks", [0, 0, width // BLOCK, BLOCK]))
    centred = op("Sub", blocks, constant("zero", float(2 ** (bits - 1))))
    scales = op("Unsqueeze", op("Gather", f"{EMBEDDING}.row_scales", ids, axis=0), constant("end", [-1]))
    op("Reshape", op("Mul", centred, scales), constant("width", [0, 0, width]), name=result)
    return nodes, constants


def swapped(node: NodeProto, made: Mapping[str, Any], turned: Sequence[str], bits: int) -> NodeProto:
    """A node of the float16 graph as the rounded one has it; `turned` names the embedding's transpose."""
    if node.op_type != "MatMul":
        return node
    name = EMBEDDING if node.input[1] in turned else node.input[1]
    if name not in made:
        return node
    outputs, inputs = made[name]["shape"]
    return helper.make_node(
        "MatMulNBits",
        [node.input[0], f"{name}.numbers", f"{name}.scales"],
        list(node.output),
        name=node.name,
        domain=CONTRIB,
        K=inputs,
        N=outputs,
        bits=bits,
        block_size=BLOCK,
        accuracy_level=1,  # sums in float32
    )


class Runner:
    """A decode graph as a greedy writer and a judge of texts."""

    def __init__(self, graph: str, tokenizer: Tokenizer) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(FOLDER / f"{graph}.onnx", options)
        self.tokenizer, self.config = tokenizer, sizes()

    def step(
        self, ids: np.ndarray, keys: np.ndarray | None = None, values: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Logits, keys and values after more tokens [texts, T]."""
        c = self.config
        if keys is None or values is None:
            keys = values = np.zeros((c.layers, len(ids), c.kv_heads, 0, c.head_dim), np.float32)
        past = keys.shape[3]
        places = np.arange(past + ids.shape[1], dtype=np.int32)
        feeds = {"ids": ids.astype(np.int32), "positions": places[past:], "key_positions": places}
        feeds |= {"past_keys": keys, "past_values": values} | clamp_off(c)
        logits, keys, values = map(np.asarray, self.session.run(["logits", "keys", "values"], feeds))
        return logits, keys, values

    def complete(self, prompts: Sequence[str], length: int) -> list[str]:
        """Each prompt continued greedily by some tokens; prompts of equal length go together."""
        end = len(self.tokenizer.tokens)
        ids = [[end, *self.tokenizer.encode(prompt)] for prompt in prompts]
        said: dict[int, str] = {}
        for size in {len(row) for row in ids}:
            group = [i for i, row in enumerate(ids) if len(row) == size]
            logits, keys, values = self.step(np.array([ids[i] for i in group]))
            new = [logits[:, -1].argmax(-1)]
            while len(new) < length and not all(np.any(np.array(new) == end, axis=0)):
                logits, keys, values = self.step(new[-1][:, None], keys, values)
                new.append(logits[:, -1].argmax(-1))
            for i, row in zip(group, np.array(new).T.tolist(), strict=True):
                said[i] = self.tokenizer.decode(row[: row.index(end) if end in row else len(row)])
        return [said[i] for i in range(len(ids))]


def judged(runner: Runner, texts: np.ndarray, first: Sequence[np.ndarray]) -> tuple[dict[str, float], list]:
    """Loss in nat a token, and agreement with what float16 said first; ends that fill a row do not count."""
    end = len(runner.tokenizer.tokens)
    losses, same, sure, apart, kept = [], [], [], [], []
    for number, row in enumerate(np.array_split(texts, len(texts) // 8)):
        logits = runner.step(row[:, :-1])[0]
        after = row[:, 1:].astype(int)
        counts = (after != end) | (row[:, :-1] != end)
        chosen = logits[counts].astype(np.float64)
        shifted = chosen - chosen.max(-1, keepdims=True)
        said = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        losses += list(-said[np.arange(len(said)), after[counts]])
        kept.append(said.astype(np.float32))
        true = first[number] if first else kept[-1]
        same += list(said.argmax(-1) == true.argmax(-1))
        sure += list(true.max(-1) > np.log(0.5))
        apart += list((np.exp(true) * (true - said)).sum(-1))
    found = {"loss, nat a token": float(np.mean(losses)), "same top token": float(np.mean(same))}
    found[SURE] = float(np.mean(np.array(same)[np.array(sure)]))
    found["share where float16 is sure"] = float(np.mean(sure))
    return found | {"divergence from float16, nat": float(np.mean(apart)), "tokens": len(losses)}, kept


def card(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The card, in Markdown, from what was measured by kind of number."""
    kinds = list(results.values())
    row = lambda title, of: f"| {title} | " + " | ".join(of(kind) for kind in kinds) + " |"
    lines = [
        row("weights, bytes", lambda kind: f"{kind['bytes']:,}"),
        row("bits a weight, scales and norms counted", lambda kind: f"{kind['bits a weight']:.2f}"),
        row("loss, nat a token", lambda kind: f"{kind['loss, nat a token']:.4f}"),
        row(
            "divergence from float16, nat a token", lambda kind: f"{kind['divergence from float16, nat']:.5f}"
        ),
        row("same top token as float16", lambda kind: f"{kind['same top token']:.2%}"),
        row("the same, where float16 gives it more than half", lambda kind: f"{kind[SURE]:.2%}"),
        *(
            row(name, lambda kind, name=name: f"{kind['abilities'][name]:.1%}")
            for name in kinds[0]["abilities"]
        ),
    ]
    return CARD.format(
        table="\n".join(lines),
        how=HOW,
        tokens=kinds[0]["tokens"],
        unsure=1 - kinds[0]["share where float16 is sure"],
    )


def main() -> None:
    tokenizer = load_tokenizer(FOLDER / "tokenizer.json")
    places: dict[str, Any] = {}
    for bits in (8, 4):
        file = File(f"decode-int{bits}.bin")
        model, made = converted(bits, file)
        (FOLDER / f"decode-int{bits}.onnx").write_bytes(model.SerializeToString(deterministic=True))
        (FOLDER / file.name).write_bytes(file.data)
        places[f"int{bits}"] = {"file": file.name, "bits": bits, "block": BLOCK, "weights": made}
    texts, _ = rows(tokenizer, 64, sizes().context, seed=99)
    results: dict[str, dict[str, Any]] = {}
    true: list[np.ndarray] = []
    parameters = stored_sizes()["parameters"]
    for kind, graph in {"float16": "decode", "int8": "decode-int8", "int4": "decode-int4"}.items():
        runner = Runner(graph, tokenizer)
        found, kept = judged(runner, texts, true)
        true = true or kept
        length = (FOLDER / (graphs.WEIGHTS if kind == "float16" else f"{graph}.bin")).stat().st_size
        results[kind] = found | {"bytes": length, "bits a weight": 8 * length / parameters}
        results[kind]["abilities"] = measured(runner.complete)
        print(kind, json.dumps(results[kind], indent=1), flush=True)
    stored = {"measured": results} | places
    (FOLDER / "quantized.json").write_text(json.dumps(stored, indent=1) + "\n")
    (FOLDER / "QUANTIZED.md").write_text(card(results))


if __name__ == "__main__":
    main()
