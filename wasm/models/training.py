"""What the recipes share: seeds, the optimizers, and the loop with its schedule."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn


def begin(seed: int) -> None:
    """Seed everything. PyTorch uses all cores unless OMP_NUM_THREADS says how many."""
    torch.manual_seed(seed)


def optimizers(model: nn.Module, rate: float, decay: float = 0.05) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms.

    Muon (Jordan 2024) makes each matrix's update nearly orthogonal; scaled to AdamW's usual size
    (Liu et al. 2025, 2502.16982) it takes the same rate.
    """
    matrices = [w for name, w in model.named_parameters() if w.ndim == 2 and "embedding" not in name]
    others = [w for name, w in model.named_parameters() if w.ndim != 2 or "embedding" in name]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def batches(rows: np.ndarray, size: int, steps: int, seed: int) -> Iterator[Tensor]:
    """Batches of rows in random order, each row once before any comes again."""
    order = np.random.default_rng(seed)
    waiting = np.empty(0, int)
    for _ in range(steps):
        if len(waiting) < size:
            waiting = np.concatenate([waiting, order.permutation(len(rows))])
        picked, waiting = waiting[:size], waiting[size:]
        yield torch.from_numpy(rows[picked].astype(np.int64))


def fit(
    model: nn.Module,
    data: Iterator[Tensor],
    steps: int,
    rate: float,
    loss_of: Callable[[Tensor], Tensor],
    every: int = 100,
    watch: Callable[[int], None] = lambda step: None,
) -> None:
    """Train: a short warm-up, then a constant rate, then a linear fall to zero over the last 45%."""
    chosen = optimizers(model, rate)
    began, recent = time.time(), []
    for step, batch in enumerate(data):
        share = min(1.0, (step + 1) / 100, (steps - step) / (0.45 * steps))
        for optimizer in chosen:
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        watch(step)
        loss = loss_of(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in chosen:
            optimizer.step()
            optimizer.zero_grad()
        recent.append(loss.item())
        if (step + 1) % every == 0:
            print(
                f"step {step + 1} of {steps}: loss {np.mean(recent):.4f}, {time.time() - began:.0f} s",
                flush=True,
            )
            recent.clear()
    watch(steps)
