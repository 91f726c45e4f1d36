"""One declaration gives parsing, links and words; whatever arrives, the result is in range or refused in words."""

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.core import params as controls
from demos_py.core.demo import find
from demos_py.core.params import (
    arrangement,
    choice,
    from_query,
    moved,
    number,
    numbers,
    read,
    slider,
    text,
    to_query,
)


@dataclass(frozen=True)
class Params:
    heat: float = slider(1.0, low=0.0, high=2.0, step=0.05, label="Heat", unit="K", words={0.0: "cold"})
    n: int = number(7, low=1, high=1_000, label="Number")
    pair: tuple[float, ...] = numbers((1.5, -2.0), names=("a", "b"), low=-20, high=20, step=0.1, label="Pair")
    words: str = text("hi", label="Words", limit=100)
    form: str = choice("a", options={"a": "First", "b": "Second"}, label="Form")
    order: tuple[str, ...] = arrangement(
        ("x", "y", "z"), options={"x": "X", "y": "Y", "z": "Z"}, label="Order"
    )


BASE = Params()
ANY_STRING = st.text() | st.sampled_from(
    ["nan", "inf", "-inf", "1e999", "-1", "1e-400", "0x10", "１", "\ud800", "", "1,5"]
)


@settings(max_examples=60)
@given(strategies.settings_of_any())
def test_a_link_gives_the_same_figure_back(case: tuple[str, Any]) -> None:
    demo_id, params = case
    base = find(demo_id).params()
    assert from_query(base, to_query(params, base)) == (params, [])
    assert read(base, controls.write(params)) == (params, [])


@given(strategies.settings_of_any())
def test_a_link_is_plain_ascii_and_holds_only_what_changed(case: tuple[str, Any]) -> None:
    demo_id, params = case
    base = find(demo_id).params()
    query = to_query(params, base)
    assert query.isascii() and not set(query) & set(" \"<>#\n'")
    names = {pair.split("=")[0] for pair in query.split("&")}
    assert names == {"v"} | {
        f.name for f in dataclasses.fields(base) if getattr(params, f.name) != getattr(base, f.name)
    }
    assert to_query(params, params) == "v=1"


@pytest.mark.parametrize("letter", ["a", "é", "🙂", "\n"])
def test_the_longest_text_fits_into_a_link(letter: str) -> None:
    base = find("sampling/distribution").params()
    params, problems = read(base, {"text": [letter * 10_000]})
    assert problems == []
    got, refused = from_query(base, to_query(params, base))
    assert refused == [] and got == params


@given(
    st.dictionaries(st.sampled_from([*controls.controls(BASE), "nothing"]), st.lists(ANY_STRING, max_size=4))
)
def test_whatever_arrives_the_result_is_in_range_and_a_problem_is_a_sentence(
    values: dict[str, list[str]],
) -> None:
    got, problems = read(BASE, values)
    assert 0 <= got.heat <= 2 and Decimal(str(got.heat)) % Decimal("0.05") == 0
    assert 1 <= got.n <= 1_000 and type(got.n) is int
    assert len(got.pair) == 2 and all(
        -20 <= x <= 20 and Decimal(str(x)) % Decimal("0.1") == 0 for x in got.pair
    )
    assert len(got.words) <= 100 and got.words.encode("utf-8") is not None  # a lone surrogate would raise
    assert got.form in ("a", "b") and sorted(got.order) == ["x", "y", "z"]
    assert all(len(problem) < 200 for problem in problems)
    labels = ("Heat", "Number", "Pair", "Words", "Form", "Order", "“nothing”")
    assert all(problem.startswith(labels) for problem in problems)


@pytest.mark.slow
def test_every_step_of_every_slider_is_written_as_it_is_read() -> None:
    for demo_id in strategies.DEMOS:
        for control in controls.controls(find(demo_id).params).values():
            if not isinstance(control, controls.Number) or control.high - control.low > 10_000:
                continue
            start, end, by = (Decimal(str(x)) for x in (control.low, control.high, control.step))
            for i in range(int((end - start) / by) + 1):
                written = str(start + i * by)
                value = control.read(written)
                assert Decimal(control.show(value)) == Decimal(written) == Decimal(str(value))
                assert value or not control.show(value).startswith("-")
                if start + i * by < end:
                    assert control.read(str(start + i * by + by * Decimal("0.4"))) == value


