"""From a View to HTML, by Jinja2 templates. The same code runs at build (CPython) and in the page (Pyodide).

A figure is a frame, made at build, and five *parts* that each state renders anew: `controls`, `drawing`,
`notices`, `reading` and `table`. The host replaces a part only where its HTML changed.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

import demos_py
from demos_py.core import params as controls
from demos_py.core.charts import svg
from demos_py.core.demo import Demo, Table, View, finished
from demos_py.core.transport import MOST_STEPS, Log, moment

PARTS = ("controls", "drawing", "notices", "reading", "table")
_MARKS = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<token>[^`]+)`")
_WHITE = {"\n": "\\n", "\t": "\\t"}


@lru_cache(1000)
def token(piece: str) -> Markup:
    """A token as the book draws it: in a box, with its leading space as a mark and a spoken name."""
    spaces = len(piece) - len(piece.lstrip(" "))
    shown = "".join(_WHITE.get(character, character) for character in piece[spaces:])
    spoken = ("space " * spaces + shown).strip()
    marks = Markup('<span class="cw-sp"></span>') * spaces
    return Markup('<span class="cw-tok" role="img" aria-label="{}">{}{}</span>').format(spoken, marks, shown)


def marked(sentence: str) -> Markup:
    """A reading's sentence as HTML: all of it escaped but `**strong**` and `` `token` ``."""

    out, done = Markup(""), 0
    for match in _MARKS.finditer(sentence):
        out += escape(sentence[done : match.start()])
        out += (
            Markup("<strong>{}</strong>").format(match["strong"])
            if match["strong"]
            else token(match["token"])
        )
        done = match.end()
    return out + escape(sentence[done:])


@cache
def environment() -> Environment:
    """The Jinja2 environment: templates beside the demos and in core, everything escaped, no silent blanks."""
    env = Environment(
        loader=FileSystemLoader(list(demos_py.__path__)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # Jinja2 says nothing of its filters’ types
    env.filters.update(token=token, marked=marked, svg=svg)  # pyright: ignore[reportUnknownMemberType]
    return env


@cache
def _macros(name: str) -> Any:
    return environment().get_template(f"core/{name}.html.jinja").module


@lru_cache(8)
def _rewritten(drawing: str) -> Template:
    return environment().from_string(drawing)


@lru_cache(1000)
def _control(control: controls.Control, name: str, value: Any, uid: str) -> str:
    # A slider's every step changes one control of many: the others need no second rendering.
    return str(_macros("frame").control(control, name, value, f"{uid}-{name}"))


def _locked(control: str) -> str:
    return f'<fieldset class="cw-locked" disabled><legend>Locked here</legend>{control}</fieldset>'


# Stand between the cells and the rows of a table while it is escaped.
_CELL, _ROW, _FIRST = "\x1f", "\x1e", "\x1d"


def data_table(table: Table) -> str:
    """A figure's data table as HTML. All cells are escaped in one go: a call for each would take most of a step."""
    head = _CELL.join(table.columns)
    body = _ROW.join(row[0] + _FIRST + _CELL.join(row[1:]) for row in table.rows)
    return (
        f'<table class="cw-table"><caption>{escape(table.caption)}</caption><thead><tr><th scope="col">'
        + str(escape(head)).replace(_CELL, '</th><th scope="col">')
        + '</th></tr></thead><tbody>\n<tr><th scope="row">'
        + str(escape(body))
        .replace(_ROW, '</td></tr>\n<tr><th scope="row">')
        .replace(_FIRST, "</th><td>")
        .replace(_CELL, "</td><td>")
        + "</td></tr>\n</tbody></table>\n"
    )


def render_parts(
    demo: Demo,
    values: Any,
    view: View,
    uid: str,
    problems: tuple[str, ...] = (),
    locked: tuple[str, ...] = (),
) -> dict[str, str]:
    """The five parts of a figure as HTML. `uid` begins every id, so that a page may hold a demo twice.

    The controls named by `locked` are shown and cannot be changed.
    """
    drawing = environment().get_template(demo.template) if demo.drawing is None else _rewritten(demo.drawing)
    frame = _macros("frame")
    return {
        "controls": "".join(
            _locked(html) if name in locked else html
            for name, control in controls.controls(values).items()
            for html in (_control(control, name, getattr(values, name), uid),)
        ),
        "drawing": drawing.render(**view.drawing, charts=view.charts, params=values, uid=uid),
        "notices": str(frame.notices((*problems, *view.notices))),
        "reading": str(marked(view.reading)),
        "table": data_table(view.table),
    }


def _marked(parts: dict[str, str]) -> dict[str, Markup]:
    return {name: Markup(html) for name, html in parts.items()}


def render_figure(
    demo: Demo,
    values: Any,
    *,
    uid: str,
    number: str = "",
    query: str = "",
    log: Log | None = None,
    again: bool = False,
) -> tuple[str, str]:
    """The whole figure, complete without any script, in two pieces: a caption may stand between them.

    `number` is "8.1" or empty; `query` holds the parameters that the page presets, and `log` the moment, of
    a figure that moves. Of such a one its last moment follows too, for a reader without scripts. `again` marks
    a figure that has its own place on another page.
    """
    run, at, last = None, 0, {}
    if demo.moves:
        run = moment(demo, values, log or Log(demo.opens_at))
        at, view = run.at, demo.view(values, run.state)
        finished(run.seek(MOST_STEPS))
        last = _marked(render_parts(demo, values, demo.view(values, run.state), f"{uid}-last"))
    else:
        view = demo.first_view(values)
    parts = _marked(render_parts(demo, values, view, uid))
    template = environment().get_template("core/figure.html.jinja")
    html = template.render(
        demo=demo,
        parts=parts,
        uid=uid,
        number=number,
        query=query,
        run=run,
        at=at,
        last=last,
        again=again,
    )
    above, _, below = html.partition("<!--caption-->\n")
    return above, below
