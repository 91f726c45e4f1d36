"""A Model Context Protocol server as a pure function: text in, state and texts out.

It speaks two eras of the protocol. With *handshake* revisions (2025-11-25 and two before it) a session begins by
`initialize`; with 2026-07-28 each request carries its version and the host's capabilities, and nothing is
remembered between requests.

Source: Model Context Protocol, revisions 2025-11-25 (Lifecycle, Tools, Elicitation) and 2026-07-28 (Base protocol,
Versioning, Multi round-trip requests), modelcontextprotocol.io/specification; JSON-RPC 2.0, jsonrpc.org.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from demos_py.algorithms.json_schema import problems
from demos_py.algorithms.mcp_library import PROMPT, RESOURCES, SERVER, SHELVES, TOOLS, WHERE, search, title_of

STATELESS = "2026-07-28"
HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26")  # newest first
VERSIONS = (STATELESS, *HANDSHAKE)
VERSION, CAPABILITIES, CLIENT, SERVED_BY = (
    f"io.modelcontextprotocol/{key}"
    for key in ("protocolVersion", "clientCapabilities", "clientInfo", "serverInfo")
)
PARSE, INVALID, NO_METHOD, PARAMS = -32700, -32600, -32601, -32602
NO_RESOURCE = -32002  # to 2025-11-25; PARAMS since
MISSING_CAPABILITY, UNSUPPORTED = -32021, -32022
ABILITIES: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}}
_SECRET = b"a server keeps this to itself"
Json = dict[str, Any]


class Refused(Exception):
    """An error for the other side: code, message, data."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error: Json = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


@dataclass(frozen=True)
class Asking:
    """A tool call that waits for the host's answer: the server's own id, the call's id, and its book."""

    id: str
    call: str | int
    book: str


@dataclass(frozen=True)
class Server:
    """A session of a handshake revision; `version` is empty before `initialize`, and always in the stateless one."""

    version: str = ""
    client: str = "{}"  # its capabilities, as JSON
    ready: bool = False  # the host has said notifications/initialized
    used: tuple[str | int, ...] = ()  # ids of the session's requests
    asking: tuple[Asking, ...] = ()
    asked: int = 0
    reserved: tuple[tuple[str, str], ...] = ()  # what the tools have done: (book, branch)


