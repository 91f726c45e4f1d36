"""Twenty-five requests in one pool of memory, laid out in three ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from demos_py.algorithms.paging import (
    LAYOUTS,
    Memory,
    Pool,
    Request,
    begin,
    reserved,
    run,
    step,
    usage,
)
from demos_py.algorithms.paging import (
    ended as all_gone,
)
from demos_py.algorithms.rate_limits import draw
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import memory_map, queue
from demos_py.core.params import choice, slider, text
from demos_py.core.transport import MOST_STEPS

TITLE = "Twenty-five requests in one pool"
OPENS_AT, RATE, STEP = 60, 12, "pass"
NAMES = {"contiguous": "contiguous", "paged": "paged", "shared": "paged, prefixes shared"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MOST_REQUESTS, MOST_TOKENS, MOST_ARRIVAL = 40, 2_000, 2_000
# a pass in which somebody runs writes a token at least, so that with no more than these every run ends
MOST_WRITTEN = MOST_STEPS - MOST_ARRIVAL
SHARED = 8  # the colour of what several hold
CELLS = 32  # in a row of the map


@lru_cache
def example(kind: str) -> str:
    """A trace of 25 requests, from fixed draws: arrival, prompt, output, allowed output, group, prefix."""
    lines = []
    for i in range(25):
        a, b, c = (draw(7, i, n) for n in range(3))
        arrival = 2 * i
        if kind == "alike":
            row = (arrival, 64, 64, 64, 0, 0)
        else:
            # long tails, as in chat logs: most outputs are far shorter than what they allow
            prompt, output = int(16 * 2 ** (3.2 * a)), int(10 * 2 ** (4 * b))
            allowed = ((256, 512, 768) if kind == "system" else (128, 256, 512))[int(3 * c)]
            row = (arrival, prompt, min(output, allowed), allowed, 0, 0)
            if kind == "system":
                row = (arrival, prompt + 96, min(output, allowed), allowed, 1, 96)
        lines.append(" ".join(map(str, row)))
    return "\n".join(lines)


EXAMPLES = {"varied": "Varied lengths", "system": "One system prompt", "alike": "All alike"}


@dataclass(frozen=True)
class Params:
    layout: str = choice("contiguous", label="Layout", options=NAMES)
    blocks: int = slider(96, low=32, high=256, step=16, label="Pool", unit="blocks", ticks=14)
    block: int = slider(16, low=4, high=64, step=4, label="Block", unit="tokens", ticks=15)
    trace: str = text(
        example("system"), label="Requests: arrival, prompt, output, allowed, group, prefix", rows=6
    )


@lru_cache(50)
def read(trace: str) -> tuple[tuple[Request, ...], tuple[str, ...]]:
    """The requests of a trace, by arrival, and what could not be read, in words."""
    requests, problems = [], []
    for number, line in enumerate(trace[:20_000].splitlines(), 1):
        if not line.strip():
            continue
        words = line.replace(",", " ").split()
        if not 4 <= len(words) <= 6 or not all(re.fullmatch(r"\d{1,5}", word, re.ASCII) for word in words):
            problems.append(
                f"Line {number}, “{line.strip()[:30]}”, is left out: it takes four to six whole numbers."
            )
            continue
        arrival, prompt, output, most, group, prefix = (*map(int, words), 0, 0)[:6]
        if not (1 <= prompt <= MOST_TOKENS and 1 <= output <= MOST_TOKENS and arrival <= MOST_ARRIVAL):
            problems.append(
                f"Line {number} is left out: prompts and outputs have 1 to {MOST_TOKENS:,} tokens, and requests "
                f"arrive by pass {MOST_ARRIVAL:,}."
            )
            continue
        if output > most or prefix > prompt:
            problems.append(
                f"Line {number} was mended: an output ends at what is allowed, a prefix at its prompt."
            )
        requests.append(
            Request(arrival, prompt, min(output, most) or 1, max(most, 1), group, min(prefix, prompt))
        )
    if len(requests) > MOST_REQUESTS:
        problems.append(f"Only the first {MOST_REQUESTS} of {len(requests)} requests are taken.")
    if not requests:
        problems.append("There is no request to run, so one of 16 tokens is.")
        requests = [Request(0, 16, 16, 16)]
    ordered = sorted(requests[:MOST_REQUESTS], key=lambda request: request.arrival)
    written = list(accumulate(request.output for request in ordered))
    taken = sum(total <= MOST_WRITTEN for total in written)
    if taken < len(ordered):
        problems.insert(
            0,
            f"The last {len(ordered) - taken} of {len(ordered)} requests are left out: together they may write "
            f"{MOST_WRITTEN:,} tokens, so that a run ends within {MOST_STEPS:,} passes.",
        )
    return tuple(ordered[:taken]), tuple(problems[:4])


@lru_cache(50)
def pool_of(params: Params, layout: str = "") -> Pool:
    """The pool that the controls describe."""
    return Pool(layout or params.layout, read(params.trace)[0], params.blocks, params.block)


@lru_cache(30)
def _end(pool: Pool) -> Memory:
    return run(pool)


def init(params: Params) -> Memory:
    return begin(pool_of(params))


def update(params: Params, state: Memory, event: Event) -> tuple[Params, Memory]:
    """`trace` puts an example into the text."""
    if event.name == "trace" and event.value in EXAMPLES:
        return Params(params.layout, params.blocks, params.block, example(event.value)), state
    if event.name != "tick" or ended(params, state):
        return params, state
    return params, step(pool_of(params), state)


def ended(params: Params, state: Memory) -> bool:
    return all_gone(pool_of(params), state)


def mark(params: Params, state: Memory) -> str:
    words = [word for word in state.last if word.endswith("preempted")]
    return named(words[0]) if words else ""


def named(words: str) -> str:
    """A sentence of the simulation with letters for the requests’ numbers."""
    return re.sub(r"\{(\d+)\}", lambda match: LETTERS[int(match[1])], words)


def cells(pool: Pool, state: Memory) -> list[tuple[int, str]]:
    """The pool as cells of one block each: who holds it, or hatched where it is kept for nothing yet."""
    out: list[tuple[int, str]] = [(-1, "")] * pool.blocks
    if pool.layout == "contiguous":
        for now in state.running:
            first, size = now.place[0], reserved(pool.requests[now.request])
            for slot in range(first // pool.block, -(-(first + size) // pool.block)):
                used = slot * pool.block < first + now.written
                letter = LETTERS[now.request]
                if used or out[slot][0] <= 0:
                    out[slot] = (1 + now.request % 7, letter) if used else (0, letter)
        return out
    for now in state.running:
        for block in now.place:
            several = state.counts[block] > 1
            out[block] = (
                (SHARED, f"{state.counts[block]}") if several else (1 + now.request % 7, LETTERS[now.request])
            )
    return out


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def row(pool: Pool, memory: Memory) -> tuple[str, ...]:
    """A whole run’s results, as cells of the table."""
    steps = memory.pressed
    return (
        str(memory.step),
        str(memory.most_at_once),
        f"{memory.at_once / steps:.1f}" if steps else "–",
        share(memory.held, memory.taken),
        share(memory.held, steps * pool.slots),
        str(memory.preempted),
    )


COLUMNS = (
    "Passes",
    "Most at once",
    "Mean at once",
    "Of what is taken, tokens",
    "Of the pool, tokens",
    "Preempted",
)


def view(params: Params, state: Memory) -> View:
    pool = pool_of(params)
    held, taken = usage(pool, state.running, state.counts)
    now = ", ".join(named(word) for word in state.last[:3]) or "each running request writes a token"
    more = f" and {len(state.last) - 3} more" if len(state.last) > 3 else ""
    over = ended(params, state)
    reading = (
        f"Pass {state.step}: {now}{more}. **{len(state.running)}** of {len(pool.requests)} requests run, "
        f"{len(state.waiting)} wait. "
        + (
            f"Of {taken:,} slots taken, **{share(held, taken)}** hold a token."
            if taken
            else "No slot is taken."
        )
    )
    if over:
        ends = {name: _end(pool_of(params, name)) for name in LAYOUTS}
        table = Table(
            caption="The same requests in each layout; shares are means over the passes in which somebody waits",
            columns=("Layout", *COLUMNS),
            rows=tuple((NAMES[name], *row(pool, ends[name])) for name in LAYOUTS),
        )
    else:
        tables = [(LETTERS[r.request], str(r.written), blocks(pool, r.place)) for r in state.running]
        table = Table(
            caption=f"What runs after pass {state.step}",
            columns=("Request", "Tokens", "First slot" if pool.layout == "contiguous" else "Block table"),
            rows=tuple(tables) or (("nobody", "0", "–"),),
        )
    free = "free" if pool.layout == "contiguous" else "free block"
    key = {-1: free, 0: "reserved, empty"} if pool.layout == "contiguous" else {-1: free}
    if pool.layout == "shared":
        key[SHARED] = "shared, with the number of holders"
    first = state.running[0] if state.running else None
    drawing = {
        "examples": [(name, label, params.trace == example(name)) for name, label in EXAMPLES.items()],
        "pool": memory_map(
            cells(pool, state),
            columns=CELLS,
            label=f"The pool, {pool.blocks} blocks of {pool.block} tokens",
            key=key,
        ),
        "queue": queue(
            [(1 + n % 7, LETTERS[n], f"{pool.requests[n].prompt + before}") for n, before in state.waiting],
            label="Waiting",
            most=10,
        ),
        "first": (LETTERS[first.request], blocks(pool, first.place)) if first else ("–", "nothing runs"),
        "numbers": [
            ("Running", f"{len(state.running)}"),
            ("Waiting", f"{len(state.waiting)}"),
            ("Finished", f"{len(state.done)}"),
            ("Tokens held", f"{held:,} of {pool.slots:,}"),
            ("Taken and empty", share(taken - held, taken)),
            ("Preempted", f"{state.preempted}"),
        ],
    }
    facts = {
        "running": str(len(state.running)),
        "waiting": str(len(state.waiting)),
        "empty": share(taken - held, taken),
        "held": share(held, pool.slots),
        **dict(
            zip(("passes", "most", "mean", "of taken", "of pool", "preempted"), row(pool, state), strict=True)
        ),
    }
    notices = read(params.trace)[1]
    if state.refused:
        notices = (
            *notices,
            f"{state.refused} request{'s' * (state.refused > 1)} did not fit into the empty pool.",
        )
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=notices)


def blocks(pool: Pool, place: tuple[int, ...]) -> str:
    """A place in words: the first slot, or the first blocks of a table."""
    if pool.layout == "contiguous":
        return f"slot {place[0]:,}"
    return " ".join(map(str, place[:14])) + (" …" if len(place) > 14 else "")
