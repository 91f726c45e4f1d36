"""Messages of the Model Context Protocol as bytes: lines on stdio, and Streamable HTTP.

The host and the server of `mcp_host` and `mcp_server` talk through a wire here: each message is framed, may meet a
*fault*, is read from the bytes by the other side, and only then received.

Source: Model Context Protocol, Transports, revisions 2025-11-25 and 2026-07-28, modelcontextprotocol.io/specification;
HTTP/1.1, RFC 9112; server-sent events, WHATWG HTML, 9.2.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace

from demos_py.algorithms.mcp_host import MOST_MESSAGES, Host, hear, speak
from demos_py.algorithms.mcp_server import (
    INVALID,
    MISSING_CAPABILITY,
    NO_METHOD,
    PARSE,
    STATELESS,
    UNSUPPORTED,
    VERSION,
    VERSIONS,
    Json,
    Server,
    dump,
    is_object,
    parse,
    receive,
)

STDIO, HTTP = "stdio", "http"
HEADER_MISMATCH = -32020
FAULTS = ("none", "indent", "print", "session", "name", "origin", "token")
PLACE = "library.example"
TOKEN = "Bearer for-one-reader-and-this-server"
REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}


@dataclass(frozen=True)
class Frame:
    """Bytes that one side writes at once, with their name, and how many of them are the message itself."""

    sender: str  # "host" or "server"
    data: bytes
    title: str
    json_bytes: int = 0


@dataclass(frozen=True)
class Exchange:
    """A session over a wire: its frames, the messages that each side has read from them, and how it ended."""

    frames: tuple[Frame, ...]
    host: Host
    server: Server
    read: tuple[tuple[str, str], ...]  # (reader, text)

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.host.problem:
            return self.host.problem
        return "works" if self.host.done else "the host waits for an answer that does not come"


def name_of(text: str) -> str:
    """What a message is, in a word or two."""
    try:
        message = parse(text)
    except ValueError:
        return "not JSON"
    if not is_object(message):
        return "not a message"
    if "error" in message and is_object(message["error"]):
        return f"error {message['error'].get('code')}"
    return str(message.get("method", "result"))


# stdio


def _stdio(host: Host, fault: str) -> Exchange:
    server = Server()
    frames: list[Frame] = []
    read: list[tuple[str, str]] = []
    waiting: list[str] = []  # what the host has to answer first
    while len(frames) < MOST_MESSAGES:
        if waiting:
            text = waiting.pop(0)
        else:
            host, said = speak(host)
            if said is None:
                break
            text = said
        # indented JSON is the same message, and has newlines inside
        line = json.dumps(parse(text), indent=2, ensure_ascii=False) if fault == "indent" else text
        frames.append(Frame("host", f"{line}\n".encode(), name_of(text), len(text.encode())))
        for one in lines(frames[-1].data):
            read.append(("server", one))
            server, replies = receive(server, one)
            if fault == "print" and name_of(one) == "tools/call":
                log = b"[info] a tool was called\n"  # print() writes where the protocol is
                frames.append(Frame("server", log, "a line of the server’s log"))
                replies = (log.decode().rstrip(), *replies)
            for reply in replies:
                if not reply.startswith("[info]"):
                    frames.append(Frame("server", f"{reply}\n".encode(), name_of(reply), len(reply.encode())))
                if host.done:
                    continue
                read.append(("host", reply))
                host, answer = hear(host, reply)
                waiting += [answer] if answer is not None else []
    return Exchange(tuple(frames), host, server, tuple(read))


def lines(data: bytes) -> list[str]:
    """The messages in bytes from stdio: a line each. Bytes that are not UTF-8 become a replacement character."""
    return [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]


# Streamable HTTP


def _head(first: str, headers: dict[str, str]) -> bytes:
    return "".join(
        [f"{first}\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]
    ).encode()


def post(text: str, host: Host, session: str, fault: str) -> Frame:
    """The HTTP request that carries a message from the host. `session` is the server's id of it, or empty."""
    message = parse(text)
    body = text.encode()
    if fault == "indent":
        body = json.dumps(message, indent=2, ensure_ascii=False).encode()
    headers = {
        "Host": PLACE,
        "Authorization": "Bearer for-one-reader-until-yesterday" if fault == "token" else TOKEN,
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    if fault == "origin":
        headers["Origin"] = "https://some-page.example"
    method, params = str(message.get("method", "")), message.get("params", {})
    if host.revision == STATELESS:
        headers["MCP-Protocol-Version"] = params.get("_meta", {}).get(VERSION, STATELESS)
        headers["Mcp-Method"] = method
        if name := params.get("name") or params.get("uri"):
            headers["Mcp-Name"] = "search" if fault == "name" else name
    else:
        if host.protocol:
            headers["MCP-Protocol-Version"] = host.protocol
        if session and fault != "session":
            headers["MCP-Session-Id"] = session
    title = f"POST, {method}" if method else "POST, an answer"
    return Frame("host", _head("POST /mcp HTTP/1.1", headers) + body, title, len(text.encode()))


@dataclass(frozen=True)
class HttpServer:
    """The HTTP side of a server: its session's id, and whether a stream waits for the host's answer."""

    server: Server = field(default_factory=Server)
    session: str = ""
    streams: bool = False  # always answer with a stream
    waiting: bool = False


def _parts(data: bytes) -> tuple[str, dict[str, str], bytes]:
    """First line, headers by lower-case name, and what follows them; nothing where the headers have not ended."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        return "", {}, b""
    first, *rest = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in rest)
    return first, {name.strip().lower(): value.strip() for name, _, value in named}, body


def request_of(data: bytes) -> tuple[str, dict[str, str], bytes]:
    """Request line, headers by lower-case name, and body of a whole HTTP request. Raises ValueError."""
    first, headers, body = _parts(data)
    if not first or int(headers.get("content-length", "-1")) != len(body):
        raise ValueError("not a whole HTTP request")
    return first, headers, body


def _plain(status: int, body: str = "", **headers: str) -> tuple[Frame, ...]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if body:
        named["Content-Type"] = "application/json"
    if status != 202:
        named["Content-Length"] = str(len(body.encode()))
    data = _head(f"HTTP/1.1 {status} {REASONS[status]}", named) + body.encode()
    title = f"{status}" + (f", {name_of(body)}" if body else f" {REASONS[status]}")
    return (Frame("server", data, title, len(body.encode())),)


def event(text: str, last: bool) -> Frame:
    """A message as an event of a stream, in one chunk of the response."""
    data = f"event: message\ndata: {text}\n\n".encode()
    chunk = f"{len(data):x}\r\n".encode() + data + b"\r\n" + (b"0\r\n\r\n" if last else b"")
    return Frame("server", chunk, f"event, {name_of(text)}", len(text.encode()))


def _refusal(code: int, message: str, number: object = None) -> str:
    return dump({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})


def answer(http: HttpServer, request: bytes) -> tuple[HttpServer, tuple[Frame, ...]]:
    """The HTTP server after a request, and the frames of its response, in order."""
    try:
        first, headers, body = request_of(request)
    except ValueError:
        return http, _plain(400)
    if headers.get("origin", f"https://{PLACE}") != f"https://{PLACE}":
        return http, _plain(403)  # a page of another site, by a name that leads here
    if headers.get("authorization") != TOKEN:
        where = f'Bearer resource_metadata="https://{PLACE}/.well-known/oauth-protected-resource"'
        return http, _plain(401, WWW_Authenticate=where)
    if not first.startswith("POST "):
        return http, _plain(405)
    text = body.decode("utf-8", "replace")
    try:
        message = parse(text)
    except ValueError:
        message = None
    if not is_object(message):
        return http, _plain(400, receive(http.server, text)[1][0])
    params: Json = message.get("params", {}) if is_object(message.get("params", {})) else {}
    meta: Json = params.get("_meta", {}) if is_object(params.get("_meta", {})) else {}
    version, number = headers.get("mcp-protocol-version", ""), message.get("id")
    if VERSION in meta or version == STATELESS:
        named = {"mcp-protocol-version": meta.get(VERSION), "mcp-method": message.get("method")}
        if message.get("method") in ("tools/call", "prompts/get"):
            named["mcp-name"] = params.get("name")
        if message.get("method") == "resources/read":
            named["mcp-name"] = params.get("uri")
        for name, wanted in named.items():
            if headers.get(name) != wanted:
                said = f"Header mismatch: {name} is “{headers.get(name)}”, the body says “{wanted}”"
                return http, _plain(400, _refusal(HEADER_MISMATCH, said, number))
        server, replies = receive(http.server, text)
        return replace(http, server=server), _response(http, replies, meta)
    if version and version not in VERSIONS:
        return http, _plain(400, _refusal(INVALID, f"Unsupported protocol version {version}", number))
    begins = message.get("method") == "initialize"
    if not begins and http.session != headers.get("mcp-session-id", ""):
        if "mcp-session-id" not in headers:
            return http, _plain(400, _refusal(INVALID, "Missing session id", number))
        return http, _plain(404, _refusal(INVALID, "Session not found", number))
    server, replies = receive(http.server, text)
    if not message.get("method") or number is None:  # a response or a notification is accepted, no more
        frames = (*_plain(202), *(event(reply, True) for reply in replies))
        return replace(http, server=server, waiting=False), frames
    session = http.session
    if begins and server.version:
        session = hashlib.sha256(text.encode()).hexdigest()[:16]  # a real one must not be guessed
    http = replace(http, server=server, session=session, waiting=bool(server.asking))
    return http, _response(http, replies, meta, session if begins else "")


def _response(http: HttpServer, replies: tuple[str, ...], meta: Json, session: str = "") -> tuple[Frame, ...]:
    """The response to a request: JSON where one message is enough, else a stream of events."""
    more = {"MCP_Session_Id": session} if session else {}
    if len(replies) == 1 and not http.waiting:
        error: Json = parse(replies[0]).get("error") or {}
        code = error.get("code")
        status = 200
        if code in (PARSE, INVALID, UNSUPPORTED, MISSING_CAPABILITY) or (
            code and not meta and not http.session
        ):
            status = 400
        elif code == NO_METHOD and VERSION in meta:
            status = 404
        if status != 200 or not http.streams:
            return _plain(status, replies[0], **more)
    headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Transfer-Encoding": "chunked"}
    named = {name.replace("_", "-"): value for name, value in more.items()}
    head = Frame("server", _head("HTTP/1.1 200 OK", headers | named), "200, a stream begins")
    last = len(replies) - (0 if http.waiting else 1)
    return (head, *(event(reply, place == last) for place, reply in enumerate(replies)))


def response_of(data: bytes) -> tuple[int, dict[str, str], list[str]]:
    """Status, headers by lower-case name, and the messages in as much of an HTTP response as has come.

    A body is read whole, by Content-Length, or chunk by chunk as server-sent events.
    """
    first, headers, body = _parts(data)
    if not first:
        return 0, {}, []
    status = int(first.split(" ")[1])
    if headers.get("transfer-encoding") != "chunked":
        whole = len(body) >= int(headers.get("content-length", "0"))
        return status, headers, [body.decode()] if whole and body else []
    stream = b""
    while body:
        size, gap, rest_of = body.partition(b"\r\n")
        if not gap or len(rest_of) < int(size, 16) + 2 or int(size, 16) == 0:
            break
        stream += rest_of[: int(size, 16)]
        body = rest_of[int(size, 16) + 2 :]
    messages: list[str] = []
    # a line of an event stream ends with CR LF, LF or CR
    text_of = stream.decode().replace("\r\n", "\n").replace("\r", "\n")
    for one in text_of.split("\n\n")[:-1]:
        data_lines = [
            line.removeprefix("data:").lstrip() for line in one.split("\n") if line.startswith("data:")
        ]
        if text := "\n".join(data_lines):
            messages.append(text)
    return status, headers, messages


def _http(host: Host, fault: str, streams: bool) -> Exchange:
    http, session = HttpServer(streams=streams), ""
    frames: list[Frame] = []
    read: list[tuple[str, str]] = []
    waiting: list[str] = []
    stream = b""  # what has come of a response that is still open
    seen = 0
    while len(frames) < MOST_MESSAGES:
        if waiting:
            text = waiting.pop(0)
        else:
            host, said = speak(host)
            if said is None:
                break
            text = said
        frames.append(post(text, host, session, fault))
        was = len(http.server.used), http.server.reserved
        http, response = answer(http, frames[-1].data)
        if response[0].title.startswith("2") or (len(http.server.used), http.server.reserved) != was:
            read.append(("server", request_of(frames[-1].data)[2].decode()))
        # with the fault “print” the log goes to the server's own console: the protocol has its connection for itself
        for frame in response:
            frames.append(frame)
            if frame.data.startswith(b"HTTP/"):
                status, headers, texts = response_of(frame.data)
                if status == 202:
                    continue  # an open stream goes on
                stream, seen = frame.data, 0
                session = headers.get("mcp-session-id", session)
                if status >= 400 and not texts:
                    why = ": a new token is needed" if status == 401 else ""
                    host = replace(host, done=True, problem=f"HTTP {status} {REASONS[status]}{why}")
            else:
                stream += frame.data
            for text in response_of(stream)[2][seen:]:
                seen += 1
                if not host.done:
                    read.append(("host", text))
                    host, back = hear(host, text)
                    waiting += [back] if back is not None else []
    return Exchange(tuple(frames), host, http.server, tuple(read))


def exchange(
    transport: str, revision: str, job: str, words: str, fault: str = "none", streams: bool = False
) -> Exchange:
    """A whole session over `transport`, "stdio" or "http". `streams`: HTTP answers always by a stream."""
    host = Host(revision, job, words)
    if transport == STDIO:
        return _stdio(host, fault)
    return _http(host, fault, streams)
