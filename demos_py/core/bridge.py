"""Answers the page's messages: JSON in, JSON out. It runs in the worker's Pyodide, and needs no browser.

An *open figure* is one on the page: its demo, parameters and state. Requests, by `type`:

    open    key, uid, demo, preset, link    begin; `link` is a query put on top of the page's `preset`;
            lock                            names of parameters that keep these values, if any
            files                           the program as a reader rewrote it, if so: {path: text}
    change  key, values                     a control was changed: {name: [string, ...]} of the whole form
    event   key, name, value                a button was pressed
    seek    key, to                         of a figure that moves: show the moment after `to` steps
    ahead   key                             of the same: compute on, to learn how long the run is; no new parts
    close   key                             the figure has left the page

An answer holds `parts` (HTML), `charts` (Plotly figures), `link` (the query that gives this figure) and
`ms` (milliseconds that the view and its HTML took), and `ran` where a model ran; or `error`, a sentence for
the reader. Of a program that a reader rewrote it holds also what that `printed`, and where an error arose, `at`:
its `file` and `line`; an edit that fails leaves the figure with the program that it had.
A figure that moves adds `run`: the step shown, how many are `known`, whether they are all
(`done`), and its `marks`. Steps are computed in slices of time, so an answer may stop short of the moment
that was asked for; the page then asks again.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Awaitable, Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

from demos_py.core import params as controls
from demos_py.core import sessions
from demos_py.core.demo import Demo, Event, find, finished, settled
from demos_py.core.edited import TEMPLATE, Printed, Stopped, described, limited, place, program
from demos_py.core.render import render_parts
from demos_py.core.transport import OPENING, SLICE, Log, Run, split_query, with_log


@dataclass
class OpenFigure:
    """A figure on the page: its demo, its parameters, its state."""

    demo: Demo
    uid: str
    base: Any  # the page's preset; Reset and links start from it
    params: Any
    state: Any
    run: Run | None = None  # of a figure that moves
    usual: Log | None = None  # the page's own moment, of a figure that moves
    wanted: int = 0  # the step to show, as far as the run goes
    locked: tuple[str, ...] = ()  # names of parameters that keep their values
    files: Mapping[str, str] | None = None  # the program's, where a reader rewrote it


figures: dict[str, OpenFigure] = {}
PATIENCE = 4.0  # seconds that a reader's program may compute for one answer
LARGEST = 5_000_000  # characters of an answer: more would freeze the page


async def _open(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    files = request.get("files")
    demo = program(files, request["demo"]) if files else find(request["demo"])
    preset, preset_log, problems = request["preset"], None, []
    link, log = request["link"], None
    if demo.moves:
        preset, preset_log, problems = split_query(preset)
        link, log, more = split_query(link)
        problems += more
    base, more = controls.from_query(demo.params(), preset)
    params, still_more = controls.from_query(base, link)
    lock = request.get("lock", [])
    names = controls.controls(params)
    still_more += [
        f"“{name}” is no control of this figure and cannot be locked" for name in lock if name not in names
    ]
    locked = tuple(name for name in names if name in lock)
    figure = OpenFigure(demo, request["uid"], base, params, None, locked=locked, files=files)
    if demo.moves:
        usual = figure.usual = preset_log or Log(demo.opens_at)
        # nothing is shown yet that could freeze, and a first moment short of its own would flash by
        await _run(figure, log or usual, OPENING)
    else:
        figure.state = await settled(demo.init(params))
    figures[request["key"]] = figure
    return figure, problems + more + still_more


async def _run(figure: OpenFigure, log: Log, seconds: float) -> None:
    """Begins the run of the figure's parameters, and goes to the log's last moment."""
    figure.wanted = log.length
    figure.run = await Run.begin(figure.demo, figure.params, log.events)
    await _seek_to(figure, seconds)


async def _seek_to(figure: OpenFigure, seconds: float) -> None:
    if figure.run:
        await figure.run.seek(figure.wanted, seconds)
        figure.state = figure.run.state


async def _change(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    figure = figures[request["key"]]
    values = {name: value for name, value in request["values"].items() if name not in figure.locked}
    params, problems = controls.read(figure.params, values)
    if params != figure.params:
        await _set(figure, params)
    return figure, problems


async def _set(figure: OpenFigure, params: Any) -> None:
    """New parameters: the state begins anew; a figure that moves plays its log again, to the same moment."""
    figure.params = params
    if figure.run:
        await _run(figure, Log(figure.wanted, figure.run.events), SLICE)
    else:
        figure.state = await settled(figure.demo.init(params))


async def _event(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    figure = figures[request["key"]]
    event = Event(request["name"], request["value"])
    if figure.run:
        params = _with_locked(figure, await figure.run.happen(event))
        figure.wanted, figure.state = figure.run.at, figure.run.state
        if params != figure.params:
            await _set(figure, params)
    else:
        params, state = await settled(figure.demo.update(figure.params, figure.state, event))
        kept = _with_locked(figure, params)
        if kept != params:
            await _set(figure, kept)
        else:
            figure.params, figure.state = params, state
    return figure, []


def _with_locked(figure: OpenFigure, params: Any) -> Any:
    """Parameters that an event gave, but with the locked ones as they were."""
    return replace(params, **{name: getattr(figure.params, name) for name in figure.locked})


async def _seek(request: dict[str, Any]) -> tuple[OpenFigure, list[str]]:
    figure = figures[request["key"]]
    figure.wanted = int(request["to"])
    await _seek_to(figure, SLICE)
    return figure, []


def _told(run: Run, wanted: int) -> dict[str, Any]:
    """What the page's transport shows of a run, and the step that it has to go on to."""
    return {"at": run.at, "wanted": wanted, "known": run.known, "done": run.done, "marks": run.marks}


