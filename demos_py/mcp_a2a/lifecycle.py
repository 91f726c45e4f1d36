"""A session between a host and a server, message by message; any message can be changed on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from demos_py.algorithms.mcp_host import (
    CORRUPTIONS,
    Host,
    Sent,
    Session,
    begin,
    corrupted,
    run,
    speak,
    step,
)
from demos_py.algorithms.mcp_host import ended as session_ended
from demos_py.algorithms.mcp_server import STATELESS, is_id, parse
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import Message, messages
from demos_py.core.params import choice, slider, text

TITLE = "A session, message by message"
OPENS_AT, RATE, STEP = 6, 1, "message"
REVISIONS = {"2025-11-25": "2025-11-25, with a handshake", STATELESS: "2026-07-28, stateless"}
JOBS = {
    "search": "call a tool",
    "reserve": "call a tool that asks back",
    "read": "read a resource",
    "prompt": "get a prompt",
}
KNOWN = {
    "protocol": "Protocol",
    "server": "Server",
    "declared": "It declares",
    "tools": "Tools",
    "resources": "Resources",
    "prompts": "Prompts",
    "progress": "Progress",
    "asked": "It was asked",
    "last": "For the model",
}


@dataclass(frozen=True)
class Params:
    revision: str = choice("2025-11-25", label="Revision", options=REVISIONS)
    job: str = choice("search", label="What the host does", options=JOBS)
    words: str = text("information theory", label="Words that it searches for", rows=1, limit=200)
    number: int = slider(6, low=1, high=10, step=1, label="Message to change", ticks=9)
    instead: str = text("", label="What arrives in its place; empty: as it was sent", rows=4, limit=4000)


@dataclass(frozen=True)
class State:
    """A session, and the fields of the host's view that its newest message has changed."""

    session: Session
    learned: tuple[str, ...] = ()


def _change(params: Params) -> tuple[int, str] | None:
    return (params.number, params.instead) if params.instead else None


@lru_cache(50)
def whole(revision: str, job: str, words: str, change: tuple[int, str] | None = None) -> Session:
    """The session to its end."""
    return run(revision, job, words, change)


def original(params: Params) -> str:
    """The chosen message as it is sent where nothing is changed, or nothing."""
    sent = whole(params.revision, params.job, params.words).sent
    return sent[params.number - 1].text if params.number <= len(sent) else ""


def init(params: Params) -> State:
    return State(begin(params.revision, params.job, params.words))


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """`corrupt` changes the chosen message in a named way, or puts its own text there to be edited."""
    if event.name == "corrupt":
        text = original(params)
        if event.value in CORRUPTIONS and text:
            return replace(params, instead=corrupted(text, event.value)), state
        return replace(params, instead=text if event.value == "edit" else ""), state
    if event.name != "tick" or ended(params, state):
        return params, state
    after = step(state.session, _change(params))
    host = speak(after.host)[0] if session_ended(after) else after.host
    before = state.session.host
    learned = tuple(name for name in KNOWN if getattr(host, name) != getattr(before, name))
    return params, State(replace(after, host=host), learned)


def ended(params: Params, state: State) -> bool:
    return session_ended(state.session)


def mark(params: Params, state: State) -> str:
    session = state.session
    if session.sent and session.sent[-1].changed:
        return "the changed message"
    return "the host stops" if session.host.problem and ended(params, state) else ""


