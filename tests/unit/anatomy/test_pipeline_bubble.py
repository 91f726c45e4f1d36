"""The figure of pipeline schedules: what it says and draws, against closed forms and the drawing's own area."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from strategies import params

from demos_py.algorithms import pipeline
from demos_py.anatomy import pipeline_bubble
from demos_py.anatomy.pipeline_bubble import Params
from demos_py.core.demo import find
from demos_py.core.render import render_parts


def shortest(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


@given(params("anatomy/pipeline-bubble"))
def test_every_number_of_the_figure_by_closed_form(values: Params) -> None:
    view = pipeline_bubble.view(values, None)
    p, v, b = values.stages, values.chunks, Fraction(values.backward)
    whole = next(m for m in range(values.micro, values.micro + p) if m % p == 0)
    forms = {
        "gpipe": (values.micro, 1, Fraction(values.micro)),
        "1f1b": (values.micro, 1, Fraction(min(values.micro, p))),
        # chunks' passes ahead and the one that follows, but never more than there are
        "interleaved": (whole, v, Fraction(min(2 * (p - 1) + (v - 1) * p + 1, whole * v), v)),
    }
    for name, (m, chunks, kept) in forms.items():
        bubble = Fraction(p - 1, chunks * m + p - 1)
        assert view.facts[f"{name} bubble"] == f"{float(bubble):.1%}"
        assert view.facts[f"{name} time"] == shortest(m * (1 + b) / (1 - bubble))
        assert view.facts[f"{name} kept"] == shortest(kept)
    m, chunks, kept = forms[values.schedule]
    assert view.facts["micro-batches"] == str(m)
    assert view.facts["ideal"] == shortest(m * (1 + b))
    assert f"**{view.facts[f'{values.schedule} bubble']} is bubble**" in view.reading
    for name, label in pipeline_bubble.NAMES.items():  # compared where the work is the same
        same = name != values.schedule and forms[name][0] == m
        assert (f"{view.facts[f'{name} kept']} with {label}" in view.reading) == same
    assert (m != values.micro) == any("in groups" in notice for notice in view.notices)
    assert len(view.table.rows) == p
    assert all(row[6] for row in view.table.rows)


def area(path: str) -> float:
    """The area of boxes written as M x y h w v h h -w z."""
    return sum(float(wide) * float(high) for wide, high in re.findall(r"h(\d+\.?\d*)v(\d+)h", path))


@given(params("anatomy/pipeline-bubble"))
def test_what_is_drawn_covers_all_but_the_bubble(values: Params) -> None:
    view = pipeline_bubble.view(values, None)
    drawing = view.drawing
    covered = sum(area(path) for _, path in drawing["boxes"]) / (drawing["wide"] * drawing["high"])
    run = pipeline.run(
        values.schedule, values.stages, int(view.facts["micro-batches"]), values.chunks, values.backward
    )
    assert 1 - covered == pytest.approx(run.bubble, abs=0.02)  # widths have one decimal
    drawn = sorted(
        (int(top), float(left))
        for _, path in drawing["boxes"]
        for left, top in re.findall(r"M([\d.]+) (\d+)h", path)
    )
    starts = [(24 * i, one.start / run.time) for i, row in enumerate(run.stages) for one in row]
    assert [top for top, _ in drawn] == [top for top, _ in starts]
    assert [left / drawing["wide"] for _, left in drawn] == pytest.approx([at for _, at in starts], abs=3e-4)
    chunks = values.chunks if values.schedule == "interleaved" else 1
    followed = drawing["followed"]
    assert drawing["frame"].count("M") == (2 * chunks * values.stages if followed else 0)
    for _, xs, ys, words in drawing["digits"]:
        assert len(xs.split()) == len(ys.split()) == len(words)


def test_each_number_stands_in_its_box() -> None:
    view = pipeline_bubble.view(Params(), None)
    colours = dict(view.drawing["boxes"])
    for colour, xs, ys, words in view.drawing["digits"]:
        boxes = re.findall(r"M([\d.]+) (\d+)h([\d.]+)v", colours[colour])
        assert len(boxes) == len(words) == 4 * 8
        for (left, top, wide), x, y in zip(boxes, xs.split(), ys.split(), strict=True):
            assert float(left) < float(x) < float(left) + float(wide)
            assert int(top) < int(y) < int(top) + 24


def test_the_micro_batches_that_a_small_bubble_needs() -> None:
    view = pipeline_bubble.view(Params(stages=5), None)
    for name, share in (("ten", 10), ("five", 20), ("one", 100)):
        least = next(m for m in range(1, 1000) if Fraction(4, m + 4) <= Fraction(1, share))
        assert view.facts[f"for {name} percent"] == str(least)


def test_few_elements_even_for_the_largest() -> None:
    values = Params(schedule="interleaved", stages=8, micro=32, chunks=4)
    demo = find("anatomy/pipeline-bubble")
    parts = render_parts(demo, values, demo.first_view(values), "u")
    assert len(re.findall(r"<[a-z]", parts["drawing"])) < 250


def test_notices() -> None:
    view = pipeline_bubble.view(Params(schedule="interleaved", micro=6, follow=20), None)
    assert "6 became 8" in view.notices[0]
    assert "no. 8 is followed" in view.notices[1]
    assert pipeline_bubble.view(Params(), None).notices == ()
