"""A language model small enough to write out: a bigram policy over phrases, all of whose answers are enumerated.

An answer is 1 to `LONGEST` phrases. Phrases are of six kinds; two of them, `right` and `wrong`, are one kind,
“gives an answer”, as far as form goes. The policy writes an answer phrase by phrase:

    form     the next kind of phrase given the last one, by a table of logits that all prompts share
    content  where the next phrase gives an answer: the right one with probability 1 / (1 + exp(-c[prompt]))

So form is learnt on one prompt and shows on all, and a fact is learnt on its own prompt alone. Parameters are
one flat float64 vector: the table of logits, row by row, then one content logit a prompt; all in nats.

Shapes: S answers, P prompts, K parameters; `log_probabilities` is (P, S).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

ASKS, RIGHT, WRONG, EXPLAINS, PADS, DECLINES = range(6)
KINDS = ("asks on", "right", "wrong", "explains", "pads", "declines")
LONGEST = 4  # phrases
_FORM = (0, 1, 1, 2, 3, 4)  # the kind of phrase as the table of forms sees it
FORMS = 5  # and one more: as a row it is the start, as a column the end
_TABLE = (FORMS + 1) ** 2

Vector = np.ndarray
Gradient = Callable[[Vector], Vector]


@dataclass(frozen=True)
class Answers:
    """Every possible answer. `phrases` (S,) of tuples; `moves` (S, 36) counts each step of the table of forms;
    `said` (S, 6) counts each kind of phrase."""

    phrases: tuple[tuple[int, ...], ...]
    moves: np.ndarray
    said: np.ndarray

    def index(self, phrases: tuple[int, ...]) -> int:
        """Where an answer stands. Raises KeyError for one that is empty or too long."""
        return _places()[phrases]


@cache
def answers() -> Answers:
    """All 6 + 36 + 216 + 1,296 answers of one to four phrases, the short ones first.

    An answer of four phrases needs no end: it is cut there, with probability 1.
    """
    phrases = tuple(one for n in range(1, LONGEST + 1) for one in product(range(6), repeat=n))
    moves = np.zeros((len(phrases), FORMS + 1, FORMS + 1))
    said = np.zeros((len(phrases), 6))
    for i, one in enumerate(phrases):
        last = FORMS
        for phrase in one:
            moves[i, last, _FORM[phrase]] += 1
            said[i, phrase] += 1
            last = _FORM[phrase]
        if len(one) < LONGEST:
            moves[i, last, FORMS] += 1
    return Answers(phrases, moves.reshape(len(phrases), _TABLE), said)


@cache
def _places() -> dict[tuple[int, ...], int]:
    return {one: i for i, one in enumerate(answers().phrases)}


def blank(prompts: int) -> Vector:
    """The parameters of a policy that knows nothing: every logit 0. Shape (36 + prompts,)."""
    return np.zeros(_TABLE + prompts)


def form_table(parameters: Vector) -> np.ndarray:
    """log P(next kind | last kind), in nats, shape (6, 6); the last row is the start, the last column the end.

    An answer has at least one phrase, so from the start the end is -inf.
    """
    logits = parameters[:_TABLE].reshape(FORMS + 1, FORMS + 1).copy()
    logits[FORMS, FORMS] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def content_logits(parameters: Vector) -> np.ndarray:
    """The log odds of the right answer over the wrong one on each prompt, in nats, shape (P,)."""
    return parameters[_TABLE:]


def log_probabilities(parameters: Vector) -> np.ndarray:
    """log π(answer | prompt) in nats of every answer on every prompt, shape (P, S); each row's exp sums to 1."""
    every = answers()
    table = form_table(parameters).ravel()
    table[-1] = 0.0  # never taken; 0 times -inf would not be 0
    odds = content_logits(parameters)
    right, wrong = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    content = np.outer(right, every.said[:, RIGHT]) + np.outer(wrong, every.said[:, WRONG])
    return content + every.moves @ table


def score(parameters: Vector, weights: np.ndarray) -> Vector:
    """The gradient of sum(weights * log π) over the parameters, shape (K,); weights (P, S) are held fixed.

    Cross-entropy, REINFORCE and GRPO are this with different weights.
    """
    every = answers()
    moves = (weights.sum(axis=0) @ every.moves).reshape(FORMS + 1, FORMS + 1)
    form = moves - moves.sum(axis=1, keepdims=True) * np.exp(form_table(parameters))
    said = weights @ every.said[:, [RIGHT, WRONG]]  # (P, 2)
    share = 1 / (1 + np.exp(-content_logits(parameters)))
    return np.concatenate([form.ravel(), said[:, 0] - said.sum(axis=1) * share])


def adam(gradient: Gradient, start: Vector, steps: int, rate: float) -> np.ndarray:
    """Gradient ascent by Adam: the parameters before the first step and after each, shape (steps + 1, K).

    `rate` is the step size in the parameters' own unit; the decay rates are the paper's, 0.9 and 0.999.
    Source: Kingma and Ba 2014, 1412.6980, algorithm 1.
    """
    path = np.empty((steps + 1, *start.shape))
    path[0] = start
    mean, square = np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        slope = gradient(path[step - 1])
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        move = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        path[step] = path[step - 1] + rate * move
    return path


def cross_entropy(log_policy: np.ndarray, weights: np.ndarray) -> float:
    """The mean of -log π, in nats an answer, over answers weighted by `weights` (P, S), which need not sum to 1."""
    used = weights > 0
    return float(-(weights[used] * log_policy[used]).sum() / weights.sum())


def fit(start: Vector, weights: np.ndarray, steps: int, rate: float, decay: float = 0.0) -> np.ndarray:
    """Maximum likelihood on weighted answers (P, S), step by step: the path of the parameters, (steps + 1, K).

    The loss is `cross_entropy` plus decay / 2 times the squared parameters.
    Raises ValueError where no answer has weight.
    """
    total = weights.sum()
    if not total > 0:
        raise ValueError("there is nothing to fit: no answer has any weight")
    shares = weights / total
    return adam(lambda at: score(at, shares) - decay * at, start, steps, rate)


def divergence(log_policy: np.ndarray, log_reference: np.ndarray) -> np.ndarray:
    """KL(policy ‖ reference) in nats on each prompt, shape (P,), summed over every answer."""
    return (np.exp(log_policy) * (log_policy - log_reference)).sum(axis=1)
