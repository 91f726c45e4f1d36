"""The MCP server and host against the official kit: its types, its client, its server."""

import json
from typing import Any

import mcp_types.methods as kit
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types.jsonrpc import JSONRPCError, JSONRPCRequest, JSONRPCResponse, jsonrpc_message_adapter

from demos_py.algorithms.mcp_host import CORRUPTIONS, JOBS, Host, Session, corrupted, hear, run
from demos_py.algorithms.mcp_server import CAPABILITIES, STATELESS, VERSION, Server, dump, receive
from tests.unit.mcp_sdk import kit_answers, with_kit_server, with_our_server

REVISIONS = ("2025-11-25", STATELESS)
SESSIONS = [(revision, job) for revision in REVISIONS for job in JOBS]
META = {VERSION: STATELESS, CAPABILITIES: {"elicitation": {"form": {}}}}


def request(method: str, params: dict[str, Any] | None = None, id: Any = 9) -> str:
    return dump(
        {"jsonrpc": "2.0", "id": id, "method": method} | ({} if params is None else {"params": params})
    )


def opened() -> Server:
    """A server with which a host has shaken hands."""
    server = Server()
    for sent in run("2025-11-25", "search", "x").sent[:3]:
        if sent.sender == "host":
            server, _ = receive(server, sent.text)
    return server


def error_of(replies: tuple[str, ...]) -> int:
    (reply,) = replies
    return json.loads(reply)["error"]["code"]


def check_by_kit(session: Session, revision: str) -> int:
    """Every message of a session by the kit's types of its revision; how many there were."""
    asked: dict[Any, str] = {}
    for sent in session.sent:
        message = json.loads(sent.text)
        assert (
            jsonrpc_message_adapter.validate_json(sent.text).model_dump(exclude_unset=True, by_alias=True)
            == message
        )
        method, params = message.get("method"), message.get("params")
        if method is None:
            of = asked[message["id"]]
            if sent.sender == "server":
                kit.validate_server_result(of, revision, message["result"])
            else:
                kit.validate_client_result(of, revision, message["result"])
        elif "id" not in message:
            parse = kit.parse_client_notification if sent.sender == "host" else kit.parse_server_notification
            parse(method, revision, params)
        else:
            asked[message["id"]] = method
            if sent.sender == "host":
                kit.validate_client_request(method, revision, params)
            else:
                kit.parse_server_request(method, revision, params)
    return len(session.sent)


@pytest.mark.parametrize(("revision", "job"), SESSIONS)
def test_every_message_is_of_the_kits_types(revision: str, job: str) -> None:
    session = run(revision, job, "information theory")
    assert session.host.done and not session.host.problem and not session.host.ignored
    assert check_by_kit(session, revision) >= 6


def test_the_usual_session_has_eight_messages() -> None:
    kinds = [
        json.loads(sent.text).get("method", "result") for sent in run("2025-11-25", "search", "theory").sent
    ]
    assert kinds == [
        "initialize",
        "result",
        "notifications/initialized",
        "tools/list",
        "result",
        "tools/call",
        "notifications/progress",
        "result",
    ]


async def _everything(session: Any) -> dict[str, Any]:
    tools = await session.list_tools()
    found = await session.call_tool("search_catalogue", {"words": "information theory"})
    wrong = await session.call_tool("search_catalogue", {"words": "theory", "most": 99})
    resources = await session.list_resources()
    hours = await session.read_resource("library://hours")
    prompts = await session.list_prompts()
    prompt = await session.get_prompt("reading_list", {"subject": "theory"})
    return {
        "tools": [tool.name for tool in tools.tools],
        "found": found.structured_content["books"][0]["title"],
        "wrong": (wrong.is_error, wrong.content[0].text),
        "resources": [str(resource.uri) for resource in resources.resources],
        "hours": hours.contents[0].text,
        "prompts": [prompt.name for prompt in prompts.prompts],
        "prompt": prompt.messages[0].role,
    }


WANTED = {
    "tools": ["search_catalogue", "reserve_book"],
    "found": "Elements of Information Theory",
    "wrong": (True, "arguments.most must be at most 9"),
    "resources": ["library://hours", "library://rules"],
    "hours": "Monday to Saturday, 9 to 18. Hill is closed on Mondays.",
    "prompts": ["reading_list"],
    "prompt": "user",
}


