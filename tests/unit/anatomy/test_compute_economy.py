"""The figure's numbers by hand."""

import pytest

from demos_py.anatomy.compute_economy import PRESETS, Params, update, view
from demos_py.core.demo import Event


def test_llama_3_405b() -> None:
    facts = view(Params(), None).facts
    assert facts["compute"] == "3.79 × 10²⁵"
    assert facts["years"] == "3,035"
    assert facts["reported years"] == "3,518"
    assert facts["achieved"] == "34.5%"


@pytest.mark.parametrize("key", PRESETS)
def test_presets(key: str) -> None:
    params, _ = update(Params(), None, Event("preset", key))
    assert (params.size, params.tokens) == PRESETS[key][1:3]
    assert (view(params, None).facts["achieved"] == "–") == (PRESETS[key][3] == 0)


def test_serving_makes_the_smaller_model_cheaper() -> None:
    base = Params(size=70.0, tokens=1.4)
    served = Params(size=70.0, tokens=1.4, served=10.0)
    small = lambda p: float(view(p, None).table.rows[2][1].split()[0])
    assert small(served) < small(base)
    assert "served" in view(served, None).reading


@pytest.mark.parametrize(
    "size, tokens", [(0.01, 0.001), (10_000.0, 1000.0), (0.01, 1000.0), (10_000.0, 0.001)]
)
def test_the_ends_of_the_controls(size: float, tokens: float) -> None:
    assert view(Params(size=size, tokens=tokens, served=100_000.0, fit="hoffmann"), None).reading
