"""Sizes against published figures, operations against counting them, rounding against a brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from demos_py.algorithms.kv_cache import Shape, bits_with_scales, cache_bytes, rounded, work, work_of_writing

LLAMA_70B = Shape(80, 8192, 64, 8, 128, 28672, 128256)
DEEPSEEK = Shape(61, 7168, 128, 128, 128, 18432, 129280, latent=576)
SMALL = st.builds(Shape, *(st.integers(1, 4) for _ in range(7)))


def test_bytes_of_a_token_as_published() -> None:
    assert cache_bytes(LLAMA_70B, 1, 16) == 327_680
    assert cache_bytes(DEEPSEEK, 1, 16) == 70_272
    assert cache_bytes(Shape(32, 4096, 32, 32, 128, 11008, 32000), 4096, 16) == 2 * 2**30  # Llama 2 7B: 2 GiB


class Counted:
    """A matrix product that counts its multiply-adds."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        self.n += a.shape[-2] * a.shape[-1] * b.shape[-1] * int(np.prod(a.shape[:-2], dtype=int))
        return a @ b


@given(SMALL, st.integers(1, 4), st.integers(0, 4))
def test_work_is_what_a_forward_pass_counts(shape: Shape, new: int, past: int) -> None:
    heads = shape.kv_heads * shape.heads  # so that heads are a multiple of KV heads
    shape = Shape(shape.layers, shape.width, heads, shape.kv_heads, shape.head, shape.mlp, shape.vocabulary)
    weights, attention = Counted(), Counted()
    x = np.ones((new, shape.width))
    for _ in range(shape.layers):
        weights(x, np.ones((shape.width, heads * shape.head)))
        for _ in "kv":
            weights(x, np.ones((shape.width, shape.kv_heads * shape.head)))
        scores = attention(np.ones((heads, new, shape.head)), np.ones((heads, shape.head, past + new)))
        attention(scores, np.ones((heads, past + new, shape.head)))
        weights(np.ones((new, heads * shape.head)), np.ones((heads * shape.head, shape.width)))
        for _ in "gu":
            weights(x, np.ones((shape.width, shape.mlp)))
        weights(np.ones((new, shape.mlp)), np.ones((shape.mlp, shape.width)))
    weights(x[-1:], np.ones((shape.width, shape.vocabulary)))
    assert work(shape, new, past) == (weights.n, attention.n)


@given(SMALL, st.integers(1, 60))
def test_the_closed_forms_are_the_sums(shape: Shape, n: int) -> None:
    assert work_of_writing(shape, n, cached=True) == sum(sum(work(shape, 1, t)) for t in range(n))
    assert work_of_writing(shape, n, cached=False) == sum(sum(work(shape, t, 0)) for t in range(1, n + 1))


@given(
    arrays.arrays(np.float64, (3, 4), elements=st.floats(-100, 100, width=32)),
    st.integers(1, 8),
    st.integers(0, 1),
)
def test_rounding_is_to_the_nearest_level(values: np.ndarray, bits: int, axis: int) -> None:
    found = rounded(values, bits, axis)
    for line, got in zip(np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis]),
                         np.moveaxis(found, axis, -1).reshape(-1, values.shape[axis]), strict=True):  # fmt: skip
        levels = np.linspace(line.min(), line.max(), 2**bits)
        for exact, rough in zip(line, got, strict=True):
            assert np.abs(levels - rough).min() < 1e-9 * (1 + abs(rough))
            assert abs(exact - rough) <= np.abs(levels - exact).min() + 1e-9 * (1 + abs(exact))


def test_scales_are_counted() -> None:
    assert bits_with_scales(4, 32) == pytest.approx(5)