def titles(sent: tuple[Sent, ...]) -> list[tuple[str, str, str]]:
    """Of each message: its title, its kind, and its id, a dash where it has none."""
    asked: dict[object, str] = {}
    out = []
    for each in sent:
        try:
            message = parse(each.text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            out.append(("not a message", "cannot be read", "–"))
            continue
        number, method = message.get("id"), message.get("method")
        shown = str(number) if is_id(number) else "–"
        if isinstance(method, str):
            kind = "request" if is_id(number) else "notification"
            if kind == "request":
                asked[number] = method
            out.append((method, kind, shown))
        elif "error" in message:
            error = message["error"] if isinstance(message["error"], dict) else {}
            out.append((f"error {error.get('code', '')}", "error", shown))
        else:
            of = asked.get(number, "nothing asked") if is_id(number) else "nothing asked"
            result = message.get("result")
            needs = isinstance(result, dict) and result.get("resultType") == "input_required"
            out.append((f"{'input required' if needs else 'result'} of {of}", "response", shown))
    return out


def known(host: Host, name: str) -> str:
    """A field of the host's view in words; a dash where it does not know."""
    value = getattr(host, name)
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return (value if len(value) < 90 else value[:88] + "…") if value else "–"


def end_of(session: Session) -> str:
    """How the session ended, in words."""
    host = session.host
    if host.done and not host.problem:
        return "The job is done"
    if host.problem:
        return f"The host stops: {host.problem}"
    waits = ", ".join(f"{id} ({method})" for id, method in host.waiting) or "the server"
    return f"Nobody answers: the host waits for request {waits}, until its own time limit"


def view(params: Params, state: State) -> View:
    session, host = state.session, state.session.host
    total = len(whole(params.revision, params.job, params.words, _change(params)).sent)
    named = titles(session.sent)
    lanes = [
        Message(
            number=place,
            sender="left" if each.sender == "host" else "right",
            title=title,
            body=_body(each.text),
            note=f"{kind}{', id ' + id if id != '–' else ''}; {len(each.text.encode()):,} bytes"
            + ("; changed on its way" if each.changed else ""),
            now=place == len(session.sent),
            wrong=each.changed or kind == "error",
        )
        for place, (each, (title, kind, id)) in enumerate(zip(session.sent, named, strict=True), 1)
    ]
    if session.sent:
        title, kind, _ = named[-1]
        learned = ", ".join(KNOWN[name].lower() for name in state.learned)
        reading = (
            f"Message {len(session.sent)} of {total}, from the {session.sent[-1].sender}: a {kind}, **{title}**. "
            + (f"The host now knows more: {learned}." if learned else "The host knows no more than before.")
        )
        if ended(params, state):
            reading += f" **{end_of(session)}.**"
    else:
        reading = (
            f"Nothing has been sent. The host knows nothing of the server; {total} messages will follow."
        )
    text = original(params)
    offered = [
        (name, label) for name, (label, _) in CORRUPTIONS.items() if text and corrupted(text, name) != text
    ]
    buttons = [(name, label, params.instead == corrupted(text, name)) for name, label in offered]
    buttons += [("edit", "Its text, to edit", None)] if text else []
    buttons += [("none", "As it was sent", not params.instead)]
    notices = ()
    if params.instead and params.number > total:
        notices = (f"There is no message {params.number} in this session, so nothing is changed.",)
    return View(
        reading=reading,
        table=Table(
            caption=f"The session so far, revision {params.revision}",
            columns=("Message", "From", "Kind", "Id", "What", "Bytes"),
            rows=tuple(
                (str(place), each.sender, kind, id, title, f"{len(each.text.encode()):,}")
                for place, (each, (title, kind, id)) in enumerate(zip(session.sent, named, strict=True), 1)
            )
            or (("–", "–", "–", "–", "nothing yet", "0"),),
        ),
        drawing={
            "lanes": lanes,
            "host": [(label, known(host, name)) for name, label in KNOWN.items()],
            "reserved": ", ".join(f"{book} at {where}" for book, where in session.server.reserved)
            or "nothing",
            "corruptions": buttons,
            "messages": messages,
        },
        facts={
            "messages": str(len(session.sent)),
            "bytes": f"{sum(len(each.text.encode()) for each in session.sent):,}",
            "end": end_of(session) if ended(params, state) else "not ended",
            "problem": host.problem or "none",
            "reserved": str(len(session.server.reserved)),
            "tools": str(len(host.tools or ())),
            "last": named[-1][0] if named else "nothing",
        },
        notices=notices,
    )


def _body(text: str) -> dict[str, object] | str:
    try:
        message = parse(text)
    except ValueError:
        return text
    return message if isinstance(message, dict) else text
