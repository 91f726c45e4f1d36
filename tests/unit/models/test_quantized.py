"""The rounded weights by hand from their bytes, and the graphs over them against the same weights put in one by one."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

FOLDER = Path(__file__).parents[3] / "wasm/models/pocket-lm"
MODEL = json.loads((FOLDER / "model.json").read_text())
STORED = json.loads((FOLDER / "quantized.json").read_text())
LAYERS, HEADS, KV, SIZE = (MODEL[name] for name in ("layers", "heads", "kv_heads", "head_dim"))
IDS = np.random.default_rng(7).integers(0, MODEL["vocab"], 24)
KINDS = ("int8", "int4")


@cache
def exact() -> dict[str, np.ndarray]:
    """The float16 weights as [outputs, inputs]."""
    data = (FOLDER / "weights.bin").read_bytes()
    found = {
        name: np.frombuffer(data, np.float16, int(np.prod(shape)), offset).reshape(shape).astype(np.float64)
        for name, (offset, shape) in MODEL["weights"].items()
    }
    return {name: w.T if w.ndim == 2 and name.startswith("layers") else w for name, w in found.items()}


@cache
def unpacked(kind: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each matrix's restored weights and its step sizes, both [outputs, inputs], read byte by byte."""
    data = (FOLDER / STORED[kind]["file"]).read_bytes()
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, place in STORED[kind]["weights"].items():
        if "scales" not in place:
            norm = np.frombuffer(data, np.float16, place["shape"][0], place["numbers"]).astype(np.float64)
            found[name] = norm, np.zeros_like(norm)
            continue
        outputs, inputs = place["shape"]
        bits, block = STORED[kind]["bits"], STORED[kind]["block"]
        lies = data[place["numbers"] : place["numbers"] + outputs * inputs * bits // 8]
        halves = (
            [byte - 128 for byte in lies] if bits == 8 else [h - 8 for b in lies for h in (b % 16, b // 16)]
        )
        numbers = np.array(halves).reshape(outputs, inputs)
        steps = np.frombuffer(data, np.float16, outputs * inputs // block, place["scales"])
        steps = steps.astype(np.float64).repeat(block).reshape(outputs, inputs)
        found[name] = numbers * steps, steps
    return found


@cache
def session(graph: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(FOLDER / f"{graph}.onnx")


def decoded(
    graph: str, ids: np.ndarray = IDS, past: tuple[np.ndarray, np.ndarray] | None = None
) -> list[np.ndarray]:
    keys, values = past or (np.zeros((LAYERS, 1, KV, 0, SIZE), np.float32),) * 2
    places = np.arange(keys.shape[3] + len(ids), dtype=np.int32)
    sizes = {"read": MODEL["width"], "write": MODEL["width"], "bias": 1, "value": 1, "on": 1}
    feeds = {f"clamp_{name}": np.zeros(size, np.float32) for name, size in sizes.items()}
    feeds |= {
        "ids": ids[None].astype(np.int32),
        "positions": places[keys.shape[3] :],
        "key_positions": places,
    }
    found = session(graph).run(
        ["logits", "keys", "values"], feeds | {"past_keys": keys, "past_values": values}
    )
    return [np.asarray(array) for array in found]


def by_hand(w: dict[str, np.ndarray]) -> np.ndarray:
    """The logits of IDS from weights [outputs, inputs], in float64."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + MODEL["eps"]) * w[name]

    def turn(x: np.ndarray) -> np.ndarray:
        half = SIZE // 2
        angle = np.arange(len(x))[:, None] * MODEL["base"] ** (-np.arange(half) / half)
        turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
        return np.concatenate([turned.real, turned.imag], 1)

    x = w["embedding.weight"][IDS]
    hidden = np.triu(np.full((len(IDS), len(IDS)), -np.inf), 1)
    for layer in range(LAYERS):
        at = f"layers.{layer}."
        n = norm(x, at + "norm_attention.weight")
        q, k, v = (
            np.split(n @ w[f"{at}{kind}.weight"].T, heads, 1)
            for kind, heads in (("q", HEADS), ("k", KV), ("v", KV))
        )
        mixed = []
        for head in range(HEADS):
            shared = head * KV // HEADS
            score = turn(q[head]) @ turn(k[shared]).T / np.sqrt(SIZE) + hidden
            share = np.exp(score - score.max(1, keepdims=True))
            mixed.append(share / share.sum(1, keepdims=True) @ v[shared])
        x = x + np.concatenate(mixed, 1) @ w[at + "o.weight"].T
        n = norm(x, at + "norm_mlp.weight")
        gate = n @ w[at + "gate.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * (n @ w[at + "up.weight"].T)) @ w[at + "down.weight"].T
    return norm(x, "norm.weight") @ w["embedding.weight"].T


@pytest.mark.parametrize("kind", KINDS)
def test_no_weight_moves_by_more_than_half_a_step(kind: str) -> None:
    assert set(unpacked(kind)) == set(exact())
    most = 127 if kind == "int8" else 7
    for name, (restored, steps) in unpacked(kind).items():
        # a scale that float16 rounded down, by a 2048th at most, cuts the greatest number that little short
        assert (np.abs(restored - exact()[name]) <= steps * (0.5 + 1e-6)).all(), name
        assert (np.abs(restored) <= most * steps + (steps == 0) * np.abs(restored)).all(), name
        if restored.ndim == 2:
            assert (restored != exact()[name]).mean() > 0.5  # they are rounded indeed


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_computes_with_the_bytes_weights(kind: str) -> None:
    expected = by_hand({name: restored for name, (restored, _) in unpacked(kind).items()})
    logits, *_ = decoded(f"decode-{kind}")
    assert np.abs(logits[0] - expected).max() < 1e-3
    assert np.abs(by_hand(exact()) - expected).max() > 1e-2  # and not with those of float16


@pytest.mark.parametrize("kind", KINDS)
def test_a_cache_goes_on_as_the_whole_does(kind: str) -> None:
    whole, *_ = decoded(f"decode-{kind}")
    _, keys, values = decoded(f"decode-{kind}", IDS[:15])
    rest, *_ = decoded(f"decode-{kind}", IDS[15:], (keys, values))
    assert np.abs(rest[0] - whole[0, 15:]).max() < 1e-3


def test_sizes_are_true() -> None:
    sizes = {kind: (FOLDER / STORED[kind]["file"]).stat().st_size for kind in KINDS}
    assert sizes == {kind: STORED["measured"][kind]["bytes"] for kind in KINDS}
    matrices = sum(w.size for w in exact().values() if w.ndim == 2)
    assert 8.5 / 8 * matrices < sizes["int8"] < 8.6 / 8 * matrices
    assert 4.5 / 8 * matrices < sizes["int4"] < 4.6 / 8 * matrices


@given(st.integers(0, 23))
def test_fewer_bits_lie_farther_off(at: int) -> None:
    near, exactly, far = (decoded(graph)[0][0, at] for graph in ("decode-int8", "decode", "decode-int4"))
    assert np.abs(near - exactly).mean() < np.abs(far - exactly).mean()
