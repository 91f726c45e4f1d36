"""A figure that moves: its log of events, and the state after each of them.

A *log* is what happened, in order: ticks of time, and here and there something that the reader did. The state
at step n is the result of the log's first n events on the first state, and of nothing else. So a figure can
be stepped back, a link can name a moment, and a test can play a log again.

In a link a log is written `log=12,drop:id,3`: twelve ticks, the event `drop` with the value `id`, three ticks.
Its length is the moment that the link shows.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from demos_py.core.demo import TICK, Demo, Event, finished, settled

MOST_STEPS = 20_000
MOST_EVENTS = 200  # of the reader's, in one link
KEEP_EVERY = 64  # steps: going back replays fewer than this
MOST_MARKS = 40
OPENING = 0.3  # seconds, that a figure may take for steps before it is first shown
SLICE = 0.025  # seconds: how long one request may take for steps; the next request goes on from there


@dataclass(frozen=True)
class Log:
    """The first `length` events of a run: ticks, but for those at the steps in `events` (from 0)."""

    length: int
    events: Mapping[int, Event] = field(default_factory=dict[int, Event])

    def __hash__(self) -> int:
        return hash(self.write())

    def write(self) -> str:
        """The log as a link carries it."""
        out: list[str] = []
        done = 0
        for at in sorted(step for step in self.events if step < self.length):
            if at > done:
                out.append(str(at - done))
            event = self.events[at]
            out.append(f"{quote(event.name, safe='')}:{quote(event.value, safe='')}")
            done = at + 1
        if done < self.length or not out:
            out.append(str(self.length - done))
        return ",".join(out)

    @staticmethod
    def read(text: str) -> Log:
        """The log that a link carries. Raises ValueError, worded for the reader."""
        length = 0
        events: dict[int, Event] = {}
        for part in text.split(",") if len(text) <= 50_000 else ["too long"]:
            name, colon, value = part.partition(":")
            if colon and name:
                events[length] = Event(unquote(name), unquote(value))
                length += 1
            elif part.isdecimal() and part.isascii() and len(part) <= 6:
                length += int(part)
            else:
                raise ValueError(f"the link’s moment “{text[:40]}” cannot be read")
        if length > MOST_STEPS or len(events) > MOST_EVENTS:
            raise ValueError(f"the link’s moment is past the {MOST_STEPS:,} steps that a figure goes")
        return Log(length, events)


def split_query(query: str) -> tuple[str, Log | None, list[str]]:
    """A link's query without its log, the log, if it has one that can be read, and the problems met."""
    pairs = parse_qsl(query, keep_blank_values=True)
    found = [value for name, value in pairs if name == "log"]
    if not found:
        return query, None, []
    rest = urlencode([pair for pair in pairs if pair[0] != "log"])
    try:
        return rest, Log.read(found[-1]), []
    except ValueError as error:
        return rest, None, [str(error)]


class Run:
    """One run of a moving figure with given parameters: the shown moment, and as much as is known ahead of it.

    `at` and `state` are the moment shown. `known` steps have been computed; `done` says that there are no
    more. `marks` are the moments that the figure itself names, as (step, words).
    """

    def __init__(
        self, demo: Demo, params: Any, first: Any, events: Mapping[int, Event] | None = None
    ) -> None:
        self.demo, self.params = demo, params
        self.events: dict[int, Event] = dict(events or {})
        self.at: int = 0
        self.state = first
        self.known, self.done = 0, False
        self.marks: list[tuple[int, str]] = []
        self._front = first
        self._kept: dict[int, Any] = {0: first}
        self._look(0)

    @classmethod
    async def begin(cls, demo: Demo, params: Any, events: Mapping[int, Event] | None = None) -> Run:
        """A run at its first state."""
        return cls(demo, params, await settled(demo.init(params)), events)

    @property
    def log(self) -> Log:
        """What happened up to the moment shown."""
        return Log(self.at, {step: event for step, event in self.events.items() if step < self.at})

    def _look(self, step: int) -> None:
        """Notes what the newest state says of itself: a mark, or the end."""
        if step and len(self.marks) < MOST_MARKS and (words := self.demo.mark(self.params, self._front)):
            self.marks.append((step, words))
        if step % KEEP_EVERY == 0:
            self._kept[step] = self._front
        waits = any(later >= step for later in self.events)
        self.done = step >= MOST_STEPS or (not waits and self.demo.ended(self.params, self._front))

    async def _after(self, step: int, state: Any) -> Any:
        answer = self.demo.update(self.params, state, self.events.get(step, TICK))
        _, state = await answer if inspect.isawaitable(answer) else answer
        return state

    async def ahead(self, to: int = MOST_STEPS, seconds: float | None = None) -> None:
        """Computes on until `to` steps are known, or the end, or the time is over."""
        until = None if seconds is None else time.perf_counter() + seconds
        while self.known < to and not self.done and (until is None or time.perf_counter() < until):
            self._front = await self._after(self.known, self._front)
            self.known += 1
            self._look(self.known)

    async def seek(self, to: int, seconds: float | None = None) -> None:
        """Shows the moment after `to` steps, or the last one known where the end or the time's end comes before."""
        await self.ahead(to, seconds)
        to = min(max(to, 0), self.known)
        if to == self.known:
            self.at, self.state = to, self._front
            return
        near = to - to % KEEP_EVERY
        step, state = (self.at, self.state) if near <= self.at <= to else (near, self._kept[near])
        while step < to:
            state = await self._after(step, state)
            step += 1
        self.at, self.state = to, state

    async def happen(self, event: Event) -> Any:
        """Something that the reader did at the moment shown: what was to come after it is forgotten.

        Returns the parameters, which a button may have changed; the caller then makes a new run of them.
        """
        params, state = await settled(self.demo.update(self.params, self.state, event))
        if params != self.params:
            return params
        self.events = {step: old for step, old in self.events.items() if step < self.at} | {self.at: event}
        self._kept = {step: kept for step, kept in self._kept.items() if step <= self.at}
        self.marks = [mark for mark in self.marks if mark[0] <= self.at]
        self.at += 1
        self.known, self.state, self._front = self.at, state, state
        self._look(self.at)
        return params


def with_log(query: str, run: Run, usual: Log) -> str:
    """A link's query with the run's moment, where that is not the `usual` one."""
    return query if run.log == usual else f"{query}&log={quote(run.log.write(), safe=',:')}"


def moment(demo: Demo, params: Any, log: Log) -> Run:
    """The run of a figure that moves, at the moment after `log`. For CPython, where nothing has to wait."""

    async def run() -> Run:
        run = await Run.begin(demo, params, log.events)
        await run.seek(log.length)
        return run

    return finished(run())
