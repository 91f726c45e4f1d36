"""The other side of a Model Context Protocol session: a host, as a pure function, and the session of the two.

The host holds what it knows of the server, and asks only for what the server has declared. It does one *job*:
calls a tool, makes a reservation, which the server answers by a question, reads a resource, or gets a prompt.

Source: Model Context Protocol, revisions 2025-11-25 and 2026-07-28, modelcontextprotocol.io/specification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from demos_py.algorithms.json_schema import problems
from demos_py.algorithms.mcp_server import (
    CAPABILITIES,
    CLIENT,
    HANDSHAKE,
    SERVED_BY,
    STATELESS,
    UNSUPPORTED,
    VERSION,
    Json,
    Server,
    dump,
    is_id,
    is_object,
    parse,
    receive,
)

HOST = {"name": "cutaway-host", "version": "0.1.0"}
JOBS = ("search", "reserve", "read", "prompt")
MOST_MESSAGES = 30  # of a session; a job takes fewer than ten


@dataclass(frozen=True)
class Host:
    """What a host knows, and what it waits for.

    `waiting` are its open requests as (id, method), `next_id` the id of its next one; `said` counts what it has
    sent of its job. `tools`, `resources`, `prompts` are names, None where it has not asked. `last` is what goes to
    the model, `problem` why the host stopped, `ignored` how many messages answered nothing that it had asked.
    """

    revision: str
    job: str
    words: str
    next_id: int = 1
    waiting: tuple[tuple[Any, str], ...] = ()
    said: int = 0
    retry: Json | None = field(default=None, hash=False)  # what the next call takes along
    protocol: str = ""
    server: str = ""
    declared: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    schemas: Json = field(default_factory=dict[str, Any], hash=False)  # of the tools' structured results
    resources: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None
    progress: str = ""
    last: str = ""
    asked: str = ""
    ignored: int = 0
    problem: str = ""
    done: bool = False


def _plan(host: Host) -> list[str]:
    """The methods that the host's job takes, in order."""
    opening = ["server/discover"]
    if host.revision != STATELESS:
        opening = ["initialize", "notifications/initialized"]
    return (
        opening
        + {
            "search": ["tools/list", "tools/call"],
            "reserve": ["tools/list", "tools/call"],
            "read": ["resources/list", "resources/read"],
            "prompt": ["prompts/list", "prompts/get"],
        }[host.job]
    )


def _params(host: Host, method: str) -> Json:
    """What a request of the host's takes along."""
    can: Json = {"elicitation": {"form": {}}}
    match method:
        case "initialize":
            return {"protocolVersion": host.revision, "capabilities": can, "clientInfo": HOST}
        case "tools/call" if host.job == "search":
            params: Json = {"name": "search_catalogue", "arguments": {"words": host.words}}
            params["_meta"] = {"progressToken": f"search-{host.next_id}"}
        case "tools/call":
            params = {"name": "reserve_book", "arguments": {"book": "b2"}}
        case "resources/read":
            params = {"uri": (host.resources or ("library://hours",))[0]}
        case "prompts/get":
            params = {"name": (host.prompts or ("reading_list",))[0], "arguments": {"subject": host.words}}
        case _:
            params = {}
    if host.revision == STATELESS:
        per_request = {VERSION: host.protocol or STATELESS, CLIENT: HOST, CAPABILITIES: can}
        params["_meta"] = params.get("_meta", {}) | per_request
    return params | (host.retry or {})


def speak(host: Host) -> tuple[Host, str | None]:
    """The host after it has sent its next message, and the message; None where it has nothing to say now."""
    plan = _plan(host)
    if host.done or host.waiting or (host.said == len(plan) and not host.retry):
        return host, None
    method = "tools/call" if host.retry else plan[host.said]
    need = method.partition("/")[0]
    if need in ("tools", "resources", "prompts") and need not in host.declared:
        return replace(host, done=True, problem=f"the server has declared no {need}"), None
    if method.startswith("notifications/"):
        return replace(host, said=host.said + 1), dump({"jsonrpc": "2.0", "method": method})
    message: Json = {"jsonrpc": "2.0", "id": host.next_id, "method": method}
    if params := _params(host, method):
        message["params"] = params
    return (
        replace(
            host,
            next_id=host.next_id + 1,
            waiting=((host.next_id, method),),
            said=host.said + (0 if host.retry else 1),
            retry=None,
        ),
        dump(message),
    )


