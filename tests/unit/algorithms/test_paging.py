"""The allocator against a second simulator that only counts, and against what must hold after every step."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.algorithms.paging import (
    LAYOUTS,
    Memory,
    Pool,
    Request,
    begin,
    blocks_for,
    ended,
    reserved,
    run,
    step,
    usage,
)

REQUESTS = st.lists(
    st.builds(
        lambda arrival, prompt, output, spare, group, part: Request(
            arrival, prompt, output, output + spare, group, prompt * part // 4 if group else 0
        ),
        st.integers(0, 30), st.integers(1, 60), st.integers(1, 40), st.integers(0, 40), st.integers(0, 2),
        st.integers(0, 4),
    ),
    min_size=1, max_size=12,
).map(lambda requests: tuple(sorted(requests, key=lambda request: request.arrival)))  # fmt: skip
POOLS = st.builds(Pool, st.sampled_from(LAYOUTS), REQUESTS, st.integers(2, 30), st.integers(1, 16))


def alike(requests: tuple[Request, ...]) -> tuple[Request, ...]:
    """Prompts of a group begin with the same tokens: the shortest of their prefixes is what all of them have."""
    least = {g: min(r.prefix for r in requests if r.group == g) for g in {r.group for r in requests}}
    return tuple(Request(r.arrival, r.prompt, r.output, r.most, r.group, least[r.group]) for r in requests)


def check(pool: Pool, memory: Memory) -> None:
    """What must hold after every step."""
    if pool.layout == "contiguous":
        ends = 0
        for now in sorted(memory.running, key=lambda r: r.place[0]):
            assert now.place[0] >= ends
            ends = now.place[0] + reserved(pool.requests[now.request])
            assert now.written <= reserved(pool.requests[now.request])
        assert ends <= pool.slots
    else:
        held = Counter(block for now in memory.running for block in now.place)
        assert list(memory.counts) == [held[block] for block in range(pool.blocks)]  # none leaked, none lost
        for now in memory.running:
            assert len(set(now.place)) == len(now.place) == blocks_for(now.written, pool.block)
        for block, count in held.items():
            holders = [
                (r.place.index(block), pool.requests[r.request]) for r in memory.running if block in r.place
            ]
            if count > 1:  # only full blocks of a prefix that all its holders have, at the same place
                assert pool.layout == "shared" and len({(at, r.group) for at, r in holders}) == 1
                assert all(r.group and (at + 1) * pool.block <= r.prefix for at, r in holders)
    numbers = [r.request for r in memory.running] + [n for n, _ in memory.waiting] + list(memory.done)
    assert len(set(numbers)) == len(numbers) == memory.arrived - memory.refused


@settings(max_examples=150, deadline=None)
@given(POOLS)
def test_no_block_is_leaked_or_shared_wrongly(pool: Pool) -> None:
    pool = Pool(pool.layout, alike(pool.requests), pool.blocks, pool.block)
    memory = begin(pool)
    while not ended(pool, memory):
        memory = step(pool, memory)
        check(pool, memory)
        assert memory.step < 5000
    assert not any(memory.counts) and not memory.prefixes
    assert len(memory.done) + memory.refused == len(pool.requests)


def by_counting(pool: Pool) -> list[tuple[list[int], int]]:
    """A paged pool without sharing, by counts alone: the requests that ran in each pass, and blocks in use after it."""
    queue: list[list[int]] = []  # number, tokens to begin with
    running: list[list[int]] = []  # number, tokens
    unborn = list(range(len(pool.requests)))
    out, at = [], 0

    def blocks(tokens: int) -> int:
        return (tokens + pool.block - 1) // pool.block

    while unborn or queue or running:
        while unborn and pool.requests[unborn[0]].arrival <= at:
            number = unborn.pop(0)
            request = pool.requests[number]
            if blocks(request.prompt + request.output) <= pool.blocks:
                queue.append([number, request.prompt])
        free = pool.blocks - sum(blocks(tokens) for _, tokens in running)
        while queue and blocks(queue[0][1]) <= free:
            free -= blocks(queue[0][1])
            running.append(queue.pop(0))
        running.sort()
        i = 0
        while i < len(running):
            if running[i][1] % pool.block == 0:
                while free == 0 and i < len(running):
                    number, tokens = running.pop()
                    free += blocks(tokens)
                    queue.insert(0, [number, tokens])
                if i == len(running):
                    break
                free -= 1
            running[i][1] += 1
            i += 1
        ran = [number for number, _ in running]
        running = [
            [n, tokens] for n, tokens in running if tokens < pool.requests[n].prompt + pool.requests[n].output
        ]
        out.append((ran, sum(blocks(tokens) for _, tokens in running)))
        at += 1
    return out


@settings(max_examples=150, deadline=None)
@given(POOLS)
def test_a_second_simulator_runs_the_same_requests(pool: Pool) -> None:
    pool = Pool("paged", pool.requests, pool.blocks, pool.block)
    memory = begin(pool)
    for ran, used in by_counting(pool):
        memory = step(pool, memory)
        finished = [int(word[1 : word.index("}")]) for word in memory.last if word.endswith("finished")]
        assert sorted([r.request for r in memory.running] + finished) == ran
        assert sum(count > 0 for count in memory.counts) == used
    assert ended(pool, memory)


@settings(max_examples=60, deadline=None)
@given(POOLS)
def test_a_paged_pool_wastes_less_than_a_block_a_request(pool: Pool) -> None:
    pool = Pool("paged", pool.requests, pool.blocks, pool.block)
    memory = begin(pool)
    while not ended(pool, memory):
        memory = step(pool, memory)
        held, taken = usage(pool, memory.running, memory.counts)
        assert held == sum(r.written for r in memory.running)
        assert taken - held <= (pool.block - 1) * len(memory.running)


def test_uniform_requests_by_hand() -> None:
    # 4 requests of 8 + 8 tokens in a pool of 32 slots: contiguous runs two at a time, 8 passes each
    requests = tuple(Request(0, 8, 8, 8) for _ in range(4))
    memory = run(Pool("contiguous", requests, 2, 16))
    assert (memory.step, memory.most_at_once, memory.preempted) == (16, 2, 0)
    # where half of what is allowed is written, half of what is taken holds a token at the end
    long = run(Pool("contiguous", (Request(0, 8, 8, 24), Request(0, 8, 8, 24)), 2, 16))
    assert (long.step, long.held, long.taken) == (16, sum(range(9, 17)), 8 * 32)


def test_a_shared_prefix_is_held_once() -> None:
    requests = tuple(Request(0, 40, 8, 8, 1, 32) for _ in range(4))
    memory = step(Pool("shared", requests, 8, 16), begin(Pool("shared", requests, 8, 16)))
    assert len(memory.running) == 4 and sorted(memory.counts, reverse=True) == [4, 4, 1, 1, 1, 1, 0, 0]
    alone = step(Pool("paged", requests, 8, 16), begin(Pool("paged", requests, 8, 16)))
    assert len(alone.running) == 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_no_pool_could_hold_is_refused(layout: str) -> None:
    memory = run(Pool(layout, (Request(0, 100, 10, 10), Request(1, 5, 5, 5)), 2, 16))
    assert memory.refused == 1 and memory.done == (1,)
