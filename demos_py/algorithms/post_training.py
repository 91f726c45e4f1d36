"""The four steps from a model that continues texts to one that answers, for a policy over a few responses.

A policy here is a vector of logits, one a response. All steps work on whole distributions, except the last,
which samples as real training does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, in nat, along the last axis."""
    grown = np.exp(logits - logits.max(-1, keepdims=True))
    return grown / grown.sum(-1, keepdims=True)


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p ‖ q) in nat; where p is 0 nothing is added."""
    seen = p > 0
    return float((p[seen] * np.log(p[seen] / q[seen])).sum())


def fine_tuned(logits: np.ndarray, demonstrations: np.ndarray, steps: int, rate: float) -> np.ndarray:
    """Logits after each of so many steps of gradient ascent on the demonstrations' mean log-likelihood.

    `demonstrations` counts how often each response was shown. [steps + 1, responses], the first row as given.
    """
    wanted = demonstrations / demonstrations.sum()
    path = [logits.astype(float)]
    for _ in range(steps):
        path.append(path[-1] + rate * (wanted - softmax(path[-1])))
    return np.array(path)


def compared(p: np.ndarray, quality: np.ndarray, pairs: int, seed: int) -> np.ndarray:
    """Pairs of responses drawn from p, the preferred one first, [pairs, 2].

    Which is preferred is drawn too, with probability sigmoid(difference of quality): Bradley and Terry 1952.
    """
    chance = np.random.default_rng(seed)
    drawn = chance.choice(len(p), (pairs, 2), p=p)
    first = chance.random(pairs) < 1 / (1 + np.exp(quality[drawn[:, 1]] - quality[drawn[:, 0]]))
    return np.where(first[:, None], drawn, drawn[:, ::-1])


def reward_weights(features: np.ndarray, preferred: np.ndarray, ridge: float) -> np.ndarray:
    """Weights w of the reward features · w that makes the preferences likeliest, less ridge / 2 · |w|².

    Newton's method on the log-likelihood of Christiano et al. 2017, eq. 1; `features` [responses, k].
    """
    differences = features[preferred[:, 0]] - features[preferred[:, 1]]
    weights = np.zeros(features.shape[1])
    for _ in range(30):
        right = 1 / (1 + np.exp(-differences @ weights))
        gradient = differences.T @ (1 - right) - ridge * weights
        curvature = (differences * (right * (1 - right))[:, None]).T @ differences + ridge * np.eye(
            len(weights)
        )
        weights = weights + np.linalg.solve(curvature, gradient)
    return weights


def best_policy(reference: np.ndarray, reward: np.ndarray, beta: float) -> np.ndarray:
    """The policy of greatest mean reward less beta · KL(policy ‖ reference). Rafailov et al. 2023, eq. 4."""
    return softmax(np.log(reference) + reward / beta)


def reinforced(reference: np.ndarray, reward: np.ndarray, beta: float, steps: int, rate: float) -> np.ndarray:
    """Policies along natural policy-gradient ascent on that objective, from the reference, [steps + 1, responses].

    The natural gradient by the logits is g - mean g, with g = reward - beta · ln(p / reference): Kakade 2001.
    The plain one is p times that, and would take very long to find what is rare.
    """
    logits = np.log(reference)
    path = [reference]
    for _ in range(steps):
        p = path[-1]
        gain = reward - beta * np.log(p / reference)
        logits = logits + rate * (gain - p @ gain)
        path.append(softmax(logits))
    return np.array(path)


@dataclass(frozen=True)
class Reasoning:
    """What a run of reinforcement learning on checked answers did, after each update, [updates + 1]."""

    length: np.ndarray  # mean steps written before answering
    accuracy: np.ndarray  # chance of a right answer, exact
    policy: np.ndarray  # [updates + 1, lengths]


def accuracy(steps: int, needed: int, slip: float, guess: float) -> np.ndarray:
    """The chance of a right answer after writing 0 to `steps` steps of a task that needs `needed`.

    A step that is written goes right with 1 - slip; one that is not is guessed right with `guess`; more steps
    than are needed do nothing but offer another chance to slip.
    """
    written = np.arange(steps + 1)
    return (1 - slip) ** written * guess ** np.maximum(needed - written, 0)


def reasoned(
    logits: np.ndarray, right: np.ndarray, updates: int, group: int, rate: float, seed: int
) -> Reasoning:
    """GRPO on a policy over how many steps to write; the reward is 1 for a right answer, else 0.

    Each update draws `group` attempts; an attempt's advantage is its reward less the group's mean, over the
    group's standard deviation. Shao et al. 2024 (DeepSeekMath), section 4.1, without clipping, since each
    group is used once.
    """
    chance = np.random.default_rng(seed)
    logits = logits.astype(float)
    path = [softmax(logits)]
    for _ in range(updates):
        p = path[-1]
        lengths = chance.choice(len(p), group, p=p)
        rewards = (chance.random(group) < right[lengths]).astype(float)
        spread = rewards.std()
        if spread > 0:
            advantages = (rewards - rewards.mean()) / spread
            # the gradient of ln p(length) by the logits is one at that length, less p
            step = np.bincount(lengths, advantages, len(p)) - advantages.sum() * p
            logits = logits + rate * step / group
        path.append(softmax(logits))
    policy = np.array(path)
    return Reasoning(policy @ np.arange(len(right)), policy @ right, policy)
