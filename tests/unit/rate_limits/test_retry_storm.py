"""The figure of the retry storm: what it says at the end is what a run of its own gives."""

from demos_py.algorithms.rate_limits import STRATEGIES, run
from demos_py.core.demo import TICK, Event, find
from demos_py.core.transport import Log, moment
from demos_py.rate_limits.retry_storm import NAMES, Params, init, plan_of, update, view


def test_the_end_is_the_whole_run() -> None:
    demo = find("rate-limits/retry-storm")
    for strategy in STRATEGIES:
        params = Params(strategy=strategy)
        state = moment(demo, params, Log(1000)).state
        assert state == run(plan_of(params))
        table = view(params, state).table
        assert [row[0] for row in table.rows] == [NAMES[name] for name in STRATEGIES]
        mine = next(row for row in table.rows if row[0] == NAMES[strategy])
        assert mine[1] == str(state.succeeded) and mine[4] == str(state.calls)


def test_synchronised_retries_come_back_together_and_jitter_spreads_them() -> None:
    demo = find("rate-limits/retry-storm")

    def peak(strategy: str) -> int:
        params = Params(load="waves", strategy=strategy)
        history = moment(demo, params, Log(600)).state.history
        return max(again for _, again, _ in history)

    assert peak("exponential") > 2 * peak("jitter")


def test_other_events_change_nothing() -> None:
    params = Params()
    state = update(params, init(params), TICK)[1]
    assert update(params, state, Event("unknown")) == (params, state)
