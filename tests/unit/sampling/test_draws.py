"""The numbers of the second figure: expectations in closed form, counts by counting."""

import math
import re
from collections import Counter

import pytest
import reference
import strategies
from hypothesis import given, settings

from demos_py.algorithms.sampling import draw
from demos_py.core.demo import Event
from demos_py.sampling import LOGITS, TOKENS
from demos_py.sampling.draws import MOST, RUNS_KEPT, Params, distribution, init, update, view


def shares(params: Params) -> tuple[list[float], bool]:
    """The probabilities by the reference, and whether rounding could have decided."""
    knobs = {"temperature": params.temperature, "top_p": params.top_p}
    logits, near = reference.chain(LOGITS, ("temperature", "top_p"), knobs, [])
    return reference.softmax(logits), near.call


def number(text: str) -> float:
    return float(text.replace(",", "").rstrip("%"))


@settings(max_examples=60)
@given(strategies.params("sampling/draws"))
def test_expected_and_observed(params: Params) -> None:
    expected, unsure = shares(params)
    if unsure:
        return
    shown, n, p = view(params, init(params)), params.n, max(expected)
    assert distribution(params).tolist() == pytest.approx(expected, rel=1e-9)
    drawn = Counter(draw(distribution(params), n, params.seed).tolist())
    lost = n - drawn[0]  # Paris has the largest logit
    assert number(shown.facts["lost"]) == lost
    assert number(shown.facts["lost share"]) == pytest.approx(100 * lost / n, abs=0.051)
    assert number(shown.facts["expected share"]) == pytest.approx(100 * (1 - p), abs=0.051)
    assert number(shown.facts["spread"]) == pytest.approx(math.sqrt(n * p * (1 - p)), abs=0.051)
    said = re.search(r"; ([\d,.]+) were to be expected, give or take ([\d,.]+)\. (\w+) ", shown.reading)
    assert said and number(said[1]) == pytest.approx(n * (1 - p), abs=0.051)
    assert number(said[2]) == pytest.approx(math.sqrt(n * p * (1 - p)), abs=0.051)
    never = sum(1 for i, q in enumerate(expected) if q > 0 and not drawn[i])
    assert said[3] == (str(never) if never else "Every")
    for i, (token, q) in enumerate(zip(TOKENS, expected, strict=True)):
        row = shown.table.rows[i]
        assert row[0] == token.strip() and number(row[4]) == drawn[i]
        wanted = (q, n * q, math.sqrt(n * q * (1 - q)))
        for cell, value, digits in zip(row[1:4], wanted, (4, 2, 2), strict=True):
            assert number(cell) == pytest.approx(value, abs=0.51 * 10**-digits)
    assert sum(number(row[4]) for row in shown.table.rows) == n


@settings(max_examples=30)
@given(strategies.params("sampling/draws"))
def test_the_running_share(params: Params) -> None:
    band, _, line, dot = view(params, init(params)).charts["share"]["data"]
    drawn = draw(distribution(params), params.n, params.seed).tolist()
    assert line["x"][0] == 1 and line["x"][-1] == params.n and line["x"] == sorted(set(line["x"]))
    for at, share in zip(line["x"], line["y"], strict=True):
        assert share == pytest.approx(drawn[:at].count(0) / at)
    assert (dot["x"], dot["y"]) == (line["x"][-1:], line["y"][-1:])
    p = max(shares(params)[0])
    for at, edge in zip(band["x"], band["y"], strict=True):
        width = 2 * math.sqrt(p * (1 - p) / at)
        assert min(abs(edge - max(p - width, 0)), abs(edge - min(p + width, 1))) < 1e-3


def test_the_favourite_loses_about_as_often_as_it_should() -> None:
    """Over 200 seeds, the mean lies within four standard errors of n(1 - p)."""
    p = max(shares(Params())[0])
    lost = [number(view(Params(seed=seed), init(Params())).facts["lost"]) for seed in range(200)]
    assert abs(sum(lost) / 200 - 100 * (1 - p)) < 4 * math.sqrt(100 * p * (1 - p) / 200)


def test_greedy_never_loses() -> None:
    for params in (
        Params(temperature=0.0),
        Params(top_p=0.0),
        Params(temperature=0.0, n=1),
        Params(top_p=0.0, n=MOST),
    ):
        shown = view(params, init(params))
        assert (shown.facts["lost"], shown.facts["spread"], shown.facts["expected share"]) == (
            "0",
            "0.0",
            "0.0%",
        )
        assert "Every possible token came up" in shown.reading


def test_draw_again_keeps_the_runs() -> None:
    params, state = Params(n=20, seed=999_990), init(Params())
    seen = []
    for _ in range(15):
        seen.append((params.seed, 20 - int(number(view(params, state).facts["lost"]))))
        params, state = update(params, state, Event("again", "again"))
    assert list(state.runs) == seen[-RUNS_KEPT:]
    assert params.seed == 5  # after 999,999 comes 0
    shown = view(params, state).drawing["runs"]
    assert len(shown) == RUNS_KEPT + 1 and [now for *_, now in shown] == [False] * RUNS_KEPT + [True]
