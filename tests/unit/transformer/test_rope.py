"""The rotation against complex numbers, and what it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.rotary import frequencies, rotated, waves
from demos_py.transformer.rope import Params, init, score, view

NUMBERS = st.lists(st.floats(-3, 3), min_size=8, max_size=8).map(np.array)
PLACES = st.integers(0, 500)


def as_complex(x: np.ndarray) -> np.ndarray:
    return x[: len(x) // 2] + 1j * x[len(x) // 2 :]


@given(NUMBERS, PLACES)
def test_a_pair_is_a_complex_number_that_turns(x: np.ndarray, place: int) -> None:
    speed = np.array([10_000 ** (-2 * i / 8) for i in range(4)])
    assert np.allclose(
        as_complex(rotated(x, place, 10_000)), as_complex(x) * np.exp(1j * place * speed), atol=1e-9
    )


@given(NUMBERS, NUMBERS, PLACES, PLACES, PLACES)
def test_the_product_knows_the_distance_only(q: np.ndarray, k: np.ndarray, m: int, n: int, far: int) -> None:
    here = rotated(q, m, 10_000) @ rotated(k, n, 10_000)
    there = rotated(q, m + far, 10_000) @ rotated(k, n + far, 10_000)
    assert here == pytest.approx(there, abs=1e-8)
    assert np.linalg.norm(rotated(q, m, 10_000)) == pytest.approx(np.linalg.norm(q), abs=1e-9)


def test_waves_are_those_of_2017() -> None:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i + 1) the cosine; ours has all sines first."""
    place, size = 37, 8
    table = [f(place / 10_000 ** (2 * i / size)) for f in (np.sin, np.cos) for i in range(size // 2)]
    assert np.allclose(waves(place, size, 10_000), table)


def test_an_odd_head_is_refused() -> None:
    with pytest.raises(ValueError, match="a head of 7 numbers"):
        frequencies(7, 10_000)


@given(
    st.integers(0, 64), st.integers(0, 64), st.integers(0, 128), st.sampled_from(["10000", "500000", "100"])
)
def test_the_figure_says_the_sum_of_cosines(m: int, n: int, shift: int, base: str) -> None:
    params = Params(query=m, key=n, shift=shift, base=base)
    speed = float(base) ** (-2 * np.arange(16) / 32)
    wanted = np.cos((n - m) * speed + np.radians(params.angle)).sum()
    assert score(params, m + shift, n + shift) == pytest.approx(wanted, abs=1e-6)
    facts = view(params, init(params)).facts
    assert float(facts["score"].replace("−", "-")) == pytest.approx(wanted, abs=6e-3)
    assert facts["greatest difference"] == "0"


def test_added_waves_know_the_place() -> None:
    facts = view(Params(way="add", shift=100), None).facts
    assert abs(float(facts["moves by"].replace("−", "-"))) > 1
