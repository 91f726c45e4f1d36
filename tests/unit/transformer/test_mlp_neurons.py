"""A neuron's numbers against the decoder's weights, and its direct effect against the unembedding itself."""

import numpy as np
import pytest

from demos_py.core.demo import Event, finished
from demos_py.models import pocket_lm
from demos_py.transformer.mlp_neurons import SENTENCES, Params, init, update, view
from tests.unit.models.test_pocket_lm import by_hand, norm, weights

LM = finished(pocket_lm.load())


@pytest.mark.parametrize("layer, neuron", [(3, 76), (0, 5), (5, 383)])
def test_gate_times_up(layer: int, neuron: int) -> None:
    params = Params(layer=layer, neuron=neuron)
    state = finished(init(params))
    stream = by_hand(LM.encode(params.text)[0])["residual"][2 * layer + 1]
    n, at = norm(stream, f"layers.{layer}.norm_mlp.weight"), f"layers.{layer}."
    gate, up = n @ weights()[at + "gate.weight"], n @ weights()[at + "up.weight"]
    hidden = gate / (1 + np.exp(-gate)) * up
    assert np.allclose(state.product, hidden[:, neuron], atol=1e-2)
    assert np.allclose(state.gate, gate[:, neuron], atol=1e-2)
    # not the activation of the product, which would be another number
    wrong = gate * up / (1 + np.exp(-gate * up))
    assert not np.allclose(state.product, wrong[:, neuron], atol=1e-1)
    assert state.loudest[0][0] == int(np.abs(hidden[-1]).argmax())


def test_what_it_speaks_for_is_what_pushing_it_raises() -> None:
    params = Params()
    state = finished(init(params))
    direction = weights()[f"layers.{params.layer}.down.weight"][params.neuron]
    table = weights()["embedding.weight"][: LM.end]
    pushed = (direction * weights()["norm.weight"]) @ table.T
    assert state.raised[0][0] == LM.piece(int(pushed.argmax()))
    assert state.lowered[0][0] == LM.piece(int(pushed.argmin()))
    assert state.raised[0][1] == pytest.approx(pushed.max(), rel=1e-3)


def test_the_search_finds_the_greatest_of_every_sentence() -> None:
    params = Params()
    _, state = finished(update(params, finished(init(params)), Event("search", "1")))
    best = []
    for sentence in SENTENCES:
        fires = finished(LM.forward(LM.encode(sentence)[0], ["hidden"]))["hidden"][
            params.layer, :, params.neuron
        ]
        best.append(max(fires.tolist(), key=abs))
    best.sort(key=lambda value: -abs(value))
    assert [value for value, _, _ in state.found] == pytest.approx(best[: len(state.found)], abs=1e-4)
    assert all(pieces[place] for _, pieces, place in state.found)
    assert view(params, state).drawing["found"]
