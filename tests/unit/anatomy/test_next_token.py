"""The loop that writes: its draws by an inverse sum in plain Python, its logits from onnxruntime directly."""

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import HOSTILE

from demos_py.anatomy import next_token
from demos_py.anatomy.next_token import MOST, Params, State, grown, init, update, view
from demos_py.core import sessions
from demos_py.core.demo import Event, View, find, finished
from demos_py.core.render import render_parts
from demos_py.models import pocket_lm

DEMO = find("anatomy/next-token")
LM = finished(pocket_lm.load())
GRAPH = Path(__file__).parents[3] / "wasm/models/pocket-lm/forward.onnx"


def shown(chosen: Params) -> View:
    return view(chosen, finished(init(chosen)))


@cache
def logits(ids: tuple[int, ...]) -> list[float]:
    """After the last token, by the graph itself."""
    feeds = {"ids": np.array(ids, np.int32), "positions": np.arange(len(ids), dtype=np.int32)}
    (found,) = session().run(["logits"], feeds | LM.neutral())
    return np.asarray(found)[-1].tolist()


@cache
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(GRAPH)


def loop(chosen: Params) -> tuple[list[int], list[float], list[float]]:
    """The tokens taken, with the model's probability and the one drawn with: by lists and running sums."""
    ids, taken, model, drawn = list(LM.encode(chosen.prompt)[0]), [], [], []
    uniform = np.random.default_rng(chosen.seed).random(MOST).tolist()
    for u in uniform[: chosen.steps]:
        z = logits(tuple(ids))
        close = reference.Close()
        share = reference.softmax(
            reference.top_p(reference.temperature(z, chosen.temperature, close), chosen.top_p, close)
        )
        total = 0.0
        for token, p in enumerate(share):
            total += p
            if u < total:
                break
        else:
            token = max(i for i, p in enumerate(share) if p > 0)
        taken.append(token)
        model.append(reference.softmax(z)[token])
        drawn.append(share[token])
        ids.append(token)
        if token == LM.end:
            break
    return taken, model, drawn


@pytest.mark.parametrize(
    "chosen",
    [
        Params(),
        Params(seed=7, temperature=1.6, top_p=1.0),
        Params(prompt="When Zoe and Finn went to the", temperature=0.5, top_p=0.6, steps=10),
        Params(prompt="", temperature=2.0, top_p=0.97, seed=3),
        Params(temperature=0.0, steps=9),
        Params(top_p=0.0, steps=5),
    ],
    ids=str,
)
def test_the_loop_by_lists(chosen: Params) -> None:
    taken, model, drawn = loop(chosen)
    state = finished(init(chosen))
    assert [t.token for t in state.taken] == taken
    assert [t.model for t in state.taken] == pytest.approx(model, abs=1e-6)
    assert [t.drawn for t in state.taken] == pytest.approx(drawn, abs=1e-6)
    facts = view(chosen, state).facts
    total = math.fsum(map(math.log, model))
    assert float(facts["log-probability"].replace("−", "-")) == pytest.approx(total, abs=0.051)
    assert float(facts["perplexity"]) == pytest.approx(math.exp(-total / len(model)), rel=0.01)
    assert facts["sure"] == str(sum(p > 0.9 for p in model))
    assert float(facts["least p"]) == pytest.approx(min(model), abs=6e-4)


@pytest.mark.parametrize("prompt", ["One day Mira", "Sum: 27 + 58.", "The river"])
def test_cold_is_greedy(prompt: str) -> None:
    ids = list(LM.encode(prompt)[0])
    for _ in range(8):
        ids.append(int(np.argmax(logits(tuple(ids)))))
    for chosen in (Params(temperature=0.0), Params(top_p=0.0, temperature=2.0)):
        state = finished(init(replace(chosen, prompt=prompt, steps=8)))
        assert [*state.prompt, *(t.token for t in state.taken)] == ids


def test_one_step_off_would_be_seen() -> None:
    """The logits that a token is drawn from are those after the token before it, not after itself."""
    state = finished(init(Params()))
    ids = [*state.prompt, *(t.token for t in state.taken)]
    for at, t in enumerate(state.taken, start=len(state.prompt)):
        assert t.model == pytest.approx(reference.softmax(logits(tuple(ids[:at])))[ids[at]], abs=1e-6)
    assert state.logits == pytest.approx(logits(tuple(ids)), abs=1e-4)


def test_a_seed_is_a_text() -> None:
    texts = {seed: shown(Params(seed=seed)).facts["text"] for seed in range(6)}
    assert len(set(texts.values())) > 3
    assert all(shown(Params(seed=seed)).facts["text"] == text for seed, text in texts.items())
    # a longer text begins with the shorter one
    assert shown(Params(steps=18)).facts["text"].startswith(shown(Params(steps=5)).facts["text"])


def test_the_buttons_give_what_the_link_gives() -> None:
    chosen = Params(steps=3)
    state = finished(init(chosen))
    sessions.runs_since()
    for _ in range(2):
        chosen, state = finished(update(chosen, state, Event("take", "1")))
    assert len(sessions.runs_since()) == 2  # a token costs one run
    assert chosen == Params(steps=5) and state == finished(init(chosen))
    chosen, state = finished(update(chosen, state, Event("back", "1")))
    assert chosen == Params(steps=4) and state == finished(init(chosen))
    chosen, state = finished(update(chosen, state, Event("next-seed", "1")))
    assert chosen == Params(steps=4, seed=Params().seed + 1) and state == finished(init(chosen))
    chosen, state = finished(update(chosen, state, Event("again", "1")))
    assert chosen.steps == 0 and state == finished(init(chosen)) and not state.taken
    assert finished(update(chosen, state, Event("back", "1"))) == (chosen, state)
    assert finished(update(chosen, state, Event("other", "1"))) == (chosen, state)
    full = Params(steps=MOST, temperature=0.3)
    state = finished(init(full))
    assert finished(update(full, state, Event("take", "1"))) == (replace(full, steps=len(state.taken)), state)


