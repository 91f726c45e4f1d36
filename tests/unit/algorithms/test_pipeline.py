"""Pipeline schedules, against a clock that ticks in small steps and knows each stage's rule, not its list."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms import pipeline
from demos_py.algorithms.pipeline import Pass, Run, expected_bubble, run

BACKWARD = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


def ticked(schedule: str, p: int, m: int, v: int, backward: Fraction) -> tuple[int, list[int], int]:
    """Brute force: at every tick each idle stage starts what its rule and its inputs allow.

    Returns the step's ticks, the most forward passes without a backward one on each stage, and the ticks of
    a whole forward pass. The rules are stated as conditions on what a stage has done so far:
    GPipe: no backward pass before all forward ones. 1F1B: at most p - i micro-batches under way on stage i
    (from 0), a backward pass first where one is ready once that many are. Interleaved: as many passes ahead
    as Megatron-LM's warm-up, chunks in turn for p micro-batches each.
    """
    unit = 2 * v  # ticks of a forward pass through a whole stage, so that half a chunk is one tick
    forward, back = unit // v, int(backward * unit / v)
    assert back == backward * unit / v
    finished: dict[tuple[str, int, int], int] = {}  # (F or B, micro-batch, run of layers) -> tick of its end
    did: list[list[tuple[str, int, int]]] = [[] for _ in range(p)]
    busy = [0] * p
    runs = p * v

    def wish(i: int) -> tuple[str, int, int] | None:
        """What stage i does next, whether or not its input is there; none when all is done."""
        forwards = [one for one in did[i] if one[0] == "F"]
        backwards = [one for one in did[i] if one[0] == "B"]
        f, b = len(forwards), len(backwards)
        if b == m * v:
            return None
        if schedule == "gpipe":
            return ("F", f, i) if f < m else ("B", m - 1 - b, i)
        if v == 1:
            limit = p - i
        else:
            limit = 2 * (p - 1 - i) + (v - 1) * p + 1
        if f < m * v and f - b < limit:
            which = "F"
            n = f
        else:
            which = "B"
            n = b
        if v == 1:
            return which, n, i
        # the n-th pass: rounds of p micro-batches; in each, chunk after chunk (backward: from the last)
        order = [
            (micro, chunk)
            for turn in range(m // p)
            for chunk in (range(v) if which == "F" else reversed(range(v)))
            for micro in range(turn * p, turn * p + p)
        ]
        micro, chunk = order[n]
        return which, micro, chunk * p + i

    now = 0
    most = [0] * p
    while any(len(one) < 2 * m * v for one in did):
        for i in range(p):
            if busy[i] > now:
                continue
            one = wish(i)
            if one is None:
                continue
            which, micro, layers = one
            if which == "F":
                needed = ("F", micro, layers - 1) if layers else None
            else:
                needed = ("B", micro, layers + 1) if layers < runs - 1 else ("F", micro, layers)
            if needed is not None and finished.get(needed, now + 1) > now:
                continue
            busy[i] = now + (forward if which == "F" else back)
            finished[one] = busy[i]
            did[i].append(one)
            under_way = sum(1 if kind == "F" else -1 for kind, _, _ in did[i])
            most[i] = max(most[i], under_way)
        now += 1
        assert now < 100_000
    return max(finished.values()), most, unit


@st.composite
def settings_(draw: st.DrawFn) -> tuple[str, int, int, int, float]:
    schedule = draw(st.sampled_from(pipeline.SCHEDULES))
    p = draw(st.integers(1, 5))
    v = draw(st.integers(2, 4)) if schedule == "interleaved" else 1
    m = p * draw(st.integers(1, 3)) if v > 1 else draw(st.integers(1, 10))
    return schedule, p, m, v, draw(st.sampled_from(BACKWARD))


@given(settings_())
def test_the_simulator_against_a_ticking_clock(case: tuple[str, int, int, int, float]) -> None:
    schedule, p, m, v, backward = case
    found = run(schedule, p, m, v, backward)
    ticks, most, unit = ticked(schedule, p, m, v, Fraction(backward))
    assert found.time == pytest.approx(ticks / unit)
    assert found.kept == pytest.approx([kept / v for kept in most])


@given(settings_())
def test_dependencies_hold_and_no_stage_does_two_things(case: tuple[str, int, int, int, float]) -> None:
    schedule, p, m, v, backward = case
    found = run(schedule, p, m, v, backward)
    when: dict[tuple[bool, int, int], tuple[float, float]] = {}
    for i, row in enumerate(found.stages):
        assert len(row) == 2 * m * v
        for before, after in itertools.pairwise(row):
            assert after.start >= before.end - 1e-9
        for (back, micro, chunk), start, end in row:
            assert end - start == pytest.approx((backward if back else 1) / v)
            when[back, micro, chunk * p + i] = (start, end)
    assert len(when) == 2 * m * p * v
    for (back, micro, layers), (start, _) in when.items():
        if back:
            assert start >= when[False, micro, layers][1] - 1e-9
            if layers < p * v - 1:
                assert start >= when[True, micro, layers + 1][1] - 1e-9
        elif layers:
            assert start >= when[False, micro, layers - 1][1] - 1e-9


@given(settings_())
def test_the_bubble_is_the_published_one_whatever_a_backward_pass_takes(
    case: tuple[str, int, int, int, float],
) -> None:
    schedule, p, m, v, backward = case
    found = run(schedule, p, m, v, backward)
    assert found.bubble == pytest.approx((p - 1) / (v * m + p - 1))
    assert expected_bubble(p, m, v) == pytest.approx(found.bubble)
    assert found.time == pytest.approx((m + (p - 1) / v) * (1 + backward))
    assert found.idle == pytest.approx([(p - 1) / v * (1 + backward)] * p)


@pytest.mark.parametrize(("p", "m"), [(1, 1), (2, 1), (4, 8), (8, 3), (8, 32)])
def test_activations_kept(p: int, m: int) -> None:
    assert run("gpipe", p, m, 1, 2).kept == tuple([m] * p)
    assert run("1f1b", p, m, 1, 2).kept == tuple(min(m, p - i) for i in range(p))


def test_the_interleaved_step_of_the_paper() -> None:
    """Narayanan et al. 2021, figure 4: 4 devices, 8 micro-batches, 2 chunks; the first forward passes of device 1
    are 1 2 3 4 of its first chunk, 1 2 3 4 of its second, then 5 6 7 of the first before a backward pass."""
    row = run("interleaved", 4, 8, 2, 2).stages[0]
    first = [(one.done.micro + 1, one.done.chunk) for one in row[:11]]
    assert first == [(i, c) for c in (0, 1) for i in (1, 2, 3, 4)] + [(5, 0), (6, 0), (7, 0)]
    assert row[11].done == Pass(True, 0, 1)


def test_a_gpipe_step_by_hand() -> None:
    """Two stages, two micro-batches, equal passes."""
    found: Run = run("gpipe", 2, 2, 1, 1)
    assert [[(one.done.backward, one.done.micro, one.start) for one in row] for row in found.stages] == [
        [(False, 0, 0), (False, 1, 1), (True, 1, 4), (True, 0, 5)],
        [(False, 0, 1), (False, 1, 2), (True, 1, 3), (True, 0, 4)],
    ]


def test_what_cannot_be_scheduled() -> None:
    with pytest.raises(ValueError, match="multiple"):
        pipeline.interleaved(4, 6, 2)
    blocked = [[Pass(True, 0, 0), Pass(False, 0, 0)]]
    with pytest.raises(ValueError, match="wait for each other"):
        pipeline.simulate(blocked, 1, 1)
