"""The samplers agree with a second implementation, with brute force, and with published numbers."""

import math
from decimal import Decimal, localcontext
from itertools import permutations
from random import Random

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from demos_py.algorithms import sampling

NAMES = ("penalties", "temperature", "top_k", "top_p", "min_p")
ORDERS = [*permutations(NAMES), *permutations(NAMES * 2, 3)]  # all five; and three, where one may come twice
FRACTION = st.integers(0, 1000).map(lambda i: i / 1000)
PENALTY = st.integers(-2000, 2000).map(lambda i: i / 1000)
KNOBS = st.fixed_dictionaries(
    {
        "temperature": st.just(0.0) | st.floats(0.02, 50),
        "top_k": st.integers(1, 15),
        "top_p": FRACTION,
        "min_p": FRACTION,
        "presence": PENALTY,
        "frequency": PENALTY,
    }
)
# One integer gives a token its logit and its count. Logits are distinct, 1/64 nat apart or more: ties have
# tests of their own, in test_sampling_edges.py.
ROWS = st.lists(st.integers(-5120, 5119), min_size=1, max_size=12, unique_by=lambda i: i // 4)


@settings(max_examples=1000)
@given(ROWS, st.sampled_from(ORDERS), KNOBS)
def test_each_step_alone_and_a_chain_in_any_order(
    rows: list[int], order: tuple[str, ...], knobs: dict[str, float]
) -> None:
    logits, counts = [row // 4 / 64 for row in rows], [row % 4 for row in rows]
    steps = sampling.steps(
        knobs["temperature"], int(knobs["top_k"]), knobs["top_p"], knobs["min_p"],
        np.array(counts), knobs["presence"], knobs["frequency"],
    )  # fmt: skip
    for chain in (*((name,) for name in NAMES), order):
        expected, near = reference.chain(logits, chain, knobs, counts)
        if near.call:
            continue
        trail = sampling.run_chain(np.array(logits), [steps[name] for name in chain])
        assert len(trail) == len(chain) + 1
        assert trail[0].tolist() == logits
        pairs = list(zip(sampling.softmax(trail[-1]).tolist(), reference.softmax(expected), strict=True))
        assert all(math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-300) for ours, theirs in pairs), (
            chain,
            pairs,
        )


@settings(max_examples=1000)
@given(st.binary(min_size=1, max_size=10).filter(any), FRACTION)
def test_the_nucleus_is_the_smallest_set_that_reaches_p(weights: bytes, p: float) -> None:
    share = [weight / sum(weights) for weight in weights]
    kept = sampling.nucleus(np.array(share), p)
    size, mass = reference.smallest_nucleus(share, p)
    assert (kept.n, kept.total) == (size, len(weights))
    assert abs(kept.mass - mass) < 1e-12
    assert abs(math.fsum(np.array(share)[kept.mask]) - mass) < 1e-12


def test_the_cases_are_rarely_too_close_to_call() -> None:
    """A comparison that drops most of its cases would compare nothing."""
    dice = Random(1)
    dropped = 0
    for _ in range(1000):
        knobs = {
            "temperature": dice.uniform(0.1, 2),
            "top_k": 5,
            "top_p": dice.random(),
            "min_p": dice.random() / 10,
        }
        logits = [z / 64 for z in dice.sample(range(-300, 300), 10)]
        dropped += reference.chain(logits, ("temperature", "top_k", "top_p", "min_p"), knobs, [])[1].call
    assert dropped < 5


@settings(max_examples=80)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_entropy(weights: list[int]) -> None:
    share = np.array(weights) / sum(weights)
    assert sampling.entropy(share) == pytest.approx(scipy_entropy(share, base=2), abs=1e-12)


def test_entropy_of_even_chances_is_the_logarithm_of_their_number() -> None:
    assert [sampling.entropy(np.full(2**bits, 2.0**-bits)) for bits in range(8)] == list(range(8))


def test_softmax_as_published() -> None:
    """The example of Wikipedia's article on the softmax function."""
    share = sampling.softmax(np.array([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0]))
    assert share.round(3).tolist() == [0.024, 0.064, 0.175, 0.475, 0.024, 0.064, 0.175]


def test_softmax_to_the_last_digits() -> None:
    logits, t = ("5.2", "3.3", "2.7", "2.2", "1.9", "1.2", "0.9", "0.6", "0.3", "0"), "0.7"
    with localcontext(prec=40):
        weights = [(Decimal(z) / Decimal(t)).exp() for z in logits]
        exact = [float(weight / sum(weights)) for weight in weights]
    assert sampling.softmax(np.array(logits, dtype=float), float(t)) == pytest.approx(exact, rel=1e-14)


def test_the_usual_order_is_that_of_transformers() -> None:
    """GenerationMixin._get_logits_processor: penalties first, then temperature, top-k, top-p, min-p."""
    assert sampling.USUAL_ORDER == NAMES
