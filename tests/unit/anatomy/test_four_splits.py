"""The figure of splits over 16 GPUs: what it says, against the papers' formulas written out here."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import HOSTILE, params

from demos_py.algorithms.sharding import MODELS
from demos_py.anatomy import four_splits
from demos_py.anatomy.four_splits import PRESETS, Params
from demos_py.core.demo import Event, find
from demos_py.core.render import render_parts

LLAMA_8B, TOKENS = 8_030_261_248, 4096


def pressed(name: str, base: Params | None = None) -> Params:
    return four_splits.update(base or Params(), None, Event("split", name))[0]


def number(words: str) -> float:
    return float(words.replace(",", ""))


def test_the_presets_by_formula() -> None:
    """Llama 3 8B, 32 sequences of 4,096 tokens, all activations but the scores kept."""
    facts = four_splits.view(Params(), None).facts
    layer = TOKENS * 2 * (4 * 4096 + 2 * 4096 + 2 * 1024 + 3 * 14336)
    head = TOKENS * (4 * 4096 + 4 * 128256)
    whole = 32 * layer + head
    embedding = 128256 * 4096
    body = (LLAMA_8B - 2 * embedding - 4096) // 32
    parted = TOKENS * 2 * (4 * 4096 + (2 * 4096 + 3 * 14336) / 16 + 2 * 128)
    # at 16 slices a GPU holds one of 8 key and one of 8 value heads, and all of the norms
    slice_ = 32 * (2 * 4096 + (2 * 4096 * 4096 + 3 * 4096 * 14336) / 16 + 2 * 128 * 4096)
    expected = {
        "data": 16 * LLAMA_8B + whole,
        "fsdp": LLAMA_8B + whole + 2 * embedding,
        "pipeline": 16 * (2 * body + embedding) + 16 * 2 * layer,
        "tensor": 16 * (slice_ + 2 * embedding / 16 + 4096)
        + 32 * parted
        + TOKENS * (4 * 4096 + 4 * 128256 / 16),
    }
    for name, memory in expected.items():
        assert number(facts[f"{name} preset memory"]) == pytest.approx(
            memory / 1e9, abs=0.51 if memory > 1e11 else 0.051
        )
        assert facts[f"{name} preset fits"] == ("yes" if memory <= 80e9 else "no")
    sent = {
        "data": 2 * 15 / 16 * 2 * LLAMA_8B,
        "fsdp": 2 * 3 * 15 / 16 * 2 * LLAMA_8B,  # two micro-batches
        "pipeline": 2 * 32 * 2 * TOKENS * 4096,
        "tensor": 32 * (4 * 32 + 2) * 2 * 15 / 16 * 2 * TOKENS * 4096,
    }
    for name, size in sent.items():
        assert number(facts[f"{name} preset sent"]) == pytest.approx(
            size / 1e9, abs=0.51 if size > 1e11 else 0.051
        )
    assert facts["data preset time"] == f"{1000 * sent['data'] / 400e9:.0f} ms"
    assert facts["tensor preset time"] == f"{1000 * sent['tensor'] / 400e9:.0f} ms"
    assert facts["pipeline preset idle"] == f"{15 / 47:.0%}"
    assert facts["arithmetic time"] == f"{1000 * 6 * LLAMA_8B * 32 * TOKENS / (16 * 989e12):.0f} ms"
    assert facts["state GB"] == f"{16 * LLAMA_8B / 1e9:.0f}"
    assert facts["parameters"] == f"{LLAMA_8B:,}"


@given(params("anatomy/four-splits"))
@settings(max_examples=30)
def test_any_setting(values: Params) -> None:
    view = four_splits.view(values, None)
    rows = view.table.rows
    assert [row[0] for row in rows] == [str(i) for i in range(16)]
    for row in rows:
        parts = [number(cell) for cell in row[5:10]]
        assert sum(parts) == pytest.approx(number(row[10]), abs=0.03)
        assert row[11] == ("yes" if number(row[10]) <= 80 else "no") or number(row[10]) == 80
    fullest = max(number(row[10]) for row in rows)
    assert number(view.facts["GB"]) == pytest.approx(fullest, rel=0.02, abs=0.06)
    assert ("does not fit" in view.reading) == (fullest > 80)
    assert f"**{view.facts['sent GB']} GB**, {view.facts['time']} at" in view.reading
    product = int(values.data) * int(values.pipeline) * int(values.tensor)
    assert (product != 16) == any("mended" in notice for notice in view.notices)
    degrees = [int(n) for n in view.facts["degrees"].split(" × ")]
    assert math.prod(degrees) == 16
    tiles = [tile for _, tiles in view.drawing["servers"] for tile in tiles]
    assert [tile["rank"] for tile in tiles if tile["pressed"]] == [values.gpu]
    # a group has as many members as its degree; in the pipeline only neighbours talk
    for letter, degree in (("D", degrees[0]), ("T", degrees[2])):
        assert sum(letter in tile["peers"] for tile in tiles) == degree - 1
    stages = sum("P" in tile["peers"] for tile in tiles)
    assert stages == 0 if degrees[1] == 1 else stages in (1, 2)
    for tile in tiles:
        widths = [float(wide) for _, _, wide in tile["bar"]["boxes"]]
        assert sum(widths) <= 100.1
        assert 0 < float(tile["bar"]["limit"]) <= 100
    assert all(fact and fact == fact.strip() for fact in view.facts.values())


def boxes(path: str) -> tuple[float, float, float, float]:
    found = re.fullmatch(r"M([\d.]+) ([\d.]+)h([\d.]+)V([\d.]+)h-([\d.]+)z", path)
    assert found
    left, top, wide, end, _ = map(float, found.groups())
    return left, top, wide, end


@pytest.mark.parametrize(
    "degrees",
    [*(preset[2] for preset in PRESETS.values()), (8, 1, 2, 3), (4, 2, 2, 3), (2, 8, 1, 1)],
    ids=str,
)
def test_the_drawn_parts_of_the_model_cover_it(degrees: tuple[int, int, int, int]) -> None:
    """As often as it is stored: points of a fine grid, counted in the boxes of all GPUs."""
    data, pipeline, tensor, shard = map(str, degrees)
    view = four_splits.view(Params(data=data, pipeline=pipeline, tensor=tensor, shard=shard), None)
    grid = [(x + 0.5) * 100 / 64 for x in range(64)]
    times = {True: degrees[0], False: 1 if shard == "3" else degrees[0]}
    cells = [tile["cell"] for _, tiles in view.drawing["servers"] for tile in tiles]
    for computes, path in ((True, 0), (False, 1)):
        drawn = [boxes(one[path]) for one in cells]
        for x in grid:
            for y in grid[::4]:
                hits = sum(left <= x < left + wide and top <= y < end for left, top, wide, end in drawn)
                assert hits == times[computes]


def test_buttons() -> None:
    for name, (_, _, degrees) in PRESETS.items():
        values = pressed(name)
        assert (values.data, values.pipeline, values.tensor, values.shard) == tuple(map(str, degrees))
        view = four_splits.view(values, None)
        assert [key for key, _, on in view.drawing["presets"] if on] == [name]
        assert [row["name"] for row in view.drawing["compared"] if row["now"]] == [PRESETS[name][0]]
    assert four_splits.update(Params(), None, Event("gpu", "13"))[0].gpu == 13
    for value in (*HOSTILE, "16", "-1", "x"):
        for event in ("gpu", "split", "other"):
            assert four_splits.update(Params(), None, Event(event, value)) == (Params(), None)
    odd = four_splits.view(Params(data="4", pipeline="1", tensor="4"), None)
    assert odd.drawing["compared"][-1]["name"] == "4 × 1 × 4, ZeRO-1"


def test_notices() -> None:
    def said(**values: str) -> str:
        return " ".join(four_splits.view(Params(**values), None).notices)

    assert said() == ""
    assert "2 × 4 × 4 is 32 GPUs, and there are 16: mended to 1 data" in said(pipeline="4")
    assert "1 × 2 × 4 is 8 GPUs" in said(data="1")
    assert "25 heads do not divide by 4" in said(model="gpt2-xl")
    assert "reads at most 1,024 tokens" in said(model="gpt2-xl")
    assert "each is held 2 times" in said(data="1", pipeline="1", tensor="16", shard="0")
    assert "nobody to shard with" in said(data="1", pipeline="4", shard="3")


@given(st.sampled_from(list(MODELS)), st.sampled_from(list(PRESETS)), st.integers(0, 15))
@settings(max_examples=15)
def test_what_a_gpu_holds_is_told(model: str, name: str, gpu: int) -> None:
    view = four_splits.view(pressed(name, Params(model=model, gpu=gpu)), None)
    told = view.drawing["holds"]
    assert told.startswith(f"GPU {gpu} works on layer")
    assert ("the embedding" in told) == (name != "pipeline" and (name != "mix" or gpu < 8) or gpu == 0)
    assert ("the output layer" in told) == (name != "pipeline" and (name != "mix" or gpu > 7) or gpu == 15)
    words = {talk["letter"] for talk in view.drawing["talks"]}
    assert (
        words
        == {"data": {"D"}, "fsdp": {"D"}, "pipeline": {"P"}, "tensor": {"T"}, "mix": {"T", "P", "D"}}[name]
    )


def test_few_elements_and_ranks_in_words() -> None:
    demo = find("anatomy/four-splits")
    for values in (Params(), pressed("fsdp")):
        parts = render_parts(demo, values, demo.first_view(values), "u")
        assert len(re.findall(r"<[a-z]", parts["drawing"])) < 700
    assert four_splits.listed((0, 1, 2, 3)) == "0–3"
    assert four_splits.listed((0, 4, 8, 12)) == "0, 4, … 12"
    assert four_splits.listed((2, 3)) == "2, 3"
    assert four_splits.listed((5,)) == "5"
    assert four_splits.lasting(0.0123) == "12 ms" and four_splits.lasting(0.001234) == "1.23 ms"
    assert four_splits.giga(99.96e9) == "100" and four_splits.giga(12.34e9) == "12.3"
