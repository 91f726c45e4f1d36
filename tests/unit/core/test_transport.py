"""Logs, runs and moments: the state is a function of the log, whatever way the reader came to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.core import bridge
from demos_py.core.demo import TICK, Event, find, finished
from demos_py.core.transport import MOST_STEPS, Log, Run, moment, split_query

DEMO = find("rate-limits/retry-storm")
EVENTS = st.builds(
    Event, st.text(min_size=1, max_size=8).filter(lambda name: name != "tick"), st.text(max_size=8)
)


@given(st.integers(0, 400), st.dictionaries(st.integers(0, 399), EVENTS, max_size=5))
def test_a_log_is_read_as_it_was_written(length: int, events: dict[int, Event]) -> None:
    log = Log(length, {step: event for step, event in events.items() if step < length})
    assert Log.read(log.write()) == log


def test_a_log_is_written_short() -> None:
    assert Log(0).write() == "0"
    assert Log(16, {12: Event("drop", "id")}).write() == "12,drop:id,3"
    assert Log(2, {0: Event("a,b", "1:2"), 1: Event("c")}).write() == "a%2Cb:1%3A2,c:"


@pytest.mark.parametrize("wrong", ["", "x", "-1", "1.5", "1,,2", ":a", "9999999", "20001", "٣", "a:b," * 300])
def test_a_log_that_cannot_be_read_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="moment"):
        Log.read(wrong)


def test_the_log_is_taken_out_of_a_query() -> None:
    assert split_query("v=1&jobs=50&log=7") == ("v=1&jobs=50", Log(7), [])
    assert split_query("v=1&jobs=50") == ("v=1&jobs=50", None, [])
    rest, log, problems = split_query("log=what&jobs=50")
    assert (rest, log) == ("jobs=50", None) and "“what” cannot be read" in problems[0]


def straight(params: Any, steps: int) -> Any:
    state = finished(DEMO.init(params))
    for _ in range(steps):
        state = finished(DEMO.update(params, state, TICK))[1]
    return state


@settings(max_examples=15)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=8))
def test_whatever_the_way_the_moment_is_the_same(stops: list[int]) -> None:
    params = DEMO.params()
    run = finished(Run.begin(DEMO, params))
    for stop in stops:
        finished(run.seek(stop))
        assert run.at == min(stop, 600)
        assert run.state == straight(params, run.at)


def test_a_run_knows_its_end_and_its_marks() -> None:
    run = moment(DEMO, DEMO.params(), Log(MOST_STEPS))
    assert run.done and run.known == run.at == 600
    assert run.marks and all(0 < step <= 600 and words for step, words in run.marks)
    assert run.log == Log(600)


def test_what_the_reader_does_ends_the_future_that_was_known() -> None:
    run = moment(DEMO, DEMO.params(), Log(600))
    finished(run.seek(100))
    before = run.state
    finished(run.happen(Event("cough")))
    assert (run.at, run.known, run.state) == (101, 101, before)
    assert run.log.write() == "100,cough:"
    finished(run.seek(MOST_STEPS))
    assert run.known == 601  # one step more, for one of them did nothing
    again = moment(DEMO, DEMO.params(), Log.read("100,cough:,501"))
    assert again.state == run.state


def ask(**request: Any) -> dict[str, Any]:
    return json.loads(finished(bridge.answer(json.dumps(request))))


def begin(link: str = "", preset: str = "") -> dict[str, Any]:
    return ask(type="open", key="k", uid="u", demo=DEMO.id, preset=preset, link=link)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "SLICE", 1000)
    monkeypatch.setattr(bridge, "OPENING", 1000)


@pytest.mark.usefixtures("unhurried")
def test_the_bridge_seeks_and_its_link_names_the_moment() -> None:
    opened = begin()
    assert opened["run"]["at"] == DEMO.opens_at and "log=" not in opened["link"]
    there = ask(type="seek", key="k", to=77)
    assert there["run"]["at"] == 77 and there["link"].endswith("&log=77")
    assert begin(there["link"])["parts"] == there["parts"]
    assert ask(type="seek", key="k", to=-5)["run"]["at"] == 0
    assert ask(type="seek", key="k", to=10**6)["run"] | {"marks": []} == {
        "at": 600, "wanted": 10**6, "known": 600, "done": True, "marks": [],
    }  # fmt: skip


@pytest.mark.usefixtures("unhurried")
def test_a_changed_control_keeps_the_moment() -> None:
    begin("log=300")
    changed = ask(type="change", key="k", values={"strategy": ["jitter"]})
    assert changed["run"]["at"] == 300
    assert changed["parts"] == begin("strategy=jitter&log=300")["parts"]


@pytest.mark.usefixtures("unhurried")
def test_a_pages_own_moment_is_not_in_the_link() -> None:
    opened = begin(preset="log=50")
    assert opened["run"]["at"] == 50 and "log=" not in opened["link"]


def test_a_bad_moment_falls_back_and_says_so() -> None:
    opened = begin("log=soon")
    assert "cannot be read" in opened["parts"]["notices"]


def test_a_long_way_is_gone_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "OPENING", 0)
    assert begin()["run"]["at"] == 0
    # a link's moment is not lost where the machine is too slow to show it first
    slow = begin("log=300")["run"]
    assert (slow["at"], slow["wanted"]) == (0, 300)
    monkeypatch.setattr(bridge, "SLICE", 0.002)
    asked = 0
    while ask(type="seek", key="k", to=600)["run"]["at"] < 600:
        asked += 1
        assert asked < 5000
    assert asked > 0
    assert "parts" not in ask(type="ahead", key="k")
