"""The figure of one head's attention: against the model's own attention, its queries and keys, and SciPy."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import HOSTILE, params

from demos_py.anatomy.attention_temperature import DRAWN, LEVELS, Params, init, update, view
from demos_py.core.demo import Event, View, find, finished
from demos_py.core.render import render_parts
from demos_py.models import pocket_lm

DEMO = find("anatomy/attention-temperature")
LM = finished(pocket_lm.load())
LONG = "One day Mira went to the market. " * 12


def shown(settings: Params) -> View:
    return view(settings, finished(init(settings)))


def column(found: View, name: str) -> list[float]:
    at = found.table.columns.index(name)
    return [float(row[at]) for row in found.table.rows]


def outputs(text: str, *names: str) -> list[np.ndarray]:
    found = finished(LM.forward(LM.encode(text)[0], names))
    return [found[name].astype(np.float64) for name in names]


def row_by_scipy(settings: Params) -> np.ndarray:
    """The chosen query's weights from the model's rotated queries and keys: a dot product for each key."""
    queries, keys = outputs(settings.text, "queries_rotated", "keys_rotated")
    groups = queries.shape[1] // keys.shape[1]
    query = queries[settings.layer, settings.head]
    key = keys[settings.layer, settings.head // groups]
    row = len(query) - 1 - min(settings.back, len(query) - 1, DRAWN - 1)
    divisor = math.sqrt(query.shape[1]) if settings.scale == "on" else 1
    visible = row + 1 if settings.mask == "on" else len(query)
    return scipy.special.softmax(key[:visible] @ query[row] / divisor / settings.temperature)


def test_at_temperature_1_it_is_the_models_own() -> None:
    (attention,) = outputs(Params().text, "attention")
    for layer in range(6):
        for head in range(4):
            found = shown(Params(layer=layer, head=head))
            own = attention[layer, head, -1]
            assert column(found, "Weight now") == pytest.approx(own, abs=1.01e-4)
            assert column(found, "Weight now") == column(found, "Model’s weight")
            bits = scipy.stats.entropy(own, base=2)
            assert float(found.facts["entropy"]) == pytest.approx(bits, abs=0.006)
            mean = np.mean(2 ** scipy.stats.entropy(attention[layer, head], base=2, axis=1))
            assert float(found.facts["mean effective"]) == pytest.approx(mean, abs=0.006)


@settings(max_examples=25)
@given(params("anatomy/attention-temperature", text=Params().text))
def test_any_settings_by_scipy(chosen: Params) -> None:
    found, own = shown(chosen), row_by_scipy(chosen)
    near = 1e-3 if chosen.scale == "off" else 2e-4  # float32 in the model, and scores up to a hundred
    assert column(found, "Weight now") == pytest.approx(own, abs=near)
    assert found.facts["visible"] == str(len(own))
    assert float(found.facts["effective"]) == pytest.approx(2 ** scipy.stats.entropy(own, base=2), abs=0.02)
    row = int(found.drawing["query_at"])
    assert float(found.facts["leak"].rstrip("%")) == pytest.approx(100 * own[row + 1 :].sum(), abs=0.15)


def test_a_long_text_by_scipy() -> None:
    chosen = Params(text=LONG, back=7, temperature=2.5, layer=1, head=2)
    assert column(shown(chosen), "Weight now") == pytest.approx(row_by_scipy(chosen), abs=2e-4)


def cells(found: View) -> np.ndarray:
    """The shade of each cell as the SVG's paths paint it, -1 where none does."""
    grid = np.full((found.drawing["drawn"], found.drawing["columns"]), -1)
    for level, path in enumerate(found.drawing["paths"]):
        strokes = re.findall(r"M(\d+) (\d+)h(\d+)v1H(\d+)z", path)
        assert "".join(f"M{x} {y}h{n}v1H{back}z" for x, y, n, back in strokes) == path
        for x, y, n, back in strokes:
            assert x == back
            stroke = grid[int(y), int(x) : int(x) + int(n)]
            assert stroke.size == int(n) and (stroke == -1).all()  # inside, and painted once
            stroke[:] = level
    return grid


@pytest.mark.parametrize("mask", ["on", "off"])
@pytest.mark.parametrize("text", [Params().text, LONG, "", "Hi"])
def test_the_grid_paints_every_weight_that_is_seen(text: str, mask: str) -> None:
    """One mask too wide or too narrow by a cell, and the hatched ground shows or hides a cell too many."""
    found = shown(Params(text=text, mask=mask))
    scores, attention = (a[3, 3] for a in outputs(text, "scores", "attention"))
    own = attention if mask == "on" else scipy.special.softmax(scores, axis=1)
    size, drawn = len(own), min(DRAWN, len(own))
    part = own[size - drawn :, size - drawn :]
    if size > drawn:
        part = np.column_stack([own[size - drawn :, : size - drawn].sum(1), part])
    painted = cells(found)
    assert painted.shape == part.shape
    edge = drawn - part.shape[1]
    for (y, x), shade in np.ndenumerate(painted):
        if mask == "on" and x + edge > y:
            assert shade == -1
        elif min(abs(part[y, x] - bound) for bound in LEVELS) > 1e-4:
            assert shade == sum(part[y, x] >= bound for bound in LEVELS)


