"""A prefix cache in tiers: what was used least recently moves down, and falls out at the bottom.

Each session's cache lies in one tier at a time. A visit finds it there, pays for the way up, and puts it first
in the first tier; what no longer fits moves down a tier.

Source of the policy: Mattson et al. 1970, "Evaluation techniques for storage hierarchies".
"""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.algorithms.rate_limits import draw


@dataclass(frozen=True)
class Tiers:
    """The sessions in each tier, the newest first, and the visits so far: (session, tier or −1 for none)."""

    tiers: tuple[tuple[int, ...], ...]
    visits: tuple[tuple[int, int], ...] = ()


def visit(state: Tiers, session: int, rooms: tuple[int, ...]) -> Tiers:
    """The state after a visit of `session`, where the tiers hold `rooms` sessions each."""
    found = next((i for i, tier in enumerate(state.tiers) if session in tier), -1)
    tiers: list[tuple[int, ...]] = []
    moving: tuple[int, ...] = (session,)
    for tier, room in zip(state.tiers, rooms, strict=True):
        kept = (*moving, *(other for other in tier if other != session))
        tiers.append(kept[:room])
        moving = kept[room:]
    return Tiers(tuple(tiers), (*state.visits, (session, found)))


def visitor(seed: int, at: int, sessions: int, skew: float) -> int:
    """Which of `sessions` visits at step `at`: session k with a weight of (k + 1)^−skew (Zipf's law)."""
    weights = [(k + 1) ** -skew for k in range(sessions)]
    left = draw(seed, at, 0) * sum(weights)
    for k, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return k
    return sessions - 1