_BY_TYPE = {"open": _open, "change": _change, "event": _event, "seek": _seek}


def answer(message: str) -> str | Awaitable[str]:
    """The answer to one request, both as JSON text; to be awaited only where the demo may wait for a model.

    An exception in a demo becomes an answer's `error`.
    """
    request = json.loads(message)
    if request["type"] == "close":
        figures.pop(request["key"], None)
        return "{}"
    figure = figures.get(request["key"])
    if figure and request["type"] != "open":
        waits = figure.demo.waits
    else:
        waits = "files" in request or _waits(request.get("demo", ""))
    return _answer(request) if waits else finished(_answer(request))


def _waits(demo_id: str) -> bool:
    try:
        return find(demo_id).waits
    except LookupError:
        return False


async def _answer(request: dict[str, Any]) -> str:
    sessions.runs_since()
    before = figures.get(request["key"])
    printed = Printed()
    try:
        files = _files(request)
        with redirect_stdout(printed), limited(files, PATIENCE) if files else nullcontext():
            reply = await _reply(request)
        if printed.getvalue():
            reply["printed"] = printed.getvalue()
        text = json.dumps(reply, ensure_ascii=False, allow_nan=False)
        if len(text) > LARGEST:
            raise ValueError(f"the figure has {len(text):,} characters, and a page takes {LARGEST:,}")
        return text
    except sessions.SessionError as error:
        reply = {"error": str(error)}
    except (Exception, SystemExit, Stopped) as error:  # noqa: BLE001 - whatever a demo raises, the other figures go on
        files = _files(request)
        reply = _what_happened(error) if files is None else _what_edit_did(error, files, printed)
    if "files" in request and before:
        figures[request["key"]] = before
    return json.dumps(reply, ensure_ascii=False)


def _files(request: dict[str, Any]) -> Mapping[str, str] | None:
    """The files of the request's program, where a reader rewrote it."""
    figure = figures.get(request["key"])
    return request.get("files") or (figure.files if figure else None)


async def _reply(request: dict[str, Any]) -> dict[str, Any]:
    if request["type"] == "ahead":
        figure = figures[request["key"]]
        assert figure.run is not None
        await figure.run.ahead(seconds=SLICE)
        return {"run": _told(figure.run, figure.wanted)}
    figure, problems = await _BY_TYPE[request["type"]](request)
    ran = sessions.runs_since()
    problems += dict.fromkeys(run.notice for run in ran if run.notice)
    began = time.perf_counter()
    view = figure.demo.view(figure.params, figure.state)
    parts = render_parts(figure.demo, figure.params, view, figure.uid, tuple(problems), locked=figure.locked)
    reply: dict[str, Any] = {
        "parts": parts,
        "ms": 1000 * (time.perf_counter() - began),
        "charts": view.charts,
        "link": controls.to_query(figure.params, figure.base),
    }
    if figure.run and figure.usual:
        reply["link"] = with_log(reply["link"], figure.run, figure.usual)
        reply["run"] = _told(figure.run, figure.wanted)
    if ran:
        last = ran[-1]
        ms = sum(run.ms for run in ran)
        reply["ran"] = {
            "model": last.model,
            "parameters": last.parameters,
            "provider": last.provider,
            "ms": ms,
        }
    return reply


def _what_happened(error: BaseException) -> dict[str, Any]:
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}, line {last.lineno}"
    return {"error": f"{type(error).__name__} in {where}: {error}"}


def _what_edit_did(error: BaseException, files: Mapping[str, str], printed: Printed) -> dict[str, Any]:
    [template] = [path for path in files if path.endswith(TEMPLATE)]
    reply: dict[str, Any] = {"error": described(error), "printed": printed.getvalue()}
    if found := place(error, files, template):
        reply["at"] = {"file": found[0], "line": found[1]}
    return reply
