"""Positions in attention: turning queries and keys (RoPE), or adding waves to them."""

from __future__ import annotations

import numpy as np


def frequencies(size: int, base: float) -> np.ndarray:
    """Radians that each of the size / 2 pairs turns per position, [size / 2]. Su et al. 2021, section 3.2.2.

    Raises ValueError where `size` is odd.
    """
    if size % 2:
        raise ValueError(f"a head of {size} numbers has no pairs")
    return base ** (-np.arange(size // 2) / (size // 2))


def rotated(x: np.ndarray, position: float, base: float) -> np.ndarray:
    """x [..., size] with each pair (i, i + size / 2) turned by the position's angle. Su et al. 2021, eq. 34."""
    half = x.shape[-1] // 2
    angle = position * frequencies(x.shape[-1], base)
    first, second = x[..., :half], x[..., half:]
    return np.concatenate(
        [first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)], -1
    )


def waves(position: float, size: int, base: float) -> np.ndarray:
    """The vector [size] that is added for a position: sines, then cosines. Vaswani et al. 2017, section 3.5."""
    angle = position * frequencies(size, base)
    return np.concatenate([np.sin(angle), np.cos(angle)])
