"""The chapter's other figures: what they say follows from their algorithms, and their buttons do what they say."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from demos_py.algorithms import retries
from demos_py.algorithms.aimd import fairness
from demos_py.core import params as controls
from demos_py.core.demo import Event, find, finished
from demos_py.core.transport import Log, moment
from demos_py.rate_limits import aimd, backoff, hedging, status_codes, three_limits
from wasm import tables


def test_the_crowd_without_jitter_comes_back_whole() -> None:
    view = backoff.view(backoff.Params(), None)
    assert view.facts["peak"] == "100" == view.facts["early"]
    rows = {row[0]: row for row in view.table.rows}
    assert int(rows["full jitter"][1]) < 40


def test_the_floor_by_the_larger_of_the_two_wakes_them_together() -> None:
    def first(floor: str) -> int:
        return int(backoff.view(backoff.Params(kind="full", floor=floor, cap=20), None).facts["first"])

    assert first("larger") > 90
    assert first("add") < 30


def test_the_binding_limit_by_hand() -> None:
    # 20 calls of 12,000 tokens against 40,000 a minute: six times too many, so a minute's worth lasts 12 s
    facts = three_limits.view(three_limits.Params(), ()).facts
    assert facts["binding"] == "input tokens" and facts["share"] == "600%" and facts["lasts"] == "12 s"
    assert facts["calls"] == "3.3"


def test_workloads_set_what_is_sent_and_leave_the_limits() -> None:
    params, _ = three_limits.update(three_limits.Params(rpm=100), (), Event("workload", "labels"))
    assert (params.calls, params.output, params.rpm) == (400, 10, 100)
    assert three_limits.update(params, (), Event("workload", "none"))[0] == params


def test_tiers_are_the_rows_of_the_data_file() -> None:
    tables.write_all()
    rows = yaml.safe_load((tables.TABLES / "rate-limit-tiers.yml").read_text("utf-8"))["rows"]
    tiers = finished(three_limits.init(three_limits.Params()))
    counted = [row for row in rows if row["output"] != "counted with the input"]
    assert [tier.name for tier in tiers] == [row["tier"] for row in counted]
    assert len({three_limits.slug(tier) for tier in tiers}) == len(tiers) == 7
    for row, tier in zip(counted, tiers, strict=True):
        params, state = three_limits.update(
            three_limits.Params(calls=77), tiers, Event("tier", three_limits.slug(tier))
        )
        view = three_limits.view(params, state)
        assert params.calls == 77 and {cells[2] for cells in view.table.rows} == {
            row[key] for key in ("calls", "input", "output")
        }
        # what the buttons set, the controls can show
        assert controls.read(three_limits.Params(), controls.write(params)) == (params, [])
        assert (
            row["vendor"] in view.drawing["whose"] and str(row["source"]["checked"]) in view.drawing["whose"]
        )
        assert [pressed for *_, pressed in view.drawing["tiers"]].count(True) == 1
    assert (
        three_limits.update(three_limits.Params(), tiers, Event("tier", "none"))[0] == three_limits.Params()
    )
    assert three_limits.view(three_limits.Params(), tiers).drawing["whose"] == ""


def test_a_copy_near_the_95th_percentile_doubles_one_call_in_twenty() -> None:
    facts = hedging.view(hedging.Params(), None).facts
    p95 = float(facts["p95"].split()[0])
    near = hedging.view(hedging.Params(after=round(p95, 1)), None).facts
    assert float(near["extra"].rstrip("%")) == pytest.approx(5, abs=0.7)
    assert float(hedging.view(hedging.Params(after=0.2), None).facts["extra"].rstrip("%")) > 99


def test_examples_are_put_into_the_text() -> None:
    params, _ = status_codes.update(status_codes.Params(), None, Event("example", "quota"))
    assert status_codes.view(params, None).facts["what"] == "do not send it again"
    date = status_codes.view(status_codes.Params(), None)
    assert date.facts["floor"] == "90 s" and "90 s and some jitter" in date.reading


def test_rates_of_the_moment_are_those_of_the_reading() -> None:
    demo = find("rate-limits/aimd")
    state = moment(demo, aimd.Params(), Log(150)).state
    view = aimd.view(aimd.Params(), state)
    shown = [float(row[2]) for row in view.table.rows]
    assert float(view.facts["fairness"]) == pytest.approx(fairness(shown), abs=2e-3)
    assert re.search(r"Round 150:", view.reading)


def test_a_budget_bounds_the_cost_and_is_wasted_on_calls_that_are_not_late() -> None:
    def facts(**given: float) -> dict[str, float]:
        shown = hedging.view(hedging.Params(**given), None).facts  # type: ignore[arg-type]
        return {name: float(value.split()[0].rstrip("%")) for name, value in shown.items()}

    early, late = facts(after=0.2, budget=5), facts(after=1.3, budget=5)
    assert early["extra"] == 5.0 and late["extra"] < 5.0
    assert early["hedged p99"] > 0.9 * early["p99"] > 3 * late["hedged p99"]
    assert facts(after=1.3, budget=5) == facts(after=1.3)


def test_what_is_expected_stands_beside_the_sample() -> None:
    facts = backoff.view(backoff.Params(kind="full", floor="add", clients=500), None).facts
    # evenly over the second after the floor: 500 in ten tenths, and 5 + ½ s on average
    assert facts["expected first"] == "50" and facts["expected mean"] == "5.50 s"
    assert int(facts["first"]) > 50
    # 5 floors, and half of 1 + 2 + 4 + 8 + 16 s
    assert facts["expected total"] == "40.50 s"
    assert float(facts["total"].split()[0]) == pytest.approx(40.5, rel=0.02)
    assert backoff.view(backoff.Params(kind="decorrelated"), None).facts["expected total"] == "no simple form"


def listing() -> dict[str, Any]:
    """The chapter's own program, with a clock that only sleeping moves."""
    text = (tables.TABLES.parent / "production/rate-limits.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    class GaveUp(Exception):
        pass

    names: dict[str, Any] = {
        "monotonic": lambda: now[0], "sleep": sleep, "random": lambda: 0.5, "GaveUp": GaveUp,
        "retry_after": lambda answer: answer.floor, "waits": waits,
    }  # fmt: skip
    exec(code, names)  # noqa: S102 - the code is the chapter’s own
    return names


def answers(*given: tuple[int, float]) -> Callable[[], SimpleNamespace]:
    """A service that gives these statuses and floors, the last one for ever."""
    left = [SimpleNamespace(status=status, floor=floor, error="") for status, floor in given]
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_the_chapters_program_keeps_the_floor_adds_jitter_and_stops() -> None:
    run = listing()
    assert run["careful"](answers((429, 7.0), (529, 0.0), (200, 0.0))).status == 200
    assert run["waits"] == [7 + 0.5 * 1, 0.5 * 2]
    run = listing()
    with pytest.raises(run["GaveUp"]):
        run["careful"](answers((503, 0.0)), cap=3.0)
    assert run["waits"] == [0.5, 1.0, 1.5, 1.5, 1.5]  # the cap is on the backoff
    run = listing()
    with pytest.raises(run["GaveUp"]):
        run["careful"](answers((429, 100.0)))
    assert run["waits"] == [100.5]  # a second wait would go past two minutes
    for answer in (
        SimpleNamespace(status=400, error=""),
        SimpleNamespace(status=429, error="insufficient_quota"),
    ):
        run = listing()
        assert run["careful"](lambda answer=answer: answer) is answer and not run["waits"]
    assert run["AGAIN"] == {code for code, rule in retries.RULES.items() if rule[1] != retries.NEVER}
    assert run["SPENT"] <= set(retries.SPENT)