def hear(host: Host, text: str) -> tuple[Host, str | None]:
    """The host after a message from the server, and what it answers at once: a response to a question, or None."""
    try:
        message = parse(text)
    except ValueError:
        return _stopped(host, "what the server sent is not JSON"), None
    if not is_object(message) or message.get("jsonrpc") != "2.0":
        return _stopped(host, "what the server sent is not a message of JSON-RPC 2.0"), None
    method, number = message.get("method"), message.get("id")
    if isinstance(method, str):
        return _addressed(host, method, number, message.get("params"))
    open_now = dict(host.waiting)
    if not is_id(number) and "error" in message:  # the server could not read which request this was
        return _stopped(host, _error(message["error"])), None
    if not is_id(number) or number not in open_now:
        return replace(host, ignored=host.ignored + 1), None
    asked = open_now[number]
    host = replace(host, waiting=())
    if "error" in message:
        return _failed(host, message["error"]), None
    result = message.get("result")
    if not is_object(result):
        return _stopped(host, "a response without a result"), None
    try:
        return _learned(host, asked, result), None
    except (KeyError, TypeError, AttributeError, IndexError):
        return _stopped(host, f"the result of {asked} is not what the protocol says"), None


def _stopped(host: Host, problem: str) -> Host:
    return replace(host, done=True, problem=problem)


def _error(error: Any) -> str:
    if not is_object(error):
        return "the server answered with an error that is not one"
    return f"error {error.get('code')}: {error.get('message')}"


def _addressed(host: Host, method: str, number: Any, params: Any) -> tuple[Host, str | None]:
    """A request or a notification from the server."""
    if not is_id(number):
        if method == "notifications/progress" and is_object(params):
            done, whole = params.get("progress"), params.get("total")
            return replace(host, progress=f"{done} of {whole}"), None
        return host, None
    if method == "ping":
        return host, dump({"jsonrpc": "2.0", "id": number, "result": {}})
    if method == "elicitation/create" and host.revision != STATELESS:
        host, answer = _ask_reader(host, params)
        return host, dump({"jsonrpc": "2.0", "id": number, "result": answer})
    error = {"code": -32601, "message": f"Method not found: {method}"}
    return host, dump({"jsonrpc": "2.0", "id": number, "error": error})


def _ask_reader(host: Host, params: Any) -> tuple[Host, Json]:
    """The reader's answer to a form: the last of what each field offers."""
    if not is_object(params):
        return host, {"action": "cancel"}
    fields = params.get("requestedSchema", {}).get("properties", {})
    content = {name: schema["enum"][-1] for name, schema in fields.items() if schema.get("enum")}
    return replace(host, asked=str(params.get("message", ""))), {"action": "accept", "content": content}


def _failed(host: Host, error: Any) -> Host:
    """An error: of a version that the server does not speak, another try with one that both do."""
    if is_object(error) and error.get("code") == UNSUPPORTED and host.revision == STATELESS:
        data: Json = error.get("data") or {}
        offered = data.get("supported", [])
        if STATELESS in offered and host.said:
            return replace(host, said=host.said - 1, protocol=STATELESS)
    return _stopped(host, _error(error))


def _learned(host: Host, asked: str, result: Json) -> Host:
    """What the host knows after a result. Raises KeyError or TypeError where the result is not of its kind."""
    kind = result.get("resultType", "complete")  # results before 2026-07-28 have none
    if kind == "input_required" and asked == "tools/call":
        answers = {}
        for name, request in result["inputRequests"].items():
            host, answers[name] = _ask_reader(host, request["params"])
        return replace(host, retry={"inputResponses": answers, "requestState": result["requestState"]})
    if kind != "complete":
        return _stopped(host, f"a result of the kind “{kind}”, which the host does not know")
    match asked:
        case "initialize":
            if result["protocolVersion"] not in HANDSHAKE:
                return _stopped(host, f"the server speaks {result['protocolVersion']}, the host does not")
            info = result["serverInfo"]
            return replace(
                host,
                protocol=result["protocolVersion"],
                server=f"{info['name']} {info['version']}",
                declared=tuple(result["capabilities"]),
            )
        case "server/discover":
            if STATELESS not in result["supportedVersions"]:
                return _stopped(host, "host and server have no version in common")
            info = result.get("_meta", {}).get(SERVED_BY, {"name": "unnamed", "version": ""})
            return replace(
                host,
                protocol=STATELESS,
                server=f"{info['name']} {info['version']}",
                declared=tuple(result["capabilities"]),
            )
        case "tools/list":
            schemas = {
                tool["name"]: tool["outputSchema"] for tool in result["tools"] if "outputSchema" in tool
            }
            names = tuple(tool["name"] for tool in result["tools"])
            return replace(host, tools=names, schemas=schemas)
        case "resources/list":
            return replace(host, resources=tuple(item["uri"] for item in result["resources"]))
        case "prompts/list":
            return replace(host, prompts=tuple(item["name"] for item in result["prompts"]))
        case "resources/read":
            return replace(host, last=result["contents"][0]["text"], done=True)
        case "prompts/get":
            return replace(host, last=result["messages"][0]["content"]["text"], done=True)
        case _:  # a tool's result
            pass
    said = result["content"][0]["text"]
    if result.get("isError"):
        return replace(host, last=said, done=True, problem=f"the tool failed, and the model is told: {said}")
    schema = host.schemas.get("search_catalogue") if host.job == "search" else None
    if schema and (wrong := list(problems(schema, result.get("structuredContent"), "structuredContent"))):
        return _stopped(host, wrong[0])
    return replace(host, last=said, done=True)


