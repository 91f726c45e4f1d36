"""How the next token is chosen: logits, penalties, temperature, cuts, draws.

A *step* takes logits and returns logits, with `-inf` for a token that can no longer be drawn. Steps
compose in any order (`run_chain`), as the logits processors of Hugging Face transformers and the
sampler chain of llama.cpp do; the order matters, and that is a figure of its own.

Shapes: `logits` and `probabilities` are float64 arrays of shape (n,), n >= 1, one number a token.
Logits are in nats; probabilities have no unit and sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

# in words, as a module must not need NumPy to be imported
Logits: TypeAlias = "np.ndarray"
Probabilities: TypeAlias = "np.ndarray"
Step: TypeAlias = "Callable[[Logits], Logits]"


def as_logits(values: Sequence[float] | np.ndarray) -> Logits:
    """`values` as a float64 array of logits.

    Raises ValueError for an empty or nested list, for NaN and +inf (no softmax exists), and where every
    logit is -inf (no token is left).
    """
    logits = np.asarray(values, dtype=np.float64)
    if logits.ndim != 1 or logits.size == 0:
        raise ValueError("logits must be a flat list with at least one number")
    largest = logits.max()  # NaN if one is, +inf if one is, -inf only if all are
    if np.isnan(largest):
        raise ValueError("a logit is not a number (NaN)")
    if largest == np.inf:
        raise ValueError("a logit is infinite")
    if largest == -np.inf:
        raise ValueError("every logit is minus infinity: no token is left to draw")
    return logits


def softmax(logits: Logits, temperature: float = 1.0) -> Probabilities:
    """Probabilities exp(z_i / T) / sum_j exp(z_j / T) of the logits z at temperature T (no unit).

    Temperature 0 is the limit: all mass on the largest logit, the first one where several tie (greedy
    decoding). The largest logit is subtracted first, so no exponential overflows.
    Raises ValueError for a negative or infinite temperature, and as `as_logits` does.
    Source: Bridle 1990; the temperature is Boltzmann's, as in Ackley, Hinton and Sejnowski 1985.
    """
    logits = as_logits(logits)
    if not 0 <= temperature < np.inf:
        raise ValueError(f"the temperature must be a finite number, 0 or more, not {temperature}")
    if temperature == 0:
        return np.eye(logits.size)[int(np.argmax(logits))]
    # A tiny temperature overflows the quotient to -inf, which is the right limit: exp gives 0.
    with np.errstate(over="ignore"):
        weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()


def entropy(probabilities: Probabilities) -> float:
    """Shannon entropy in bits: -sum p log2 p, a token with p = 0 adding nothing. Between 0 and log2(n)."""
    p = probabilities[probabilities > 0]
    return float(abs(-(p * np.log2(p)).sum()))


@dataclass(frozen=True)
class Kept:
    """Which tokens survive a cut: `mask` (n,) of bool, and the probability mass they held before it."""

    mask: np.ndarray
    mass: float

    @property
    def n(self) -> int:
        """How many tokens are kept."""
        return int(self.mask.sum())

    @property
    def total(self) -> int:
        """How many tokens there were."""
        return int(self.mask.size)


def _kept(probabilities: Probabilities, mask: np.ndarray) -> Kept:
    return Kept(mask, float(probabilities[mask].sum()))


def ranked(values: np.ndarray) -> np.ndarray:
    """Indices of `values` from largest to smallest; of equals, the first comes first. Shape (n,)."""
    return np.argsort(-values, kind="stable")


def top_k(probabilities: Probabilities, k: int) -> Kept:
    """The k most likely tokens; k above n keeps all. Raises ValueError for k < 1. Source: Fan et al. 2018."""
    if k < 1:
        raise ValueError(f"top-k must keep at least 1 token, not {k}")
    mask = np.zeros(probabilities.size, dtype=bool)
    mask[ranked(probabilities)[:k]] = True
    # a token that an earlier step removed is not brought back to fill the k places
    return _kept(probabilities, mask & (probabilities > 0))


def nucleus(probabilities: Probabilities, p: float) -> Kept:
    """The shortest list of most likely tokens whose mass reaches p (no unit); top-p.

    The token that crosses p is kept, so p = 0 keeps one token and p = 1 keeps every token that can be
    drawn. Raises ValueError outside 0 to 1. Source: Holtzman et al. 2020, section 3.1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"top-p must lie between 0 and 1, not {p}")
    mask = probabilities > 0
    if p < 1:
        order = ranked(probabilities)
        before = np.cumsum(probabilities[order]) - probabilities[order]  # the mass above each token
        # Sums of decimals miss p by some 1e-16: 0.5 + 0.3 + 0.1 < 0.9. Whoever reaches p so nearly reaches it.
        mask[order] &= before < p - 1e-12
        mask[order[0]] = True
    return _kept(probabilities, mask)


