"""Sums in a narrow float format, added in different orders.

Floating-point addition rounds after every step, so (a + b) + c and a + (b + c) can differ: it is
commutative but not associative (Goldberg 1991, section "Rounding Error"). A matrix product on a GPU is
such a sum, and how it is split into parts depends on the shape of the batch.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def add_up(terms: np.ndarray) -> np.ndarray:
    """The sum along the last axis, one addition after the other, rounded to `terms.dtype` each time.

    `terms` has shape (..., n) in float16, float32 or float64; the result has shape (...).
    `numpy.sum` is not used since it adds in pairs; `cumsum` is defined to go from left to right.
    """
    return np.cumsum(terms, axis=-1, dtype=terms.dtype)[..., -1]


def add_in_parts(terms: np.ndarray, parts: int) -> np.ndarray:
    """The sum as `parts` workers make it: each adds up its own stretch, then the partial sums are added.

    Raises ValueError for fewer than 1 part or more parts than terms. Shapes as `add_up`.
    This is how a split-K matrix product reduces its inner dimension.
    """
    n = terms.shape[-1]
    if not 1 <= parts <= n:
        raise ValueError(f"{n} terms cannot be split into {parts} parts")
    partial = [add_up(stretch) for stretch in np.array_split(terms, parts, axis=-1)]
    return add_up(np.stack(partial, axis=-1))


def exact_sum(terms: np.ndarray) -> Fraction:
    """The sum of a one-dimensional array without any rounding, as a fraction."""
    return sum((Fraction(float(term)) for term in terms), Fraction(0))
