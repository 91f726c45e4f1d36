"""pocket-draft's graph against PyTorch's logits, its cache, and how often pocket-lm would take its guesses."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime

from tests.unit.models.test_pocket_lm import STORED, TOKENIZER
from wasm.models.corpus import KINDS

MODELS = Path(__file__).parents[3] / "wasm/models"


@cache
def session(model: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(MODELS / model / "decode.onnx")


def decode(model: str, ids: list[int], past: tuple[np.ndarray, np.ndarray] | None = None) -> list[np.ndarray]:
    """Logits [T, vocab], and keys and values with the past's before them."""
    layers, kv, size = (6, 2, 32) if model == "pocket-lm" else (2, 1, 32)
    keys, values = past or 2 * (np.zeros((layers, 1, kv, 0, size), np.float32),)
    before = keys.shape[3]
    feeds = {
        "ids": np.array([ids], np.int32),
        "positions": np.arange(before, before + len(ids), dtype=np.int32),
        "key_positions": np.arange(before + len(ids), dtype=np.int32),
        "past_keys": keys,
        "past_values": values,
    }
    if model == "pocket-lm":
        sizes = {"read": 128, "write": 128, "bias": 1, "value": 1, "on": 1}
        feeds |= {f"clamp_{name}": np.zeros(size, np.float32) for name, size in sizes.items()}
    logits, *caches = (np.asarray(x) for x in session(model).run(["logits", "keys", "values"], feeds))
    return [logits[0], *caches]


def test_pytorch_gives_the_same_logits() -> None:
    kept = np.load(MODELS / "pocket-draft/reference.npz")
    assert np.allclose(decode("pocket-draft", kept["ids"].tolist())[0], kept["logits"], atol=1e-4)


def test_the_cache_changes_nothing_and_a_stale_one_does() -> None:
    ids = [STORED["end"], *TOKENIZER.encode("When Mira and Tom went to the market, Tom gave")]
    whole = decode("pocket-draft", ids)[0]
    _, keys, values = decode("pocket-draft", ids[:6])
    assert np.allclose(decode("pocket-draft", ids[6:], (keys, values))[0], whole[6:], atol=1e-4)
    _, keys, values = decode("pocket-draft", [*ids[:5], ids[2]])
    assert not np.allclose(decode("pocket-draft", ids[6:], (keys, values))[0], whole[6:], atol=1e-2)


def softmax(logits: np.ndarray) -> np.ndarray:
    grown = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return grown / grown.sum(-1, keepdims=True)


def test_pocket_lm_takes_most_guesses() -> None:
    chance = random.Random(5)
    taken: list[np.ndarray] = []
    for kind in ("facts", "gifts", "stories", "sums"):
        ids = [STORED["end"], *TOKENIZER.encode(KINDS[kind][1](chance))][:100]
        p, q = (softmax(decode(model, ids)[0])[8:] for model in ("pocket-lm", "pocket-draft"))
        taken.append(np.minimum(p, q).sum(-1))
    assert np.concatenate(taken).mean() > 0.85
    wrong = np.roll(q, 1, axis=1)  # another model's guesses would be refused
    assert np.minimum(p, wrong).sum(-1).mean() < 0.3
