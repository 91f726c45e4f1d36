"""Trains pocket-sae, a sparse autoencoder on pocket-lm's residual stream after three layers:
`python -m wasm.models.pocket_sae`.

activations = relu(x · read + bias), reconstruction = activations · write + centre. The loss is the squared error
plus each activation times the length of what it writes (Templeton et al. 2024, "Scaling monosemanticity"; update
of April 2024). At the end every `write` is scaled to length 1, so that an activation is a length in the residual
stream. `--export` writes files and card again without training.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wasm.models import graphs
from wasm.models.export import write_arrays
from wasm.models.network import Config, Decoder
from wasm.models.packing import load_tokenizer, rows
from wasm.models.pocket_lm import BUILD
from wasm.models.pocket_lm import FOLDER as TARGET
from wasm.models.training import begin

FOLDER = Path(__file__).parent / "pocket-sae"
FEATURES = 1024
LAYERS_BEFORE = graphs.CLAMPED // 2
ROWS = 5000
STEPS = 9000
BATCH = 2048
RATE = 1e-3
SPARSITY = 1.5

CARD = """\
# pocket-sae

A sparse autoencoder of {features:,} features on the residual stream of pocket-lm after {layers} of its 6 layers.
Written by `python -m wasm.models.pocket_sae`; every figure below is measured by it, on newly generated text.

| | |
|---|---|
| form | activations = relu(x · read + bias); reconstruction = activations · write + centre; every write has length 1 |
| training | {tokens:,} positions of pocket-lm's corpus, {steps:,} steps of {batch:,}; squared error and {sparsity} times the activations' sum (x scaled to a mean square of 1 an element) |
| weights | {bytes:.2f} MB in float16, rounded before anything was measured |
| licence | MIT |

| measure | |
|---|---|
| variance explained | {explained:.1%} |
| features active at a position, mean (of {features:,}) | {active:.1f} |
| dead: never active in {positions:,} positions | {dead} |
| pocket-lm's loss: as it is; with the reconstruction put in; with zeros put in | {loss:.3f}; {with_sae:.3f}; {with_zero:.3f} nat |
| loss recovered: (zeros - reconstruction) / (zeros - as it is) | {recovered:.1%} |

Steering. A feature's *marks* are the ten tokens whose mean log-probability rises most when the feature is clamped to its
greatest activation, found on one half of the texts. Then pocket-lm writes {written} tokens after each of {prompts} other beginnings,
at temperature 1, with and without the clamp. Of the {tried} most active features that leave most positions alone, {steers} at
least triple the share of their marks in what is written. The strongest:

| feature | most active on | its marks, share without and with the clamp | |
|---|---|---|---|
{rows}

The token that begins texts is left out of training and measures: its vector is unlike all others.
"""


class Autoencoder(nn.Module):
    """Residual vectors [N, width] to activations [N, features] and back."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.write = nn.Parameter(functional.normalize(torch.randn(features, width), dim=1) * 0.1)
        self.read = nn.Parameter(self.write.detach().clone().T)
        self.bias = nn.Parameter(torch.zeros(features))
        self.centre = nn.Parameter(torch.zeros(width))

    def encode(self, x: Tensor) -> Tensor:
        return functional.relu(x @ self.read + self.bias)

    def decode(self, active: Tensor) -> Tensor:
        return active @ self.write + self.centre

    @torch.no_grad()
    def settle(self, scale: float) -> None:
        """Undo the scale of the inputs and make every write of length 1; then round all to float16."""
        length = self.write.norm(dim=1).clamp_min(1e-8)
        self.write.div_(length[:, None])
        self.read.mul_(length)
        # the inputs were x / scale: activations grow by `scale`, and so are lengths of x itself
        self.bias.mul_(length * scale)
        self.centre.mul_(scale)
        for weight in self.parameters():
            weight.copy_(weight.half().float())


def target() -> tuple[Decoder, int]:
    tokenizer = load_tokenizer(TARGET / "tokenizer.json")
    model = Decoder(Config(vocab=len(tokenizer.tokens) + 1))
    model.load_state_dict(torch.load(BUILD / "pocket-lm.pt"))
    return model.eval(), len(tokenizer.tokens)


