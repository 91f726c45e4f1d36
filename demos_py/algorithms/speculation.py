"""Speculative sampling: a draft proposes, the target verifies, and what comes out is the target's distribution.

Sources: Leviathan, Kalman and Matias 2023, arXiv 2211.17192 (the rule, and the expected speed-up); Chen et al. 2023,
arXiv 2302.01318; Saxena 2023, "Prompt lookup decoding".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

RULES = ("ratio", "favourite", "always")
Path = tuple[int, ...]  # tokens after the prompt
Tree: TypeAlias = (
    "Mapping[Path, tuple[np.ndarray, np.ndarray]]"  # the target's p and the draft's q after each path
)


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
    level: float = chance * p.sum()
    return min(int(np.searchsorted(np.cumsum(p), level, "right")), p.size - 1)


def lookup(ids: Sequence[int], longest: int = 3) -> int | None:
    """What followed the newest earlier place where the last `longest` tokens stood, or fewer of them; None if none did.

    A draft without a model: prompt lookup (Saxena 2023). Its distribution has all its mass on one token.
    """
    for n in range(min(longest, len(ids) - 1), 0, -1):
        for start in range(len(ids) - n - 1, -1, -1):
            if ids[start : start + n] == ids[-n:]:
                return ids[start + n]
    return None


def settled(
    p: np.ndarray, q: np.ndarray, rule: str, runs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One position in `runs` independent runs: its tokens, and which of them the draft proposed."""
    tokens = drawn(q, runs, rng)
    chance = rng.random(runs)
    if rule == "always":
        stays = np.ones(runs, bool)
    elif rule == "favourite":
        stays = tokens == p.argmax()
    else:
        stays = chance * q[tokens] < p[tokens]
    return np.where(stays, tokens, drawn(instead(p, q, rule), runs, rng)), stays


def drawn(p: np.ndarray, runs: int, rng: np.random.Generator) -> np.ndarray:
    """`runs` independent tokens from p."""
    total = np.cumsum(p)
    levels: np.ndarray = rng.random(runs) * total[-1]
    return np.minimum(np.searchsorted(total, levels, "right"), p.size - 1)


def many(tree: Tree, drafted: int, rule: str, runs: int, seed: int) -> dict[Path, int]:
    """How often each text comes out of `runs` independent runs, as far as the tree knows what can follow.

    Each run goes through cycles of `drafted` proposals as in decoding: after a refusal or a bonus token a new
    one begins. Tokens that were drafted after a refused one have no part in what comes out, so none are drawn.
    """
    rng = np.random.default_rng(seed)
    waiting: Counter[tuple[Path, int]] = Counter({((), 0): runs})
    ended: Counter[Path] = Counter()
    while waiting:
        (path, accepted_so_far), n = waiting.popitem()
        if path not in tree:
            ended[path] += n
            continue
        p, q = tree[path]
        if accepted_so_far == drafted:
            tokens, stays = drawn(p, n, rng), np.zeros(n, bool)
        else:
            tokens, stays = settled(p, q, rule, n, rng)
        for stayed in (False, True):
            counts = np.bincount(tokens[stays == stayed], minlength=p.size)
            for token in np.flatnonzero(counts).tolist():
                waiting[(*path, token), accepted_so_far + 1 if stayed else 0] += int(counts[token])
    return dict(ended)


def ends(tree: Tree, which: int, least: float) -> dict[Path, float]:
    """The texts at which the tree ends, likeliest first, with their probability if it is at least `least`.

    `which` is 0 for the target's distributions, 1 for the draft's.
    """
    reach: dict[Path, float] = {(): 1.0}
    found: dict[Path, float] = {}
    for path in sorted(tree, key=len):
        chances = reach[path] * tree[path][which]
        reach |= {(*path, t): float(chances[t]) for t in range(chances.size) if (*path, t) in tree}
        found |= {(*path, t): float(chances[t]) for t in np.flatnonzero(chances >= least).tolist()}
    return dict(sorted(((k, v) for k, v in found.items() if k not in tree), key=lambda item: -item[1]))


def chi_square(counts: Mapping[Path, int], chances: Mapping[Path, float]) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom. `chances` come likeliest first, as `ends` gives them.

    The texts that are expected less than 5 times are one class, with all those that are not in `chances`; the class
    takes in more texts until it is expected 5 times itself.
    """
    runs = sum(counts.values())
    cells = [key for key, chance in chances.items() if chance * runs >= 5]
    rest = runs * (1 - sum(chances[key] for key in cells))
    while cells and rest < 5:
        rest += runs * chances[cells.pop()]
    observed = np.array([counts.get(key, 0) for key in cells], float)
    expected = np.array([runs * chances[key] for key in cells])
    statistic = ((observed - expected) ** 2 / expected).sum() + (runs - observed.sum() - rest) ** 2 / rest
    return float(statistic), len(cells)


def most_by_chance(freedom: int) -> float:
    """What 99.9% of a chi-square law with `freedom` degrees lies below (Wilson and Hilferty 1931)."""
    return freedom * (1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)) ** 0.5) ** 3 if freedom else 0.0


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
