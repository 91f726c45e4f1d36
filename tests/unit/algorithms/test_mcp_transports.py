"""The wires: HTTP by h11, the official kit's HTTP server over a real socket, and the messages that come through."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import h11
import pytest
import uvicorn
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send

from demos_py.algorithms.mcp_host import JOBS, Host, hear, run, speak
from demos_py.algorithms.mcp_server import STATELESS, dump
from demos_py.algorithms.mcp_transports import (
    FAULTS,
    HTTP,
    PLACE,
    STDIO,
    Exchange,
    HttpServer,
    answer,
    exchange,
    lines,
    post,
    response_of,
)
from tests.unit.mcp_sdk import kit_server

REVISIONS = ("2025-11-25", STATELESS)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("transport", [STDIO, HTTP])
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("revision", REVISIONS)
def test_the_same_messages_come_through_every_wire(
    revision: str, job: str, transport: str, streams: bool
) -> None:
    over = exchange(transport, revision, job, "theory", streams=streams)
    assert [text for _, text in over.read] == [sent.text for sent in run(revision, job, "theory").sent]
    assert over.outcome == "works"


def responses(over: Exchange) -> Iterator[tuple[bytes, bytes]]:
    """Request and whole response of each exchange over HTTP; events join the stream that they belong to."""
    found: list[list[bytes]] = []
    open_stream: list[bytes] | None = None
    for frame in over.frames:
        if frame.sender == "host":
            found.append([frame.data, b""])
        elif frame.data.startswith(b"HTTP/"):
            found[-1][1] += frame.data
            if b"chunked" in frame.data:
                open_stream = found[-1]
        else:
            assert open_stream is not None
            open_stream[1] += frame.data
    return ((request, response) for request, response in found)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("revision", REVISIONS)
def test_the_bytes_are_http_by_h11(revision: str, job: str, fault: str) -> None:
    for request, response in responses(exchange(HTTP, revision, job, "théorie 🙂", fault)):
        theirs = h11.Connection(h11.SERVER)
        theirs.receive_data(request)
        asked = theirs.next_event()
        assert isinstance(asked, h11.Request) and asked.target == b"/mcp"
        body = theirs.next_event()
        assert isinstance(body, h11.Data) and json.loads(bytes(body.data))["jsonrpc"] == "2.0"
        assert isinstance(theirs.next_event(), h11.EndOfMessage)
        ours = h11.Connection(h11.CLIENT)
        ours.send(
            h11.Request(method="POST", target="/mcp", headers=[("Host", PLACE), ("Content-Length", "0")])
        )
        ours.send(h11.EndOfMessage())
        ours.receive_data(response)
        if b"202" in response.split(b"\r\n")[0]:
            ours.receive_data(b"")  # a response without a length goes to the connection's end
        status = ours.next_event()
        assert isinstance(status, h11.Response)
        data = b""
        while isinstance(event := ours.next_event(), h11.Data):
            data += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage)
        code, _, texts = response_of(response)
        assert code == status.status_code
        if b"event-stream" not in response:
            assert texts == ([data.decode()] if data else [])
        else:
            assert texts == [
                part.removeprefix("event: message\ndata: ") for part in data.decode().split("\n\n")[:-1]
            ]


def test_a_response_can_be_read_while_it_comes() -> None:
    over = exchange(HTTP, "2025-11-25", "search", "theory")
    (_, whole) = list(responses(over))[-1]
    counts = [len(response_of(whole[:n])[2]) for n in range(len(whole) + 1)]
    assert counts == sorted(counts) and counts[-1] == 2


def test_lines_hold_newlines_only_between_messages() -> None:
    text = dump({"jsonrpc": "2.0", "method": "x", "params": {"said": "one\ntwo\u2028three 🙂"}})
    assert lines(f"{text}\n{text}\n".encode()) == [text, text]


OUTCOMES = {
    "none": ("works",) * 4,
    "indent": ("error -32700", "error -32700", "works", "works"),
    "print": ("what the server sent is not JSON",) * 2 + ("works",) * 2,
    "session": ("works", "works", "error -32600: Missing session id", "works"),
    "name": ("works", "works", "works", "error -32020"),
    "origin": ("works", "works", "HTTP 403", "HTTP 403"),
    "token": ("works", "works", "HTTP 401", "HTTP 401"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_the_wires_that_the_specification_says(fault: str) -> None:
    for transport, revision, wanted in zip(
        (STDIO, STDIO, HTTP, HTTP), REVISIONS * 2, OUTCOMES[fault], strict=True
    ):
        assert exchange(transport, revision, "search", "theory", fault).outcome.startswith(wanted)


@pytest.fixture(scope="module")
def kit_address() -> Iterator[tuple[str, int]]:
    """The official kit's server over HTTP on this machine."""
    allowed = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=[PLACE], allowed_origins=[f"https://{PLACE}"]
    )
    manager = StreamableHTTPSessionManager(kit_server(), security_settings=allowed)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await manager.handle_request(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))

    async def serve() -> None:
        async with manager.run():
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    for _ in range(500):
        if server.started:
            break
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    thread.join(10)


def ask(address: tuple[str, int], request: bytes) -> bytes:
    """All bytes that a server answers to a request."""
    head, _, body = request.partition(b"\r\n\r\n")
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
        out = b""
        with contextlib.suppress(TimeoutError):
            while got := connection.recv(65536):
                out += got
    return out


@pytest.mark.parametrize("job", ["search", "read"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_our_host_works_with_the_kits_server_over_a_socket(
    kit_address: tuple[str, int], revision: str, job: str
) -> None:
    host, session = Host(revision, job, "information theory"), ""
    for _ in range(10):
        host, text = speak(host)
        if text is None:
            break
        status, headers, texts = response_of(ask(kit_address, post(text, host, session, "none").data))
        session = headers.get("mcp-session-id", session)
        assert status in (200, 202)
        for each in texts:
            host, back = hear(host, each)
            assert back is None
    assert host.done and not host.problem
    assert host.last == run(revision, job, "information theory").host.last


@pytest.mark.parametrize("fault", ["none", "session", "name", "origin"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_statuses_are_those_of_the_kits_server(
    kit_address: tuple[str, int], revision: str, fault: str
) -> None:
    sent = [each.text for each in run(revision, "search", "theory").sent if each.sender == "host"]
    host, http, ours, theirs = Host(revision, "search", "theory"), HttpServer(), [], []
    sessions = {"ours": "", "theirs": ""}
    for text in sent:
        http, frames = answer(http, post(text, host, sessions["ours"], fault).data)
        status, headers, _ = response_of(frames[0].data)
        ours.append(status)
        sessions["ours"] = headers.get("mcp-session-id", sessions["ours"])
        status, headers, _ = response_of(ask(kit_address, post(text, host, sessions["theirs"], fault).data))
        theirs.append(status)
        sessions["theirs"] = headers.get("mcp-session-id", sessions["theirs"])
    assert ours == theirs


def test_a_method_that_is_not_there_is_404_without_a_session(kit_address: tuple[str, int]) -> None:
    text = run(STATELESS, "search", "theory").sent[2].text.replace("tools/list", "tools/lists")
    request = post(text, Host(STATELESS, "search", "theory"), "", "none").data
    _, frames = answer(HttpServer(), request)
    assert response_of(frames[0].data)[0] == response_of(ask(kit_address, request))[0] == 404
