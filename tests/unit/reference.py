"""The samplers once more, for comparison: lists and the module math, written from what others document.

Temperature, top-k, top-p and min-p follow the docstrings and rules of Hugging Face transformers'
TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper and MinPLogitsWarper; the penalties follow
the formula of the OpenAI API reference. A processor takes logits and returns logits, -inf for "removed".

Rounding may decide a comparison of two nearly equal numbers either way. So a `Close` collects how near
each decision came; a test drops the case where that is nearer than rounding can tell.
"""

import math
import struct
from collections.abc import Sequence
from itertools import combinations, pairwise

GONE = -math.inf


class Close:
    """The smallest distance at which any decision was made."""

    def __init__(self) -> None:
        self.gap = math.inf

    def saw(self, gap: float) -> None:
        self.gap = min(self.gap, abs(gap))

    @property
    def call(self) -> bool:
        return self.gap < 1e-9


def softmax(logits: Sequence[float]) -> list[float]:
    """e^z over the sum of e^z, with the largest logit taken off first."""
    top = max(logits)
    weights = [math.exp(z - top) for z in logits]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def temperature(logits: Sequence[float], t: float, close: Close) -> list[float]:
    """`scores / temperature`. transformers refuses 0 and points to greedy search, which takes the largest."""
    if t == 0:
        best = max(logits)
        close.saw(best - max((z for z in logits if z != best), default=GONE))
        return [0.0 if i == list(logits).index(best) else GONE for i in range(len(logits))]
    return [z / t for z in logits]


def top_k(logits: Sequence[float], k: int, close: Close) -> list[float]:
    """Removes every score below the k-th largest; k is at most the number of tokens."""
    falling = sorted(logits, reverse=True)
    k = min(k, len(logits))
    if k < len(logits) and falling[k] > GONE:
        close.saw(falling[k - 1] - falling[k])
    return [z if z >= falling[k - 1] else GONE for z in logits]


def top_p(logits: Sequence[float], p: float, close: Close) -> list[float]:
    """Sorts upwards, removes the head whose cumulative probability is at most 1 - p, keeps the last token.

    transformers adds this processor only for p < 1: at 1 it removes nothing.
    """
    if p == 1:
        return list(logits)
    rising = sorted(range(len(logits)), key=lambda i: logits[i])
    share = softmax(logits)
    gone: set[int] = set()
    cumulative = 0.0
    for i, above in pairwise(rising):
        cumulative += share[i]
        if share[i] > 0:
            close.saw(cumulative - (1 - p))
            close.saw(logits[above] - logits[i])
        if cumulative <= 1 - p:
            gone.add(i)
    return [GONE if i in gone else z for i, z in enumerate(logits)]


def min_p(logits: Sequence[float], p: float, close: Close) -> list[float]:
    """Removes a token whose probability is below p times the largest; never the largest itself."""
    share = softmax(logits)
    floor = p * max(share)
    for q in share:
        if 0 < q < max(share):
            close.saw((q - floor) / q)
    return [z if q >= floor else GONE for z, q in zip(logits, share, strict=True)]


def penalties(
    logits: Sequence[float], counts: Sequence[int], presence: float, frequency: float
) -> list[float]:
    """OpenAI: mu[j] -> mu[j] - c[j] * alpha_frequency - float(c[j] > 0) * alpha_presence."""
    return [z - c * frequency - float(c > 0) * presence for z, c in zip(logits, counts, strict=True)]


def chain(
    logits: Sequence[float], order: Sequence[str], knobs: dict[str, float], counts: Sequence[int]
) -> tuple[list[float], Close]:
    """The logits after the named processors in this order, and how close the closest decision was."""
    now, close = list(logits), Close()
    for name in order:
        if name == "penalties":
            now = penalties(now, counts, knobs["presence"], knobs["frequency"])
        else:
            processor = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}[name]
            now = processor(now, knobs[name], close)  # type: ignore[operator]
    return now, close


def smallest_nucleus(share: Sequence[float], p: float) -> tuple[int, float]:
    """By trying every subset: the least size whose mass reaches p, and the largest mass among those."""
    for size in range(1, len(share) + 1):
        mass = max(map(sum, combinations(share, size)))
        if mass >= p - 1e-12:
            return size, mass
    raise ValueError(f"all of it is {mass}, less than {p}")


def rounded(value: float, form: str) -> float:
    """`value` rounded to nearest, ties to even, by C: form "e" is float16, "f" float32, "d" float64."""
    return struct.unpack(form, struct.pack(form, value))[0]


def running_sum(terms: Sequence[float], form: str) -> float:
    """One addition after the other, each rounded. A double holds the sum of two such numbers well enough
    that rounding it once more gives the format's own sum (Figueroa 1995)."""
    total = terms[0]
    for term in terms[1:]:
        total = rounded(total + term, form)
    return total


def sum_in_parts(terms: Sequence[float], parts: int, form: str) -> float:
    """Stretches as even as can be, the longer ones first, each added up; then their sums."""
    size, longer = divmod(len(terms), parts)
    sums, start = [], 0
    for part in range(parts):
        end = start + size + (part < longer)
        sums.append(running_sum(terms[start:end], form))
        start = end
    return running_sum(sums, form)
