"""Trains pocket-draft, which guesses what pocket-lm will say: `python -m wasm.models.pocket_draft`.

Distilled: its loss is the divergence from pocket-lm's next-token distribution, KL(target ‖ draft), on the
corpus (Hinton et al. 2015). What counts for speculative decoding is the share of its guesses that the target
accepts, which is the sum over tokens of min(target, draft) (Leviathan et al. 2023, theorem 3.5).
`--export` writes graphs and card again without training.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wasm.models import graphs
from wasm.models.corpus import KINDS
from wasm.models.export import write_weights
from wasm.models.network import Config, Decoder
from wasm.models.packing import load_tokenizer, rows
from wasm.models.pocket_lm import BUILD
from wasm.models.pocket_lm import FOLDER as TARGET
from wasm.models.training import batches, begin, fit

FOLDER = Path(__file__).parent / "pocket-draft"
STEPS = 2200
BATCH = 16
RATE = 4e-3
ROWS = 12_000
SMALL = {"layers": 2, "width": 64, "heads": 2, "kv_heads": 1, "d_ff": 160}
GUESSES = 4  # tokens guessed before the target looks

CARD = """\
# pocket-draft

A model of {parameters:,} parameters that guesses what pocket-lm ({target:,} parameters, {ratio:.1f} times as many)
will say next, for speculative decoding. Written by `python -m wasm.models.pocket_draft`; every figure is measured by it.

| | |
|---|---|
| architecture | {layers} layers, width {width}, {heads} heads of {head_dim}, {kv_heads} key/value head, SwiGLU of {d_ff}, RMSNorm, RoPE, tied embedding |
| vocabulary, context | pocket-lm's: {vocab:,} tokens, {context} positions |
| training | distilled from pocket-lm: KL of the draft's next-token distribution from the target's, {steps:,} steps of {batch} rows of {context} tokens of the same corpus ({tokens:.1f} M tokens) |
| weights | {bytes:.2f} MB in float16, rounded before anything was measured |
| licence | MIT |

Acceptance of one guess at temperature 1 is the sum over tokens of min(target, draft); at temperature 0 it is the share of
positions where both find the same token most likely. Measured on texts that pocket-lm wrote itself, at temperature 1, after
the first eight tokens of newly generated documents:

| documents | acceptance, temperature 1 | same favourite |
|---|---|---|
{rows}