@dataclass(frozen=True)
class Counter:
    """A model that is sure of the number after the last one, and of its end after 4; it keeps what it read."""

    reads: list[list[int]]

    async def logits(self, ids: list[int]) -> np.ndarray:
        self.reads.append(list(ids))
        return np.array([[50.0 * (i == ids[-1] + 1) for i in range(6)]] * len(ids))


def test_the_loop_stops_at_the_end_and_reads_all_again() -> None:
    model = Counter([])
    start = State((0, 1), (), (), tuple("012345"), 5, False)
    state = finished(grown(model, Params(), start, 20))  # type: ignore[arg-type]
    assert [t.token for t in state.taken] == [2, 3, 4, 5] and state.ended
    assert model.reads == [[0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5]]
    found = view(Params(steps=20), state)
    assert found.facts["passes"] == str(len(model.reads))
    assert found.facts["positions"] == str(sum(map(len, model.reads)))
    assert found.facts["positions with cache"] == str(len(model.reads[-1]))
    assert found.facts["ended"] == "yes" and "ended its text after 4 tokens" in found.notices[0]
    # nothing is taken after the end
    assert finished(grown(model, Params(), state, 20)) == state and len(model.reads) == 5  # type: ignore[arg-type]
    assert next_token.buttons(4, True)[0][-1] is False


def test_the_work_is_what_the_loop_did() -> None:
    sizes, n, found = [], 0, shown(Params())
    for steps in range(MOST + 1):
        found = shown(Params(steps=steps, temperature=0.4))
        ids = len(LM.encode(Params().prompt)[0])
        n = int(found.facts["taken"])
        sizes.append(int(found.facts["positions"]))
        assert sizes[-1] == sum(range(ids, ids + n + 1))
        assert found.facts["positions with cache"] == str(ids + n)
    data = {trace["name"]: trace for trace in found.charts["positions"]["data"]}
    assert data["without a cache"]["y"] == sizes[: n + 1]
    first = shown(Params(steps=0)).charts["positions"]["data"][0]["y"]
    assert first[: n + 1] == sizes[: n + 1]  # what is to come is what came


def test_the_bars_by_the_reference() -> None:
    chosen = Params(temperature=1.3, top_p=0.8)
    state = finished(init(chosen))
    close = reference.Close()
    model = reference.softmax(list(state.logits))
    final = reference.softmax(
        reference.top_p(reference.temperature(list(state.logits), 1.3, close), 0.8, close)
    )
    found = view(chosen, state)
    best = sorted(range(len(model)), key=lambda i: -model[i])[:12]
    rows = found.drawing["rows"]
    assert [row["before"] for row in rows] == pytest.approx([model[i] for i in best])
    assert [row["after"] for row in rows] == pytest.approx([final[i] for i in best])
    assert [row["cut"] for row in rows] == [final[i] == 0 for i in best]
    assert found.facts["kept"] == str(sum(p > 0 for p in final))


def test_odds() -> None:
    assert next_token.odds(-math.log(7614)) == "1 in 7,600"
    assert next_token.odds(-math.log(2)) == "1 in 2"
    assert next_token.odds(-math.log(9.97)) == "1 in 10"
    assert next_token.odds(-math.log(1000)) == "1 in 1,000"
    assert next_token.odds(-40 * math.log(10)) == "1 in 10⁴⁰"
    assert next_token.odds(0.0) == "1 in 1"
    assert next_token.signed(-0.04, 1) == "0.0" and next_token.signed(-8.9, 1) == "−8.9"


@pytest.mark.parametrize(
    "prompt",
    [*HOSTILE, "a\ud800b", "`**` **b**", "\x1d\x1e\x1f", "Hi  ", "مرحبا بالعالم", "🙂" * 3000, "a" * 10_000],
)
def test_any_prompt(prompt: str) -> None:
    chosen = Params(prompt=prompt, steps=2, temperature=2.0, top_p=1.0)
    state = finished(init(chosen))
    found = view(chosen, state)
    assert len(state.prompt) + MOST <= LM.config["context"]
    assert any("too long" in notice for notice in found.notices) == (len(prompt) > 1000)
    parts = render_parts(DEMO, chosen, found, "t")
    assert "<script" not in "".join(parts.values()) and all(found.facts.values())
    assert parts["table"].count("<tr>") == len(found.table.rows) + 1
    assert not found.reading.endswith(" ")


@settings(max_examples=15)
@given(
    st.text(max_size=60),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.05, 2.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_any_settings(prompt: str, steps: int, temperature: float, top_p: float) -> None:
    found = shown(Params(prompt=prompt, steps=steps, temperature=temperature, top_p=top_p, seed=11))
    assert len(found.table.rows) == 1 + int(found.facts["taken"])
    assert all(found.facts.values())


def test_a_text_that_fills_the_context_can_be_written_on() -> None:
    chosen = Params(prompt="One day Mira went to the market. " * 60, steps=MOST, temperature=0.7)
    state = finished(init(chosen))
    assert state.cut and len(state.prompt) == LM.config["context"] - MOST and state.prompt[0] == LM.end
    assert len(state.taken) == MOST or state.ended
