"""How long a refused client waits before it calls again.

Sources: Brooker 2015, "Exponential backoff and jitter" (full, equal and decorrelated jitter); Retry-After,
RFC 9110, section 10.2.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

KINDS = ("fixed", "exponential", "half", "equal", "full", "decorrelated")


def waits(kind: str, clients: int, attempts: int, base: float, cap: float, seed: int) -> np.ndarray:
    """The wait before each retry, in s: an array (clients, attempts).

    With b = min(cap, base · 2^(n−1)) at the n-th retry: fixed waits min(cap, base), exponential b, half a
    number from b/2 to 3b/2 (a factor from 0.5 to 1.5), equal from b/2 to b, full from 0 to b; decorrelated
    from `base` to three times the wait before, `cap` at most. Raises ValueError for another kind.
    """
    chance = np.random.default_rng(seed).random((clients, attempts))
    backoff = np.minimum(cap, base * 2.0 ** np.arange(attempts))
    if kind == "fixed":
        return np.full((clients, attempts), min(cap, base))
    if kind == "exponential":
        return np.tile(backoff, (clients, 1))
    if kind == "half":
        return np.minimum(cap, backoff * (0.5 + chance))
    if kind == "equal":
        return backoff * (0.5 + chance / 2)
    if kind == "full":
        return backoff * chance
    if kind == "decorrelated":
        out = np.empty((clients, attempts))
        last = np.full(clients, base)
        for n in range(attempts):
            last = out[:, n] = np.minimum(cap, base + chance[:, n] * (3 * last - base))
        return out
    raise ValueError(f"no backoff is called “{kind}”; there are {', '.join(KINDS)}")


@dataclass(frozen=True)
class Law:
    """What a wait is drawn from, in s: evenly from `low` to `high`, then raised to `least` and cut to `most`."""

    low: float
    high: float
    least: float = 0.0
    most: float = math.inf

    def below(self, t: float) -> float:
        """P(wait < t)."""
        if t <= self.least:
            return 0.0
        if t > self.most:
            return 1.0
        if self.high == self.low:
            return float(t > self.low)
        return min(1.0, max(0.0, (t - self.low) / (self.high - self.low)))

    @property
    def mean(self) -> float:
        """The expected wait: `least`, and the area under P(wait > t) from there to `most`."""
        low, high = max(self.low, self.least), min(self.high, self.most)
        if low >= high or self.low == self.high:
            return min(max(self.low, self.least), self.most)
        return low + (high - low) * (self.high - (low + high) / 2) / (self.high - self.low)

    def fullest(self, window: float) -> float:
        """The most that any `window` seconds hold, as a share of all waits: it is at an end, for the middle is even."""
        low, high = max(self.low, self.least), min(self.high, self.most)
        return max(self.below(low + window), 1 - self.below(high - window))


def law(kind: str, retry: int, base: float, cap: float, retry_after: float, rule: str) -> Law | None:
    """The law of the wait before retry `retry`, from 1. None where it has no simple form.

    That is decorrelated jitter from the second retry on, whose wait depends on the one before.
    """
    backoff = min(cap, base * 2.0 ** (retry - 1))
    ends = {
        "fixed": (min(cap, base), min(cap, base)),
        "exponential": (backoff, backoff),
        "half": (backoff / 2, 1.5 * backoff),
        "equal": (backoff / 2, backoff),
        "full": (0.0, backoff),
        "decorrelated": (base, 3 * base),
    }
    if kind == "decorrelated" and retry > 1:
        return None
    low, high = ends[kind]
    if rule == "add":
        return Law(low + retry_after, high + retry_after, retry_after, cap + retry_after)
    floor = retry_after if rule == "larger" else 0.0
    return Law(low, high, floor, max(cap, floor))


def with_floor(wait: np.ndarray, retry_after: float, rule: str) -> np.ndarray:
    """The waits, in s, once the server has named `retry_after`: "ignore" it, take the "larger" of the two, or "add"."""
    if rule == "ignore":
        return wait
    return np.maximum(wait, retry_after) if rule == "larger" else wait + retry_after


def most_at_once(times: np.ndarray, window: float) -> int:
    """The most of `times` (s) that fall into any stretch of `window` seconds, its end not counted."""
    ordered = np.sort(times.ravel())
    if not ordered.size:
        return 0
    return int((np.searchsorted(ordered, ordered + window, "left") - np.arange(ordered.size)).max())