def test_the_kits_client_shakes_hands_and_uses_all_of_the_server() -> None:
    async def use(session: Any) -> Any:
        opened = await session.initialize()
        reserved = await session.call_tool("reserve_book", {"book": "b2"})
        return opened.protocol_version, await _everything(session), reserved.content[0].text

    (version, seen, said), server = with_our_server(use, lambda question: {"branch": "Hill"})
    assert (version, seen) == ("2025-11-25", WANTED)
    assert said == "“The Mathematical Theory of Communication” waits at Hill for five days."
    assert server.reserved == (("b2", "Hill"),) and not server.asking


def test_the_kits_client_uses_it_without_a_handshake() -> None:
    async def use(session: Any) -> Any:
        found = await session.discover()
        first = await session.call_tool("reserve_book", {"book": "b5"}, allow_input_required=True)
        answers = {"where": {"action": "accept", "content": {"branch": "Station"}}}
        reserved = await session.call_tool(
            "reserve_book", {"book": "b5"}, input_responses=answers, request_state=first.request_state
        )
        return next(iter(found.supported_versions)), await _everything(session), reserved.content[0].text

    (version, seen, said), server = with_our_server(use, lambda question: {"branch": "Hill"})
    assert (version, seen) == (STATELESS, WANTED)
    assert said == "“The Mythical Man-Month” waits at Station for five days."
    assert server.reserved == (("b5", "Station"),) and not server.version


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("job", ["search", "read"])
def test_our_host_does_its_job_with_the_kits_server(revision: str, job: str) -> None:
    host = with_kit_server(Host(revision, job, "information theory"))
    ours = run(revision, job, "information theory").host
    assert host.done and not host.problem
    assert (host.protocol, host.server, host.last) == (revision, ours.server, ours.last)