With {guesses} guesses before each look of the target, that makes {per_look:.2f} tokens a look on average, of {most} at most
(counted guess by guess, not from the mean). It guesses best on {best}, worst on {worst}.
"""


def models() -> tuple[Decoder, Decoder, int]:
    """The trained target, a draft with fresh weights, and the id that parts documents."""
    tokenizer = load_tokenizer(TARGET / "tokenizer.json")
    target = Decoder(Config(vocab=len(tokenizer.tokens) + 1))
    target.load_state_dict(torch.load(BUILD / "pocket-lm.pt"))
    return target.eval(), Decoder(Config(vocab=target.config.vocab, **SMALL)), len(tokenizer.tokens)


def divergence(target: Decoder, draft: Decoder, batch: Tensor, end: int) -> Tensor:
    """KL(target ‖ draft) of the next token, in nat, mean over positions; ends that only fill a row do not count."""
    before, after = batch[:, :-1], batch[:, 1:]
    counts = (after != end) | (before != end)
    with torch.no_grad():
        wanted = functional.log_softmax(target(before)[counts], -1)
    guessed = functional.log_softmax(draft(before)[counts], -1)
    return functional.kl_div(guessed, wanted, reduction="batchmean", log_target=True)


def train() -> None:
    begin(11)
    target, draft, end = models()
    print(f"{draft.parameter_count():,} parameters", flush=True)
    made, _ = rows(load_tokenizer(TARGET / "tokenizer.json"), ROWS, draft.config.context, seed=12)
    fit(
        draft,
        batches(made, BATCH, STEPS, seed=13),
        STEPS,
        RATE,
        lambda batch: divergence(target, draft, batch, end),
    )
    draft.round_to_half()
    torch.save(draft.state_dict(), BUILD / "pocket-draft.pt")


@torch.no_grad()
def written(target: Decoder, starts: Tensor, length: int) -> Tensor:
    """What the target goes on to write after each start, sampled at temperature 1, [texts, length]."""
    ids = starts
    while ids.shape[1] < length:
        ids = torch.cat([ids, torch.multinomial(target(ids)[:, -1].softmax(-1), 1)], 1)
    return ids


@torch.no_grad()
def acceptance(target: Decoder, draft: Decoder, kind: str, texts: int = 24) -> tuple[Tensor, Tensor]:
    """By position of texts that the target wrote: the chance that a guess is taken, and equal favourites."""
    tokenizer = load_tokenizer(TARGET / "tokenizer.json")
    chance, begun = random.Random(f"acceptance of {kind}"), 9
    starts: list[list[int]] = []
    while len(starts) < texts:
        ids = [len(tokenizer.tokens), *tokenizer.encode(KINDS[kind][1](chance))]
        if len(ids) >= begun:
            starts.append(ids[:begun])
    torch.manual_seed(14)
    ids = written(target, torch.tensor(starts), 72)
    p, q = (model(ids)[:, begun - 1 : -1].softmax(-1) for model in (target, draft))
    return torch.minimum(p, q).sum(-1), (p.argmax(-1) == q.argmax(-1)).float()


def tokens_a_look(taken: Tensor, guesses: int) -> float:
    """Mean tokens that one look of the target yields: the guesses up to the first refusal, and one more."""
    windows = taken.unfold(1, guesses, 1)
    return float(1 + windows.cumprod(-1).sum(-1).mean())


def export() -> None:
    FOLDER.mkdir(exist_ok=True)
    target, draft, _ = models()
    draft.load_state_dict(torch.load(BUILD / "pocket-draft.pt"))
    layout = write_weights(draft, FOLDER / graphs.WEIGHTS)
    (FOLDER / "decode.onnx").write_bytes(
        graphs.decode(draft.config, layout).SerializeToString(deterministic=True)
    )
    sizes = {"name": "pocket-draft", "parameters": draft.parameter_count()} | dataclasses.asdict(draft.config)
    (FOLDER / "model.json").write_text(json.dumps(sizes | {"weights": layout}, indent=1) + "\n")
    found = {kind: acceptance(target, draft, kind) for kind in KINDS if kind != "prose"}
    together = tuple(torch.cat(parts) for parts in zip(*found.values(), strict=True))
    means = {
        kind: tuple(float(part.mean()) for part in parts)
        for kind, parts in (found | {"all": together}).items()
    }
    results = {kind: {"acceptance": taken, "same favourite": same} for kind, (taken, same) in means.items()}
    per_look = tokens_a_look(together[0], GUESSES)
    (FOLDER / "measured.json").write_text(json.dumps(results | {"tokens a look": per_look}, indent=1) + "\n")
    text = [
        int(token) for token in rows(load_tokenizer(TARGET / "tokenizer.json"), 1, 40, seed=98)[0][0][:32]
    ]
    with torch.no_grad():
        # what PyTorch says, kept so that the tests need no PyTorch
        logits = draft(torch.tensor([text]))[0].numpy().astype(np.float32)
    np.savez_compressed(FOLDER / "reference.npz", ids=np.array(text, np.int32), logits=logits)
    card = CARD.format(
        rows="\n".join(f"| {kind} | {taken:.1%} | {same:.1%} |" for kind, (taken, same) in means.items()),
        parameters=draft.parameter_count(),
        target=target.parameter_count(),
        ratio=target.parameter_count() / draft.parameter_count(),
        steps=STEPS,
        batch=BATCH,
        tokens=STEPS * BATCH * draft.config.context / 1e6,
        bytes=2 * draft.parameter_count() / 1e6,
        guesses=GUESSES,
        best=max(found, key=lambda kind: means[kind][0]),
        worst=min(found, key=lambda kind: means[kind][0]),
        most=GUESSES + 1,
        per_look=per_look,
        **dataclasses.asdict(draft.config),
    )
    (FOLDER / "README.md").write_text(card)
    print(card)


if __name__ == "__main__":
    if "--export" not in sys.argv:
        train()
    export()