def test_without_the_mask_the_future_leaks() -> None:
    (scores,) = outputs(Params().text, "scores")
    own = scipy.special.softmax(scores[3, 3], axis=1)
    leaks = [row[at + 1 :].sum() for at, row in enumerate(own)]
    on, off = shown(Params(back=4)), shown(Params(back=4, mask="off"))
    assert float(on.facts["leak"].rstrip("%")) == 0 and on.facts["visible"] == "11"
    assert float(off.facts["leak"].rstrip("%")) == pytest.approx(100 * leaks[-5], abs=0.06)
    assert float(off.facts["mean leak"].rstrip("%")) == pytest.approx(100 * np.mean(leaks), abs=0.06)
    assert off.facts["mean leak"] == on.facts["mean leak without mask"] != "0.0%"
    assert "leaks to tokens that come later" in off.reading and "leak" not in on.reading
    assert "nothing leaks here" in shown(Params(mask="off")).reading


def test_without_the_root_it_is_a_colder_softmax() -> None:
    """Leaving out a division by the root of d is the temperature 1 / root of d."""
    (scores,) = outputs(Params().text, "scores")
    found = shown(Params(layer=4, head=0, scale="off"))
    colder = scipy.special.softmax(scores[4, 0, -1] * math.sqrt(32))
    assert column(found, "Weight now") == pytest.approx(colder, abs=1e-4)
    assert float(found.facts["undivided temperature"]) == pytest.approx(32**-0.5, abs=5e-4)
    assert float(found.facts["effective"]) < float(found.facts["effective model"])
    assert found.facts["mean effective"] == found.facts["mean effective undivided"]


def test_the_default_head_finds_the_first_name() -> None:
    """Over names and both orders, this head of the last token looks at the name that came first."""
    for first, second, giver in (("Zoe", "Finn", "Finn"), ("Carl", "Anna", "Anna"), ("Anna", "Igor", "Anna")):
        found = shown(Params(text=f"When {first} and {second} went to the park, {giver} gave a lamp to"))
        assert found.facts["top"] == first and float(found.facts["top weight"].rstrip("%")) > 90
    assert float(shown(Params(temperature=5.0)).facts["effective"]) > 5


def test_the_chart_is_the_entropy_at_each_temperature() -> None:
    (scores,) = outputs(Params().text, "scores")
    limit, _, curve, now = shown(Params(layer=2, head=0, temperature=2.0)).charts["entropy"]["data"]
    for t, bits in zip(curve["x"], curve["y"], strict=True):
        own = scipy.stats.entropy(scipy.special.softmax(scores[2, 0, -1] / t), base=2)
        assert bits == pytest.approx(own, abs=1e-3)
    assert limit["y"][0] == pytest.approx(math.log2(scores.shape[-1]))
    assert now["y"][0] == pytest.approx(np.interp(2.0, curve["x"], curve["y"]), abs=0.02)


def test_a_pressed_token_becomes_the_query() -> None:
    chosen = Params()
    state = finished(init(chosen))
    pressed = update(chosen, state, Event("query", "4"))[0]
    assert pressed == replace(chosen, back=4)
    assert view(pressed, state).facts["query"] == state.pieces[-5].strip()
    for wrong in ("", "-1", "24", str(len(state.pieces)), "x"):
        assert update(chosen, state, Event("query", wrong)) == (chosen, state)
    # a query before the first token is the first
    assert view(Params(back=23), state).drawing["query_at"] == 0


def test_the_controls_know_the_model() -> None:
    layer, head = (Params.__dataclass_fields__[name].metadata["control"] for name in ("layer", "head"))
    assert (layer.high + 1, head.high + 1) == (LM.config["layers"], LM.config["heads"])


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, "a\ud800b", "`**` **b**", "\x1d\x1e\x1f", "Hi  ", "مرحبا بالعالم", "🙂" * 3000, "a" * 10_000],
)
def test_any_text(text: str) -> None:
    chosen = Params(text=text, temperature=2.0)
    found = shown(chosen)
    parts = render_parts(DEMO, chosen, found, "t")
    assert "<script" not in "".join(parts.values())
    assert parts["table"].count("<tr>") == len(found.table.rows) + 1
    assert len(found.drawing["queries"]) <= DRAWN and all(found.facts.values())
    assert bool(found.notices) == (not text or len(found.drawing["queries"]) < int(found.facts["tokens"]))


@settings(max_examples=30)
@given(st.text(max_size=120), st.integers(0, 23))
def test_rows_are_shares(text: str, back: int) -> None:
    found = shown(Params(text=text, back=back, temperature=0.7, mask="off"))
    assert sum(column(found, "Weight now")) == pytest.approx(1, abs=1e-4 * len(found.table.rows))


def test_a_grid_has_few_elements() -> None:
    chosen = Params(text=LONG)
    assert render_parts(DEMO, chosen, shown(chosen), "t")["drawing"].count("<path") < 30
