"""pocket-sae against its formula and PyTorch, its measures taken again, and what clamping a feature does to pocket-lm."""

import json
import random
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from demos_py.core.demo import finished
from demos_py.models import pocket_lm
from tests.unit.models.test_pocket_lm import STORED, TOKENIZER
from wasm.models.corpus import KINDS

FOLDER = Path(__file__).parents[3] / "wasm/models/pocket-sae"
MODEL = json.loads((FOLDER / "model.json").read_text())
MEASURED = json.loads((FOLDER / "measured.json").read_text())
DATA = (FOLDER / "weights.bin").read_bytes()
READ, BIAS, WRITE, CENTRE = (
    np.frombuffer(DATA, np.float16, int(np.prod(shape)), offset).reshape(shape).astype(np.float64)
    for offset, shape in (MODEL["weights"][name] for name in ("read", "bias", "write", "centre"))
)


def encode(x: np.ndarray) -> np.ndarray:
    return np.maximum(x @ READ + BIAS, 0)


def test_graph_formula_and_pytorch_agree() -> None:
    kept = np.load(FOLDER / "reference.npz")
    session = onnxruntime.InferenceSession(FOLDER / "encode.onnx")
    active, made = (
        np.asarray(x) for x in session.run(["activations", "reconstruction"], {"residual": kept["residual"]})
    )
    assert np.allclose(active, encode(kept["residual"]), atol=1e-3)
    assert np.allclose(made, encode(kept["residual"]) @ WRITE + CENTRE, atol=1e-3)
    assert np.allclose(active, kept["activations"], atol=1e-3)
    assert np.allclose(made, kept["reconstruction"], atol=1e-3)


def test_every_write_has_length_1() -> None:
    assert np.allclose(np.linalg.norm(WRITE, axis=1), 1, atol=2e-3)


def forward(ids: list[int], fetch: str, **changes: np.ndarray) -> np.ndarray:
    async def run() -> np.ndarray:
        lm = await pocket_lm.load()
        return (await lm.forward(ids, [fetch], **changes))[fetch]

    return finished(run())


def test_the_card_tells_the_truth() -> None:
    """Variance explained and features active, on documents of other seeds than the recipe's."""
    chance = random.Random(8)
    names = [name for name in KINDS if name != "prose"]
    picked = chance.choices(names, [KINDS[name][0] for name in names], k=40)
    texts = [TOKENIZER.encode(KINDS[name][1](chance))[:200] for name in picked]
    x = np.concatenate([forward([STORED["end"], *ids], "residual")[MODEL["point"]][1:] for ids in texts])
    active = encode(x)
    left = ((active @ WRITE + CENTRE - x) ** 2).sum() / ((x - x.mean(0)) ** 2).sum()
    assert 1 - left == pytest.approx(MEASURED["explained"], abs=0.03)
    assert (active > 0).sum(1).mean() == pytest.approx(MEASURED["active"], rel=0.15)


def test_a_clamped_feature_raises_its_marks() -> None:
    steering = MEASURED["steering"]
    best = max(steering, key=lambda row: row["with"] - row["without"])
    f32 = lambda *values: np.array(values, np.float32)
    clamp = {
        "clamp_read": READ[:, best["feature"]].astype(np.float32),
        "clamp_bias": f32(BIAS[best["feature"]]),
        "clamp_write": WRITE[best["feature"]].astype(np.float32),
        "clamp_value": f32(best["value"]),
        "clamp_on": f32(1),
    }
    ids = [STORED["end"], *TOKENIZER.encode("One day Mira went to the market with")]
    odds = [
        np.exp(logits[-1] - logits[-1].max())
        for logits in (forward(ids, "logits"), forward(ids, "logits", **clamp))
    ]
    plain, changed = (float(one[best["ids"]].sum() / one.sum()) for one in odds)
    assert changed > 3 * plain + 0.1
    x, y = forward(ids, "residual")[MODEL["point"]], forward(ids, "residual", **clamp)[MODEL["point"]]
    wanted = x + (best["value"] - encode(x)[:, best["feature"]])[:, None] * WRITE[best["feature"]]
    assert np.allclose(y, wanted, atol=1e-3)