def min_p(probabilities: Probabilities, p: float) -> Kept:
    """The tokens at least p times as likely as the likeliest. Raises ValueError outside 0 to 1.

    p = 0 keeps every token that can be drawn. Source: Nguyen et al. 2024, section 3.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"min-p must lie between 0 and 1, not {p}")
    return _kept(probabilities, (probabilities > 0) & (probabilities >= p * probabilities.max()))


def penalise(logits: Logits, counts: np.ndarray, presence: float = 0.0, frequency: float = 0.0) -> Logits:
    """Logits less the presence penalty, once for a token that has occurred, and the frequency penalty each time.

    `counts` (n,) says how often each token stands in the text so far; both penalties are in nats, and a
    negative one rewards repetition. Raises ValueError where the shapes differ.
    Source: the formula of the OpenAI API reference, z - count * frequency - (count > 0) * presence.
    """
    counts = np.asarray(counts)
    if counts.shape != logits.shape:
        raise ValueError(f"{counts.size} counts do not fit {logits.size} logits")
    return logits - counts * frequency - (counts > 0) * presence


def divide(logits: Logits, temperature: float) -> Logits:
    """Logits at a temperature (no unit): z / T. At 0 the largest, the first of equals, alone is kept.

    Raises ValueError for a negative or infinite temperature.
    """
    if not 0 <= temperature < np.inf:
        raise ValueError(f"the temperature must be a finite number, 0 or more, not {temperature}")
    if temperature == 0:
        return cut(logits, Kept(softmax(logits, 0) > 0, 1.0))
    with np.errstate(over="ignore"):
        # the shift changes no probability, and without it the quotient could overflow to +inf
        return (logits - logits.max()) / temperature


def cut(logits: Logits, kept: Kept) -> Logits:
    """Logits with -inf for each token that is not kept."""
    return np.where(kept.mask, logits, -np.inf)


def _cutting(rule: Callable[..., Kept], amount: float) -> Step:
    return lambda logits: cut(logits, rule(softmax(logits), amount))


def steps(
    temperature: float,
    k: int,
    p: float,
    floor: float,
    counts: np.ndarray,
    presence: float,
    frequency: float,
) -> dict[str, Step]:
    """The five steps by name, each with its setting: penalties, temperature, top-k, top-p, min-p.

    A cut reads the probabilities of the logits that reach it, so what came before decides what it sees.
    """
    return {
        "penalties": partial(penalise, counts=counts, presence=presence, frequency=frequency),
        "temperature": partial(divide, temperature=temperature),
        "top_k": _cutting(top_k, k),
        "top_p": _cutting(nucleus, p),
        "min_p": _cutting(min_p, floor),
    }


# The order in which Hugging Face transformers builds its list of logits processors.
USUAL_ORDER = ("penalties", "temperature", "top_k", "top_p", "min_p")


def run_chain(logits: Logits, chain: Sequence[Step]) -> list[Logits]:
    """The logits after each step of `chain`, in order; element 0 is the input. Raises as `as_logits` does."""
    trail = [as_logits(logits)]
    for step in chain:
        trail.append(as_logits(step(trail[-1])))
    return trail


def draw(probabilities: Probabilities, n: int, seed: int) -> np.ndarray:
    """n token indices drawn with replacement, shape (n,), by inverting the cumulative distribution.

    PCG64 seeded with `seed` gives the same uniform numbers on every machine; a longer run begins with
    the shorter one. Source: inverse transform sampling, Devroye 1986, section III.2.
    """
    uniform = np.random.default_rng(seed).random(n)
    cumulative = np.cumsum(probabilities)
    # the last sum may fall short of 1 by a rounding, so a uniform number above it belongs to the last
    # token that can be drawn, never to one that was cut
    last = int(np.flatnonzero(probabilities)[-1])
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), last)