@dataclass(frozen=True)
class Sent:
    """One message of a session: who sent it, its text, and whether the reader put it in place of another."""

    sender: str  # "host" or "server"
    text: str
    changed: bool = False


@dataclass(frozen=True)
class Session:
    """Host and server, all messages so far, and those that are on their way to the host or to the server."""

    host: Host
    server: Server = field(default_factory=Server)
    sent: tuple[Sent, ...] = ()
    coming: tuple[Sent, ...] = ()


def begin(revision: str, job: str, words: str) -> Session:
    """A session before its first message."""
    return Session(Host(revision, job, words))


def step(session: Session, changed: tuple[int, str] | None = None) -> Session:
    """The session after its next message, which the other side has received. `changed` is (number, text): the
    message with this number, counted from 1, is replaced by this text on its way.
    """
    host, server, coming = session.host, session.server, session.coming
    if coming:
        now, coming = coming[0], coming[1:]
    else:
        host, text = speak(host)
        if text is None:
            return replace(session, host=host)
        now = Sent("host", text)
    if changed and changed[0] == len(session.sent) + 1 and changed[1] != now.text:
        now = Sent(now.sender, changed[1], True)
    if now.sender == "host":
        server, replies = receive(server, now.text)
        coming = (*coming, *(Sent("server", reply) for reply in replies))
    else:
        host, reply = hear(host, now.text)
        if reply is not None:
            coming = (*coming, Sent("host", reply))
    return Session(host, server, (*session.sent, now), coming)


def ended(session: Session) -> bool:
    """Whether no further message will come: the job is done, or both sides wait for each other."""
    if session.coming and len(session.sent) < MOST_MESSAGES:
        return False
    return len(session.sent) >= MOST_MESSAGES or speak(session.host)[1] is None


def run(revision: str, job: str, words: str, changed: tuple[int, str] | None = None) -> Session:
    """A whole session."""
    session = begin(revision, job, words)
    while not ended(session):
        session = step(session, changed)
    return replace(session, host=speak(session.host)[0])


def _edited(edit: Callable[[Json], object]) -> Callable[[str], str]:
    def corrupt(text: str) -> str:
        message = parse(text)
        edit(message)
        return dump(message)

    return corrupt


def _old_version(message: Json) -> None:
    params = message.get("params", {})
    if "protocolVersion" in params:
        params["protocolVersion"] = "2023-01-01"
    if VERSION in params.get("_meta", {}):
        params["_meta"][VERSION] = "2023-01-01"


def _wrong_argument(message: Json) -> None:
    arguments = message.get("params", {}).get("arguments")
    if arguments:
        name = next(iter(arguments))
        arguments[name] = 7


def _other_state(message: Json) -> None:
    for where in (message.get("params", {}), message.get("result", {})):
        if "requestState" in where:
            where["requestState"] = where["requestState"][:-4] + "AAA="


# Ways to corrupt a message, by name: its words, and what it makes of the text.
CORRUPTIONS: dict[str, tuple[str, Callable[[str], str]]] = {
    "cut": ("Cut it off", lambda text: text[: 2 * len(text) // 3]),
    "rpc": ("“jsonrpc”: “1.0”", _edited(lambda message: message.update(jsonrpc="1.0"))),
    "id": ("Leave out the id", _edited(lambda message: message.pop("id", None))),
    "method": (
        "Misspell the method",
        _edited(lambda message: "method" in message and message.update(method=message["method"] + "s")),
    ),
    "argument": ("An argument of the wrong type", _edited(_wrong_argument)),
    "version": ("A version that nobody speaks", _edited(_old_version)),
    "state": ("Forge requestState", _edited(_other_state)),
}


def corrupted(text: str, name: str) -> str:
    """A message's text after the corruption of this name; unchanged where it does not apply."""
    return CORRUPTIONS[name][1](text)
