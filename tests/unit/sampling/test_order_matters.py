"""The numbers of the third figure: both orders by the reference, the distance by brute force."""

import re
from itertools import combinations, permutations

import pytest
import reference
import strategies
from hypothesis import given, settings

from demos_py.core.demo import Event
from demos_py.sampling import LOGITS, TOKENS
from demos_py.sampling.order_matters import PRESETS, USUAL, Params, trail, update, view

NAMES = ("temperature", "top_k", "top_p", "min_p")


def shares(params: Params, order: tuple[str, ...]) -> tuple[list[float], bool]:
    knobs = {name: getattr(params, name) for name in NAMES}
    logits, near = reference.chain(LOGITS, order, knobs, [])
    return reference.softmax(logits), near.call


def total_variation(a: list[float], b: list[float]) -> float:
    """By its definition: the largest difference that the two give to any set of tokens."""
    gaps = [x - y for x, y in zip(a, b, strict=True)]
    return max(abs(sum(event)) for size in range(len(gaps) + 1) for event in combinations(gaps, size))


def test_every_order_by_the_reference() -> None:
    for order in permutations(NAMES):
        for params in (
            Params(),
            Params(temperature=2.0, min_p=0.02),
            Params(temperature=0.4, top_k=3),
            Params(top_p=0.61),
        ):
            expected, unsure = shares(params, order)
            assert not unsure
            assert trail(params, order)[-1].tolist() == pytest.approx(expected, rel=1e-9)
            assert len(trail(params, order)) == 5


@settings(max_examples=60)
@given(strategies.params("sampling/order-matters"))
def test_the_view(params: Params) -> None:
    (mine, unsure), (usual, unsure_too) = shares(params, params.order), shares(params, USUAL)
    if unsure or unsure_too:
        return
    shown = view(params, None)
    distance = total_variation(mine, usual)
    assert float(shown.facts["distance"].rstrip("%")) == pytest.approx(100 * distance, abs=0.051)
    assert shown.facts["kept"] == str(sum(q > 0 for q in mine))
    assert shown.facts["kept usual"] == str(sum(q > 0 for q in usual))
    for row, token, a, b in zip(shown.table.rows, TOKENS, usual, mine, strict=True):
        assert row[0] == token.strip()
        assert [float(cell) for cell in row[2:]] == pytest.approx([a, b, b - a], abs=5.1e-5)
    if params.order == USUAL:
        assert shown.reading.startswith("Your order is the usual one")
    elif distance > 6e-4:
        assert shown.facts["distance"] in shown.reading
    elif distance < 4e-4:
        assert "no difference" in shown.reading
    left = [int(re.match(r"\d+", step["note"])[0]) for step in shown.drawing["path"]]  # type: ignore[index]
    assert left == sorted(left, reverse=True) and left[-1] == sum(q > 0 for q in mine)


def test_temperature_first_or_last_changes_what_top_p_keeps() -> None:
    """At 1.5 the mass is spread, so 0.9 of it needs more tokens."""
    for temperature in (0.5, 1.5, 2.0):
        params = Params(temperature=temperature, top_k=10, min_p=0.0)
        kept = []
        for order in (("temperature", "top_p", "top_k", "min_p"), ("top_p", "top_k", "min_p", "temperature")):
            expected = [q > 0 for q in shares(params, order)[0]]
            assert (trail(params, order)[-1] > 0).tolist() == expected
            kept.append(sum(expected))
        assert kept[0] > kept[1] if temperature > 1 else kept[0] < kept[1]


def test_order_alone_makes_no_difference_at_temperature_one_without_cuts() -> None:
    for order in permutations(NAMES):
        params = Params(order=order, temperature=1.0, top_k=10, top_p=1.0, min_p=0.0)
        assert view(params, None).facts["distance"] == "0.0%"


def test_moving_and_presets() -> None:
    start = Params()
    assert start.order == ("top_k", "top_p", "min_p", "temperature")
    moved, _ = update(start, None, Event("move", "temperature:-1"))
    assert moved.order == ("top_k", "top_p", "temperature", "min_p")
    assert update(moved, None, Event("move", "temperature:1"))[0] == start
    assert update(start, None, Event("move", "temperature:1"))[0] == start
    for key, (_, order) in PRESETS.items():
        assert sorted(order) == sorted(NAMES)
        params, _ = update(start, None, Event("preset", key))
        assert params == Params(order=order)
        assert [k for k, _, pressed in view(params, None).drawing["presets"] if pressed] == [key]
