"""One job, a reading list, done through MCP by the caller's own model, and through A2A by another agent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.a2a import ASKS, session
from demos_py.algorithms.mcp_host import HOST
from demos_py.algorithms.mcp_server import (
    CAPABILITIES,
    CLIENT,
    STATELESS,
    VERSION,
    Server,
    dump,
    parse,
    receive,
)
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import Message, messages
from demos_py.core.params import choice, slider, text

TITLE = "One job, two protocols"
OPENS_AT, RATE, STEP = 4, 1, "message"
PROTOCOLS = {"a2a": "A2A 1.0: another agent does it", "mcp": "MCP: my own model does it, by a tool"}
YES = {"yes": "yes", "no": "no"}


@dataclass(frozen=True)
class Params:
    protocol: str = choice("a2a", label="Shown", options=PROTOCOLS)
    searches: int = slider(
        4, low=1, high=10, step=1, label="Searches that the job takes", unit="searches", ticks=9
    )
    asks: str = choice("yes", label="It must ask back", options=YES)
    work: int = slider(3, low=1, high=10, step=1, label="The other agent works for", unit="polls", ticks=9)
    subject: str = text("information theory", label="Subject", rows=1, limit=200)


Sent = tuple[tuple[str, str], ...]


@lru_cache(60)
def by_a2a(subject: str, asks: bool, work: int) -> Sent:
    """The messages between the caller and the agent."""
    return tuple(session(subject, asks, work))


@lru_cache(60)
def by_mcp(subject: str, searches: int) -> Sent:
    """The messages between the host and the library's server: the tools' list, then each search."""
    words = [
        subject,
        *subject.split(),
        "theory",
        "learning",
        "design",
        "language",
        "science",
        "processing",
        "computing",
    ]
    server, out = Server(), []
    meta = {VERSION: STATELESS, CLIENT: HOST, CAPABILITIES: {}}
    for number in range(searches + 1):
        call = {
            "name": "search_catalogue",
            "arguments": {"words": words[(number - 1) % len(words)] or "books"},
        }
        params = (call if number else {}) | {"_meta": meta}
        method = "tools/call" if number else "tools/list"
        asked = dump({"jsonrpc": "2.0", "id": number + 1, "method": method, "params": params})
        server, replies = receive(server, asked)
        out += [("caller", asked), *(("server", reply) for reply in replies)]
    return tuple(out)


def sent_by(params: Params, protocol: str) -> Sent:
    """The whole job's messages by one protocol."""
    if protocol == "mcp":
        return by_mcp(params.subject or "books", params.searches)
    return by_a2a(params.subject or "books", params.asks == "yes", params.work)


def init(params: Params) -> int:
    return 0


def update(params: Params, state: int, event: Event) -> tuple[Params, int]:
    """A tick shows one message more."""
    return params, state + (event.name == "tick" and not ended(params, state))


def ended(params: Params, state: int) -> bool:
    return state >= len(sent_by(params, params.protocol))


def title_of(text: str) -> str:
    """What a message is: its method, the state of its task, or the kind of its result."""
    message = parse(text)
    if "method" in message:
        return message["method"]
    result = message.get("result", {})
    task = result.get("task", result)
    if "status" in task:
        return task["status"]["state"]
    return "result"


def turns(params: Params, protocol: str) -> tuple[int, int]:
    """Turns of the caller's model, and questions to the caller's reader.

    By MCP the caller's model decides each search, and writes the answer; what must be asked it asks itself. By A2A
    it hands the task over, answers if asked, and reads the result.
    """
    asks = int(params.asks == "yes")
    return (params.searches + 1 + asks, asks) if protocol == "mcp" else (2 + asks, asks)


def view(params: Params, state: int) -> View:
    sent = sent_by(params, params.protocol)
    shown = sent[:state]
    other = "agent" if params.protocol == "a2a" else "server"
    lanes = [
        Message(
            number=place,
            sender="left" if sender == "caller" else "right",
            title=title_of(text),
            body=parse(text),
            note=f"{len(text.encode()):,} bytes",
            now=place == len(shown),
        )
        for place, (sender, text) in enumerate(shown, 1)
    ]
    rows = []
    for protocol, who in (("mcp", "the caller’s model"), ("a2a", "the other agent")):
        messages_ = sent_by(params, protocol)
        model, asked = turns(params, protocol)
        rows.append(
            (
                protocol.upper(),
                str(len(messages_)),
                f"{sum(len(text.encode()) for _, text in messages_):,}",
                who,
                str(model),
                str(asked),
                "a call at a time" if protocol == "mcp" else f"a task, {params.work} polls long",
            )
        )
    reading = "Nothing has been sent. "
    if shown:
        sender, text = shown[-1]
        reading = f"Message {state} of {len(sent)}, from the {sender}: **{title_of(text)}**. "
    mine, theirs = turns(params, "mcp")[0], turns(params, "a2a")[0]
    reading += f"The caller’s model takes **{mine} turns** by MCP and **{theirs}** by A2A."
    waits = sum(title_of(text) == ASKS for _, text in sent)
    return View(
        reading=reading,
        table=Table(
            caption="The whole job by each protocol",
            columns=(
                "Protocol",
                "Messages",
                "Bytes",
                "Who decides the steps",
                "Turns of the caller’s model",
                "Questions back",
                "Unit of work",
            ),
            rows=tuple(rows),
        ),
        drawing={
            "lanes": lanes,
            "messages": messages,
            "other": other,
            "numbers": [(f"Turns, {row[0]}", row[4]) for row in rows]
            + [(f"Messages, {row[0]}", row[1]) for row in rows],
        },
        facts={
            "messages": str(len(sent)),
            "turns mcp": str(mine),
            "turns a2a": str(theirs),
            "asks": str(waits),
            "bytes": f"{sum(len(text.encode()) for _, text in sent):,}",
        },
    )
