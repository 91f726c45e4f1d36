"""Answers the page's messages: JSON in, JSON out. It runs in the worker's Pyodide, and needs no browser.

An *open figure* is one on the page: its demo, parameters and state. Requests, by `type`:

    open    key, uid, demo, preset, link    begin; `link` is a query put on top of the page's `preset`
    change  key, values                     a control was changed: {name: [string, ...]} of the whole form
    event   key, name, value                a button was pressed
    close   key                             the figure has left the page

An answer holds `parts` (HTML), `charts` (Plotly figures), `link` (the query that gives this figure) and
`ms` (milliseconds that the view and its HTML took), and `ran` where a model ran; or `error`, a sentence for
the reader.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from demos_py.core import params as controls
from demos_py.core import sessions
from demos_py.core.demo import Demo, Event, find, finished, settled
from demos_py.core.render import render_parts


@dataclass
class OpenFigure:
    demo: Demo
    uid: str
    base: Any  # the page's preset; Reset and links start from it
    params: Any
    state: Any


figures: dict[str, OpenFigure] = {}


async def _open(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    demo = find(request["demo"])
    base, problems = controls.from_query(demo.params(), request["preset"])
    params, more = controls.from_query(base, request["link"])
    figure = OpenFigure(demo, request["uid"], base, params, await settled(demo.init(params)))
    figures[request["key"]] = figure
    return figure, problems + more


async def _change(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    figure = figures[request["key"]]
    params, problems = controls.read(figure.params, request["values"])
    if params != figure.params:
        figure.state = await settled(figure.demo.init(params))
        figure.params = params
    return figure, problems


async def _event(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    figure = figures[request["key"]]
    event = Event(request["name"], request["value"])
    figure.params, figure.state = await settled(figure.demo.update(figure.params, figure.state, event))
    return figure, []


_BY_TYPE = {"open": _open, "change": _change, "event": _event}


def answer(message: str) -> str | Awaitable[str]:
    """The answer to one request, both as JSON text; to be awaited only where the demo may wait for a model.

    An exception in a demo becomes an answer's `error`.
    """
    request = json.loads(message)
    if request["type"] == "close":
        figures.pop(request["key"], None)
        return "{}"
    figure = figures.get(request["key"])
    waits = figure.demo.waits if figure and request["type"] != "open" else _waits(request.get("demo", ""))
    return _answer(request) if waits else finished(_answer(request))


def _waits(demo_id: str) -> bool:
    try:
        return find(demo_id).waits
    except LookupError:
        return False


async def _answer(request: dict[str, Any]) -> str:
    sessions.runs_since()
    try:
        figure, problems = await _BY_TYPE[request["type"]](request)
        ran = sessions.runs_since()
        problems += dict.fromkeys(run.notice for run in ran if run.notice)
        began = time.perf_counter()
        view = figure.demo.view(figure.params, figure.state)
        parts = render_parts(figure.demo, figure.params, view, figure.uid, tuple(problems))
        reply = {
            "parts": parts,
            "ms": 1000 * (time.perf_counter() - began),
            "charts": view.charts,
            "link": controls.to_query(figure.params, figure.base),
        }
        if ran:
            last = ran[-1]
            ms = sum(run.ms for run in ran)
            reply["ran"] = {
                "model": last.model,
                "parameters": last.parameters,
                "provider": last.provider,
                "ms": ms,
            }
    except sessions.SessionError as error:
        reply = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a demo raises, the other figures go on
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rpartition('/')[2]}, line {last.lineno}"
        reply = {"error": f"{type(error).__name__} in {where}: {error}"}
    return json.dumps(reply, ensure_ascii=False)
