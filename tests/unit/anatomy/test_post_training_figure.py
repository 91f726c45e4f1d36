"""What the figure claims of its own four stages."""

import numpy as np
import pytest

from demos_py.algorithms.post_training import best_policy
from demos_py.anatomy.post_training import RESPONSES, STAGES, Params, given, init, update, view
from demos_py.core.demo import Event


def number(fact: str) -> float:
    return float(fact.replace("−", "-").rstrip("%"))


def test_a_low_price_buys_reward_and_loses_quality() -> None:
    cheap, dear = (view(p, init(p)).facts for p in (Params(beta=0.2), Params(beta=1.0)))
    assert number(cheap["policy reward"]) > number(dear["policy reward"])
    assert number(cheap["policy quality"]) < number(cheap["tuned quality"]) < number(dear["policy quality"])
    assert number(cheap["drift"]) > number(dear["drift"])


@pytest.mark.parametrize("beta", [0.05, 0.3, 3.0])
def test_the_policy_is_the_best_one(beta: float) -> None:
    state = init(Params(beta=beta))
    wanted = best_policy(np.array(state.tuned[-1]), given().features @ np.array(state.weights), beta)
    assert np.allclose(state.policy, wanted, atol=1e-3)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage(stage: str) -> None:
    params, state = update(Params(), init(Params()), Event("stage", stage))
    shown = view(params, state)
    assert shown.facts["tuned quality"] == f"{np.array(state.tuned[-1]) @ given().quality:.2f}".replace(
        "-", "−"
    )
    assert len(shown.table.rows) == len(RESPONSES)
    assert sum(r.base for r in RESPONSES) == pytest.approx(1)
    assert sum(r.shown for r in RESPONSES) == 20
