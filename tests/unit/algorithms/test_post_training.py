"""Each stage against a closed form, a finite difference or another solver."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.post_training import (
    accuracy,
    best_policy,
    compared,
    divergence,
    fine_tuned,
    reasoned,
    reinforced,
    reward_weights,
    softmax,
)

SIX = st.lists(st.floats(-2, 2), min_size=6, max_size=6).map(np.array)


@given(SIX)
def test_fine_tuning_climbs_the_likelihood_towards_the_shown_shares(logits: np.ndarray) -> None:
    shown = np.array([5, 3, 1, 1, 0, 0])
    wanted = shown / shown.sum()
    likelihood = lambda x: float(wanted @ np.log(softmax(x)))
    path = fine_tuned(logits, shown, 400, 0.5)
    values = [likelihood(x) for x in path]
    assert all(b >= a - 1e-12 for a, b in pairwise(values))
    assert np.allclose(softmax(path[-1])[:2], wanted[:2], atol=0.03)
    step = (path[1] - path[0]) / 0.5
    for i in range(6):
        nudge = 1e-6 * np.eye(6)[i]
        assert step[i] == pytest.approx(
            (likelihood(logits + nudge) - likelihood(logits - nudge)) / 2e-6, abs=1e-6
        )


@given(SIX, SIX, st.floats(0.05, 3))
def test_reinforcement_reaches_the_closed_form(logits: np.ndarray, reward: np.ndarray, beta: float) -> None:
    reference = softmax(logits)
    path = reinforced(reference, reward, beta, steps=1500, rate=0.3)
    best = best_policy(reference, reward, beta)
    assert np.allclose(path[-1], best, atol=1e-6)
    objective = lambda p: float(p @ reward) - beta * divergence(p, reference)
    others = np.random.default_rng(1).dirichlet(np.ones(6), 200)
    assert max(objective(p) for p in [*others, reference]) <= objective(best) + 1e-12
    assert objective(best) == pytest.approx(beta * np.log(reference @ np.exp(reward / beta)))


def test_preferences_are_drawn_by_quality() -> None:
    p, quality = np.array([0.5, 0.5, 0.0]), np.array([1.0, 0.0, 9.0])
    pairs = compared(p, quality, 40_000, seed=3)
    assert pairs.max() == 1
    apart = pairs[pairs[:, 0] != pairs[:, 1]]
    assert (apart[:, 0] == 0).mean() == pytest.approx(1 / (1 + np.exp(-1)), abs=0.01)


def test_reward_weights_are_the_peak_of_the_likelihood() -> None:
    chance = np.random.default_rng(4)
    features, truth = chance.normal(size=(12, 2)), np.array([1.5, -0.7])
    pairs = compared(np.full(12, 1 / 12), features @ truth, 3000, seed=5)
    found = reward_weights(features, pairs, ridge=0.1)
    assert np.allclose(found, truth, atol=0.2)

    def value(w: np.ndarray) -> float:
        gap = (features[pairs[:, 0]] - features[pairs[:, 1]]) @ w
        return float(-np.log1p(np.exp(-gap)).sum() - 0.05 * w @ w)

    # a search that knows nothing of Newton: no step in any of 16 directions is better
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    assert all(value(found + 0.01 * np.array([np.cos(a), np.sin(a)])) < value(found) for a in turns)


def test_accuracy_counts_every_way_to_be_right() -> None:
    """By enumeration: each of the written steps goes right or wrong, each other one is guessed or not."""
    slip, guess, needed = 0.1, 0.5, 3
    for written, found in enumerate(accuracy(5, needed, slip, guess)):
        chances = [1 - slip] * written + [guess] * max(0, needed - written)
        total = sum(
            np.prod([c if outcome >> i & 1 else 1 - c for i, c in enumerate(chances)])
            for outcome in range(2 ** len(chances))
            if outcome == 2 ** len(chances) - 1
        )
        assert found == pytest.approx(total)


def test_reasoning_learns_to_write_what_the_task_needs() -> None:
    right = accuracy(8, 5, 0.03, 0.5)
    run = reasoned(-0.5 * np.arange(9), right, 400, 16, 0.3, seed=2)
    assert run.accuracy[-1] > 0.8
    assert run.accuracy[0] < 0.2
    assert abs(run.length[-1] - 5) < 0.7
    assert np.allclose(run.policy.sum(1), 1)
    same = reasoned(-0.5 * np.arange(9), right, 400, 16, 0.3, seed=2)
    assert np.array_equal(run.policy, same.policy)
    # where right and wrong do not depend on the length, there is nothing to learn but noise
    idle = reasoned(np.zeros(9), np.ones(9), 300, 16, 0.6, seed=2)
    assert np.allclose(idle.policy[-1], 1 / 9)
