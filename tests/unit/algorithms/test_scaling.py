"""The optimum in closed form against a search, and the published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.scaling import FITS, cheapest, gpu_years, inference_compute, training_compute


@given(st.floats(18, 27), st.sampled_from(list(FITS)))
def test_the_closed_form_is_the_bottom_of_the_valley(exponent: float, name: str) -> None:
    fit, compute = FITS[name], 10**exponent
    n, d = fit.optimum(compute)
    assert training_compute(n, d) == pytest.approx(compute)
    searched = min((fit.loss(n * 1.01**k, d / 1.01**k), k) for k in range(-200, 201))
    assert searched[1] == 0


@given(st.floats(8, 12), st.floats(9, 13), st.sampled_from(list(FITS)))
def test_tokens_for_a_loss_undo_the_loss(n: float, d: float, name: str) -> None:
    fit = FITS[name]
    assert fit.tokens_for(fit.loss(10**n, 10**d), 10**n) == pytest.approx(10**d, rel=1e-5)


def test_without_serving_the_cheapest_is_chinchillas() -> None:
    fit = FITS["hoffmann"]
    n, d = fit.optimum(5.76e23)
    found_n, found_d, whole = cheapest(fit, fit.loss(n, d), 0)
    assert found_n == pytest.approx(n, rel=0.02)
    assert found_d == pytest.approx(d, rel=0.02)
    assert whole == pytest.approx(5.76e23, rel=1e-3)
    smaller, longer, more = cheapest(fit, fit.loss(n, d), 100 * d)
    assert smaller < n
    assert longer > d
    assert more < training_compute(n, d) + inference_compute(n, 100 * d)


def test_published() -> None:
    compute = training_compute(405e9, 15.6e12)
    assert compute == pytest.approx(3.8e25, rel=0.01)  # the Llama 3 report
    assert gpu_years(compute, 0.4) == pytest.approx(3035, rel=0.002)
    assert 30.84e6 / (365.25 * 24) == pytest.approx(3518, rel=0.001)
    assert compute / (30.84e6 * 3600 * 989.4e12) == pytest.approx(0.345, abs=0.001)
    # 20 tokens a parameter: Chinchilla's own choice, which the corrected fit gives for its compute
    n, d = FITS["besiroglu"].optimum(5.76e23)
    assert 15 < d / n < 30
