"""A server that answers many requests: one by one, in fixed batches, or in a batch that changes every pass.

One step is one forward pass. Every running request emits one token in it, or with speculation one and as many
drafted ones as are accepted. Times are in seconds, of a pass by the roofline of `Server`.

Sources: Yu et al. 2022, "Orca: a distributed serving system for transformer-based generative models" (batches that
change every pass); Leviathan et al. 2023, arXiv 2211.17192 (speculation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from demos_py.algorithms.rate_limits import draw
from demos_py.algorithms.roofline import Server

MODES = ("naive", "static", "continuous", "speculative")


@dataclass(frozen=True)
class Job:
    """A request: when it arrives, in s, and how many tokens it gets."""

    arrival: float
    tokens: int


@dataclass(frozen=True)
class Plan:
    """What is fixed. `slots` of the batch; of speculation the drafted tokens, the chance of each, and s for a draft."""

    mode: str
    jobs: tuple[Job, ...]
    server: Server
    slots: int = 8
    drafted: int = 4
    acceptance: float = 0.7
    draft_time: float = 0.002
    seed: int = 0

    @property
    def width(self) -> int:
        """Requests that run at once at the most."""
        return 1 if self.mode == "naive" else self.slots


@dataclass(frozen=True)
class Slot:
    """A slot of the batch: its request, since when, and the tokens emitted."""

    job: int
    since: float
    emitted: int = 0


@dataclass(frozen=True)
class Queueing:
    """The state after `passes` passes, at the time `clock`."""

    slots: tuple[Slot | None, ...]
    clock: float = 0.0
    passes: int = 0
    arrived: int = 0
    waiting: tuple[int, ...] = ()
    tokens: int = 0
    busy: int = 0  # slots of all passes that emitted a token
    past: tuple[
        tuple[int, int, float, float, bool], ...
    ] = ()  # slot, request, from, to, whether only padding
    latencies: tuple[tuple[int, float], ...] = ()  # request, s from its arrival to its last token
    computing: float = 0.0  # s of passes; the rest of the clock nobody was there
    last: str = ""


def begin(plan: Plan) -> Queueing:
    """An empty server."""
    return Queueing((None,) * plan.width)


def ended(plan: Plan, state: Queueing) -> bool:
    """Whether all requests have been answered."""
    return len(state.latencies) == len(plan.jobs)


def emitted(plan: Plan, state: Queueing, slot: int) -> int:
    """Tokens that a pass gives a request: one, and with speculation the accepted ones before the first refusal."""
    if plan.mode != "speculative":
        return 1
    count = 1
    for k in range(plan.drafted):
        if draw(plan.seed, state.passes * 64 + slot, k) >= plan.acceptance:
            break
        count += 1
    return count


def step(plan: Plan, state: Queueing) -> Queueing:
    """The server one pass later; where nobody is there, at the time of the next arrival."""
    clock, arrived, waiting = state.clock, state.arrived, list(state.waiting)
    while arrived < len(plan.jobs) and plan.jobs[arrived].arrival <= clock:
        waiting.append(arrived)
        arrived += 1
    slots = list(state.slots)
    if not waiting and not any(slots):
        return replace(state, clock=plan.jobs[arrived].arrival, last="nobody is there")
    said: list[str] = []
    # a fixed batch takes nobody in before the last of it has gone
    if plan.mode != "static" or not any(slots):
        for i, slot in enumerate(slots):
            if slot is None and waiting:
                slots[i] = begun = Slot(waiting.pop(0), clock)
                said.append(f"{{{begun.job}}} begins")
    running = [i for i, slot in enumerate(slots) if slot is not None]
    each = plan.drafted + 1 if plan.mode == "speculative" else 1
    took = plan.server.pass_time(len(running), each)
    if plan.mode == "speculative":
        took += plan.drafted * plan.draft_time
    clock += took
    past, latencies = list(state.past), list(state.latencies)
    tokens, busy = state.tokens, state.busy
    gone = {job for job, _ in latencies}
    for i in running:
        slot = slots[i]
        assert slot is not None
        if slot.job in gone:
            continue
        left = plan.jobs[slot.job].tokens - slot.emitted
        now = min(left, emitted(plan, state, i))
        tokens += now
        busy += 1
        slots[i] = replace(slot, emitted=slot.emitted + now)
        if now == left:
            latencies.append((slot.job, clock - plan.jobs[slot.job].arrival))
            past.append((i, slot.job, slot.since, clock, False))
            said.append(f"{{{slot.job}}} is finished")
            if plan.mode == "static":
                slots[i] = Slot(slot.job, clock, slot.emitted + now)
            else:
                slots[i] = None
    gone = {job for job, _ in latencies}
    if plan.mode == "static" and all(slot is None or slot.job in gone for slot in slots):
        for i, slot in enumerate(slots):
            if slot is not None and slot.since < clock:
                past.append((i, slot.job, slot.since, clock, True))
        slots = [None] * len(slots)
    return Queueing(
        slots=tuple(slots),
        clock=clock,
        passes=state.passes + 1,
        arrived=arrived,
        waiting=tuple(waiting),
        tokens=tokens,
        busy=busy,
        past=tuple(past),
        latencies=tuple(latencies),
        computing=state.computing + took,
        last=", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else ""),
    )


def run(plan: Plan, most: int = 20_000) -> Queueing:
    """The state when all are answered."""
    state = begin(plan)
    while not ended(plan, state) and state.passes < most:
        state = step(plan, state)
    return state
