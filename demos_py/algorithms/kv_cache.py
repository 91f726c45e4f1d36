"""Sizes, operations and rounding of a KV cache.

Sources: multi-query and grouped-query attention, Shazeer 2019 (1911.02150), Ainslie et al. 2023 (2305.13245);
multi-head latent attention, DeepSeek-AI 2024 (2405.04434); rounding keys by channel and values by token, Liu et
al. 2024, KIVI (2402.02750).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """A decoder's sizes. `latent` is the width that multi-head latent attention stores for a token, else 0."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head: int
    mlp: int
    vocabulary: int
    latent: int = 0

    @property
    def numbers(self) -> int:
        """Numbers that one token adds to the cache: 2 · layers · kv_heads · head, or layers · latent."""
        return self.layers * (self.latent or 2 * self.kv_heads * self.head)


def cache_bytes(shape: Shape, tokens: int, bits: float) -> float:
    """Bytes of the cache of `tokens` tokens at `bits` bits a number."""
    return shape.numbers * tokens * bits / 8


def work(shape: Shape, new: int, past: int) -> tuple[int, int]:
    """Multiply-adds of one pass over `new` tokens after `past` cached ones: of the weights, and of attention.

    The weights: queries and output 2 · width · heads · head, keys and values 2 · width · kv_heads · head, a gated
    MLP 3 · width · mlp, in each layer; and the unembedding of the last token. Attention: scores and mixture,
    2 · heads · head for each pair of a new token with any token, computed in full as our graph does.
    """
    matrices = 2 * shape.width * (shape.heads + shape.kv_heads) * shape.head + 3 * shape.width * shape.mlp
    weights = shape.layers * new * matrices + shape.width * shape.vocabulary
    return weights, 2 * shape.layers * shape.heads * shape.head * new * (past + new)


def work_of_writing(shape: Shape, tokens: int, cached: bool) -> int:
    """Multiply-adds of writing `tokens` tokens one by one from an empty start: sums of `work` in closed form."""
    n = tokens
    per_token, head = work(shape, 1, 0)[0] - shape.width * shape.vocabulary, shape.width * shape.vocabulary
    pair = 2 * shape.layers * shape.heads * shape.head
    if cached:
        return n * (per_token + head) + pair * n * (n + 1) // 2
    return per_token * n * (n + 1) // 2 + n * head + pair * n * (n + 1) * (2 * n + 1) // 6


def rounded(values: np.ndarray, bits: int, axis: int) -> np.ndarray:
    """`values` on 2^bits even levels between the smallest and the largest along `axis`, and back.

    `axis` is the one whose members share a scale: over tokens, each channel has its own; over channels, each
    token has.
    """
    low, high = values.min(axis=axis, keepdims=True), values.max(axis=axis, keepdims=True)
    scale = (high - low) / (2**bits - 1)
    scale = np.where(scale == 0, 1, scale)
    return (((values - low) / scale).round() * scale + low).astype(values.dtype)


def bits_with_scales(bits: int, sharing: int) -> float:
    """Bits a number, with a scale and a lowest value of 16 bits each for every `sharing` numbers."""
    return bits + 32 / sharing