def dump(message: Json) -> str:
    """A message as it goes over the wire: JSON on one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse(text: str) -> Any:
    """The JSON value of a text. Raises ValueError where it is not JSON, or deeper than Python reads."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def is_object(value: Any) -> TypeGuard[Json]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_id(value: Any) -> bool:
    """Whether a value may be a request's id: a string or a whole number, never null."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def receive(server: Server, text: str) -> tuple[Server, tuple[str, ...]]:
    """The server after a message from the host, and what it sends back, in order."""
    number: Any = None
    try:
        try:
            message = parse(text)
        except ValueError:
            raise Refused(PARSE, "Parse error: this is not JSON") from None
        if not is_object(message) or message.get("jsonrpc") != "2.0":
            raise Refused(INVALID, "Invalid request: not an object with “jsonrpc”: “2.0”")
        if "id" in message:
            if not is_id(message["id"]):
                raise Refused(INVALID, "Invalid request: the id must be a string or a whole number")
            number = message["id"]
        method = message.get("method")
        if method is None and number is not None and ("result" in message or "error" in message):
            return _answered(server, message)
        if not isinstance(method, str):
            raise Refused(INVALID, "Invalid request: no method")
        if number is None:  # a notification: whatever it says, nobody answers it
            if method == "notifications/initialized" and server.version:
                server = replace(server, ready=True)
            return server, ()
        params = message.get("params", {})
        if not is_object(params) or not is_object(params.get("_meta", {})):
            raise Refused(PARAMS, "Invalid params: not an object")
        return _request(server, number, method, params)
    except Refused as refused:
        return server, (dump({"jsonrpc": "2.0", "id": number, "error": refused.error}),)


def _request(server: Server, id: Any, method: str, params: Json) -> tuple[Server, tuple[str, ...]]:
    meta = params.get("_meta", {})
    if VERSION in meta:
        if meta[VERSION] != STATELESS:
            what = {"supported": list(VERSIONS), "requested": meta[VERSION]}
            raise Refused(UNSUPPORTED, "Unsupported protocol version", what)
        if not isinstance(meta.get(CAPABILITIES), dict):
            raise Refused(PARAMS, f"Invalid params: _meta needs {CAPABILITIES}")
        return _stateless(server, id, method, params, meta[CAPABILITIES])
    if method == "server/discover":
        raise Refused(PARAMS, f"Invalid params: _meta needs {VERSION}")
    if id in server.used:
        raise Refused(INVALID, f"Invalid request: the id {id} was used before in this session")
    if method == "initialize":
        return _initialize(server, id, params)
    if not server.version and method != "ping":
        raise Refused(INVALID, "Invalid request: the session has not been initialized")
    server = replace(server, used=(*server.used, id))
    if method == "tools/call":
        return _call(server, id, params)
    return server, (_result(id, _plain(method, params, NO_RESOURCE)),)


def _result(id: Any, result: Json) -> str:
    return dump({"jsonrpc": "2.0", "id": id, "result": result})


def _initialize(server: Server, id: Any, params: Json) -> tuple[Server, tuple[str, ...]]:
    if server.version:
        raise Refused(INVALID, "Invalid request: the session has been initialized")
    asked, client = params.get("protocolVersion"), params.get("capabilities")
    if not isinstance(asked, str) or not is_object(client) or not is_object(params.get("clientInfo")):
        raise Refused(PARAMS, "Invalid params: initialize needs protocolVersion, capabilities and clientInfo")
    version = asked if asked in HANDSHAKE else HANDSHAKE[0]
    server = replace(server, version=version, client=dump(client), used=(*server.used, id))
    return server, (
        _result(id, {"protocolVersion": version, "capabilities": ABILITIES, "serverInfo": SERVER}),
    )


def _plain(method: str, params: Json, no_resource: int) -> Json:
    """The result of a request that needs no state."""
    match method:
        case "ping":
            return {}
        case "tools/list":
            return {"tools": list(TOOLS)}
        case "resources/list":
            listed = [
                {"uri": uri, "name": name, "mimeType": "text/plain"} for uri, (name, _) in RESOURCES.items()
            ]
            return {"resources": listed}
        case "resources/templates/list":
            return {"resourceTemplates": []}
        case "resources/read":
            uri = params.get("uri")
            if not isinstance(uri, str):
                raise Refused(PARAMS, "Invalid params: resources/read needs a uri")
            if uri not in RESOURCES:
                raise Refused(no_resource, "Resource not found", {"uri": uri})
            return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": RESOURCES[uri][1]}]}
        case "prompts/list":
            return {"prompts": [PROMPT]}
        case "prompts/get":
            arguments = params.get("arguments", {})
            subject = arguments.get("subject") if is_object(arguments) else None
            if params.get("name") != PROMPT["name"] or not isinstance(subject, str):
                raise Refused(
                    PARAMS, "Invalid params: there is one prompt, reading_list, and it needs a subject"
                )
            books = ", ".join(book["title"] for book in search(subject)["books"]) or "nothing that matches"
            said = f"I want to begin with {subject}. The library has: {books}. What should I read first, and why?"
            return {"messages": [{"role": "user", "content": {"type": "text", "text": said}}]}
        case _:
            raise Refused(NO_METHOD, f"Method not found: {method}")


def _tool(params: Json) -> tuple[str, Json, list[str]]:
    """The name and the arguments of a call, and what is wrong with the arguments."""
    name, arguments = params.get("name"), params.get("arguments", {})
    tool = next((tool for tool in TOOLS if tool["name"] == name), None)
    if tool is None:
        raise Refused(PARAMS, f"Unknown tool: {name}")
    return tool["name"], arguments, list(problems(tool["inputSchema"], arguments))


def _said(text: str, *, wrong: bool = False) -> Json:
    return {"content": [{"type": "text", "text": text}], "isError": wrong}


def _searched(id: Any, arguments: Json, params: Json) -> tuple[list[str], Json]:
    """Progress, where the host asked for it, and the search's result."""
    found = search(arguments["words"], int(arguments.get("most", 3)))
    token = params.get("_meta", {}).get("progressToken")
    told = []
    if is_id(token):
        step = {"progressToken": token, "progress": 1, "total": SHELVES, "message": "first shelf searched"}
        told = [dump({"jsonrpc": "2.0", "method": "notifications/progress", "params": step})]
    return told, {
        "content": [{"type": "text", "text": dump(found)}],
        "structuredContent": found,
        "isError": False,
    }


def _put_aside(book: str, answer: Any) -> tuple[str, Json]:
    """The branch that a host's answer names, or nothing, and the tool's result."""
    if not is_object(answer) or answer.get("action") != "accept":
        return "", _said(f"“{title_of(book)}” was not reserved: nobody said where.")
    wrong = list(problems(WHERE, answer.get("content"), "content"))
    if wrong:
        return "", _said("; ".join(wrong), wrong=True)
    branch = answer["content"]["branch"]
    return branch, _said(f"“{title_of(book)}” waits at {branch} for five days.")


