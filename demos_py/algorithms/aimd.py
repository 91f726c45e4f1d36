"""Clients that share a limit, and raise or lower their rates by what they hear of it.

Sources: Chiu and Jain 1989, "Analysis of the increase and decrease algorithms for congestion avoidance in
computer networks"; the index of fairness, Jain, Chiu and Hawe 1984.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

RULES = ("aimd", "aiad", "mimd", "miad")


@dataclass(frozen=True)
class Shared:
    """The state after `len(history) − 1` rounds: each client's rate, in calls a second, in each round."""

    history: tuple[tuple[float, ...], ...]
    refused: int = 0  # rounds in which the sum was above the limit

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates of now."""
        return self.history[-1]


def fairness(rates: Sequence[float]) -> float:
    """Jain's index: (Σx)² / (n Σx²), from 1/n (one has all) to 1 (all have the same)."""
    squares = sum(rate * rate for rate in rates)
    return sum(rates) ** 2 / (len(rates) * squares) if squares else 1.0


def round_after(
    state: Shared, rule: str, limit: float, up: float, down: float, factor: float, lag: int
) -> Shared:
    """One round later. All clients hear, `lag` rounds late, whether the sum was above `limit`, and then

    raise their rates by `up` (additive) or to `factor` times as much, or lower them by `up` or to `down` times
    as much. `rule` names raise and lower: "aimd" is additive increase, multiplicative decrease. No rate falls
    below 0.01.
    """
    heard = state.history[max(0, len(state.history) - 1 - lag)]
    over = sum(heard) > limit
    add = rule[2 * over] == "a"
    if over:
        rates = tuple(max(0.01, rate - up if add else rate * down) for rate in state.rates)
    else:
        rates = tuple(rate + up if add else rate * factor for rate in state.rates)
    return replace(
        state,
        history=(*state.history, rates),
        refused=state.refused + (sum(state.rates) > limit),
    )
