"""The registry finds the figures, and each keeps the contract: pure, complete, never raising."""

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import strategies
from hypothesis import given, settings

import demos_py
from demos_py.core.demo import Event, UnknownDemo, View, chapter_number, find, finished, ids


def numbers_in(sentence: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*(?:e[+-]\d+)?", sentence)]


def check(view: View) -> None:
    """A view is complete: words, results, a rectangular table, and nothing that is not a number."""
    assert view.reading and view.reading == view.reading.strip()
    assert view.facts and all(isinstance(fact, str) and fact for fact in view.facts.values())
    assert view.table.caption and view.table.columns and view.table.rows
    for row in view.table.rows:
        assert len(row) == len(view.table.columns) and all(isinstance(cell, str) and cell for cell in row)
    everything = " ".join(
        [view.reading, *view.facts.values(), *(cell for row in view.table.rows for cell in row)]
    )
    assert not re.search(r"\b(nan|inf|None|np\.)", everything)
    json.dumps(dict(view.charts), allow_nan=False)


def test_the_registry_finds_exactly_the_figures() -> None:
    assert ids() == strategies.DEMOS
    for demo_id in strategies.DEMOS:
        demo = find(demo_id)
        assert demo.id == demo_id and demo.title
        if number := chapter_number(demo):  # the guide's figure is of no chapter
            [page] = Path(demos_py.__path__[0]).parent.glob(f"docs/*/{demo_id.partition('/')[0]}.md")
            assert f"\nnumber: {number}\n" in page.read_text("utf-8")
        assert (Path(demos_py.__path__[0]) / demo.template).is_file()
        assert demo.source.__doc__


@pytest.mark.parametrize(
    "wrong", ["sampling/distributon", "sampling/seed_lie", "smpling/draws", "sampling/order-matter"]
)
def test_an_unknown_id_suggests_the_nearest(wrong: str) -> None:
    nearest = {
        "sampling/distributon": "sampling/distribution",
        "smpling/draws": "sampling/draws",
        "sampling/order-matter": "sampling/order-matters",
        "sampling/seed_lie": "sampling/seed-lie",
    }[wrong]
    with pytest.raises(UnknownDemo, match=f"“{wrong}”; did you mean “{nearest}”"):
        find(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "core/params", "algorithms/sampling", "../etc", "zzz", "sampling/draws/x", "/"]
)
def test_nothing_else_is_a_figure(wrong: str) -> None:
    with pytest.raises(UnknownDemo):
        find(wrong)


def test_params_are_frozen() -> None:
    for demo_id in strategies.DEMOS:
        params = find(demo_id).params()
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(params, dataclasses.fields(params)[0].name, 1)


@settings(max_examples=60)
@given(strategies.settings_of_any())
def test_any_settings_give_a_complete_view_and_the_same_one_again(case: tuple[str, Any]) -> None:
    demo_id, params = case
    demo = find(demo_id)
    before = copy.deepcopy(params)
    state = finished(demo.init(params))
    view = demo.view(params, state)
    check(view)
    assert params == before
    assert (
        demo.view(params, finished(demo.init(params)))
        == view
        == demo.view(copy.deepcopy(params), copy.deepcopy(state))
    )
    bars = [row for row in view.drawing.get("rows", ()) if isinstance(row, dict)]
    shares = [row[side] for row in bars for side in ("before", "after")]
    assert all(0 <= share <= 1 for share in shares)
    for side in ("before", "after") if shares else ():
        total = sum(row[side] for row in bars)
        # the figure over a whole vocabulary shows the likeliest tokens only
        assert total <= 1 + 1e-9 if "rest" in view.facts else total == pytest.approx(1, abs=1e-9)


