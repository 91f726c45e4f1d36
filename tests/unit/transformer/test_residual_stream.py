"""The stream's readings against the decoder written by hand, and sums that must come out."""

import math

import numpy as np
import pytest

from demos_py.core.demo import Event, finished
from demos_py.models import pocket_lm
from demos_py.transformer.residual_stream import BLOCKS, Params, init, update, view
from tests.unit.models.test_pocket_lm import by_hand, norm, weights

LM = finished(pocket_lm.load())


def softmax(x: np.ndarray) -> np.ndarray:
    grown = np.exp(x - x.max())
    return grown / grown.sum()


@pytest.mark.parametrize("back", [0, 4])
def test_lengths_and_lens_are_those_of_the_decoder_by_hand(back: int) -> None:
    params = Params(back=back)
    state = finished(init(params))
    stream = by_hand(LM.encode(params.text)[0])["residual"][:, state.at]
    assert np.allclose(state.lengths, np.linalg.norm(stream, axis=1), rtol=1e-4)
    for point, vector in enumerate(stream):
        p = softmax(norm(vector[None], "norm.weight")[0] @ weights()["embedding.weight"].T)
        assert state.top_ps[point] == pytest.approx(p.max(), abs=2e-3)
        if p.max() > 0.5:
            assert state.tops[point] == LM.piece(int(p.argmax()))


def test_the_lens_at_the_top_is_the_model() -> None:
    ids, _ = LM.encode(Params().text)
    out = finished(LM.forward(ids, ["residual", "logits"]))
    assert np.allclose(finished(LM.lens(out["residual"][-1])), out["logits"], atol=1e-3)
    assert not np.allclose(finished(LM.lens(out["residual"][-2])), out["logits"], atol=1e-1)


@pytest.mark.parametrize("drop", ["none", "3", "8"])
def test_what_the_parts_add_is_the_whole_logit(drop: str) -> None:
    state = finished(init(Params(drop=drop)))
    assert math.fsum(state.added) == pytest.approx(state.logit, abs=1e-3)
    if drop != "none":
        assert state.added[int(drop) + 1] == 0


def test_each_block_left_out_is_what_leaving_it_out_gives() -> None:
    params = Params()
    _, state = finished(update(params, finished(init(params)), Event("each", "1")))
    assert len(state.effects) == len(BLOCKS)
    for block in (0, 5, 6):
        alone = finished(init(Params(drop=str(block))))
        change = math.log(max(alone.final_ps[-1], 1e-12)) - math.log(alone.whole_p)
        assert state.effects[block] == pytest.approx(change, abs=1e-3)
    # the blocks differ: one that was left out in another's place would be noticed
    assert state.effects[6] < -5 < state.effects[5]
    assert view(params, state).facts["worst"] == BLOCKS[int(np.argmin(state.effects))]
