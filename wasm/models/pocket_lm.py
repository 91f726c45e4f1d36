"""Trains pocket-lm: `python -m wasm.models.pocket_lm`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wasm.models.network import Config, Decoder
from wasm.models.packing import learn_tokenizer, load_tokenizer, rows, save_tokenizer
from wasm.models.training import batches, begin, fit

FOLDER = Path(__file__).parent / "pocket-lm"
BUILD = Path(__file__).parents[2] / "build/models"
STEPS = 3600
BATCH = 32
RATE = 3e-3


def next_token_loss(model: Decoder, batch: Tensor, end: int) -> Tensor:
    """Mean cross-entropy of each next token, in nat; ends that only fill a row do not count."""
    logits = model(batch[:, :-1])
    after = batch[:, 1:]
    counts = (after != end) | (batch[:, :-1] != end)
    return functional.cross_entropy(logits[counts], after[counts])


def main() -> None:
    begin(1)
    FOLDER.mkdir(exist_ok=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    stored = FOLDER / "tokenizer.json"
    if not stored.exists():
        save_tokenizer(learn_tokenizer(), stored)
    tokenizer = load_tokenizer(stored)
    config = Config(vocab=len(tokenizer.tokens) + 1)
    model = Decoder(config)
    print(f"{model.parameter_count():,} parameters", flush=True)
    made, used = rows(tokenizer, min(STEPS * BATCH, 48_000), config.context, seed=2)
    print({kind: f"{tokens / sum(used.values()):.3f}" for kind, tokens in used.items()}, flush=True)
    filled = float(np.mean(made != len(tokenizer.tokens)))
    print(f"{len(made):,} rows, {filled:.1%} of their tokens no ends", flush=True)

    def save(step: int) -> None:
        if step and step % 500 == 0:
            torch.save(model.state_dict(), BUILD / "pocket-lm.pt")

    fit(
        model,
        batches(made, BATCH, STEPS, seed=3),
        STEPS,
        RATE,
        lambda batch: next_token_loss(model, batch, len(tokenizer.tokens)),
        watch=save,
    )
    model.round_to_half()
    torch.save(model.state_dict(), BUILD / "pocket-lm.pt")


if __name__ == "__main__":
    main()
