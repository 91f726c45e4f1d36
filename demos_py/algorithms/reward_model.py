"""A reward model: what people prefer, learnt from which of two answers each of them picked.

Bradley and Terry's model gives the first of two the win with probability sigmoid(r1 - r2). With r linear in
features, fitting it is logistic regression without a constant on the differences of features.
Source: Bradley and Terry 1952; for language models Christiano et al. 2017, 1706.03741, section 2.2.3, and
Ouyang et al. 2022, 2203.02155, equation 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparisons:
    """n pairs of answers to one prompt each: `prompt`, `first`, `second` are indices, shape (n,);
    `won` says whether the first was picked, `flipped` whether the labeller slipped."""

    prompt: np.ndarray
    first: np.ndarray
    second: np.ndarray
    won: np.ndarray
    flipped: np.ndarray

    def head(self, n: int) -> Comparisons:
        """The first n of them."""
        return Comparisons(self.prompt[:n], self.first[:n], self.second[:n], self.won[:n], self.flipped[:n])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def compare(policy: np.ndarray, reward: np.ndarray, n: int, noise: float, seed: int) -> Comparisons:
    """n comparisons of two different answers, both drawn from `policy` (P, S), each on a random prompt.

    The labeller picks by `reward` (P, S; nats) as Bradley and Terry say; then a share `noise` (0 to 1) of the
    picks, at random, is turned round. A longer list begins with the shorter one: draws are made pair by pair.
    A policy that always says the same leaves pairs of equal answers, from which nothing can be learnt.
    """
    random = np.random.default_rng(seed)
    uniform = random.random((n, 5))
    prompts, size = policy.shape
    prompt = np.minimum((uniform[:, 0] * prompts).astype(int), prompts - 1)
    cumulative = np.cumsum(policy, axis=1)
    cumulative /= cumulative[:, -1:]
    # one flat ladder, prompt after prompt, so that a single search draws for all prompts at once
    ladder = (cumulative + np.arange(prompts)[:, None]).ravel()

    def drawn(u: np.ndarray) -> np.ndarray:
        found = np.searchsorted(ladder, np.minimum(u, 1 - 1e-12) + prompt, side="right") - prompt * size
        return np.clip(found, 0, size - 1)

    first = drawn(uniform[:, 1])
    # the second comes from what is left when the first is taken out: skip over the first's own stretch
    share = policy[prompt, first] / policy[prompt].sum(axis=1)
    below = cumulative[prompt, first] - share
    left = uniform[:, 2] * (1 - share)
    second = drawn(np.where(left < below, left, left + share))
    chance = sigmoid(reward[prompt, first] - reward[prompt, second])
    flipped = uniform[:, 4] < noise
    return Comparisons(prompt, first, second, (uniform[:, 3] < chance) ^ flipped, flipped)


def differences(features: np.ndarray, pairs: Comparisons) -> np.ndarray:
    """The winner's features less the loser's, shape (n, F); `features` is (P, S, F)."""
    gap = features[pairs.prompt, pairs.first] - features[pairs.prompt, pairs.second]
    return np.where(pairs.won[:, None], gap, -gap)


def loss(weights: np.ndarray, gaps: np.ndarray, decay: float) -> float:
    """-sum log sigmoid(gaps @ weights) + decay / 2 * |weights|², in nats."""
    return float(np.logaddexp(0, -(gaps @ weights)).sum() + decay / 2 * (weights**2).sum())


def fit_bradley_terry(gaps: np.ndarray, decay: float, steps: int = 25) -> np.ndarray:
    """The weights (F,) that minimise `loss` on the differences `gaps` (n, F), by Newton's method.

    `decay` > 0, a Gaussian prior, keeps weights finite where one feature always wins, and makes the
    minimum unique. Raises ValueError for a decay of 0 or less.
    """
    if not decay > 0:
        raise ValueError(f"the decay must be above 0, not {decay}")
    weights = np.zeros(gaps.shape[1])
    now = loss(weights, gaps, decay)
    for _ in range(steps):
        lose = sigmoid(-(gaps @ weights))
        slope = gaps.T @ lose - decay * weights
        bend = (gaps * (lose * (1 - lose))[:, None]).T @ gaps + decay * np.eye(weights.size)
        move, scale = np.linalg.solve(bend, slope), 1.0
        # far from the minimum a whole Newton step can overshoot; the loss is convex, so halving ends
        while (then := loss(weights + scale * move, gaps, decay)) > now and scale > 1e-6:
            scale /= 2
        weights, done, now = weights + scale * move, np.abs(move).max() < 1e-10, then
        if done:
            break
    return weights


def agreement(model: np.ndarray, truth: np.ndarray, pairs: Comparisons) -> float:
    """The share of pairs that `model` orders as `truth` does (both (P, S)); pairs of equal truth are left out.

    A tie in the model counts half. 0.5, a coin's share, where no pair is left.
    """
    wanted = truth[pairs.prompt, pairs.first] - truth[pairs.prompt, pairs.second]
    got = model[pairs.prompt, pairs.first] - model[pairs.prompt, pairs.second]
    counted = np.abs(wanted) > 1e-12
    if not counted.any():
        return 0.5
    same = np.where(np.abs(got) < 1e-12, 0.5, (got > 0) == (wanted > 0))
    return float(same[counted].mean())
