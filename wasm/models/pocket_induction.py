"""Trains pocket-induction, two layers of attention and nothing else, and keeps it at a dozen moments of its
training: `python -m wasm.models.pocket_induction`.

Between two of those moments it learns to find what stood after the current character before, and to say it again:
the phase change of Olsson et al. 2022 ("In-context learning and induction heads"). `--export` writes graphs and
card again without training.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional

from wasm.models import graphs
from wasm.models.corpus import KINDS
from wasm.models.export import neutral, write_weights
from wasm.models.network import Config, Decoder
from wasm.models.pocket_lm import BUILD, next_token_loss
from wasm.models.training import batches, begin, fit

FOLDER = Path(__file__).parent / "pocket-induction"
STEPS = 4000
BATCH = 48
RATE = 0.006
BASE = 100.0  # of RoPE
ROWS = 24_000
REPEATED = 0.5  # of the rows: symbols at random, and then the same symbols in the same order
VOCAB = 257  # the bytes, and one that begins and parts documents
END = 256
SMALL = {"layers": 2, "width": 96, "heads": 4, "kv_heads": 4, "head_dim": 24, "d_ff": 0, "context": 128}
MOMENTS = 12
PERIOD = 40  # symbols of the measured sequences before they repeat

CARD = """\
# pocket-induction

Two layers of attention, no MLP: {parameters:,} parameters, at {moments} moments of its training. Made to watch induction
heads form. Written by `python -m wasm.models.pocket_induction`; every figure below is measured by it.

| | |
|---|---|
| architecture | {layers} layers, width {width}, {heads} heads of {head_dim}, RMSNorm, RoPE, tied embedding |
| vocabulary, context | the 256 bytes and one that parts documents, {context} positions |
| data | {share:.0%} of the rows: printable characters at random, then the same again in the same order; the others: pocket-lm's corpus, byte by byte |
| training | {steps:,} steps of {batch} rows of {context} tokens; Muon and AdamW at {rate} |
| weights | {bytes:.2f} MB in float16 for each moment, rounded before anything was measured |
| licence | MIT |

Measured on {texts} sequences of {period} random characters that come twice. *Loss* is in nat a character (blind guessing: {blind:.2f}).
*Looks back* is the greatest attention, of all heads of the first layer, from a token to the one before it; *induction* the
greatest, of all heads of the second, from a token to the one that stood after it the first time (its prefix-matching score).
The moments are chosen by the loss on what comes the second time: the start, the end, and where it has fallen by each tenth of
the way between.

| step | loss, first time | loss, second time | looks back | induction | loss on the corpus |
|---|---|---|---|---|---|
{rows}
"""


def repeated(chance: np.random.Generator, count: int, length: int, low: int, high: int) -> np.ndarray:
    """Rows of random printable characters that come again and again after a period of low..high, [count, length]."""
    periods = chance.integers(low, high + 1, count)
    drawn = chance.integers(32, 127, (count, high))
    return np.stack([np.resize(row[:period], length) for row, period in zip(drawn, periods, strict=True)])


def corpus_rows(count: int, length: int, seed: int) -> np.ndarray:
    """Rows of documents of pocket-lm's corpus as bytes, [count, length + 1], each document begun by END."""
    chance = random.Random(seed)
    names = [name for name in KINDS if name != "prose"]
    shares = [KINDS[name][0] for name in names]
    made: list[int] = []
    while len(made) < count * (length + 1):
        text = KINDS[chance.choices(names, shares)[0]][1](chance)
        made += [END, *text.encode()]
    return np.array(made[: count * (length + 1)]).reshape(count, length + 1)


def data(config: Config) -> np.ndarray:
    text = corpus_rows(round(ROWS * (1 - REPEATED)), config.context, seed=22)
    twice = repeated(np.random.default_rng(23), ROWS - len(text), config.context, 8, 60)
    return np.concatenate([text, np.concatenate([np.full((len(twice), 1), END), twice], 1)]).astype(np.uint16)


def loss_twice(model: Decoder, ids: Tensor) -> tuple[float, float]:
    """Mean loss on the tokens as they come first, and as they come again, of [rows, 1 + 2 periods]."""
    with torch.no_grad():
        losses = functional.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none")
    return float(losses[:, :PERIOD].mean()), float(losses[:, PERIOD + 1 :].mean())


def measured_rows(count: int = 32) -> Tensor:
    made = repeated(np.random.default_rng(24), count, 2 * PERIOD, PERIOD, PERIOD)
    return torch.tensor(np.concatenate([np.full((count, 1), END), made], 1))


def small() -> Config:
    return Config(vocab=VOCAB, base=BASE, **SMALL)


