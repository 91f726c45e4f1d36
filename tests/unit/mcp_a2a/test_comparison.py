"""The figures injection and mcp-vs-a2a: what they count is what was sent."""

import json

import mcp_types.methods as kit

from demos_py.algorithms.injection import ATTACKS, Attack, run
from demos_py.core.demo import Event, find
from demos_py.core.transport import Log, moment
from demos_py.mcp_a2a import injection, mcp_vs_a2a

MAIL, JOB = find("mcp-a2a/injection"), find("mcp-a2a/mcp-vs-a2a")


def test_the_switches_are_the_mitigations() -> None:
    params = injection.Params(mark="on", confirm="on")
    end = moment(MAIL, params, Log(99)).state
    plain = run(ATTACKS["plain"][1], frozenset({"mark", "confirm"}))
    assert end == len(plain.entries)
    assert injection.view(params, end).facts["leaked"] == "it is stopped"
    assert injection.view(injection.Params(), 99).facts["leaked"] == "it leaks"


def test_a_button_writes_the_attack() -> None:
    for name, (_, attack) in ATTACKS.items():
        params, _ = injection.update(injection.Params(), 0, Event("attack", name))
        assert (
            injection.attack_of(params) == attack == Attack(params.subject, params.body, params.description)
        )


def test_the_table_is_all_combinations_run() -> None:
    rows = injection.view(injection.Params(), 0).table.rows
    assert len(rows) == 16 and rows[0][0] == "nothing" and set(rows[0][1:7]) == {"leaks"}
    assert set(rows[-1][1:7]) == {"stopped"}


def test_the_mcp_side_is_of_the_kits_types_and_counted() -> None:
    params = mcp_vs_a2a.Params(protocol="mcp", searches=3)
    sent = mcp_vs_a2a.sent_by(params, "mcp")
    for (_, asked), (_, answered) in zip(sent[::2], sent[1::2], strict=True):
        request, response = json.loads(asked), json.loads(answered)
        kit.validate_client_request(request["method"], "2026-07-28", request["params"])
        kit.validate_server_result(request["method"], "2026-07-28", response["result"])
    rows = mcp_vs_a2a.view(params, 99).table.rows
    assert rows[0][1] == str(len(sent)) == "8"
    assert rows[0][2] == f"{sum(len(text.encode()) for _, text in sent):,}"
    assert (
        rows[0][4] == "5" and rows[1][4] == "3"
    )  # three searches, a question, an answer; task, answer, result


def test_asking_back_and_polling_show_in_the_task() -> None:
    quiet, asks = (mcp_vs_a2a.view(mcp_vs_a2a.Params(asks=asks), 99).facts for asks in ("no", "yes"))
    assert (quiet["asks"], asks["asks"]) == ("0", "1")
    assert int(asks["messages"]) == int(quiet["messages"]) + 2
    assert moment(JOB, mcp_vs_a2a.Params(), Log(99)).done
