"""Reasoning RL on sums: a policy that may write steps down before it answers, and a verifier that checks the answer.

The question is a sum of 2 to 6 numbers, so 1 to 5 additions are left. Each token is one of three:

    step    write one addition down; it slips with probability SLIP
    check   read over what is written; a slip there is found and mended with probability FIND
    answer  do the additions that are left in the head, each right with probability HEAD, and stop

A slip loses a ten and is never made good by another, so the answer is right if no slip is left. The policy
sees how many additions are left, nothing else: logits of shape (6, 3), in nats. With none left, it cannot
step. After `MOST` tokens it must answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demos_py.algorithms.rl import group_advantages

STEP, CHECK, ANSWER = range(3)
HARDEST = 5  # additions
MOST = 12  # tokens, the answer among them
HEAD, SLIP, FIND = 0.65, 0.08, 0.7


def log_table(logits: np.ndarray) -> np.ndarray:
    """log P(token | additions left), in nats, shape (..., 6, 3); with none left a step is -inf."""
    logits = np.array(logits, dtype=np.float64)
    logits[..., 0, STEP] = -np.inf
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Rollouts:
    """N answers as they were written. `tokens` (MOST, N) is -1 after the end; `left` (MOST, N) says how many
    additions were left before each token; `right` (N,) is the verifier's verdict; `length` (N,) in tokens.
    `slipped` (MOST, N) says where a step went wrong, or where the answer did."""

    tokens: np.ndarray
    left: np.ndarray
    right: np.ndarray
    length: np.ndarray
    slipped: np.ndarray


def roll_out(logits: np.ndarray, additions: np.ndarray, uniform: np.ndarray) -> Rollouts:
    """One answer for each question, `additions` (N,) of 1 to 5, from uniform random numbers (MOST, 2, N)."""
    n = additions.size
    cumulative = np.cumsum(np.exp(log_table(logits)), axis=1)[:, :2]  # (6, 2)
    chances = HEAD ** np.arange(HARDEST + 1)
    left, wrong, going = additions.copy(), np.zeros(n, bool), np.ones(n, bool)
    tokens, seen = np.full((MOST, n), -1), np.zeros((MOST, n), int)
    slips, right = np.zeros((MOST, n), bool), np.zeros(n, bool)
    for t in range(MOST):
        seen[t] = left
        token = (uniform[t, 0] >= cumulative[left].T).sum(axis=0) if t < MOST - 1 else np.full(n, ANSWER)
        tokens[t] = np.where(going, token, -1)
        luck = uniform[t, 1]
        steps, ends = going & (token == STEP), going & (token == ANSWER)
        checks = going & (token == CHECK)
        slips[t] = (steps & (luck < SLIP)) | (ends & (luck >= chances[left]))
        right |= ends & ~wrong & ~slips[t]
        wrong = (wrong | (steps & slips[t])) & ~(checks & (luck < FIND))
        left = left - steps
        going = going & ~ends
        if not going.any():
            break
    return Rollouts(tokens, seen, right, (tokens >= 0).sum(axis=0), slips)


def surrogate(logits: np.ndarray, rolled: Rollouts, advantage: np.ndarray) -> float:
    """GRPO's objective where the old policy is the present one: the mean over answers of the mean over tokens of
    advantage times log π. Its gradient is `grpo_gradient`. Source: Shao et al. 2024, equations 3 and 21."""
    table = log_table(logits)
    chosen = np.arange(MOST)[:, None] < rolled.length - (rolled.length == MOST)
    each = np.where(chosen, table[rolled.left, np.maximum(rolled.tokens, 0)], 0.0)
    return float((each.sum(axis=0) / rolled.length * advantage).mean())


def grpo_gradient(logits: np.ndarray, rolled: Rollouts, advantage: np.ndarray) -> np.ndarray:
    """The gradient of `surrogate` over the logits, shape (6, 3). The forced last answer was not chosen: it counts 0."""
    weight = np.broadcast_to(advantage / rolled.length / advantage.size, rolled.tokens.shape)
    chosen = np.arange(MOST)[:, None] < rolled.length - (rolled.length == MOST)
    cell = rolled.left[chosen] * 3 + rolled.tokens[chosen]
    counts = np.bincount(cell, weight[chosen], minlength=18).reshape(6, 3)
    return counts - counts.sum(axis=1, keepdims=True) * np.exp(log_table(logits))


@dataclass(frozen=True)
class Training:
    """A run of GRPO: `logits` (steps + 1, 6, 3) before and after each step; `reward` (steps,) is each batch's
    share of right answers; `silent` (steps,) the share of groups whose rewards were all equal."""

    logits: np.ndarray
    reward: np.ndarray
    silent: np.ndarray


def grpo(start: np.ndarray, steps: int, group: int, rate: float, seed: int) -> Training:
    """`steps` steps of GRPO without KL penalty: each takes one question of every length, `group` answers to each,
    rewards 1 for a right one and 0 for a wrong one, and moves by Adam. Longer runs begin as shorter ones do."""
    additions = np.repeat(np.arange(1, HARDEST + 1), group)
    random = np.random.default_rng(seed)
    reward, silent = np.zeros(steps), np.zeros(steps)
    path = np.empty((steps + 1, *start.shape))
    path[0] = start
    mean, square = np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        now = path[step - 1]
        rolled = roll_out(now, additions, random.random((MOST, 2, additions.size)))
        rewards = rolled.right.astype(float).reshape(HARDEST, group)
        advantage = group_advantages(rewards)
        reward[step - 1], silent[step - 1] = rewards.mean(), (~advantage.any(axis=1)).mean()
        slope = grpo_gradient(now, rolled, advantage.ravel())
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        move = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        path[step] = now + rate * move
    return Training(path, reward, silent)


def outcome(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exactly, by going backwards from the last token: the chance of a right answer, and the mean number of tokens,
    for each number of additions 1 to 5. `logits` is (..., 6, 3); both results are (..., 5)."""
    p = np.exp(log_table(logits))  # (..., 6, 3)
    head = HEAD ** np.arange(HARDEST + 1)
    clean, slipped = np.broadcast_to(head, p.shape[:-1]).copy(), np.zeros(p.shape[:-1])
    length = np.ones(p.shape[:-1])
    for _ in range(MOST - 1):

        def after(
            value: np.ndarray,
        ) -> np.ndarray:  # the value with one addition less; with none left it is unused
            return np.concatenate([value[..., :1], value[..., :-1]], axis=-1)

        step, check, answer = p[..., STEP], p[..., CHECK], p[..., ANSWER]
        stepped = (1 - SLIP) * after(clean) + SLIP * after(slipped)
        mended = FIND * clean + (1 - FIND) * slipped
        clean, slipped, length = (
            answer * head + check * clean + step * stepped,
            check * mended + step * after(slipped),
            1 + check * length + step * after(length),
        )
    return clean[..., 1:], length[..., 1:]