def _question(book: str) -> Json:
    return {"mode": "form", "message": f"Where should “{title_of(book)}” wait?", "requestedSchema": WHERE}


def _call(server: Server, id: Any, params: Json) -> tuple[Server, tuple[str, ...]]:
    """tools/call in a session. A question to the host is a request of the server's own."""
    name, arguments, wrong = _tool(params)
    if wrong:  # the model can mend these, so they are a result and not a protocol error
        return server, (_result(id, _said("; ".join(wrong), wrong=True)),)
    if name == "search_catalogue":
        told, result = _searched(id, arguments, params)
        return server, (*told, _result(id, result))
    if not server.ready or "elicitation" not in parse(server.client):
        why = "can be asked" if server.ready else "is ready"
        return server, (
            _result(id, _said(f"This tool asks where, and the host has not said that it {why}.", wrong=True)),
        )
    asking = Asking(f"ask-{server.asked + 1}", id, arguments["book"])
    question = _question(asking.book)
    if server.version == "2025-06-18":
        question = {key: value for key, value in question.items() if key != "mode"}  # came with 2025-11-25
    server = replace(server, asking=(*server.asking, asking), asked=server.asked + 1)
    request = {"jsonrpc": "2.0", "id": asking.id, "method": "elicitation/create", "params": question}
    return server, (dump(request),)


def _answered(server: Server, message: Json) -> tuple[Server, tuple[str, ...]]:
    """The host's response to a question; one to nothing that was asked is ignored."""
    asking = next((each for each in server.asking if each.id == message["id"]), None)
    if asking is None:
        return server, ()
    branch, result = _put_aside(asking.book, message.get("result"))
    server = replace(server, asking=tuple(each for each in server.asking if each is not asking))
    if branch:
        server = replace(server, reserved=(*server.reserved, (asking.book, branch)))
    return server, (_result(asking.call, result),)


def seal(book: str) -> str:
    """What a stateless server gives the host to bring back: the call, signed so that it cannot be changed."""
    body = dump({"tool": "reserve_book", "book": book}).encode()
    mark = hmac.new(_SECRET, body, hashlib.sha256).digest()[:12]
    return ".".join(base64.urlsafe_b64encode(part).decode() for part in (body, mark))


def _stateless(
    server: Server, id: Any, method: str, params: Json, client: Json
) -> tuple[Server, tuple[str, ...]]:
    """A request of 2026-07-28: all that the answer depends on is in it."""
    whose = {"_meta": {SERVED_BY: SERVER}}
    fresh = {"ttlMs": 300_000, "cacheScope": "public"}  # how long a list may be kept, and by whom
    whole = {"resultType": "complete"}
    if method == "server/discover":
        told = {"supportedVersions": list(VERSIONS), "capabilities": ABILITIES}
        return server, (_result(id, whole | told | fresh | whose),)
    if method in ("ping", "initialize"):
        raise Refused(NO_METHOD, f"Method not found: {method} is not in {STATELESS}")
    if method != "tools/call":
        kept = {} if method == "prompts/get" else fresh
        return server, (_result(id, whole | _plain(method, params, PARAMS) | kept | whose),)
    name, arguments, wrong = _tool(params)
    if wrong:
        return server, (_result(id, whole | _said("; ".join(wrong), wrong=True) | whose),)
    if name == "search_catalogue":
        told, result = _searched(id, arguments, params)
        return server, (*told, _result(id, whole | result | whose))
    if "elicitation" not in client:
        needs: Json = {"requiredCapabilities": {"elicitation": {}}}
        raise Refused(
            MISSING_CAPABILITY, "This tool asks the reader something, and the host cannot be asked", needs
        )
    book, state = arguments["book"], params.get("requestState")
    answers = params.get("inputResponses")
    if state is not None and (
        not isinstance(state, str) or not hmac.compare_digest(state.encode(), seal(book).encode())
    ):
        raise Refused(PARAMS, "Invalid params: requestState is not what this server gave for this call")
    if state is None or not isinstance(answers, dict) or "where" not in answers:
        ask = {"where": {"method": "elicitation/create", "params": _question(book)}}
        asked = {"resultType": "input_required", "inputRequests": ask, "requestState": seal(book)}
        return server, (_result(id, asked | whose),)
    branch, result = _put_aside(book, answers["where"])
    if branch:
        server = replace(server, reserved=(*server.reserved, (book, branch)))
    return server, (_result(id, whole | result | whose),)
