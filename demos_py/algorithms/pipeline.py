"""Schedules of pipeline parallelism, simulated: when each stage does what, and how long it waits.

A step trains `micro` micro-batches through `stages` stages. A forward pass of one micro-batch through one
whole stage takes 1, a backward pass `backward`. With `chunks` > 1 a stage holds that many separate runs of
layers, and each of its passes takes 1/chunks as long. Sending takes no time.

Sources: GPipe, Huang et al. 2019 (arXiv 1811.06965); 1F1B with a flush, Narayanan et al. 2021 (2006.09503,
PipeDream-Flush); interleaved 1F1B, Narayanan et al. 2021 (2104.04473) and Megatron-LM's order of passes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

SCHEDULES = ("gpipe", "1f1b", "interleaved")


class Pass(NamedTuple):
    """One pass of one micro-batch through one chunk of a stage, all counted from 0."""

    backward: bool
    micro: int
    chunk: int


class Timed(NamedTuple):
    """A pass and when it ran."""

    done: Pass
    start: float
    end: float


@dataclass(frozen=True)
class Run:
    """A simulated step: for each stage its passes in order."""

    stages: tuple[tuple[Timed, ...], ...]
    chunks: int

    @cached_property
    def time(self) -> float:
        """From the first pass to the end of the last one, which is when the optimizer may step."""
        return max(row[-1].end for row in self.stages)

    @cached_property
    def idle(self) -> tuple[float, ...]:
        """How long each stage does nothing."""
        return tuple(self.time - sum(one.end - one.start for one in row) for row in self.stages)

    @cached_property
    def bubble(self) -> float:
        """The idle part of all stages' time, 0 to 1."""
        return sum(self.idle) / (len(self.stages) * self.time)

    @cached_property
    def kept(self) -> tuple[float, ...]:
        """The most micro-batches whose activations each stage keeps at once; a chunk's count for 1/chunks.

        Kept are those from the start of the forward pass to the end of the backward pass.
        """
        found: list[float] = []
        for row in self.stages:
            now = most = 0
            for one in row:
                now += -1 if one.done.backward else 1
                most = max(most, now)
            found.append(most / self.chunks)
        return tuple(found)


def gpipe(stages: int, micro: int) -> list[list[Pass]]:
    """All forward passes, then all backward passes, the last micro-batch's first."""
    row = [Pass(False, i, 0) for i in range(micro)] + [Pass(True, i, 0) for i in reversed(range(micro))]
    return [row] * stages


def one_forward_one_backward(stages: int, micro: int) -> list[list[Pass]]:
    """As many forward passes as stages follow, then one forward and one backward in turn, then the rest."""
    forward, back = ([Pass(backward, i, 0) for i in range(micro)] for backward in (False, True))
    return [_in_turn(forward, back, min(stages - 1 - stage, micro)) for stage in range(stages)]


def _in_turn(forward: list[Pass], back: list[Pass], ahead: int) -> list[Pass]:
    """`ahead` forward passes, then one forward and one backward in turn, then the rest of the backward ones."""
    row = forward[:ahead]
    for pair in zip(forward[ahead:], back, strict=False):
        row += pair
    return row + back[len(back) - ahead :]


def interleaved(stages: int, micro: int, chunks: int) -> list[list[Pass]]:
    """1F1B over `chunks` runs of layers on each stage, micro-batches in groups as large as there are stages.

    Chunk c of stage i is the run number c * stages + i. Raises ValueError unless `stages` divides `micro`.
    """
    if micro % stages:
        raise ValueError(f"{micro} micro-batches are no multiple of {stages} stages")
    total = micro * chunks

    def at(k: int, backward: bool) -> Pass:
        turn, place = divmod(k, stages * chunks)
        chunk, which = divmod(place, stages)
        return Pass(backward, turn * stages + which, chunks - 1 - chunk if backward else chunk)

    forward, back = ([at(k, backward) for k in range(total)] for backward in (False, True))
    ahead = [min(2 * (stages - 1 - stage) + (chunks - 1) * stages, total) for stage in range(stages)]
    return [_in_turn(forward, back, passes) for passes in ahead]


def order(schedule: str, stages: int, micro: int, chunks: int) -> list[list[Pass]]:
    """Each stage's passes in the order of a schedule. Only "interleaved" has more than one chunk a stage."""
    if schedule == "gpipe":
        return gpipe(stages, micro)
    if schedule == "1f1b" or chunks == 1:
        return one_forward_one_backward(stages, micro)
    return interleaved(stages, micro, chunks)


def simulate(rows: list[list[Pass]], chunks: int, backward: float) -> Run:
    """Run every stage's list in its order, each pass as soon as the stage is free and its input is there.

    A forward pass waits for the one of the run of layers before; a backward pass for the one of the run
    after, the last run's for its own forward pass. Raises ValueError where the lists block each other.
    """
    p, last = len(rows), len(rows) * chunks - 1
    micros = 1 + max(one.micro for one in rows[0])
    long = (1 / chunks, backward / chunks)
    # a pass's number is (run of layers * micros + micro-batch) * 2 + backward
    ended: dict[int, float] = {}
    waiting: dict[int, int] = {}  # what a stage waits for -> that stage
    next_, free = [0] * p, [0.0] * p
    done: list[list[Timed]] = [[] for _ in rows]
    ready = deque(range(p))
    while ready:
        stage = ready.popleft()
        row, timed, start, at = rows[stage], done[stage], free[stage], next_[stage]
        while at < len(row):
            one = row[at]
            back, micro, chunk = one
            run = chunk * p + stage
            number = (run * micros + micro) * 2 + back
            if not back:
                need = number - 2 * micros if run else None
            else:
                need = number + 2 * micros if run < last else number - 1
            if need is not None:
                if need not in ended:
                    waiting[need] = stage
                    break
                start = max(start, ended[need])
            end = start + long[back]
            timed.append(Timed(one, start, end))
            ended[number] = start = end
            at += 1
            if number in waiting:
                ready.append(waiting.pop(number))
        free[stage], next_[stage] = start, at
    if waiting:
        raise ValueError("the stages wait for each other")
    return Run(tuple(map(tuple, done)), chunks)


@lru_cache(64)
def run(schedule: str, stages: int, micro: int, chunks: int, backward: float) -> Run:
    """A schedule, ordered and simulated; `chunks` counts for "interleaved" alone."""
    chunks = chunks if schedule == "interleaved" else 1
    return simulate(order(schedule, stages, micro, chunks), chunks, backward)


def expected_bubble(stages: int, micro: int, chunks: int = 1) -> float:
    """The published share of a step that is idle: (p - 1) / (v m + p - 1), for p stages, m micro-batches, v chunks."""
    return (stages - 1) / (chunks * micro + stages - 1)
