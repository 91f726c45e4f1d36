"""The drawings of systems in motion: few elements, every word escaped, areas in proportion."""

import re

from hypothesis import given
from hypothesis import strategies as st

from demos_py.core.drawings import (
    HATCHED,
    Bar,
    Message,
    hatching,
    histogram,
    json_text,
    lanes,
    memory_map,
    messages,
    queue,
    ticks_of,
)

BAD = "<script>&\"'"


@given(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(1, 50))
def test_hatching_stays_in_its_rectangle(x: float, y: float, wide: float, high: float) -> None:
    points = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", hatching(x, y, wide, high))
    for across, down in points:
        assert x - 0.06 <= float(across) <= x + wide + 0.06
        assert y - 0.06 <= float(down) <= y + high + 0.06


@given(st.floats(-1e4, 1e4), st.floats(0.1, 1e5), st.integers(2, 10))
def test_ticks_are_inside_and_even(low: float, span: float, most: int) -> None:
    ticks = ticks_of(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_lanes_draw_a_path_a_colour_and_widths_in_proportion() -> None:
    bars = [Bar(0, 0, 2, 1, "A"), Bar(0, 4, 5, 1), Bar(1, 2, 4, 3, "B"), Bar(1, 4, 8, HATCHED)]
    html = lanes(["one", BAD], bars, span=(0, 10), unit="s", label="lanes", now=3, key={1: BAD})
    assert html.count("fill:var(--cw-c") == 2 and "<script>" not in html
    (path,) = re.findall(r'd="([^"]+)" style="fill:var\(--cw-c1\)"', html)
    wide, narrow = (float(h) + 1 for h in re.findall(r"h([\d.]+)v", path))
    assert abs(wide - 2 * narrow) < 0.3
    assert "cw-plane-now" in html


def test_a_memory_map_has_a_box_for_each_cell_and_one_letter_for_each_run() -> None:
    cells = [(1, "A")] * 4 + [(2, "B")] * 4 + [(0, "")] * 3 + [(-1, "")] * 5
    html = memory_map(cells, columns=8, label="memory")
    assert len(re.findall(r"h-[\d.]+z", html)) == 16 + 1  # and one round the hatched run
    assert re.findall(r">([AB])</text>", html) == ["A", "B"]
    assert html.count("<path") == 5  # two colours, free, hatched and its strokes


def test_a_histogram_is_as_high_as_its_amounts() -> None:
    html = histogram([((1, 2), (2, 1)), ((1, 4),), ()], top=4, span=(0, 3), unit="s", label="h", high=100)
    (path,) = re.findall(r'd="([^"]+)" style="fill:var\(--cw-c1\)"', html)
    assert [round(float(v) + 0.5) for v in re.findall(r"v([\d.]+)h", path)] == [50, 100]


def test_a_queue_says_how_many_more_and_when_there_is_nobody() -> None:
    html = queue([(1, "A", BAD)] * 15, label="waiting")
    assert html.count("<li") == 13 and "+3" in html and "<script>" not in html
    assert "nobody" in queue([], label="waiting")


def test_messages_open_the_one_of_now_and_fold_the_others() -> None:
    items = [
        Message(1, "left", "ask", {"text": BAD}),
        Message(2, "right", "answer", "not { json", now=True, wrong=True),
    ]
    html = messages(items, left="Host", right=BAD, label="m", uid="u")
    assert html.count("<details") == 1 and html.count("<pre") == 2 and "<script>" not in html
    assert 'class="cw-msg in now wrong"' in html and ", from Host to " in html


def test_json_is_indented_and_text_left_alone() -> None:
    assert json_text({"a": "é"}) == '{\n  "a": "é"\n}'
    assert json_text("{ broken") == "{ broken"