REFUSED = {
    "heat": [(["3"], "Heat takes a number from 0 to 2, not “3”"), (["nan"], "not “nan”"), ([""], "not “”")],
    "n": [
        (["0"], "Number takes a whole number from 1 to 1,000, not “0”"),
        (["1", "2"], "Number takes one value, not 2"),
    ],
    "pair": [
        (["1"], "Pair takes 2 numbers, not 1"),
        (["1", "99"], "Pair takes 2 numbers from -20 to 20, not “99”"),
    ],
    "words": [
        (["x" * 101], "Words takes at most 100 characters, not 101"),
        ([], "Words takes one value, not 0"),
    ],
    "form": [
        (["c"], "Form takes one of a, b, not “c”"),
        (["</script>" * 9], "not “</script></script></script></script></sc”"),
    ],
    "order": [
        (["x", "y"], "Order takes each of x, y, z once, in any order"),
        (["x", "x", "y"], "Order takes each"),
    ],
    "heaf": [(["1"], "“heaf” is no parameter of this figure")],
}


@pytest.mark.parametrize(
    ("name", "raw", "words"), [(n, raw, words) for n, cases in REFUSED.items() for raw, words in cases]
)
def test_refused_in_words_and_the_rest_is_kept(name: str, raw: list[str], words: str) -> None:
    other = {"words": ["kept"]} if name != "words" else {"n": ["9"]}
    got, problems = read(BASE, {name: raw, **other})
    assert len(problems) == 1 and words in problems[0]
    assert got == dataclasses.replace(BASE, **({"words": "kept"} if name != "words" else {"n": 9}))


def test_numbers_go_to_the_nearest_step() -> None:
    for given_, expected in (
        ("0.51", 0.5),
        ("0.53", 0.55),
        ("1.99", 2.0),
        ("2.0", 2.0),
        ("1e-9", 0.0),
        (" 1 ", 1.0),
    ):
        assert read(BASE, {"heat": [given_]}) == (dataclasses.replace(BASE, heat=expected), [])
    assert read(BASE, {"n": ["2.4"]})[0].n == 2


def test_text_is_taken_as_it_is() -> None:
    for given_, expected in (
        ("a\r\nb", "a\nb"),
        ("</script><b>", "</script><b>"),
        ("\ud83d", "?"),  # half an emoji has no place in UTF-8
        ("🙂" * 100, "🙂" * 100),
        ("", ""),
        ("\r\n" * 100, "\n" * 100),
    ):
        assert read(BASE, {"words": [given_]}) == (dataclasses.replace(BASE, words=expected), [])
    demo = find("sampling/distribution").params()
    assert read(demo, {"text": ["x" * 10_000]})[1] == []
    assert read(demo, {"text": ["x" * 10_001]}) == (
        demo,
        ["Text so far takes at most 10,000 characters, not 10,001"],
    )


def test_a_link_too_long_or_of_another_version_changes_nothing() -> None:
    assert from_query(BASE, "n=" + "9" * 10_000_000)[0] == BASE
    assert "10,000,002 characters long" in from_query(BASE, "n=" + "9" * 10_000_000)[1][0]
    assert from_query(BASE, "v=2&n=9") == (BASE, ["this link is of version 2, which this book does not know"])
    assert from_query(BASE, "v=1&v=1&n=9")[0] == BASE
    assert from_query(BASE, "n=9")[0].n == from_query(BASE, "v=1&n=9")[0].n == 9
    assert from_query(BASE, "") == (BASE, [])


@given(st.text() | st.from_regex(r"([a-z]{1,5}=[%0-9a-f+&;=]*&)*", fullmatch=True))
def test_any_query_is_read_without_raising(query: str) -> None:
    got, problems = from_query(BASE, query)
    assert isinstance(got, Params) and all(isinstance(problem, str) for problem in problems)


def test_moved() -> None:
    for order in permutations("abc"):
        for place, key in enumerate(order):
            for by in (-1, 1):
                to = place + by
                expected = list(order)
                if 0 <= to < 3:
                    expected[place], expected[to] = expected[to], expected[place]
                assert moved(order, f"{key}:{by}") == tuple(expected)
        for nonsense in ("", "a", "a:", "d:1", "a:2", "a:-0", ":1", "a:1:1", "a:１"):
            assert moved(order, nonsense) == order


def test_params_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BASE.n = 8  # type: ignore[misc]


def test_what_a_slider_says() -> None:
    heat = controls.controls(Params)["heat"]
    assert isinstance(heat, controls.Slider)
    assert [heat.reads(x) for x in (0.0, 0.05, 1.0)] == ["cold", "0.05", "1.00"]
    assert heat.ends() == ("cold", "1", "2")
    top_k = controls.controls(find("sampling/distribution").params)["top_k"]
    assert isinstance(top_k, controls.Slider)
    assert top_k.ends() == ("1", "", "off")  # 5.5 is no step


def test_defaults_are_values_that_their_own_control_takes() -> None:
    for demo_id in strategies.DEMOS:
        base = find(demo_id).params()
        assert read(base, controls.write(base)) == (base, [])
        for control in controls.controls(base).values():
            assert control.label and control.accepts()