def buttons(demo_id: str) -> list[Event]:
    """Every event that the figure's buttons send, and some that none sends."""
    keys = ("extract", "chat", "create", "code", "transformers", "vllm", "llama-cpp")
    moves = [f"{key}:{by}" for key in ("temperature", "top_k", "top_p", "min_p") for by in (-1, 1)]
    sent = {
        "anatomy/attention-temperature": [Event("query", at) for at in ("0", "7", "999")],
        "transformer/forward-pass": [
            Event("open", "mix"),
            Event("open", "nothing"),
            *(Event(name, by) for name in ("walk", "number") for by in ("-1", "1", "5")),
            Event("row", "3"),
        ],
        "transformer/mlp-neurons": [
            Event("token", "1"),
            Event("loud", "383"),
            Event("loud", "384"),
            Event("search", "1"),
        ],
        "transformer/pick-a-query": [
            Event("query", "1"),
            Event("look", "23"),
            Event("look", "24"),
            Event("each", "1"),
        ],
        "transformer/residual-stream": [Event("position", "1"), Event("position", "99"), Event("each", "1")],
        "anatomy/next-token": [Event(name) for name in ("take", "back", "again", "next-seed")],
        "anatomy/bpe-train": [Event("step", by) for by in ("-1", "1")],
        "anatomy/tokenize": [Event("pick", at) for at in ("0", "7", "999")] + [Event("sample", "thai")],
        "sampling/distribution": [Event("preset", key) for key in keys[:4]],
        "sampling/draws": [Event("again", "again")],
        "sampling/order-matters": [Event("preset", key) for key in keys[4:]]
        + [Event("move", move) for move in moves],
        "sampling/seed-lie": [Event("next"), Event("until")],
        "sampling/vocabulary": [],
        "anatomy/four-splits": [Event("split", name) for name in ("data", "mix", "none")]
        + [Event("gpu", "13"), Event("gpu", "16")],
        "anatomy/pipeline-bubble": [],
        "anatomy/post-training": [Event("stage", key) for key in ("sft", "reason", "nothing")],
        "anatomy/build-a-model": [
            *(Event("preset", key) for key in ("gpt2", "deepseek-v3", "nothing")),
            *(Event("double", what) for what in ("width", "layers")),
        ],
        "anatomy/compute-economy": [Event("preset", key) for key in ("gpt3", "llama-405b", "nothing")],
        "transformer/rope": [],
        "kv-cache/allocator": [Event("tick"), Event("trace", "alike"), Event("trace", "nothing")],
        "speculative-decoding/batch-knee": [Event("measure")],
        "kv-cache/with-and-without": [Event("measure")],
        "mcp-a2a/lifecycle": [Event("tick"), Event("corrupt", "cut"), Event("corrupt", "edit")],
        "mcp-a2a/injection": [Event("tick"), Event("attack", "link"), Event("attack", "nothing")],
        "rate-limits/three-limits": [Event("workload", key) for key in ("chat", "agent", "nothing")],
        "rate-limits/status-codes": [Event("example", key) for key in ("quota", "bad", "nothing")],
    }.get(demo_id, [Event("tick")])
    return sent + [
        Event("nothing"),
        Event("preset", "none"),
        Event("move", "x:1"),
        Event("preset", "</script>"),
    ]


@settings(max_examples=40)
@given(strategies.settings_of_any())
def test_every_button_gives_a_complete_view_and_changes_nothing_behind_our_back(
    case: tuple[str, Any],
) -> None:
    demo_id, params = case
    demo = find(demo_id)
    for event in buttons(demo_id):
        state = finished(demo.init(params))
        before = copy.deepcopy((params, state))
        first = finished(demo.update(params, state, event))
        assert first == finished(demo.update(params, state, event))
        assert (params, state) == before
        check(demo.view(*first))
        if event in buttons(demo_id)[-4:]:
            assert first == before


def test_a_long_text_and_a_hostile_one() -> None:
    demo = find("sampling/distribution")
    for text in (" Paris" * 1666, "x" * 10_000, "🙂" * 10_000, "</script>", "\x00", *strategies.HOSTILE):
        check(demo.first_view(demo.params(text=text)))


def test_the_reading_says_the_numbers_of_the_facts() -> None:
    demo = find("sampling/distribution")
    view = demo.first_view(demo.params())
    said = numbers_in(view.reading)
    for fact in ("kept", "mass", "top before", "top after", "entropy before", "entropy after"):
        assert numbers_in(view.facts[fact])[0] in said, fact
