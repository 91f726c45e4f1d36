"""The dozen moments of pocket-induction: what they say of repeated text, and by which heads."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

FOLDER = Path(__file__).parents[3] / "wasm/models/pocket-induction"
MODEL = json.loads((FOLDER / "model.json").read_text())
MEASURED = {int(step): row for step, row in json.loads((FOLDER / "measured.json").read_text()).items()}
STEPS = MODEL["checkpoints"]
PERIOD = 36  # not the recipe's
ROWS = [
    [256, *(chance := np.random.default_rng(seed).integers(33, 127, PERIOD).tolist()), *chance]
    for seed in range(4)
]


@cache
def session(step: int) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(FOLDER / f"step-{step:04}.onnx")


def run(step: int, ids: list[int], fetch: str, head_mask: np.ndarray | None = None) -> np.ndarray:
    layers, heads, width = MODEL["layers"], MODEL["heads"], MODEL["width"]
    ones = lambda *shape: np.ones(shape, np.float32)
    zeros = lambda *shape: np.zeros(shape, np.float32)
    feeds = {
        "ids": np.array(ids, np.int32),
        "positions": np.arange(len(ids), dtype=np.int32),
        "head_mask": ones(layers, heads, 1, 1) if head_mask is None else head_mask,
        "head_patch": zeros(layers, heads, 1, MODEL["head_dim"]),
        "block_mask": ones(layers, 2),
        "residual_mask": ones(layers + 1, 1, 1),
        "residual_patch": zeros(layers + 1, 1, width),
    }
    return np.asarray(session(step).run([fetch], feeds)[0])


def losses(step: int, head_mask: np.ndarray | None = None) -> tuple[float, float]:
    """Mean loss, in nat, on the characters as they come first and as they come again."""
    first, again = [], []
    for ids in ROWS:
        logits = run(step, ids, "logits", head_mask)[:-1].astype(float)
        log_p = (
            logits
            - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True))
            - logits.max(1, keepdims=True)
        )
        lost = -log_p[np.arange(len(ids) - 1), ids[1:]]
        first.append(lost[:PERIOD].mean())
        again.append(lost[PERIOD + 1 :].mean())
    return float(np.mean(first)), float(np.mean(again))


def prefix_matching(step: int) -> np.ndarray:
    """By head: mean attention from a character's second time to the one after its first. Olsson et al. 2022."""
    found = np.zeros((MODEL["layers"], MODEL["heads"]))
    for ids in ROWS:
        attention = run(step, ids, "attention")
        for at in range(PERIOD + 1, 2 * PERIOD):
            found += attention[:, :, at, at - PERIOD + 1]
    return found / len(ROWS) / (PERIOD - 1)


def test_a_dozen_moments() -> None:
    assert len(STEPS) == 12
    assert list(MEASURED) == STEPS
    assert {path.stem for path in FOLDER.glob("*.onnx")} == {f"step-{step:04}" for step in STEPS}


@pytest.mark.parametrize("step", STEPS)
def test_the_card_tells_the_truth(step: int) -> None:
    first, again = losses(step)
    assert first == pytest.approx(MEASURED[step]["loss, first time"], abs=0.25)
    assert again == pytest.approx(MEASURED[step]["loss, second time"], abs=0.25)
    assert prefix_matching(step)[1].max() == pytest.approx(MEASURED[step]["induction"], abs=0.08)


def test_the_phase_change_is_there() -> None:
    again = [losses(step)[1] for step in STEPS]
    assert again[0] > 4.5
    assert again[-1] < 0.5
    assert losses(STEPS[-1])[0] > 4, "what was never there before cannot be foreseen"


def test_induction_takes_both_layers() -> None:
    """Without the heads of the first layer that look back, the second layer's cannot know what followed."""
    last = STEPS[-1]
    whole = losses(last)[1]
    mask = np.ones((MODEL["layers"], MODEL["heads"], 1, 1), np.float32)
    attention = np.mean(
        [run(last, ids, "attention")[0, :, range(2, 72), range(1, 71)] for ids in ROWS], axis=(0, 1)
    )
    mask[0, int(attention.argmax())] = 0
    assert losses(last, mask)[1] > whole + 1
    other = np.ones_like(mask)
    other[1, int(prefix_matching(last)[1].argmin())] = 0
    assert losses(last, other)[1] < whole + 1
