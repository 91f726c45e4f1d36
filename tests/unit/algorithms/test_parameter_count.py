"""Counts against the published ones, and against a list of every tensor's shape."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.parameter_count import Decoder, counts, total
from demos_py.anatomy.build_a_model import PRESETS, built


@pytest.mark.parametrize(
    "preset, published",
    [
        ("gpt2", 124_439_808),
        ("gpt2-xl", 1_557_611_200),
        ("llama-8b", 8_030_261_248),
        ("llama-70b", 70_553_706_496),
        ("mistral-7b", 7_241_732_096),
    ],
)
def test_exactly_as_published(preset: str, published: int) -> None:
    assert total(built(PRESETS[preset][1])).total == published


def test_deepseek_v3_as_its_authors_round_it() -> None:
    """They give billions: 671 and 37. Ours for one token is 36.6, since of the embedding it reads one row."""
    found = total(built(PRESETS["deepseek-v3"][1]))
    assert [round(count / 1e9) for count in (found.total, found.active)] == [671, 37]


def shapes(d: Decoder) -> list[tuple[int, ...]]:
    """Every tensor of a dense Llama or a GPT-2, as its file lists them."""
    made = [(d.vocab, d.width)]
    if d.positions:
        made.append((d.positions, d.width))
    for _ in range(d.layers):
        pairs = [
            (d.width, d.heads * d.head_dim),
            *[(d.width, d.kv_heads * d.head_dim)] * 2,
            (d.heads * d.head_dim, d.width),
        ]
        pairs += [(d.width, d.d_ff)] * (2 if d.gated else 1) + [(d.d_ff, d.width)]
        made += pairs + [(d.width,)] * 2
        if d.biases:
            made += [(columns,) for _, columns in pairs] + [(d.width,)] * 2
    made += [(d.width,)] * (2 if d.biases else 1)
    return made if d.tied else [*made, (d.vocab, d.width)]


SIZES = st.builds(
    Decoder,
    layers=st.integers(1, 5),
    width=st.integers(1, 64),
    heads=st.integers(1, 8),
    kv_heads=st.integers(1, 8),
    head_dim=st.integers(1, 16),
    d_ff=st.integers(1, 99),
    vocab=st.integers(1, 300),
    gated=st.booleans(),
    tied=st.booleans(),
    biases=st.booleans(),
    positions=st.integers(0, 50),
)


@given(SIZES)
def test_a_dense_model_is_the_sum_of_its_tensors(d: Decoder) -> None:
    assert total(d).total == sum(math.prod(shape) for shape in shapes(d))


@given(SIZES, st.integers(1, 9), st.integers(0, 2), st.integers(1, 40))
def test_experts(d: Decoder, experts: int, shared: int, inner: int) -> None:
    sparse = replace(d, experts=experts, active=1, shared=shared, expert_ff=inner)
    one = replace(sparse, experts=1)
    assert counts(sparse)["experts"].active == counts(one)["experts"].active
    assert counts(sparse)["experts"].total * (1 + shared) == counts(one)["experts"].total * (experts + shared)
    assert total(sparse).active <= total(sparse).total + d.vocab * d.width
