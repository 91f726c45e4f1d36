"""Charts are valid for plotly.py, and the static drawing has its marks where the axes say."""

import copy
import json
import math
import re
from typing import Any

import plotly.graph_objects as go
import pytest
import strategies
from hypothesis import given, settings

from demos_py.core import charts
from demos_py.core.demo import View, find

FIGURES = (
    "anatomy/attention-temperature",
    "anatomy/bpe-train",
    "anatomy/compute-economy",
    "anatomy/next-token",
    "anatomy/pipeline-bubble",
    "anatomy/post-training",
    "guide/pass-at-k",
    "kv-cache/with-and-without",
    "rate-limits/aimd",
    "rate-limits/hedging",
    "sampling/draws",
    "sampling/seed-lie",
    "speculative-decoding/batch-knee",
    "speculative-decoding/when-it-loses",
    "transformer/residual-stream",
    "transformer/rope",
)


def charts_of(view: View) -> list[dict[str, Any]]:
    """Plotly figures of a view, those too that are only drawn as SVG."""
    return [*view.charts.values(), *([view.drawing["chart"]] if "chart" in view.drawing else [])]


def test_these_figures_have_charts() -> None:
    assert tuple(i for i in strategies.DEMOS if charts_of(find(i).first_view(find(i).params()))) == FIGURES


def check_valid(figure: dict[str, Any]) -> None:
    """plotly.py knows every name and value; the book's colours are variables, which it cannot know."""
    text = json.dumps(figure, allow_nan=False)
    go.Figure(json.loads(re.sub(r"var\(--[\w-]+\)", "#123456", text)))


def place(axis: dict[str, Any], value: float) -> float:
    """Percent along the axis, by Plotly's documentation: a log axis has the range's exponents of ten."""
    low, high = axis["range"]
    if axis["type"] == "log":
        return 100 * math.log(value / 10**low) / math.log(10**high / 10**low)
    return 100 * (value - low) / (high - low)


def check_drawn(figure: dict[str, Any]) -> None:
    """Each point of each trace, each tick and each note of the SVG stands where its axes put it."""
    layout, html = figure["layout"], str(charts.svg(figure))
    x, y = layout["xaxis"], layout["yaxis"]
    assert "nan" not in html and "inf" not in html
    paths = re.findall(r'<path (?:class="([^"]*)" )?d="([^"]*)"', html)
    wanted = [(0, 100 - place(y, tick)) for tick in y["tickvals"]] + [
        (place(x, tick), 0) for tick in x["tickvals"]
    ]
    grid = [re.match(r"M(\S+) ([\d.]+)", d) for kind, d in paths if kind == "cw-grid"]
    for found, (left, top) in zip(grid, wanted, strict=True):
        assert found and abs(float(found[1]) - left) < 0.0051 and abs(float(found[2]) - top) < 0.0051
    drawn = [
        d for kind, d in paths if kind not in ("cw-grid", "cw-dots cw-dots--open")
    ]  # a hole is drawn on its rim
    assert len(drawn) == len(figure["data"])
    for trace, path in zip(figure["data"], drawn, strict=True):
        points = [(float(a), float(b)) for a, b in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]
        expected = [(place(x, a), 100 - place(y, b)) for a, b in zip(trace["x"], trace["y"], strict=True)]
        assert len(points) == len(expected)
        for (a, b), (left, top) in zip(points, expected, strict=True):
            assert abs(a - left) < 0.0051 and abs(b - top) < 0.0051
            assert -0.01 <= a <= 100.01 and -0.01 <= b <= 100.01
    for side, axis in (("x", x), ("y", y)):
        at = [float(v) for v in re.findall(rf'class="cw-{side}" style="(?:left|top):(-?[\d.]+)%', html)]
        assert at == [
            pytest.approx(place(axis, t) if side == "x" else 100 - place(axis, t), abs=0.006)
            for t in axis["tickvals"]
        ]
        assert axis["title"]["text"] in html


@settings(max_examples=30)
@given(strategies.params("sampling/draws"))
def test_draws(params: Any) -> None:
    for figure in charts_of(find("sampling/draws").first_view(params)):
        before = copy.deepcopy(figure)
        check_valid(figure)
        check_drawn(figure)
        assert figure == before


@settings(max_examples=15)
@given(strategies.params("sampling/seed-lie", terms="64"))
def test_seed_lie(params: Any) -> None:
    for figure in charts_of(find("sampling/seed-lie").first_view(params)):
        check_valid(figure)
        check_drawn(figure)


def test_each_kind_of_mark_by_hand() -> None:
    figure = charts.chart(
        [
            charts.line([1, 10, 100], [0, 5, 10], "line", "var(--a)", dash="dash", width=2),
            charts.dots([10], [2.5], "dots", "var(--b)", "circle-open"),
            charts.dots([], [], "none", "var(--b)"),
            charts.band([1, 100], [1, 2], [3, 4], "band", "var(--c)"),
        ],
        charts.axis("steps", 1, 100, (1, 10, 100), log=True),
        charts.axis("height, m", 0, 10, (0, 10)),
        labels=[
            charts.label(10, 5, "a <b> & c", log_x=True),
            charts.label(100, 0, "end", log_x=True, anchor="right"),
        ],
    )
    check_valid(figure)
    html = str(charts.svg(figure))
    assert 'd="M0.00 100.00L50.00 50.00L100.00 0.00"' in html and "stroke-dasharray" in html
    assert html.count('d="M50.00 75.00h0"') == 2  # an open dot is a rim and a hole
    assert 'd="M0.00 70.00L100.00 60.00L100.00 80.00L0.00 90.00Z"' in html
    assert 'style="left:50.00%;top:50.00%;color:var(--cw-ink-2)">a &lt;b&gt; &amp; c<' in html
    assert 'cw-note--end" style="left:100.00%;top:100.00%' in html
    assert [axis["ticktext"] for axis in (figure["layout"]["xaxis"], figure["layout"]["yaxis"])] == [
        ["1", "10", "100"],
        ["0", "10"],
    ]


def test_a_fair_tick_is_the_largest_round_number_below() -> None:
    for value, expected in (
        (1, 1),
        (1.99, 1),
        (2, 2),
        (4.9, 2),
        (5, 5),
        (9.99, 5),
        (10, 10),
        (999, 500),
        (0.001, 0.001),
        (3e-7, 2e-7),
    ):
        assert charts.round_below(value) == pytest.approx(expected, rel=1e-12)