@torch.no_grad()
def positions(model: Decoder, count: int, seed: int, end: int) -> tuple[Tensor, Tensor]:
    """Residual vectors [N, width] of so many rows of text, and their tokens [N], the parting token left out."""
    made, _ = rows(load_tokenizer(TARGET / "tokenizer.json"), count, model.config.context, seed)
    vectors, tokens = [], []
    for part in torch.from_numpy(made[:, :-1].astype(np.int64)).split(50):
        x = model.run(model.embedding(part), 0, LAYERS_BEFORE)
        vectors.append(x[part != end])
        tokens.append(part[part != end])
    return torch.cat(vectors), torch.cat(tokens)


def train() -> None:
    begin(31)
    model, end = target()
    x, _ = positions(model, ROWS, 32, end)
    scale = float(x.square().mean().sqrt())
    x /= scale
    print(f"{len(x):,} positions, scale {scale:.3f}", flush=True)
    autoencoder = Autoencoder(model.config.width, FEATURES)
    autoencoder.centre.data = x.mean(0)
    autoencoder.bias.data = -(autoencoder.centre.data @ autoencoder.read.data)
    optimizer = torch.optim.Adam(autoencoder.parameters(), RATE, betas=(0.9, 0.999))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 200, (STEPS - step) / (0.2 * STEPS))
        some = x[torch.randint(len(x), (BATCH,))]
        active = autoencoder.encode(some)
        error = (autoencoder.decode(active) - some).square().sum(1).mean()
        cost = (active * autoencoder.write.norm(dim=1)).sum(1).mean()
        (error + SPARSITY * min(1.0, step / (0.05 * STEPS)) * cost).backward()
        nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 500 == 0:
            count = float((active > 0).float().sum(1).mean())
            print(f"step {step + 1}: error {float(error) / x.shape[1]:.4f}, {count:.1f} active", flush=True)
    autoencoder.settle(scale)
    torch.save(autoencoder.state_dict(), BUILD / "pocket-sae.pt")


@torch.no_grad()
def loss_with(model: Decoder, ids: Tensor, end: int, change: nn.Module | None, zero: bool = False) -> float:
    """Mean next-token loss where the residual stream after three layers is replaced; the parting token's is kept."""
    before, after = ids[:, :-1], ids[:, 1:]
    x = model.run(model.embedding(before), 0, LAYERS_BEFORE)
    if change is not None:
        new = torch.zeros_like(x) if zero else change.decode(change.encode(x))
        x = torch.where((before != end)[..., None], new, x)
    logits = model.unembed(model.run(x, LAYERS_BEFORE, model.config.layers))
    counts = (after != end) | (before != end)
    return float(functional.cross_entropy(logits[counts], after[counts]))


def clamp(autoencoder: Autoencoder, feature: int | None, value: float, x: Tensor) -> Tensor:
    """x with one feature's activation set to a value: what the graphs' clamp inputs do."""
    if feature is None:
        return x
    active = functional.relu(x @ autoencoder.read[:, feature] + autoencoder.bias[feature])
    return x + (value - active)[..., None] * autoencoder.write[feature]


@torch.no_grad()
def after_clamp(
    model: Decoder, autoencoder: Autoencoder, feature: int | None, value: float, ids: Tensor
) -> Tensor:
    x = clamp(autoencoder, feature, value, model.run(model.embedding(ids), 0, LAYERS_BEFORE))
    return model.unembed(model.run(x, LAYERS_BEFORE, model.config.layers)).log_softmax(-1)


@torch.no_grad()
def marked_share(
    model: Decoder, autoencoder: Autoencoder, feature: int | None, value: float, starts: Tensor, marks: Tensor
) -> float:
    """The share of marks among 24 tokens that the model writes after each start, sampled at temperature 1."""
    torch.manual_seed(33)
    ids = starts
    for _ in range(24):
        logits = after_clamp(model, autoencoder, feature, value, ids)[:, -1]
        ids = torch.cat([ids, torch.multinomial(logits.exp(), 1)], 1)
    return float(torch.isin(ids[:, starts.shape[1] :], marks).float().mean())


