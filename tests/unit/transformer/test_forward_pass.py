"""Every number that the walk opens is the graph's, made again in NumPy from the tensors before it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.core.demo import Event, finished
from demos_py.models import pocket_lm
from demos_py.transformer import forward_pass
from demos_py.transformer.forward_pass import DRAWN, STAGES, Params, init, update, view
from tests.unit.models.test_pocket_lm import by_hand

LM = finished(pocket_lm.load())


def matrix(state: forward_pass.State) -> np.ndarray:
    return np.frombuffer(state.matrix, np.float32).reshape(state.shape)


@settings(max_examples=60)
@given(
    stage=st.sampled_from(list(STAGES)),
    layer=st.integers(0, 5),
    head=st.integers(0, 3),
    back=st.integers(0, DRAWN - 1),
    column=st.integers(0, 383),
)
def test_the_opened_number_comes_out(stage: str, layer: int, head: int, back: int, column: int) -> None:
    state = finished(init(Params(stage=stage, layer=layer, head=head, back=back, column=column)))
    shown = matrix(state)[state.row - (len(state.pieces) - state.shape[0]), state.column]
    assert state.cell.made == pytest.approx(float(shown), abs=2e-3, rel=1e-3)


@pytest.mark.parametrize("layer, head", [(0, 0), (3, 3), (5, 1)])
def test_the_tensors_are_those_of_the_decoder_written_by_hand(layer: int, head: int) -> None:
    state = finished(init(Params(stage="attention", layer=layer, head=head)))
    truth = by_hand(list(state.ids))
    assert np.allclose(matrix(state), truth["attention"][layer, head], atol=1e-3)
    other = truth["attention"][layer, (head + 1) % 4]
    assert not np.allclose(matrix(state), other, atol=1e-2), "a swapped head would not be noticed"
    stream = finished(init(Params(stage="add2", layer=layer)))
    assert np.allclose(matrix(stream), truth["residual"][2 * layer + 2], atol=1e-2)


def test_nothing_is_seen_of_later_tokens() -> None:
    state = finished(init(Params(stage="attention")))
    assert np.all(np.triu(matrix(state), 1) == 0)
    assert np.allclose(matrix(state).sum(1), 1, atol=1e-5)
    drawn = view(Params(stage="attention"), state).drawing["shades"]
    # a cell for each pair on and below the diagonal, none above it
    area = sum(float(run.split("v")[0].split("h")[1]) for path in drawn for run in path.split("M")[1:])
    size = len(state.pieces)
    assert area == size * (size + 1) / 2


def test_turning_keeps_each_pairs_length() -> None:
    plain, turned = (matrix(finished(init(Params(stage=stage)))) for stage in ("query", "turned"))
    assert np.allclose(
        plain[:, :16] ** 2 + plain[:, 16:] ** 2, turned[:, :16] ** 2 + turned[:, 16:] ** 2, rtol=1e-3
    )
    assert not np.allclose(plain[1:], turned[1:], atol=1e-2)


def test_walking_visits_every_tensor_in_order() -> None:
    params = Params(stage="embedding")
    state = finished(init(params))
    visited = [params.stage]
    for _ in range(len(STAGES) + 2):
        params, state = finished(update(params, state, Event("walk", "1")))
        visited.append(params.stage)
    assert visited == [*STAGES, *["logits"] * 3]
    assert state == finished(init(params))


@pytest.mark.parametrize("written", ["", "🙂", "مرحبا بالعالم", "</script>", "a" * 10_000])
@pytest.mark.parametrize("stage", ["embedding", "scores", "attention", "hidden", "logits"])
def test_any_text_is_walked(written: str, stage: str) -> None:
    params = dataclasses.replace(Params(), text=written, stage=stage, column=383, back=15)
    shown = view(params, finished(init(params)))
    assert shown.reading
    assert ("too long" in "".join(shown.notices) or "longer" in "".join(shown.notices)) == (
        len(written) > 999
    )