ERRORS = {
    "no such method": (True, request("tools/lists"), -32601),
    "a call without a name": (True, request("tools/call", {}), -32602),
    "initialize with nothing in it": (False, request("initialize", {}), -32602),
    "a version of 1999": (False, request("tools/list", {"_meta": META | {VERSION: "1999-01-01"}}), -32022),
    "no capabilities": (False, request("tools/list", {"_meta": {VERSION: STATELESS}}), -32602),
    "no such method, stateless": (False, request("tools/lists", {"_meta": META}), -32601),
    "ping, which is no more": (False, request("ping", {"_meta": META}), -32601),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_have_the_kits_codes(case: str) -> None:
    after_handshake, text, code = ERRORS[case]
    opening = [run("2025-11-25", "search", "x").sent[i].text for i in (0, 2)] if after_handshake else []
    _, replies = receive(opened() if after_handshake else Server(), text)
    assert error_of(replies) == code == kit_answers(*opening, text)[-1]["error"]["code"]


def test_other_errors_are_as_the_specification_says() -> None:
    assert error_of(receive(opened(), request("resources/read", {"uri": "library://x"}))[1]) == -32002
    assert (
        error_of(receive(Server(), request("resources/read", {"uri": "library://x", "_meta": META}))[1])
        == -32602
    )
    assert error_of(receive(opened(), request("tools/call", {"name": "nothing"}))[1]) == -32602
    assert error_of(receive(Server(), "{")[1]) == -32700
    assert error_of(receive(Server(), '{"jsonrpc":"2.0","id":1,"method":"ping","params":NaN}')[1]) == -32700
    assert error_of(receive(Server(), "[" * 100_000)[1]) == -32700
    assert error_of(receive(Server(), "[]")[1]) == -32600
    assert error_of(receive(Server(), '{"jsonrpc":"2.0","id":null,"method":"ping"}')[1]) == -32600
    call = {
        "name": "reserve_book",
        "arguments": {"book": "b1"},
        "_meta": {VERSION: STATELESS, CAPABILITIES: {}},
    }
    _, (reply,) = receive(Server(), request("tools/call", call))
    assert json.loads(reply)["error"]["code"] == -32021
    assert json.loads(reply)["error"]["data"] == {"requiredCapabilities": {"elicitation": {}}}


def test_an_id_is_used_once_in_a_session() -> None:
    server, first = receive(opened(), request("tools/list", id="a"))
    assert "result" in json.loads(first[0])
    assert error_of(receive(server, request("tools/list", id="a"))[1]) == -32600


def test_a_state_that_was_forged_or_belongs_to_another_call_is_refused() -> None:
    def call(book: str, more: dict[str, Any]) -> tuple[Server, tuple[str, ...]]:
        params = {"name": "reserve_book", "arguments": {"book": book}, "_meta": META} | more
        return receive(Server(), request("tools/call", params))

    state = json.loads(call("b1", {})[1][0])["result"]["requestState"]
    answers = {"where": {"action": "accept", "content": {"branch": "Hill"}}}
    for other in (state[:-4] + "AAA=", "", "ü", 7):
        assert error_of(call("b1", {"inputResponses": answers, "requestState": other})[1]) == -32602
    assert error_of(call("b2", {"inputResponses": answers, "requestState": state})[1]) == -32602
    assert call("b1", {"inputResponses": answers, "requestState": state})[0].reserved == (("b1", "Hill"),)
    again = json.loads(call("b1", {"requestState": state})[1][0])["result"]
    assert again["resultType"] == "input_required"  # the answer is missing: it is asked for once more


TEXTS = [sent.text for revision, job in SESSIONS for sent in run(revision, job, "theory").sent]
TEXTS += [corrupted(text, name) for text in TEXTS[:20] for name in CORRUPTIONS]
anything = st.text(max_size=60) | st.sampled_from(TEXTS)
values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({})


@given(st.lists(anything, max_size=8))
def test_whatever_comes_the_server_answers_by_the_protocol(texts: list[str]) -> None:
    server = Server()
    for text in texts:
        server, replies = receive(server, text)
        for reply in replies:
            jsonrpc_message_adapter.validate_json(reply)


@given(
    st.sampled_from([text for text in TEXTS if text.startswith("{") and text.endswith("}")]),
    st.lists(st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error"]), max_size=2),
    values,
)
def test_a_mangled_message_gets_one_answer_at_most_and_never_an_exception(
    text: str, keys: list[str], value: Any
) -> None:
    try:
        message = json.loads(text)
    except ValueError:
        return
    for key in keys:
        message[key] = value
    for server in (Server(), opened()):
        _, replies = receive(server, dump(message))
        ends = [jsonrpc_message_adapter.validate_json(reply) for reply in replies]
        assert sum(isinstance(end, (JSONRPCResponse, JSONRPCError)) for end in ends) <= 1
        assert len(ends) <= 2
        for host in (
            Host("2025-11-25", "search", "x"),
            Host(STATELESS, "reserve", "x", waiting=((3, "tools/call"),)),
        ):
            heard, back = hear(host, dump(message))
            assert isinstance(heard, Host) and (back is None or jsonrpc_message_adapter.validate_json(back))


@given(st.lists(anything, max_size=6), st.sampled_from(["tools/list", "server/discover", "resources/list"]))
def test_a_stateless_request_is_answered_alike_whatever_went_before(texts: list[str], method: str) -> None:
    server = Server()
    for text in texts:
        server, _ = receive(server, text)
    asked = request(method, {"_meta": META})
    assert receive(server, asked)[1] == receive(Server(), asked)[1]


@pytest.mark.parametrize(("revision", "job"), SESSIONS)
@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_corrupted_session_ends_and_says_how(revision: str, job: str, corruption: str) -> None:
    for number, sent in enumerate(run(revision, job, "theory").sent, 1):
        text = corrupted(sent.text, corruption)
        if text == sent.text:
            continue
        session = run(revision, job, "theory", (number, text))
        host = session.host
        # it ends well, stops with a reason, or waits for an answer that was lost; it never does a thing twice
        assert host.done or host.waiting
        assert len(session.server.reserved) <= 1
        if corruption in ("cut", "rpc"):
            assert host.problem


def test_a_request_of_the_kits_types_has_an_id() -> None:
    assert isinstance(jsonrpc_message_adapter.validate_json(request("ping")), JSONRPCRequest)
