"""Parts of a model on one GPU: the released sizes, activations by their papers, and every part dealt out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.sharding import MODELS, Model, layer_activations, parameters, parts, slice_of, stages


def test_the_models_have_as_many_parameters_as_were_released() -> None:
    """The counts of the released weights: GPT-2 XL on OpenAI's, Llama 3 on Meta's model cards."""
    released = {
        "gpt2-xl": 1_557_611_200,
        "llama-8b": 8_030_261_248,
        "llama-70b": 70_553_706_496,
        "llama-405b": 405_853_388_800,
    }
    assert {key: parameters(model) for key, model in MODELS.items()} == released


@given(st.sampled_from([1, 2, 4, 8, 16]), st.integers(1, 4096), st.integers(1, 4))
def test_activations_by_korthikanti(t: int, s: int, k: int) -> None:
    """s b h (10 + 24/t + 5 a s / (h t)), which is s b h (34 + 5 a s / h) for t = 1; equations 1 and 2."""
    a, h = 16 * k, 64 * 16 * k
    model = Model("GPT", 4, h, a, a, 4 * h, 1000, 4096, False, False)
    for rank in (0, t - 1):
        assert layer_activations(model, s, rank, t) == pytest.approx(
            s * h * (10 + 24 / t + 5 * a * s / (h * t))
        )
        assert layer_activations(model, s, rank, t, "scores") == pytest.approx(s * h * (10 + 24 / t))
        assert layer_activations(model, s, rank, t, "full") == 2 * s * h


def test_activations_of_llama_by_a_list() -> None:
    """Elements of 2 bytes kept for a token in a layer of Llama 3 8B."""
    whole = {"norm 1": 4096, "query, key, value": 4096, "norm 2": 4096, "gate, up": 4096}
    parted = {
        "q": 4096,
        "k": 1024,
        "v": 1024,
        "attention out": 4096,
        "gate": 14336,
        "up": 14336,
        "down": 14336,
    }
    model = MODELS["llama-8b"]
    for t in (1, 2, 4, 8):
        each = 2 * (sum(whole.values()) + sum(parted.values()) / t)
        assert layer_activations(model, 8192, 0, t, "scores") == 8192 * each
        assert layer_activations(model, 8192, 0, t) == 8192 * each + 2 * 32 / t * 8192**2
    # at 16 slices each GPU holds a whole head of keys and of values, one of eight
    assert layer_activations(model, 1, 15, 16, "scores") == 2 * (16384 + (8192 + 3 * 14336) / 16 + 2 * 128)


@given(st.integers(0, 40), st.integers(1, 16))
def test_parts_and_slices(whole: int, n: int) -> None:
    runs = parts(whole, n)
    assert [i for a, b in runs for i in range(a, b)] == list(range(whole))
    sizes = [b - a for a, b in runs]
    assert max(sizes) - min(sizes) <= 1
    if whole:
        held = [i for rank in range(n) for i in range(*slice_of(whole, rank, n))]
        assert sorted(set(held)) == list(range(whole))
        assert len(held) == max(whole, n)


@given(st.integers(16, 200), st.sampled_from([1, 2, 4, 8, 16]))
def test_stages(layers: int, n: int) -> None:
    runs = stages(layers, n)
    assert [i for a, b in runs for i in range(a, b)] == list(range(layers))
    sizes = [b - a for a, b in runs]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes[0], sizes[-1]) <= min(sizes) + (min(sizes) == max(sizes) or layers % n == n - 1)
    assert [b - a for a, b in stages(126, 16)] == [7, *[8] * 14, 7]
