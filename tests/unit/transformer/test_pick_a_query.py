"""Attention and switched-off heads against the decoder written by hand."""

import math

import numpy as np
import pytest

from demos_py.core.demo import Event, finished
from demos_py.models import pocket_lm
from demos_py.transformer.pick_a_query import HEADS, LAYERS, Params, init, update, view
from tests.unit.models.test_pocket_lm import by_hand

LM = finished(pocket_lm.load())
IDS, _ = LM.encode(Params().text)


@pytest.mark.parametrize("layer, head, back", [(0, 1, 0), (3, 3, 0), (4, 2, 6)])
def test_weights_are_those_of_the_decoder_by_hand(layer: int, head: int, back: int) -> None:
    state = finished(init(Params(layer=layer, head=head, back=back)))
    truth = by_hand(IDS)["attention"][:, :, state.row]
    assert np.allclose(state.weights, truth[layer, head], atol=1e-3)
    assert np.all(np.array(state.weights[state.row + 1 :]) == 0)
    for number, (at, weight) in enumerate(state.looks):
        row = truth[divmod(number, HEADS)]
        assert weight == pytest.approx(row.max(), abs=1e-3)
        assert row[at] == pytest.approx(row.max(), abs=1e-3)


@pytest.mark.parametrize("layer, head", [(3, 3), (0, 3), (2, 1)])
def test_a_switched_off_head_is_missing(layer: int, head: int) -> None:
    state = finished(init(Params(layer=layer, head=head, ablate="yes")))
    logits = by_hand(IDS, dropped=(layer, head))["logits"][-1]
    grown = np.exp(logits - logits.max())
    p = grown / grown.sum()
    for piece, _, now in state.likely:
        at = LM.pieces.index(piece)
        assert now == pytest.approx(p[at], abs=2e-3)


def test_each_head_in_turn() -> None:
    params = Params()
    _, state = finished(update(params, finished(init(params)), Event("each", "1")))
    assert len(state.effects) == LAYERS * HEADS
    alone = finished(init(Params(layer=3, head=3, ablate="yes")))
    _, before, after = alone.likely[0]
    assert state.effects[3 * HEADS + 3] == pytest.approx(math.log(after / before), abs=1e-2)
    assert state.effects[3 * HEADS + 2] > -1, "the neighbouring head is another one"
    facts = view(params, state).facts
    assert facts["worst"] == "layer {}, head {}".format(*divmod(int(np.argmin(state.effects)), HEADS))
