"""Charts as Plotly figures: plain dicts, and the same chart as static SVG for a page without scripts.

A figure is made here by `chart`, from traces and two fixed axes. Colours are given as the book's own
variables, `var(--cw-c1)`: the SVG uses them as they are, the host puts their values in for Plotly.
Plotly's reference names the keys: https://plotly.com/javascript/reference/
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

INK, FAINT, RULE = "var(--cw-ink-2)", "var(--cw-ink-3)", "var(--cw-rule)"
MARGIN = {"l": 52, "r": 12, "t": 10, "b": 40}


def axis(title: str, low: float, high: float, ticks: Sequence[float], *, log: bool = False) -> dict[str, Any]:
    """One axis with its title (and unit), its fixed ends and its ticks, all in data units.

    A logarithmic axis needs low > 0; Plotly wants its range as powers of ten.
    """
    ends = [math.log10(low), math.log10(high)] if log else [low, high]
    return {
        "type": "log" if log else "linear",
        "title": {"text": title, "standoff": 6, "font": {"size": 13}},
        "ticklabeloverflow": "allow",
        "range": ends,
        "tickvals": list(ticks),
        "ticktext": [f"{tick:,g}" for tick in ticks],
        "gridcolor": RULE,
        "linecolor": INK,
        "zeroline": False,
        "fixedrange": True,
    }


def round_below(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above `value` > 0: a fair tick."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9))


def line(x: Sequence[float], y: Sequence[float], name: str, colour: str, **style: Any) -> dict[str, Any]:
    """A line through (x, y). `style`: `dash`, a Plotly dash name; `width` in px."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": {"color": colour, **style},
    }


def dots(
    x: Sequence[float], y: Sequence[float], name: str, colour: str, symbol: str = "circle"
) -> dict[str, Any]:
    """Points at (x, y), `symbol` "circle" or "circle-open"."""
    marker = {"color": colour, "size": 7, "symbol": symbol}
    return {"type": "scatter", "mode": "markers", "x": list(x), "y": list(y), "name": name, "marker": marker}


def band(
    x: Sequence[float], low: Sequence[float], high: Sequence[float], name: str, colour: str
) -> dict[str, Any]:
    """The area between two lines over the same x."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x, *reversed(x)],
        "y": [*high, *reversed(low)],
        "name": name,
        "fill": "toself",
        "fillcolor": colour,
        "line": {"color": colour, "width": 0},
        "hoverinfo": "skip",
    }


def label(
    x: float, y: float, text: str, colour: str = INK, *, log_x: bool = False, anchor: str = "left"
) -> dict[str, Any]:
    """Words on the drawing at (x, y), in data units; Plotly takes log10(x) on a logarithmic axis."""
    x = math.log10(x) if log_x else x
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "xanchor": anchor,
        "yanchor": "bottom",
        "font": {"color": colour},
    }


def chart(
    traces: list[dict[str, Any]],
    x: dict[str, Any],
    y: dict[str, Any],
    *,
    labels: Sequence[dict[str, Any]] = (),
    height: int = 220,
) -> dict[str, Any]:
    """A Plotly figure of `height` px with these traces, axes and words."""
    layout = {
        "height": height,
        "margin": MARGIN,
        "xaxis": x,
        "yaxis": y,
        "annotations": list(labels),
        "showlegend": False,
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Plex Sans Condensed, sans-serif", "size": 13, "color": FAINT},
        "dragmode": False,
    }
    return {"data": traces, "layout": layout}


def svg(figure: dict[str, Any]) -> Markup:
    """The figure without Plotly: marks in an SVG that stretches with the page, words beside it in HTML.

    Draws what this module makes: lines, dots, bands, labels, linear and logarithmic axes.
    """
    layout = figure["layout"]
    x, y = layout["xaxis"], layout["yaxis"]

    def across(value: float) -> float:
        return _percent(x, value)

    def down(value: float) -> float:
        return 100 - _percent(y, value)

    out = ['<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">']
    out += [f'<path class="cw-grid" d="M0 {down(tick):.2f}H100"/>' for tick in y["tickvals"]]
    out += [f'<path class="cw-grid" d="M{across(tick):.2f} 0V100"/>' for tick in x["tickvals"]]
    for trace in figure["data"]:
        points = [(across(a), down(b)) for a, b in zip(trace["x"], trace["y"], strict=True)]
        out.append(_marks(trace, points))
    out.append("</svg>")
    for tick, words in zip(x["tickvals"], x["ticktext"], strict=True):
        out.append(f'<span class="cw-x" style="left:{across(tick):.2f}%">{words}</span>')
    for tick, words in zip(y["tickvals"], y["ticktext"], strict=True):
        out.append(f'<span class="cw-y" style="top:{down(tick):.2f}%">{words}</span>')
    for note in layout["annotations"]:
        at = _percent({**x, "type": "linear"}, note["x"])  # an annotation's x is in the range's own units
        side = "" if note["xanchor"] == "left" else " cw-note--end"
        style = f"left:{at:.2f}%;top:{down(note['y']):.2f}%;color:{note['font']['color']}"
        out.append(
            str(Markup('<span class="cw-note{}" style="{}">{}</span>').format(side, style, note["text"]))
        )
    out.append(str(Markup('<span class="cw-x-title">{}</span>').format(x["title"]["text"])))
    out.append(str(Markup('<span class="cw-y-title">{}</span>').format(y["title"]["text"])))
    return Markup('<div class="cw-area">{}</div>').format(Markup("".join(out)))


def _percent(axis_: dict[str, Any], value: float) -> float:
    low, high = axis_["range"]
    value = math.log10(value) if axis_["type"] == "log" else value
    return 100 * (value - low) / (high - low)


def _marks(trace: dict[str, Any], points: list[tuple[float, float]]) -> str:
    path = "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in points) if points else ""
    if trace.get("fill"):
        return f'<path d="{path}Z" style="fill:{trace["fillcolor"]}"/>'
    if trace["mode"] == "markers":
        # a line of no length with a round cap is a dot that does not stretch with the drawing
        d = "".join(f"M{a:.2f} {b:.2f}h0" for a, b in points)
        marker = trace["marker"]
        rim = f'<path class="cw-dots" d="{d}" style="stroke:{marker["color"]}"/>'
        return rim + (
            f'<path class="cw-dots cw-dots--open" d="{d}"/>' if marker["symbol"] == "circle-open" else ""
        )
    style = trace["line"]
    dash = ";stroke-dasharray:6 4" if style.get("dash", "solid") != "solid" else ""
    return f'<path class="cw-line" d="{path}" style="stroke:{style["color"]};stroke-width:{style.get("width", 1.5)}{dash}"/>'
