"""A chat comes back: is its cache still there, or on a slower shelf, or must it be computed again?"""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.algorithms.cache_tiers import Tiers, visit, visitor
from demos_py.core.demo import Event, Table, View
from demos_py.core.drawings import histogram, memory_map
from demos_py.core.params import choice, slider

TITLE = "A chat comes back"
OPENS_AT, RATE, STEP = 120, 8, "visit"
VISITS = 400
SHOWN = 60  # visits in the histogram
NUMBERS = 2 * 80 * 8 * 128  # in the cache for a token: Llama 3 70B
BYTES = 2 * NUMBERS
GPUS = 4  # each holds a quarter of a cache, and has a link of its own to host memory
LINKS = {"dram": GPUS * 64e9, "nvme": 7e9}  # bytes a second: PCIe 5.0 x16 one way, one NVMe drive of PCIe 4.0
SPEED = GPUS * 989.5e12 * 0.4  # operations a second: H100 at 40% of their dense 16-bit peak
WEIGHTS = 2 * 70.6e9  # operations a token, for all matrices
ATTENTION = 2 * 80 * 64 * 128  # operations a pair of tokens, scores and mix, half of the pairs being masked
TIER_NAMES = ("GPU memory", "host memory", "NVMe")
WAYS = {"none": "drop it", "dram": "keep it in host memory", "nvme": "host memory, then NVMe"}
COLOURS = (3, 1, 5, 2)  # found in each tier; computed again
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzαβγδεζηθικλ"


@dataclass(frozen=True)
class Params:
    way: str = choice("dram", label="What leaves the GPU", options=WAYS)
    tokens: int = slider(8, low=1, high=64, step=1, label="A chat holds", unit="K tokens", ticks=9)
    sessions: int = slider(40, low=5, high=60, step=1, label="Chats", ticks=11)
    gpu: int = slider(40, low=0, high=200, step=5, label="GPU memory for it", unit="GB", ticks=10)
    dram: int = slider(60, low=0, high=400, step=10, label="Host memory", unit="GB", ticks=10)
    skew: float = slider(
        0.8, low=0.0, high=2.0, step=0.1, label="Unevenness of visits", unit="Zipf", ticks=10
    )
    seed: int = slider(1, low=0, high=20, step=1, label="Seed", ticks=20)


def size(params: Params) -> float:
    """Bytes of one chat’s cache."""
    return params.tokens * 1000 * BYTES


def rooms(params: Params) -> tuple[int, ...]:
    """Chats that each tier holds."""
    gpu = int(params.gpu * 1e9 // size(params))
    dram = int(params.dram * 1e9 // size(params)) if params.way != "none" else 0
    return gpu, dram, params.sessions if params.way == "nvme" else 0


def recompute(tokens: int) -> float:
    """Seconds to compute a cache again: the matrices for each token, and attention for each pair of tokens."""
    return (WEIGHTS * tokens + ATTENTION * tokens**2) / SPEED


def costs(params: Params) -> tuple[float, ...]:
    """Seconds until a chat’s cache is on the GPU, by where it was found; the last: computed again."""
    return 0.0, size(params) / LINKS["dram"], size(params) / LINKS["nvme"], recompute(params.tokens * 1000)


def init(params: Params) -> Tiers:
    return Tiers(((), (), ()))


def update(params: Params, state: Tiers, event: Event) -> tuple[Params, Tiers]:
    if event.name != "tick" or ended(params, state):
        return params, state
    who = visitor(params.seed, len(state.visits), params.sessions, params.skew)
    return params, visit(state, who, rooms(params))


def ended(params: Params, state: Tiers) -> bool:
    return len(state.visits) >= VISITS


def ms(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"


def view(params: Params, state: Tiers) -> View:
    cost = costs(params)
    found = [where for _, where in state.visits]
    counts = [found.count(i) for i in (0, 1, 2, -1)]
    total = len(found)
    mean = sum(n * c for n, c in zip(counts, cost, strict=True)) / total if total else 0.0
    places = (*(f"found in {name}" for name in TIER_NAMES), "found nowhere and computed again")
    if state.visits:
        who, where = state.visits[-1]
        now = f"chat {LETTERS[who]} is {places[where]}, {ms(cost[where])}"
    else:
        now = "nobody has come yet"
    top = max(cost[1], cost[3], cost[2] if params.way == "nvme" else 0)
    recent = found[-SHOWN:]
    columns = [((COLOURS[where], 1000 * max(cost[where], top / 60)),) for where in recent]
    columns += [()] * (SHOWN - len(columns))
    maps = []
    for name, tier, room in zip(TIER_NAMES, state.tiers, rooms(params), strict=True):
        many = min(room, params.sessions)
        cells = [(1 + k % 8, LETTERS[k]) for k in tier] + [(-1, "")] * (many - len(tier))
        maps.append(
            {
                "name": name,
                "room": room,
                "map": memory_map(cells, columns=30, label=f"Chats in {name}") if cells else "",
            }
        )
    reading = (
        f"Visit {total}: {now}. Of all visits **{share(counts[0], total)}** found their cache on the GPU; to have it "
        f"there took **{ms(mean)}** on average. To compute a chat again takes {ms(cost[3])}, to fetch it from host "
        f"memory {ms(cost[1])}."
    )
    return View(
        reading=reading,
        table=Table(
            caption=f"Where a chat’s {size(params) / 1e9:.2f} GB were found, after {total} visits",
            columns=("Where", "Visits", "Share", "Time to have it on the GPU"),
            rows=tuple(
                (name, str(n), share(n, total), ms(c))
                for name, n, c in zip((*TIER_NAMES, "computed again"), counts, cost, strict=True)
            ),
        ),
        drawing={
            "tiers": maps,
            "waits": histogram(
                columns,
                top=1000 * top * 1.1,
                span=(0, SHOWN),
                unit=f"the last {SHOWN} visits; height in ms",
                label="How long each of the last visits waited",
                key=dict(zip(COLOURS, (*TIER_NAMES, "computed again"), strict=True)),
                high=90,
            ),
        },
        facts={
            "size": f"{size(params) / 1e9:.2f} GB",
            "again": ms(cost[3]),
            "dram": ms(cost[1]),
            "nvme": ms(cost[2]),
            "mean": ms(mean),
            "hits": share(counts[0], total),
            "computed": share(counts[3], total),
            "ratio": f"{cost[3] / cost[1]:.0f}",
        },
    )


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"
