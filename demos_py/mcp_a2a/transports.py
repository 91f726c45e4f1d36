"""The same session as bytes: on stdio, and over Streamable HTTP; and what goes wrong on each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.mcp_server import STATELESS
from demos_py.algorithms.mcp_transports import HTTP, STDIO, Exchange, exchange
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import Message, messages
from demos_py.core.params import choice, text
from demos_py.mcp_a2a.lifecycle import JOBS, REVISIONS

TITLE = "The same messages on two wires"
OPENS_AT, RATE, STEP = 4, 1, "frame"
TRANSPORTS = {HTTP: "Streamable HTTP", STDIO: "stdio"}
FAULTS = {
    "none": "nothing",
    "indent": "the host indents its JSON",
    "print": "the server prints a log line",
    "session": "the host forgets the session’s id",
    "name": "a header names another tool",
    "origin": "a foreign web page calls",
    "token": "the token has expired",
}
ANSWERS = {"needed": "a stream where it must", "always": "always a stream"}
WIRES = ((STDIO, "2025-11-25"), (STDIO, STATELESS), (HTTP, "2025-11-25"), (HTTP, STATELESS))


@dataclass(frozen=True)
class Params:
    transport: str = choice(HTTP, label="Transport", options=TRANSPORTS)
    revision: str = choice("2025-11-25", label="Revision", options=REVISIONS)
    job: str = choice("search", label="What the host does", options=JOBS)
    fault: str = choice("none", label="What goes wrong", options=FAULTS)
    answers: str = choice("needed", label="HTTP answers by", options=ANSWERS)
    words: str = text("information theory", label="Words that it searches for", rows=1, limit=200)


@lru_cache(60)
def _exchange(transport: str, revision: str, job: str, fault: str, answers: str, words: str) -> Exchange:
    return exchange(transport, revision, job, words, fault, answers == "always")


def of(params: Params, transport: str = "", revision: str = "") -> Exchange:
    """The session that the controls describe, on this wire or another."""
    return _exchange(
        transport or params.transport,
        revision or params.revision,
        params.job,
        params.fault,
        params.answers,
        params.words,
    )


def init(params: Params) -> int:
    return 0


def update(params: Params, state: int, event: Event) -> tuple[Params, int]:
    """A tick shows one frame more."""
    return params, state + (event.name == "tick" and not ended(params, state))


def ended(params: Params, state: int) -> bool:
    return state >= len(of(params).frames)


def mark(params: Params, state: int) -> str:
    title = of(params).frames[state - 1].title
    return title if title[:1] == "4" or title.startswith(("error", "a line of")) else ""


def sums(frames: Exchange) -> tuple[int, int]:
    """Bytes on the wire, and bytes of the messages in them."""
    return sum(len(frame.data) for frame in frames.frames), sum(frame.json_bytes for frame in frames.frames)


def share(more: int, of: int) -> str:
    return f"{more / of:.0%}" if of else "–"


def view(params: Params, state: int) -> View:
    session = of(params)
    shown = session.frames[:state]
    wire, inside = sum(len(frame.data) for frame in shown), sum(frame.json_bytes for frame in shown)
    lanes = [
        Message(
            number=place,
            sender="left" if frame.sender == "host" else "right",
            title=frame.title,
            body=frame.data.decode("utf-8", "replace").replace("\r\n", "\n"),
            note=f"{len(frame.data):,} bytes, {frame.json_bytes:,} of them the message",
            now=place == len(shown),
            wrong=frame.title[:1] == "4" or frame.title.startswith(("error", "a line of")),
        )
        for place, frame in enumerate(shown, 1)
    ]
    over = ended(params, state)
    if shown:
        last = shown[-1]
        reading = (
            f"Frame {state} of {len(session.frames)}, from the {last.sender}: **{last.title}**. So far "
            f"**{wire:,} bytes** for {inside:,} bytes of messages, {share(wire - inside, inside)} more."
        )
    else:
        reading = f"Nothing is on the wire. {len(session.frames)} frames will follow."
    if over:
        reading += f" The end: **{session.outcome}**."
    rows = []
    for transport, revision in WIRES:
        other = of(params, transport, revision)
        total, messages_ = sums(other)
        read = (
            sum(reader == "host" for reader, _ in other.read),
            sum(reader == "server" for reader, _ in other.read),
        )
        rows.append(
            (
                f"{TRANSPORTS[transport]}, {revision}",
                f"{read[0] + read[1]}",
                f"{messages_:,}",
                f"{total:,}",
                share(total - messages_, messages_),
                other.outcome,
            )
        )
    total, messages_ = sums(session)
    return View(
        reading=reading,
        table=Table(
            caption=f"The whole session on each wire, where this goes wrong: {FAULTS[params.fault]}",
            columns=("Wire", "Messages read", "Bytes of messages", "Bytes on the wire", "More", "The end"),
            rows=tuple(rows),
        ),
        drawing={
            "lanes": lanes,
            "messages": messages,
            "numbers": [
                ("Bytes on the wire", f"{wire:,}"),
                ("Bytes of messages", f"{inside:,}"),
                ("More", share(wire - inside, inside)),
            ],
            "ends": [(row[0], row[5]) for row in rows],
        },
        facts={
            "frames": str(len(session.frames)),
            "wire": f"{total:,}",
            "inside": f"{messages_:,}",
            "more": share(total - messages_, messages_),
            "outcome": session.outcome,
            "read": str(len(session.read)),
        },
    )