def train() -> None:
    begin(21)
    model = Decoder(small())
    # one direction that all symbols share, by which a query can ask for a place whatever stands there
    model.embedding.weight.data[:, 0] += 0.2
    print(f"{model.parameter_count():,} parameters", flush=True)
    asked = measured_rows()
    for old in BUILD.glob("pocket-induction-*.pt"):
        old.unlink()

    def keep(step: int) -> None:
        if step % 25 == 0:
            print(step, *(f"{loss:.3f}" for loss in loss_twice(model, asked)), flush=True)
            torch.save(model.state_dict(), BUILD / f"pocket-induction-{step:05}.pt")

    loss = lambda batch: next_token_loss(model, batch, END)
    fit(model, batches(data(model.config), BATCH, STEPS, seed=25), STEPS, RATE, loss, watch=keep)


def stored() -> dict[int, Decoder]:
    """Every model that training kept, by its step, weights as float16 holds them."""
    found: dict[int, Decoder] = {}
    for path in sorted(BUILD.glob("pocket-induction-*.pt")):
        model = found[int(path.stem.rpartition("-")[2])] = Decoder(small())
        model.load_state_dict(torch.load(path))
        model.round_to_half()
    return found


def moments(losses: dict[int, float], count: int) -> list[int]:
    """The first and last step, and between them where the loss has first fallen by each equal part of its way."""
    steps = sorted(losses)
    high, low = losses[steps[0]], min(losses.values())
    levels = [high + (low - high) * part / (count - 1) for part in range(1, count - 1)]
    picked = {steps[0], steps[-1], *(next(s for s in steps if losses[s] <= level) for level in levels)}
    # several levels may be passed between two kept steps: fill up from where the fall begins
    begun = next(s for s in steps if losses[s] <= levels[0])
    rest = sorted((s for s in steps if s not in picked), key=lambda s: abs(s - begun))
    return sorted([*picked, *rest[: count - len(picked)]])


def attention_scores(graph: Path, config: Config, ids: Tensor) -> np.ndarray:
    """For each head [layers, heads]: mean attention to the token before, and to the one after the same token before."""
    session = onnxruntime.InferenceSession(graph)
    scores = np.zeros((2, config.layers, config.heads))
    for row in ids.numpy().astype(np.int32):
        feeds = {"ids": row, "positions": np.arange(len(row), dtype=np.int32)}
        wanted = {one.name for one in session.get_inputs()}
        every = feeds | {name: value for name, value in neutral(config).items() if name in wanted}
        attention = np.asarray(session.run(["attention"], every)[0])
        again = np.arange(PERIOD + 1, 2 * PERIOD)
        scores[0] += attention[:, :, again, again - 1].mean(-1)
        scores[1] += attention[:, :, again, again - PERIOD + 1].mean(-1)
    return scores / len(ids)


def export() -> None:
    config = small()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("step-*"):
        old.unlink()
    asked = measured_rows()
    unseen = corpus_rows(64, config.context, seed=97)
    lines: list[str] = []
    measured: dict[int, dict[str, float]] = {}
    models = stored()
    chosen = moments({step: loss_twice(model, asked)[1] for step, model in models.items()}, MOMENTS)
    for step in chosen:
        model = models[step]
        stem = f"step-{step:04}"
        layout = write_weights(model, FOLDER / f"{stem}.bin")
        graph = graphs.forward(config, layout, weights=f"{stem}.bin")
        (FOLDER / f"{stem}.onnx").write_bytes(graph.SerializeToString(deterministic=True))
        first, second = loss_twice(model, asked)
        with torch.no_grad():
            text = float(next_token_loss(model, torch.from_numpy(unseen.astype(np.int64)), END))
        scores = attention_scores(FOLDER / f"{stem}.onnx", config, asked[:8])
        back, induction = float(scores[0, 0].max()), float(scores[1, 1].max())
        measured[step] = {
            "loss, first time": first,
            "loss, second time": second,
            "looks back": back,
            "induction": induction,
            "loss on the corpus": text,
        }
        lines.append(f"| {step} | {first:.2f} | {second:.2f} | {back:.1%} | {induction:.1%} | {text:.2f} |")
    sizes = {"name": "pocket-induction", "parameters": model.parameter_count(), "checkpoints": chosen}
    sizes |= dataclasses.asdict(config) | {"weights": layout}
    (FOLDER / "model.json").write_text(json.dumps(sizes, indent=1) + "\n")
    (FOLDER / "measured.json").write_text(json.dumps(measured, indent=1) + "\n")
    card = CARD.format(
        rows="\n".join(lines),
        parameters=model.parameter_count(),
        moments=len(chosen),
        share=REPEATED,
        steps=STEPS,
        batch=BATCH,
        rate=RATE,
        bytes=2 * model.parameter_count() / 1e6,
        texts=len(asked),
        period=PERIOD,
        blind=np.log(95),
        **dataclasses.asdict(config),
    )
    (FOLDER / "README.md").write_text(card)
    print(card)


if __name__ == "__main__":
    if "--export" not in sys.argv:
        train()
    export()
