"""How long a refused client waits before it calls again.

Sources: Brooker 2015, "Exponential backoff and jitter" (full, equal and decorrelated jitter); Retry-After,
RFC 9110, section 10.2.3.
"""

from __future__ import annotations

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
