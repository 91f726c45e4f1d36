"""The session figure: what it shows is the session, and a changed message changes it."""

import json

import pytest

from demos_py.algorithms.mcp_host import CORRUPTIONS, run
from demos_py.core.demo import Event, View, find
from demos_py.core.transport import Log, moment
from demos_py.mcp_a2a.lifecycle import Params, State, init, original, update, view

DEMO = find("mcp-a2a/lifecycle")


def at(step: int, params: Params | None = None) -> View:
    params = params or Params()
    return view(params, moment(DEMO, params, Log(step)).state)


def test_the_host_learns_message_by_message() -> None:
    known = [dict(at(step).drawing["host"]) for step in range(9)]
    assert known[0]["Protocol"] == known[1]["Protocol"] == "–"
    assert known[2]["Protocol"] == "2025-11-25" and known[2]["Tools"] == "–"
    assert known[2]["It declares"] == "tools, resources, prompts"
    assert known[5]["Tools"] == "search_catalogue, reserve_book"
    assert known[7]["Progress"] == "1 of 2"
    assert known[8]["For the model"].startswith('{"found":2')
    assert "The job is done" in at(8).reading


def test_the_table_counts_the_bytes_of_the_session() -> None:
    sent = run("2025-11-25", "search", "information theory").sent
    rows = at(8).table.rows
    assert [int(row[5].replace(",", "")) for row in rows] == [len(each.text.encode()) for each in sent]
    assert [row[1] for row in rows] == [each.sender for each in sent]
    assert at(8).facts["bytes"] == f"{sum(len(each.text.encode()) for each in sent):,}"


def test_the_words_reach_the_tool() -> None:
    assert json.loads(at(8, Params(words="perceptrons")).drawing["host"][-1][1])["books"][0]["id"] == "b4"


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_button_changes_the_message_and_the_session_follows(name: str) -> None:
    params = Params(job="reserve", revision="2026-07-28", number=7)
    changed, _ = update(params, init(params), Event("corrupt", name))
    assert changed.instead and changed.instead != original(params)
    end = moment(DEMO, changed, Log(20)).state
    assert end.session.sent[6].changed and end.session.sent[6].text == changed.instead
    back, _ = update(changed, end, Event("corrupt", "none"))
    assert back == params


def test_text_to_edit_is_the_message_itself_and_changes_nothing() -> None:
    params, _ = update(Params(), init(Params()), Event("corrupt", "edit"))
    assert json.loads(params.instead)["method"] == "tools/call"
    assert at(20, params).facts["end"] == "The job is done"
    assert not any(each.changed for each in moment(DEMO, params, Log(20)).state.session.sent)


def test_a_lost_id_leaves_the_host_waiting() -> None:
    params, _ = update(Params(), init(Params()), Event("corrupt", "id"))
    assert at(20, params).facts["end"].startswith("Nobody answers: the host waits for request 3 (tools/call)")


def test_a_message_that_is_not_there_is_said() -> None:
    params = Params(number=10, instead="{}")
    assert "no message 10" in at(20, params).notices[0]
    assert update(params, State(init(params).session), Event("corrupt", "cut"))[0].instead == ""


@pytest.mark.parametrize(
    "text", ["</script><b>", "🙂" * 900, "[" * 4000, "null", '{"jsonrpc":"2.0","id":1e400}']
)
def test_whatever_is_pasted_the_session_ends(text: str) -> None:
    for number in range(1, 9):
        assert at(40, Params(number=number, instead=text)).facts["end"] != "not ended"
