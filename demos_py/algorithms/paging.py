"""Three ways to lay the KV caches of many requests into one pool of memory slots, one token a slot.

`contiguous` reserves the prompt and the most that may be written, in one run of slots, first fit. `paged`
takes blocks of a fixed number of tokens as they are needed, and keeps a block table for each request.
`shared` does the same, but requests whose prompts begin alike hold the full blocks of that beginning together,
counted by references.

One step is one forward pass: requests are admitted in order of arrival while the first in the queue fits;
each running request writes one token; a finished one frees what it holds. Where no block is free, the running
request that arrived last is preempted: it frees its blocks, goes back to the head of the queue, and has its
tokens computed again.

Source: Kwon et al. 2023, "Efficient memory management for large language model serving with PagedAttention",
arXiv 2309.06180.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

LAYOUTS = ("contiguous", "paged", "shared")


@dataclass(frozen=True)
class Request:
    """A request: the step of its arrival, and tokens of its prompt, of its output, and of the output that it allows.

    Prompts of one `group` above 0 begin with the same `prefix` tokens.
    """

    arrival: int
    prompt: int
    output: int
    most: int
    group: int = 0
    prefix: int = 0


@dataclass(frozen=True)
class Pool:
    """What is fixed: the layout, the requests by arrival, the blocks of the pool and the tokens of a block."""

    layout: str
    requests: tuple[Request, ...]
    blocks: int
    block: int

    @property
    def slots(self) -> int:
        """Tokens that the pool has room for."""
        return self.blocks * self.block


@dataclass(frozen=True)
class Running:
    """A running request: its number, the tokens in its cache, and its place.

    The place is its block table, or of a contiguous layout its first slot alone.
    """

    request: int
    written: int
    place: tuple[int, ...]


@dataclass(frozen=True)
class Memory:
    """The state after `step` steps. `counts` are the references to each block of a paged pool."""

    counts: tuple[int, ...]
    step: int = 0
    arrived: int = 0
    waiting: tuple[tuple[int, int], ...] = ()  # request, tokens that it had written before it was preempted
    running: tuple[Running, ...] = ()  # by arrival
    done: tuple[int, ...] = ()
    preempted: int = 0
    refused: int = 0  # requests that the whole pool could not hold
    prefixes: tuple[
        tuple[tuple[int, int], int], ...
    ] = ()  # (group, block of its prefix) and the block that holds it
    # sums over the steps in which somebody waits: of tokens held, of slots taken, of running requests; and the steps
    held: int = 0
    taken: int = 0
    at_once: int = 0
    pressed: int = 0
    most_at_once: int = 0
    last: tuple[str, ...] = ()  # what the newest step did, in words with {number} for a request


def begin(pool: Pool) -> Memory:
    """The empty pool."""
    return Memory(counts=(0,) * (0 if pool.layout == "contiguous" else pool.blocks))


def blocks_for(tokens: int, block: int) -> int:
    """Blocks that hold so many tokens."""
    return -(-tokens // block)


def reserved(request: Request) -> int:
    """Slots that a contiguous layout keeps for a request."""
    return request.prompt + request.most


def first_fit(pool: Pool, running: Sequence[Running], size: int) -> int | None:
    """The first slot of the lowest gap of `size` slots, or None."""
    at = 0
    for start, end in sorted((r.place[0], r.place[0] + reserved(pool.requests[r.request])) for r in running):
        if start - at >= size:
            return at
        at = end
    return at if pool.slots - at >= size else None


def too_large(pool: Pool, request: Request) -> bool:
    """Whether the empty pool could not hold the request to its end."""
    if pool.layout == "contiguous":
        return reserved(request) > pool.slots
    return blocks_for(request.prompt + request.output, pool.block) > pool.blocks


class BlockTables:
    """Block tables and reference counts while one step changes them."""

    def __init__(self, pool: Pool, memory: Memory) -> None:
        self.pool, self.counts, self.prefixes = pool, list(memory.counts), dict(memory.prefixes)

    def take(self) -> int | None:
        """The lowest free block, now held once."""
        try:
            block = self.counts.index(0)
        except ValueError:
            return None
        self.counts[block] = 1
        return block

    def admit(self, request: Request, tokens: int) -> tuple[int, ...] | None:
        """A table for the first `tokens` tokens of a request; None, and nothing changed, where they do not fit."""
        full = request.prefix // self.pool.block if self.pool.layout == "shared" and request.group else 0
        keys = [(request.group, i) for i in range(min(full, tokens // self.pool.block))]
        need = blocks_for(tokens, self.pool.block) - sum(key in self.prefixes for key in keys)
        if need > self.counts.count(0):
            return None
        table: list[int] = []
        for i in range(blocks_for(tokens, self.pool.block)):
            key = keys[i] if i < len(keys) else None
            held = self.prefixes.get(key) if key else None
            if held is not None:
                self.counts[held] += 1
                table.append(held)
                continue
            block = self.take()
            assert block is not None
            if key:
                self.prefixes[key] = block
            table.append(block)
        return tuple(table)

    def grow(self, table: tuple[int, ...], tokens: int) -> tuple[int, ...] | None:
        """The table of `tokens` tokens with room for one more; None, and nothing changed, where no block is free."""
        if tokens < len(table) * self.pool.block:
            return table
        block = self.take()
        return None if block is None else (*table, block)

    def free(self, table: tuple[int, ...]) -> None:
        """Gives a table's blocks back; a prefix is forgotten with its last holder."""
        for block in table:
            self.counts[block] -= 1
        gone = {block for block in table if self.counts[block] == 0}
        self.prefixes = {key: block for key, block in self.prefixes.items() if block not in gone}


