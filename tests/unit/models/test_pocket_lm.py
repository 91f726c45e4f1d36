"""The exported graphs against the decoder written once more in NumPy, and against PyTorch's own logits."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from demos_py.algorithms.bpe import Tokenizer

FOLDER = Path(__file__).parents[3] / "wasm/models/pocket-lm"
MODEL = json.loads((FOLDER / "model.json").read_text())
STORED = json.loads((FOLDER / "tokenizer.json").read_text())
LAYERS, HEADS, KV, SIZE = (MODEL[name] for name in ("layers", "heads", "kv_heads", "head_dim"))
TEXT = "When Mira and Tom went to the market, Tom gave a lamp to Mira. Mira lives in"
TOKENIZER = Tokenizer(tuple(token.encode("latin-1") for token in STORED["tokens"]), STORED["pattern"])
IDS = [STORED["end"], *TOKENIZER.encode(TEXT)]


@cache
def weights() -> dict[str, np.ndarray]:
    data = (FOLDER / "weights.bin").read_bytes()
    return {
        name: np.frombuffer(data, np.float16, int(np.prod(shape)), offset).reshape(shape).astype(np.float64)
        for name, (offset, shape) in MODEL["weights"].items()
    }


@cache
def session(name: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(FOLDER / f"{name}.onnx")


def norm(x: np.ndarray, name: str) -> np.ndarray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + MODEL["eps"]) * weights()[name]


def turn(x: np.ndarray) -> np.ndarray:
    """RoPE with complex numbers: each pair (i, i + half) is one, turned by position · frequency."""
    half = SIZE // 2
    angle = np.arange(len(x))[:, None] * MODEL["base"] ** (-np.arange(half) / half)
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
    return np.concatenate([turned.real, turned.imag], 1)


def by_hand(ids: list[int], dropped: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
    """The decoder in float64, head by head and query by query; `dropped` is a layer and head to leave out."""
    w = weights()
    x = w["embedding.weight"][ids]
    residual, attention = [x], np.zeros((LAYERS, HEADS, len(ids), len(ids)))
    for layer in range(LAYERS):
        at = f"layers.{layer}."
        n = norm(x, at + "norm_attention.weight")
        mixed = np.zeros((len(ids), HEADS * SIZE))
        for head in range(HEADS):
            own, shared = slice(head * SIZE, (head + 1) * SIZE), head * KV // HEADS
            theirs = slice(shared * SIZE, (shared + 1) * SIZE)
            q = turn((n @ w[at + "q.weight"])[:, own])
            k = turn((n @ w[at + "k.weight"])[:, theirs])
            v = (n @ w[at + "v.weight"])[:, theirs]
            for t in range(len(ids)):
                score = q[t] @ k[: t + 1].T / np.sqrt(SIZE)
                share = np.exp(score - score.max())
                attention[layer, head, t, : t + 1] = share / share.sum()
            if (layer, head) != dropped:
                mixed[:, own] = attention[layer, head] @ v
        x = x + mixed @ w[at + "o.weight"]
        residual.append(x)
        n = norm(x, at + "norm_mlp.weight")
        gate = n @ w[at + "gate.weight"]
        x = x + (gate / (1 + np.exp(-gate)) * (n @ w[at + "up.weight"])) @ w[at + "down.weight"]
        residual.append(x)
    logits = norm(x, "norm.weight") @ w["embedding.weight"].T
    return {"residual": np.array(residual), "attention": attention, "logits": logits}


def clamp_off() -> dict[str, np.ndarray]:
    sizes = {"read": MODEL["width"], "write": MODEL["width"], "bias": 1, "value": 1, "on": 1}
    return {f"clamp_{name}": np.zeros(size, np.float32) for name, size in sizes.items()}


def forward(fetches: list[str], ids: list[int] = IDS, **changed: np.ndarray) -> list[np.ndarray]:
    points = 2 * LAYERS + 1
    feeds = {
        "ids": np.array(ids, np.int32),
        "positions": np.arange(len(ids), dtype=np.int32),
        "head_mask": np.ones((LAYERS, HEADS, 1, 1), np.float32),
        "head_patch": np.zeros((LAYERS, HEADS, 1, SIZE), np.float32),
        "block_mask": np.ones((LAYERS, 2), np.float32),
        "residual_mask": np.ones((points, 1, 1), np.float32),
        "residual_patch": np.zeros((points, 1, MODEL["width"]), np.float32),
    }
    return [np.asarray(out) for out in session("forward").run(fetches, feeds | clamp_off() | changed)]


def decode(ids: list[int], keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    past = keys.shape[3]
    feeds = {
        "ids": np.array([ids], np.int32),
        "positions": np.arange(past, past + len(ids), dtype=np.int32),
        "key_positions": np.arange(past + len(ids), dtype=np.int32),
        "past_keys": keys,
        "past_values": values,
    }
    logits, keys, values = session("decode").run(["logits", "keys", "values"], feeds | clamp_off())
    return np.asarray(logits), np.asarray(keys), np.asarray(values)


EMPTY = np.zeros((LAYERS, 1, KV, 0, SIZE), np.float32)


def test_every_stage_by_hand() -> None:
    expected = by_hand(IDS)
    names = ["residual", "attention", "logits"]
    for name, found in zip(names, forward(names), strict=True):
        # the stream of the first token grows to hundreds, so its rounding in float32 is judged by its size
        near = 1e-5 * np.abs(expected[name]).max() if name == "residual" else 1e-4
        assert np.abs(found - expected[name]).max() < near, name


def test_the_logits_of_pytorch() -> None:
    (logits,) = forward(["logits"])
    assert np.abs(logits - np.load(FOLDER / "reference.npy")).max() < 1e-4


@pytest.mark.parametrize("head", [(0, 0), (2, 3), (LAYERS - 1, 1)])
def test_a_masked_head_is_left_out(head: tuple[int, int]) -> None:
    mask = np.ones((LAYERS, HEADS, 1, 1), np.float32)
    mask[head] = 0
    (logits,) = forward(["logits"], head_mask=mask)
    assert np.abs(logits - by_hand(IDS, head)["logits"]).max() < 1e-4
    assert np.abs(logits - forward(["logits"])[0]).max() > 1e-2


def test_a_patched_head_gives_what_was_put_in() -> None:
    """A head's own mixed values put back in its place change nothing; another's do."""
    mixed, logits = forward(["mixed", "logits"])
    mask = np.ones((LAYERS, HEADS, 1, 1), np.float32)
    mask[2, 3] = 0
    patch = np.zeros((LAYERS, HEADS, len(IDS), SIZE), np.float32)
    patch[2, 3] = mixed[2, 3]
    (same,) = forward(["logits"], head_mask=mask, head_patch=patch)
    assert np.abs(same - logits).max() < 1e-4
    patch[2, 3] = mixed[2, 0]
    (swapped,) = forward(["logits"], head_mask=mask, head_patch=patch)
    assert np.abs(swapped - logits).max() > 1e-2


def test_no_token_sees_a_later_one() -> None:
    (logits,) = forward(["logits"])
    (changed,) = forward(["logits"], [*IDS[:-1], (IDS[-1] + 1) % STORED["end"]])
    assert np.abs(changed[:-1] - logits[:-1]).max() < 1e-5
    assert np.abs(changed[-1] - logits[-1]).max() > 1e-2


def test_a_patch_puts_one_texts_stream_into_another() -> None:
    """With the stream of text A in place of B's after layer 2, at all positions, B ends as A does."""
    other = [IDS[0], *reversed(IDS[1:])]
    residual, logits = forward(["residual", "logits"])
    mask = np.ones((2 * LAYERS + 1, 1, 1), np.float32)
    mask[4] = 0
    patch = np.zeros((2 * LAYERS + 1, len(IDS), MODEL["width"]), np.float32)
    patch[4] = residual[4]
    (patched,) = forward(["logits"], other, residual_mask=mask, residual_patch=patch)
    assert np.abs(patched - logits).max() < 1e-4


