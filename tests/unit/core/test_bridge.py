"""The page's messages: a session from open to close, refusals that keep the last good, errors in words."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import strategies
from hypothesis import given, settings

from demos_py.core import bridge
from demos_py.core import params as controls
from demos_py.core.demo import Demo, Event, View, find, finished
from demos_py.core.render import PARTS, render_parts


@pytest.fixture(autouse=True)
def no_sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    bridge.figures.clear()
    for slice_of_time in ("OPENING", "SLICE"):  # a slow machine is to get as far as a fast one
        monkeypatch.setattr(bridge, slice_of_time, 1000)
    yield
    bridge.figures.clear()


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON for a browser")


def ask(**request: Any) -> dict[str, Any]:
    reply = json.loads(finished(bridge.answer(json.dumps(request))), parse_constant=refuse)
    assert reply.pop("ms", 0) >= 0  # how long it took: no two are the same
    assert reply.pop("ran", {}).keys() <= {"model", "parameters", "provider", "ms"}
    return reply


def begin(demo: str = "sampling/draws", preset: str = "", link: str = "", key: str = "k") -> dict[str, Any]:
    return ask(type="open", key=key, uid="u", demo=demo, preset=preset, link=link)


@pytest.mark.parametrize("demo_id", strategies.DEMOS)
def test_open_answers_what_the_build_has_written(demo_id: str) -> None:
    demo = find(demo_id)
    view = demo.first_view(demo.params())
    reply = begin(demo_id)
    assert set(reply) == {"parts", "charts", "link", *(["run"] if demo.moves else [])} and set(
        reply["parts"]
    ) == set(PARTS)
    assert reply["parts"] == render_parts(demo, demo.params(), view, "u")
    assert reply["charts"] == json.loads(json.dumps(dict(view.charts)))
    assert reply["link"] == "v=1"


@settings(max_examples=25)
@given(strategies.settings_of_any())
def test_a_link_opens_the_figure_that_gave_it(case: tuple[str, Any]) -> None:
    demo_id, params = case
    begin(demo_id)
    changed = ask(type="change", key="k", values=controls.write(params))
    assert bridge.figures["k"].params == params
    assert begin(demo_id, link=changed["link"], key="other") == changed
    # the same link over the page's own preset gives the same figure as well
    assert begin(demo_id, preset=changed["link"], key="third") | {"link": ""} == changed | {"link": ""}


def test_preset_and_link_are_put_on_top_of_each_other() -> None:
    begin(preset="n=50&seed=7", link="n=20")
    session = bridge.figures["k"]
    assert (session.base.n, session.base.seed, session.params.n, session.params.seed) == (50, 7, 20, 7)
    assert ask(type="change", key="k", values={"n": ["50"]})["link"] == "v=1"


def test_a_bad_value_keeps_the_last_good_one_and_says_so() -> None:
    begin()
    good = ask(type="change", key="k", values={"n": ["250"]})
    bad = ask(type="change", key="k", values={"n": ["</script>"], "what": ["1"]})
    assert bridge.figures["k"].params.n == 250
    assert bad["parts"]["notices"].count("<p") == 2
    assert (
        "“&lt;/script&gt;”" in bad["parts"]["notices"] and "“what” is no parameter" in bad["parts"]["notices"]
    )
    assert {**bad["parts"], "notices": ""} == {**good["parts"], "notices": ""} and bad["link"] == good[
        "link"
    ] == "v=1&n=250"
    assert ask(type="change", key="k", values={"n": ["250"]}) == good  # and the notice is gone again


def test_a_bad_link_says_so_and_opens_all_the_same() -> None:
    for link, words in (
        ("n=0", "Draws takes"),
        ("v=9", "version 9"),
        ("n=" + "1" * 1_000_000, "characters long"),
        ("x=1", "no parameter"),
    ):
        reply = begin(link=link)
        assert words in reply["parts"]["notices"] and reply["link"] == "v=1"


def test_events_go_to_the_demo_and_changes_begin_anew() -> None:
    begin()
    for seed in (1, 2, 3):
        assert bridge.figures["k"].params.seed == seed
        reply = ask(type="event", key="k", name="again", value="again")
    assert [seed for seed, _ in bridge.figures["k"].state.runs] == [1, 2, 3]
    assert reply["link"] == "v=1&seed=4"
    ask(type="change", key="k", values={"seed": ["4"]})  # the whole form, and nothing in it changed
    assert len(bridge.figures["k"].state.runs) == 3
    ask(type="change", key="k", values={"n": ["10"]})
    assert bridge.figures["k"].state.runs == ()
    same = ask(type="change", key="k", values={})
    assert ask(type="event", key="k", name="unheard-of", value="") == same


def test_a_figure_with_a_model_is_awaited_and_says_what_ran() -> None:
    request = {
        "type": "open",
        "key": "m",
        "uid": "u",
        "demo": "sampling/vocabulary",
        "preset": "",
        "link": "",
    }
    pending = bridge.answer(json.dumps(request))
    assert inspect.iscoroutine(pending)
    ran = json.loads(finished(pending))["ran"]
    assert ran["model"] == "pocket-lm" and ran["parameters"] > 1e6 and ran["ms"] > 0
    change = {"type": "change", "key": "m", "values": {"temperature": ["1"]}}
    assert inspect.iscoroutine(answer := bridge.answer(json.dumps(change)))
    assert "error" not in json.loads(finished(answer))
    assert isinstance(bridge.answer(json.dumps(request | {"demo": "sampling/draws"})), str)


def test_sessions_are_separate_until_closed() -> None:
    begin(key="a")
    begin(key="b")
    ask(type="change", key="a", values={"n": ["9"]})
    assert (bridge.figures["a"].params.n, bridge.figures["b"].params.n) == (9, 100)
    assert ask(type="close", key="a") == {} == ask(type="close", key="a")
    assert set(bridge.figures) == {"b"}
    assert "error" in ask(type="change", key="a", values={})


def test_an_exception_becomes_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = find("sampling/draws")

    def view(params: Any, state: Any) -> View:
        if params.n == 13:
            raise ZeroDivisionError("thirteen </script>")
        return real.view(params, state)

    def update(params: Any, state: Any, event: Event) -> tuple[Any, Any]:
        raise RuntimeError(event.name)

    broken = replace(real, view=view, update=update)
    monkeypatch.setattr(bridge, "find", lambda demo_id: broken)
    assert "parts" in begin()
    reply = ask(type="change", key="k", values={"n": ["13"]})
    assert set(reply) == {"error"}
    assert (
        reply["error"].startswith("ZeroDivisionError in test_bridge.py, line ")
        and "thirteen" in reply["error"]
    )
    assert ask(type="event", key="k", name="boom", value="")["error"].startswith(
        "RuntimeError in test_bridge.py"
    )
    assert "parts" in ask(type="change", key="k", values={"n": ["14"]})  # and it goes on


def test_what_the_page_must_not_send_is_an_error_too() -> None:
    assert "did you mean “sampling/draws”" in begin("sampling/drawz")["error"]
    assert "error" in ask(type="dance", key="k")
    assert "error" in ask(type="open", key="k")
    assert bridge.figures == {}


def test_any_text_travels() -> None:
    begin("sampling/distribution")
    for text in (*strategies.HOSTILE, "\ud83d", "\u2028", "x" * 10_000, "🙂" * 10_000):
        reply = ask(type="change", key="k", values={"text": [text]})
        assert "error" not in reply and reply["parts"]["notices"] == ""
    long = ask(type="change", key="k", values={"text": ["x" * 10_001]})
    assert "at most 10,000 characters, not 10,001" in long["parts"]["notices"]


def test_a_demo_is_what_the_registry_says() -> None:
    begin()
    assert isinstance(bridge.figures["k"].demo, Demo) and bridge.figures["k"].demo is find("sampling/draws")