def step(pool: Pool, memory: Memory) -> Memory:
    """The memory one forward pass later."""
    last: list[str] = []
    arrived, waiting = memory.arrived, list(memory.waiting)
    refused = memory.refused
    while arrived < len(pool.requests) and pool.requests[arrived].arrival <= memory.step:
        if too_large(pool, pool.requests[arrived]):
            refused += 1
            last.append(f"{{{arrived}}} is larger than the pool")
        else:
            waiting.append((arrived, 0))
        arrived += 1
    running = list(memory.running)
    tables = BlockTables(pool, memory)
    while waiting:
        number, before = waiting[0]
        request = pool.requests[number]
        tokens = request.prompt + before
        if pool.layout == "contiguous":
            start = first_fit(pool, running, reserved(request))
            place = None if start is None else (start,)
        else:
            place = tables.admit(request, tokens)
        if place is None:
            break
        waiting.pop(0)
        running.append(Running(number, tokens, place))
        last.append(f"{{{number}}} is admitted")
    preempted = memory.preempted
    running.sort(key=lambda r: r.request)
    done = memory.done
    at = 0
    while at < len(running):
        now = running[at]
        if pool.layout != "contiguous":
            place = tables.grow(now.place, now.written)
            while place is None:
                victim = running.pop()
                tables.free(victim.place)
                waiting.insert(0, (victim.request, victim.written - pool.requests[victim.request].prompt))
                preempted += 1
                last.append(f"{{{victim.request}}} is preempted")
                if victim is now:
                    break
                place = tables.grow(now.place, now.written)
            if place is None:
                break
            now = replace(now, place=place)
        running[at] = replace(now, written=now.written + 1)
        at += 1
    held, taken = usage(pool, running, tables.counts)
    pressed = bool(waiting)
    kept: list[Running] = []
    for now in running:
        request = pool.requests[now.request]
        if now.written < request.prompt + request.output:
            kept.append(now)
            continue
        if pool.layout != "contiguous":
            tables.free(now.place)
        done = (*done, now.request)
        last.append(f"{{{now.request}}} is finished")
    return Memory(
        counts=tuple(tables.counts),
        step=memory.step + 1,
        arrived=arrived,
        waiting=tuple(waiting),
        running=tuple(kept),
        done=done,
        preempted=preempted,
        refused=refused,
        prefixes=tuple(tables.prefixes.items()),
        held=memory.held + held * pressed,
        taken=memory.taken + taken * pressed,
        at_once=memory.at_once + len(running) * pressed,
        pressed=memory.pressed + pressed,
        most_at_once=max(memory.most_at_once, len(running)),
        last=tuple(last),
    )


def usage(pool: Pool, running: Sequence[Running], counts: Sequence[int]) -> tuple[int, int]:
    """Slots that hold a token, and slots that are taken. What several requests share counts once."""
    if pool.layout == "contiguous":
        return sum(r.written for r in running), sum(reserved(pool.requests[r.request]) for r in running)
    taken = sum(count > 0 for count in counts) * pool.block
    # only a request's last block can have empty slots, and it is never a shared one
    empty = sum(len(r.place) * pool.block - r.written for r in running)
    return taken - empty, taken


def ended(pool: Pool, memory: Memory) -> bool:
    """Whether all requests have come and gone."""
    return memory.arrived == len(pool.requests) and not memory.waiting and not memory.running


def run(pool: Pool, most: int = 20_000) -> Memory:
    """The memory at the end."""
    memory = begin(pool)
    while not ended(pool, memory) and memory.step < most:
        memory = step(pool, memory)
    return memory
