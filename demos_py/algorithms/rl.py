"""Reinforcement learning of a policy whose answers can be listed: reward less a KL penalty, and group advantages.

The objective of RLHF on each prompt is E_π[r] - β KL(π ‖ reference), r and KL in nats, β with no unit.
Sources: Ouyang et al. 2022, 2203.02155, equation 2; Rafailov et al. 2023, 2305.18290, equations 3 and 4;
Shao et al. 2024, 2402.03300, section 4.1.
"""

from __future__ import annotations

import numpy as np

from demos_py.algorithms.policy import Vector, adam, log_probabilities, score


def objective(log_policy: np.ndarray, reward: np.ndarray, log_reference: np.ndarray, beta: float) -> float:
    """E[reward] - beta KL(policy ‖ reference), in nats, the mean over prompts; all arrays (P, S)."""
    gain = reward - beta * (log_policy - log_reference)
    return float((np.exp(log_policy) * gain).sum(axis=1).mean())


def policy_gradient(parameters: Vector, reward: np.ndarray, log_reference: np.ndarray, beta: float) -> Vector:
    """The exact gradient of `objective` over the parameters: REINFORCE, with every answer in place of a sample.

    Each answer's log probability is pushed by its probability times its advantage: reward less beta times the
    log ratio, less the mean of that over the policy. Source: Williams 1992.
    """
    log_policy = log_probabilities(parameters)
    policy = np.exp(log_policy)
    gain = reward - beta * (log_policy - log_reference)
    advantage = gain - (policy * gain).sum(axis=1, keepdims=True)
    return score(parameters, policy * advantage / len(reward))


def train(
    start: Vector, reward: np.ndarray, log_reference: np.ndarray, beta: float, steps: int, rate: float
) -> np.ndarray:
    """The parameters before and after each step of ascent on `objective`, shape (steps + 1, K)."""
    return adam(lambda at: policy_gradient(at, reward, log_reference, beta), start, steps, rate)


def tilted(log_reference: np.ndarray, reward: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """The best policy that there is, log π* = log reference + reward / β - log Z, shape (P, S); and β log Z, (P,).

    No policy's objective is above β log Z, and each falls short of it by exactly β KL(policy ‖ π*).
    Raises ValueError for beta of 0 or less. Source: Rafailov et al. 2023, appendix A.1.
    """
    if not beta > 0:
        raise ValueError(f"the closed form needs a beta above 0, not {beta}")
    raised = log_reference + reward / beta
    top = raised.max(axis=1, keepdims=True)
    log_z = top + np.log(np.exp(raised - top).sum(axis=1, keepdims=True))
    return raised - log_z, beta * log_z[:, 0]


def group_advantages(rewards: np.ndarray) -> np.ndarray:
    """(reward - mean) / standard deviation within each group, the last axis; 0 where all rewards are equal.

    The standard deviation is that of the group itself (divided by its size). No critic is needed: the group
    is its own baseline. Source: Shao et al. 2024, section 4.1.2.
    """
    centred = rewards - rewards.mean(axis=-1, keepdims=True)
    spread = rewards.std(axis=-1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)


def pass_at_k(chance: np.ndarray | float, k: int) -> np.ndarray | float:
    """The chance that at least one of k independent answers is right, each with `chance` (no unit).

    Chen et al. 2021, 2107.03374, estimate it from samples; here the chance itself is known.
    Raises ValueError for k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return 1 - (1 - chance) ** k
