"""Answers the page's messages: JSON in, JSON out. It runs in the worker's Pyodide, and needs no browser.

A *session* is one figure on the page: its demo, parameters and state. Requests, by `type`:

    open    key, uid, demo, preset, link    begin; `link` is a query put on top of the page's `preset`
    change  key, values                     a control was changed: {name: [string, ...]} of the whole form
    event   key, name, value                a button was pressed
    close   key                             the figure has left the page

An answer holds `parts` (HTML), `charts` (Plotly figures), `link` (the query that gives this figure) and
`ms` (milliseconds that the view and its HTML took), or `error`, a sentence for the reader.
"""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from typing import Any

from demos_py.core import params as controls
from demos_py.core.demo import Demo, Event, find
from demos_py.core.render import render_parts


@dataclass
class Session:
    demo: Demo
    uid: str
    base: Any  # the page's preset; Reset and links start from it
    params: Any
    state: Any


sessions: dict[str, Session] = {}


def _open(request: dict[str, Any]) -> tuple[Session, list[str]]:
    demo = find(request["demo"])
    base, problems = controls.from_query(demo.params(), request["preset"])
    params, more = controls.from_query(base, request["link"])
    session = Session(demo, request["uid"], base, params, demo.init(params))
    sessions[request["key"]] = session
    return session, problems + more


def _change(request: dict[str, Any]) -> tuple[Session, list[str]]:
    session = sessions[request["key"]]
    before = session.params
    session.params, problems = controls.read(before, request["values"])
    if session.params != before:
        session.state = session.demo.init(session.params)
    return session, problems


def _event(request: dict[str, Any]) -> tuple[Session, list[str]]:
    session = sessions[request["key"]]
    event = Event(request["name"], request["value"])
    session.params, session.state = session.demo.update(session.params, session.state, event)
    return session, []


_BY_TYPE = {"open": _open, "change": _change, "event": _event}


def answer(message: str) -> str:
    """The answer to one request, both as JSON text. An exception in a demo becomes an answer's `error`."""
    request = json.loads(message)
    if request["type"] == "close":
        sessions.pop(request["key"], None)
        return "{}"
    try:
        session, problems = _BY_TYPE[request["type"]](request)
        began = time.perf_counter()
        view = session.demo.view(session.params, session.state)
        parts = render_parts(session.demo, session.params, view, session.uid, tuple(problems))
        reply = {
            "parts": parts,
            "ms": 1000 * (time.perf_counter() - began),
            "charts": view.charts,
            "link": controls.to_query(session.params, session.base),
        }
    except Exception as error:  # noqa: BLE001 - whatever a demo raises, the other figures go on
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rpartition('/')[2]}, line {last.lineno}"
        reply = {"error": f"{type(error).__name__} in {where}: {error}"}
    return json.dumps(reply, ensure_ascii=False)