def test_a_clamp_sets_a_direction() -> None:
    rng = np.random.default_rng(0)
    read, write = rng.normal(size=(2, MODEL["width"])).astype(np.float32)
    clamp = {"clamp_read": read, "clamp_write": write, "clamp_bias": np.float32([0.5])}
    clamp |= {"clamp_value": np.float32([3.0]), "clamp_on": np.float32([1.0])}
    (plain,) = forward(["residual"])
    (found,) = forward(["residual"], **clamp)
    active = np.maximum(plain[6] @ read + 0.5, 0)
    assert np.abs(found[6] - (plain[6] + (3 - active)[:, None] * write)).max() < 1e-3
    assert np.abs(found[:6] - plain[:6]).max() == 0


def test_decoding_with_a_cache_is_the_whole_pass() -> None:
    (whole,) = forward(["logits"])
    logits, keys, values = decode(IDS[:9], EMPTY, EMPTY)
    assert np.abs(logits[0] - whole[:9]).max() < 1e-4
    for at in range(9, len(IDS)):
        logits, keys, values = decode([IDS[at]], keys, values)
        assert np.abs(logits[0, 0] - whole[at]).max() < 1e-4
    assert keys.shape == (LAYERS, 1, KV, len(IDS), SIZE)
    # a stale cache, one of another text, is seen
    _, stale, stale_values = decode([IDS[0], *reversed(IDS[1:-1])], EMPTY, EMPTY)
    wrong, *_ = decode([IDS[-1]], stale, stale_values)
    assert np.abs(wrong[0, 0] - whole[-1]).max() > 1e-2


def test_the_lens_on_the_last_stream_gives_the_logits() -> None:
    residual, logits = forward(["residual", "logits"])
    (found,) = session("lens").run(["logits"], {"residual": residual[-1]})
    assert np.abs(np.asarray(found) - logits).max() < 1e-4


def test_sizes_are_true() -> None:
    assert MODEL["parameters"] == sum(array.size for array in weights().values())
    files = [path for path in FOLDER.iterdir() if path.is_file()]
    assert max(path.stat().st_size for path in files) < 12_000_000
    assert MODEL["vocab"] == len(STORED["tokens"]) + 1 == STORED["end"] + 1
