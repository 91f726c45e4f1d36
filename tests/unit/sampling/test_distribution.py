"""The numbers of the first figure: presets, penalties by hand, cuts against the reference."""

import math
from typing import Any

import pytest
import reference
import strategies
from hypothesis import given, settings

from demos_py.core.demo import Event, find
from demos_py.sampling import LOGITS, TOKENS
from demos_py.sampling.distribution import PRESETS, Params, counts, update, view

DEMO = find("sampling/distribution")
ORDER = ("penalties", "temperature", "top_k", "top_p", "min_p")
COLUMNS = ("Token", "Logit", "Times in text", "After penalties", "Model’s p", "p at temperature", "Final p")


def column(params: Params, name: str) -> dict[str, float]:
    """A column of the figure's table, by token."""
    table = view(params, None).table
    assert table.columns == COLUMNS
    return {row[0]: float(row[COLUMNS.index(name)]) for row in table.rows}


def by_reference(params: Params, order: tuple[str, ...] = ORDER) -> tuple[list[float], reference.Close]:
    knobs = {
        name: getattr(params, name)
        for name in ("temperature", "top_k", "top_p", "min_p", "presence", "frequency")
    }
    return reference.chain(params.logits, order, knobs, counts(params.text).tolist())


@settings(max_examples=60)
@given(strategies.params("sampling/distribution"))
def test_every_number_by_the_reference(params: Params) -> None:
    expected, near = by_reference(params)
    ties = len(set(by_reference(params, ("penalties",))[0])) < len(TOKENS)
    if near.call or ties:
        return
    shown = view(params, None)
    final, model = reference.softmax(expected), reference.softmax(params.logits)
    heated = reference.softmax(by_reference(params, ORDER[:2])[0])
    for name, wanted in (("Model’s p", model), ("p at temperature", heated), ("Final p", final)):
        cells = column(params, name)
        assert [cells[token.strip()] for token in TOKENS] == pytest.approx(wanted, abs=5.1e-5), name
    possible = [q > 0 for q in final]
    assert shown.facts["kept"] == str(sum(possible))
    assert float(shown.facts["mass"].rstrip("%")) == pytest.approx(
        100 * sum(q for q, k in zip(heated, possible, strict=True) if k), abs=0.051
    )
    assert shown.facts["top"] == TOKENS[final.index(max(final))].strip()
    assert float(shown.facts["top after"]) == pytest.approx(max(final), abs=5.1e-4)
    assert float(shown.facts["second after"]) == pytest.approx(sorted(final)[-2], abs=5.1e-4)
    for name, share in (("entropy before", model), ("entropy after", final)):
        bits = math.fsum(-q * math.log2(q) for q in share if q > 0)
        assert float(shown.facts[name]) == pytest.approx(bits, abs=0.0051)


def test_the_rows_are_those_kept_then_those_cut_each_by_probability() -> None:
    rows = view(Params(top_p=0.8, min_p=0.02, logits=tuple(reversed(LOGITS))), None).drawing["rows"]
    assert [row["cut"] for row in rows] == sorted(row["cut"] for row in rows)
    for group in (True, False):
        before = [row["before"] for row in rows if bool(row["cut"]) is group]
        assert before == sorted(before, reverse=True)
    assert all((row["after"] == 0) == bool(row["cut"]) for row in rows)


def test_penalties_by_hand() -> None:
    """“Paris is a city. Paris is the capital of France.”: Paris twice, a, the and France once each."""
    after = column(Params(presence=1.0, frequency=0.5), "After penalties")
    assert after == {
        "Paris": 3.2,  # 5.2 - 2 * 0.5 - 1
        "the": 1.8,  # 3.3 - 0.5 - 1
        "a": 1.2,
        "located": 2.2,
        "in": 1.9,
        "not": 1.2,
        "Lyon": 0.9,
        "France": -0.9,
        "probably": 0.3,
        "arguably": 0.0,
    }


@pytest.mark.parametrize(
    ("text", "paris", "the"),
    [
        ("", 0, 0),
        ("Paris", 1, 0),
        (" Paris,Paris!Paris", 3, 0),
        ("Parisian Pariss paris PARIS", 0, 0),
        ("the\nthe\tthe", 0, 3),
        ("“Paris”🙂Paris", 2, 0),
        ("</script>Paris", 1, 0),
        ("other then the", 0, 1),
        (" Paris" * 1666, 1666, 0),
    ],
)
def test_counting(text: str, paris: int, the: int) -> None:
    seen = counts(text).tolist()
    assert (seen[0], seen[1], sum(seen)) == (paris, the, paris + the)


def test_the_presets_are_the_chapters_table() -> None:
    wanted = {
        "extract": (0.0, 1.0, 0.0),
        "chat": (0.7, 1.0, 0.0),
        "create": (1.0, 0.95, 0.2),
        "code": (0.2, 0.95, 0.0),
    }
    wild = Params(
        temperature=2.0,
        top_k=3,
        top_p=0.3,
        min_p=0.4,
        presence=-1.0,
        frequency=1.0,
        text="Lyon",
        logits=(0.0,) * 10,
    )
    assert set(PRESETS) == set(wanted)
    for key, (temperature, top_p, frequency) in wanted.items():
        params, _ = update(wild, None, Event("preset", key))
        assert (params.temperature, params.top_p, params.frequency) == (temperature, top_p, frequency)
        assert (params.top_k, params.min_p, params.presence) == (10, 0.0, 0.0)
        assert (params.text, params.logits) == (wild.text, wild.logits)
        assert [k for k, _, pressed in view(params, None).drawing["presets"] if pressed] == [key]
    assert update(wild, None, Event("preset", "nonsense"))[0] == wild


def test_extract_is_greedy_and_ties_go_to_the_first() -> None:
    greedy = {"temperature": 0.0, "top_p": 1.0}
    assert view(Params(**greedy), None).facts["kept"] == "1"
    assert view(Params(**greedy, logits=(0.0,) * 10), None).facts["top"] == "Paris"
    assert column(Params(**greedy, logits=(0.0,) * 10), "Final p")["Paris"] == 1


@pytest.mark.parametrize(
    ("settings_", "blamed"),
    [
        ({"top_p": 0.5}, "top-p cuts here"),
        ({"top_k": 3, "top_p": 1.0}, "top-k cuts here"),
        ({"min_p": 0.5, "top_p": 1.0}, "min-p cuts here"),
        ({"temperature": 0.0, "top_p": 1.0}, "temperature 0 cuts here"),
        ({"top_p": 1.0}, ""),
        ({"presence": 2.0, "frequency": 2.0, "top_p": 1.0}, ""),
    ],
)
def test_the_cut_names_its_cause(settings_: dict[str, Any], blamed: str) -> None:
    note = view(Params(**settings_), None).drawing["cut_note"]
    assert note.startswith(blamed) and bool(note) == bool(blamed)


def test_a_step_that_is_off_is_not_blamed() -> None:
    """e^-800 is 0 for a double: what made that token vanish is the temperature, not top-k at “off”."""
    note = view(Params(temperature=0.05, top_p=1.0, logits=(20.0,) + (-20.0,) * 9), None).drawing["cut_note"]
    assert not note.startswith(("top-k", "top-p", "min-p"))


@settings(max_examples=60)
@given(strategies.params("sampling/distribution"))
def test_the_sentence_about_entropy_says_what_its_numbers_say(params: Params) -> None:
    shown = view(params, None)
    before, after = float(shown.facts["entropy before"]), float(shown.facts["entropy after"])
    assert ("rises" in shown.reading) == (after > before)
    assert ("falls" in shown.reading) == (after < before)