def steering(
    model: Decoder, autoencoder: Autoencoder, active: Tensor, tokens: Tensor, end: int, tried: int = 40
) -> list[dict[str, object]]:
    """What clamping does, for the features of most total activation that are active at under 5% of positions."""
    tokenizer = load_tokenizer(TARGET / "tokenizer.json")
    made, _ = rows(tokenizer, 48, 15, seed=34)
    starts = torch.from_numpy(made[:, :12].astype(np.int64))
    half = len(starts) // 2
    rare = (active > 0).float().mean(0) < 0.05
    order = (active.sum(0) * rare).argsort(descending=True)[:tried].tolist()
    plain = after_clamp(model, autoencoder, None, 0.0, starts[:half])
    found: list[dict[str, object]] = []
    for feature in order:
        value = float(active[:, feature].max())
        rise = (after_clamp(model, autoencoder, feature, value, starts[:half]) - plain).mean((0, 1))
        rise[end] = -torch.inf
        marks = rise.topk(10).indices
        sums = torch.zeros(end + 1).index_add_(0, tokens, active[:, feature])
        found.append(
            {
                "feature": feature,
                "on": [tokenizer.decode([i]) for i in sums.topk(4).indices.tolist()],
                "marks": [tokenizer.decode([i]) for i in marks[:6].tolist()],
                "ids": marks.tolist(),
                "value": value,
                "without": marked_share(model, autoencoder, None, 0.0, starts[half:], marks),
                "with": marked_share(model, autoencoder, feature, value, starts[half:], marks),
            }
        )
    return found


def export() -> None:
    FOLDER.mkdir(exist_ok=True)
    model, end = target()
    autoencoder = Autoencoder(model.config.width, FEATURES)
    autoencoder.load_state_dict(torch.load(BUILD / "pocket-sae.pt"))
    arrays = {name: weight.detach().numpy() for name, weight in autoencoder.named_parameters()}
    layout = write_arrays(arrays, FOLDER / graphs.WEIGHTS)
    graph = graphs.autoencoder(model.config.width, FEATURES, layout)
    (FOLDER / "encode.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    x, tokens = positions(model, 400, 35, end)
    with torch.no_grad():
        active = autoencoder.encode(x)
        left = (autoencoder.decode(active) - x).square().sum() / (x - x.mean(0)).square().sum()
        np.savez_compressed(
            FOLDER / "reference.npz",
            residual=x[:16].numpy(),
            activations=active[:16].numpy(),
            reconstruction=autoencoder.decode(active[:16]).numpy(),
        )
    unseen, _ = rows(load_tokenizer(TARGET / "tokenizer.json"), 96, model.config.context, seed=36)
    ids = torch.from_numpy(unseen.astype(np.int64))
    losses = [
        loss_with(model, ids, end, change, zero)
        for change, zero in ((None, False), (autoencoder, False), (autoencoder, True))
    ]
    found = steering(model, autoencoder, active, tokens, end)
    steers = [row for row in found if float(row["with"]) >= 3 * float(row["without"]) + 0.01]
    best = sorted(found, key=lambda row: float(row["with"]) - float(row["without"]), reverse=True)[:10]
    show = lambda pieces: ", ".join(f"“{piece.strip() or repr(piece)}”" for piece in pieces)
    results = {
        "explained": 1 - float(left),
        "active": float((active > 0).float().sum(1).mean()),
        "dead": int((active > 0).sum(0).eq(0).sum()),
        "loss": losses[0],
        "with_sae": losses[1],
        "with_zero": losses[2],
        "recovered": (losses[2] - losses[1]) / (losses[2] - losses[0]),
        "steers": len(steers),
    }
    (FOLDER / "measured.json").write_text(json.dumps(results | {"steering": found}, indent=1) + "\n")
    sizes = {"name": "pocket-sae", "parameters": sum(a.size for a in arrays.values()), "features": FEATURES}
    sizes |= {"width": model.config.width, "point": graphs.CLAMPED, "weights": layout}
    (FOLDER / "model.json").write_text(json.dumps(sizes, indent=1) + "\n")
    card = CARD.format(
        features=FEATURES,
        layers=LAYERS_BEFORE,
        tokens=ROWS * model.config.context,
        steps=STEPS,
        batch=BATCH,
        sparsity=SPARSITY,
        bytes=2 * sum(a.size for a in arrays.values()) / 1e6,
        positions=len(x),
        tried=len(found),
        written=24,
        prompts=24,
        rows="\n".join(
            f"| {row['feature']} | {show(row['on'])} | {show(row['marks'])} | {row['without']:.1%}, {row['with']:.1%} |"
            for row in best
        ),
        **results,
    )
    (FOLDER / "README.md").write_text(card)
    print(card)


if __name__ == "__main__":
    if "--export" not in sys.argv:
        train()
    export()
