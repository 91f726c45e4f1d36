"""Speculative sampling: a draft proposes, the target verifies, and what comes out is the target's distribution.

Sources: Leviathan, Kalman and Matias 2023, arXiv 2211.17192 (the rule, and the expected speed-up); Chen et al. 2023,
arXiv 2302.01318.
"""

from __future__ import annotations

import numpy as np

RULES = ("ratio", "favourite", "always")


def residual(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The distribution to draw from after a refusal: max(0, p − q), made to sum to 1; p where they are equal."""
    rest = np.maximum(0, p - q)
    total = rest.sum()
    return rest / total if total > 0 else p


def acceptance(p: np.ndarray, q: np.ndarray) -> float:
    """The chance that a token drawn from q is accepted: Σ min(p, q)."""
    return float(np.minimum(p, q).sum())


def accepted(p: np.ndarray, q: np.ndarray, token: int, chance: float, rule: str) -> bool:
    """Whether a drafted token stays. `chance` is a uniform number from 0 to below 1.

    "ratio": with probability min(1, p/q), which is exact. "favourite": where it is the target's favourite.
    "always": without looking. The last two are not exact when sampling.
    """
    if rule == "always":
        return True
    if rule == "favourite":
        return token == int(p.argmax())
    return chance * q[token] < p[token]


def instead(p: np.ndarray, q: np.ndarray, rule: str) -> np.ndarray:
    """What a refused token is replaced from: the residual; for "favourite" the target's favourite itself."""
    if rule == "favourite":
        return (np.arange(p.size) == p.argmax()).astype(float)
    return residual(p, q)


def pick(p: np.ndarray, chance: float) -> int:
    """The token at `chance` of the cumulative distribution."""
    return min(int(np.searchsorted(np.cumsum(p), chance * p.sum(), "right")), p.size - 1)


def many(p: np.ndarray, q: np.ndarray, rule: str, runs: int, seed: int) -> np.ndarray:
    """How often each token comes out of `runs` independent first positions, an array of counts."""
    rng = np.random.default_rng(seed)
    tokens = np.minimum(np.searchsorted(np.cumsum(q), rng.random(runs) * q.sum(), "right"), p.size - 1)
    chance = rng.random(runs)
    if rule == "always":
        stays = np.ones(runs, bool)
    elif rule == "favourite":
        stays = tokens == p.argmax()
    else:
        stays = chance * q[tokens] < p[tokens]
    other = np.cumsum(instead(p, q, rule))
    again = np.minimum(np.searchsorted(other, rng.random(runs) * other[-1], "right"), p.size - 1)
    return np.bincount(np.where(stays, tokens, again), minlength=p.size)


def chi_square(counts: np.ndarray, p: np.ndarray) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; tokens with fewer than 5 expected counts are one class."""
    expected = p / p.sum() * counts.sum()
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = expected > 0
    return float(((observed[kept] - expected[kept]) ** 2 / expected[kept]).sum()), int(kept.sum()) - 1


def tokens_a_pass(alpha: float, drafted: int) -> float:
    """Expected tokens of one pass over `drafted` proposals, each accepted with `alpha`: (1 − α^(K+1)) / (1 − α)."""
    return drafted + 1.0 if alpha >= 1 else (1 - alpha ** (drafted + 1)) / (1 - alpha)


def speed_up(alpha: float, drafted: int, cost: float, verify: float = 1.0) -> float:
    """Times as many tokens a second as without: theorem 3.8, with a verifying pass of `verify` plain ones.

    `cost` is a draft's pass over the target's.
    """
    return tokens_a_pass(alpha, drafted) / (verify + drafted * cost)


def break_even(drafted: int, cost: float, verify: float = 1.0) -> float | None:
    """The acceptance from which speculation gains, by bisection; None where it never does."""
    if speed_up(1.0, drafted, cost, verify) <= 1:
        return None
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if speed_up(middle, drafted, cost, verify) > 1 else (middle, high)
    return high
