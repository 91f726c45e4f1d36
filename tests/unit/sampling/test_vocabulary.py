"""The figure over the whole vocabulary: its numbers by the reference, from logits that onnxruntime gives directly."""

import math

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.core import sessions
from demos_py.core.demo import find, finished
from demos_py.models import pocket_lm
from demos_py.sampling.vocabulary import Params, init, view

DEMO = find("sampling/vocabulary")
LM = finished(pocket_lm.load())


def column(params: Params, name: str) -> list[float]:
    table = DEMO.first_view(params).table
    return [float(row[table.columns.index(name)]) for row in table.rows]


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("prompt", [Params().prompt, "", "Sum: 27 + 58. Ones:"])
def test_every_number_by_the_reference(prompt: str, temperature: float) -> None:
    ids, _ = LM.encode(prompt)
    logits = finished(LM.logits(ids))[-1].tolist()
    params = Params(prompt=prompt, temperature=temperature)
    model, heated = reference.softmax(logits), reference.softmax([z / temperature for z in logits])
    best = sorted(range(len(logits)), key=lambda i: -logits[i])[:10]
    assert column(params, "Model’s p") == pytest.approx([model[i] for i in best], abs=5.1e-5)
    assert column(params, "Final p") == pytest.approx([heated[i] for i in best], abs=5.1e-5)
    facts = DEMO.first_view(params).facts
    for name, share in (("tail before", model), ("tail heated", heated)):
        outside = math.fsum(p for i, p in enumerate(share) if i not in best)
        assert float(facts[name].rstrip("%")) == pytest.approx(100 * outside, abs=0.051), name


def test_the_model_knows_its_world() -> None:
    """In the sentence of the two friends only the one who is not giving can receive."""
    prompt = "When Zoe and Finn went to the market, Finn gave a lamp to"
    shown = DEMO.first_view(Params(prompt=prompt, temperature=1.0))
    assert shown.facts["top"] == "Zoe" and float(shown.facts["top before"]) > 0.9


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_any_text_is_read(prompt: str) -> None:
    shown = DEMO.first_view(Params(prompt=prompt))
    assert len(shown.table.rows) == 10


@pytest.mark.parametrize("prompt", ["\ud800 half a pair", "a" * 10_000, "</script>" * 400, "🙂" * 3000])
def test_hostile_text(prompt: str) -> None:
    shown = DEMO.first_view(Params(prompt=prompt))
    assert bool(shown.notices) == (len(prompt) > 1000)


def test_only_the_end_of_a_long_text_counts() -> None:
    ids, cut = LM.encode("One day Mira went to the market. " * 200)
    assert cut and len(ids) <= LM.config["context"] and ids[0] == LM.end


def test_sessions_remember_a_run_and_record_it() -> None:
    sessions.runs_since()
    first = finished(init(Params()))
    again = finished(init(Params(temperature=1.0)))
    runs = sessions.runs_since()
    assert len(runs) == 2 and runs[0] is runs[1]
    assert runs[0].model == "pocket-lm" and runs[0].parameters == LM.config["parameters"]
    assert first == again
    assert view(Params(), first).reading != view(Params(temperature=1.0), again).reading


def test_what_is_missing_or_wrong_is_said() -> None:
    with pytest.raises(sessions.SessionError, match="no file pocket-lm/nothing"):
        finished(sessions.load("pocket-lm/nothing"))
    with pytest.raises(sessions.SessionError, match="could not run"):
        finished(sessions.run("pocket-lm/lens.onnx", {"residual": np.zeros((1, 3), np.float32)}, ["logits"]))
