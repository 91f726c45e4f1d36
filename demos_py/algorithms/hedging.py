"""Hedged requests: a second copy of a call that has not answered after a delay; the first answer counts.

Source: Dean and Barroso 2013, "The tail at scale". Times are in seconds. A latency is a mixture of two
lognormals: the usual call, and the slow one that landed on a bad machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Survival = Callable[[float], float]  # P(T > t)


@dataclass(frozen=True)
class Latency:
    """A call's latency: median and spread (σ of the logarithm) of the usual and of the slow one, and its share."""

    usual: float = 0.6
    spread: float = 0.35
    slow: float = 6.0
    slow_spread: float = 0.5
    share: float = 0.03


def lognormal(median: float, spread: float) -> Survival:
    """The survival function of a lognormal."""

    def survival(t: float) -> float:
        return 0.5 * math.erfc(math.log(t / median) / (spread * math.sqrt(2))) if t > 0 else 1.0

    return survival


def alone(latency: Latency) -> Survival:
    """P(T > t) of one call."""
    usual, slow = lognormal(latency.usual, latency.spread), lognormal(latency.slow, latency.slow_spread)
    return lambda t: (1 - latency.share) * usual(t) + latency.share * slow(t)


def copied(latency: Latency, after: float, budget: float = 1.0) -> tuple[float, float]:
    """The share of all calls that are copied, and the share of those that are still open after `after` seconds.

    At most a share `budget` of all calls is copied. Where more are open by then, the budget chooses among them
    without knowing how long they would still take.
    """
    slow = alone(latency)(after)
    share = min(slow, budget)
    return share, share / slow if slow else 1.0


def hedged(latency: Latency, after: float, shared: float = 0.0, budget: float = 1.0) -> Survival:
    """P(T > t) of a call that is copied once it has taken `after` seconds, if the budget allows it.

    `shared` is the probability that both copies meet the same fate, usual or slow, because what made the first
    one slow (the prompt, the model) makes the second one slow too.
    """
    _, chosen = copied(latency, after, budget)
    usual, slow = lognormal(latency.usual, latency.spread), lognormal(latency.slow, latency.slow_spread)
    one = alone(latency)

    def survival(t: float) -> float:
        if t < after:
            return one(t)
        # of the first call and of its copy, if usual and if slow
        u, s, u_copy, s_copy = usual(t), slow(t), usual(t - after), slow(t - after)
        first = (1 - latency.share) * u + latency.share * s
        copy = (1 - latency.share) * u_copy + latency.share * s_copy
        same = (1 - latency.share) * u * u_copy + latency.share * s * s_copy
        both = shared * same + (1 - shared) * first * copy
        return chosen * both + (1 - chosen) * first

    return survival


def quantile(survival: Survival, q: float, most: float = 1e4) -> float:
    """The time by which a share `q` of the calls has answered, by bisection to a millionth."""
    low, high = 0.0, most
    while high - low > 1e-6 * max(1.0, low):
        middle = (low + high) / 2
        low, high = (middle, high) if survival(middle) > 1 - q else (low, middle)
    return (low + high) / 2
