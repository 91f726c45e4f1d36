"""Attention weights: a softmax over the keys that a query may see, and how widely it spreads.

Shapes: `scores` (..., T, S), one row a query, one column a key, in nats: what the softmax reads. Weights have
the same shape and no unit; each row sums to 1. A mask of bool is True where a query may see a key.

Source: Vaswani et al. 2017, section 3.2.1, equation 1: softmax(Q K^T / sqrt(d_k)).
"""

from __future__ import annotations

import numpy as np


def scaled_scores(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Dot products of queries (..., T, d) with keys (..., S, d), divided by sqrt(d): shape (..., T, S).

    The division keeps their spread near 1 for random vectors of any width d: a dot product of two such has
    variance d. Source: Vaswani et al. 2017, footnote 4.
    """
    return queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])


def causal_mask(size: int) -> np.ndarray:
    """Who may see whom in a text that is written from the left: (T, T) of bool, True on and below the diagonal.

    A token sees itself and all before it.
    """
    return np.tri(size, dtype=bool)


def attention_weights(
    scores: np.ndarray, temperature: float = 1.0, mask: np.ndarray | None = None
) -> np.ndarray:
    """softmax(scores / temperature) along each row, over the keys that the mask leaves; 0 for the others.

    `mask` must have a shape that fits `scores`; none leaves every key. A score of -inf hides a key too. The
    largest score is subtracted first, so no exponential overflows. Raises ValueError for a temperature that
    is not above 0 and finite, and where a query may see no key at all.
    """
    if not 0 < temperature < np.inf:
        raise ValueError(f"the temperature must be a finite number above 0, not {temperature}")
    seen = scores if mask is None else np.where(mask, scores, -np.inf)
    largest = seen.max(axis=-1, keepdims=True)
    if not np.isfinite(largest).all():
        raise ValueError("a query must see at least one key, and its scores must be finite")
    # a tiny temperature overflows the quotient to -inf, which is the right limit: exp gives 0
    with np.errstate(over="ignore"):
        weights = np.exp((seen - largest) / temperature)
    return weights / weights.sum(axis=-1, keepdims=True)


def entropies(weights: np.ndarray) -> np.ndarray:
    """Shannon entropy of each row, in bits: -sum w log2 w, where w = 0 adds nothing. Shape (..., T)."""
    logs = np.log2(weights, out=np.zeros_like(weights, dtype=np.float64), where=weights > 0)
    return np.abs((weights * logs).sum(axis=-1))


def effective_number(bits: np.ndarray | float) -> np.ndarray | float:
    """How many equally weighted keys have this entropy: 2**bits, from 1 (one key) to n (all n alike).

    The perplexity of a distribution; in ecology Hill's number of order 1. Source: Hill 1973.
    """
    return 2.0**bits


def leak(weights: np.ndarray) -> np.ndarray:
    """The weight that each query gives to later tokens, no unit. Shape (..., T); 0 under a causal mask."""
    return np.where(causal_mask(weights.shape[-1]), 0.0, weights).sum(axis=-1)
