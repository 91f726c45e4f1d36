"""Several limits run at once: which of them a workload meets first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from demos_py.algorithms.quota import Limit, binding, open_calls
from demos_py.core import sessions
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import slider

TITLE = "Which limit binds"
WORKLOADS = {
    "chat": ("Chat", {"calls": 60, "input": 600, "output": 150, "latency": 4}),
    "documents": ("Questions about documents", {"calls": 20, "input": 12_000, "output": 300, "latency": 8}),
    "agent": ("Agents that write code", {"calls": 12, "input": 6_000, "output": 3_000, "latency": 60}),
    "labels": ("Labels in bulk", {"calls": 400, "input": 300, "output": 10, "latency": 1}),
}
HEADERS = {"calls": "requests", "input tokens": "input-tokens", "output tokens": "output-tokens"}
BUCKET = 60  # s of refill that a bucket holds


@dataclass(frozen=True)
class Params:
    calls: int = slider(20, low=1, high=1000, step=1, label="Calls", unit="a minute", ticks=10)
    input: int = slider(12_000, low=100, high=50_000, step=100, label="Input", unit="tokens a call", ticks=10)
    output: int = slider(300, low=10, high=8_000, step=10, label="Output", unit="tokens a call", ticks=8)
    latency: int = slider(8, low=1, high=120, step=1, label="A call takes", unit="s", ticks=7)
    rpm: int = slider(50, low=10, high=4_000, step=10, label="Call limit", unit="a minute", ticks=10)
    itpm: int = slider(
        40, low=10, high=4_000, step=10, label="Input limit", unit="K tokens a minute", ticks=10
    )
    otpm: int = slider(8, low=1, high=800, step=1, label="Output limit", unit="K tokens a minute", ticks=10)


@dataclass(frozen=True)
class Tier:
    """A row of docs/data/rate-limit-tiers.yml: its words, and its limits as the controls have them."""

    name: str
    vendor: str
    source: str
    limits: tuple[tuple[str, int], ...]


async def init(params: Params) -> tuple[Tier, ...]:
    table = json.loads(await sessions.load("tables/rate-limit-tiers.json"))
    # a vendor that counts input and output together has no place on three scales
    return tuple(tier(row) for row in table["rows"] if row["output"][0].isdigit())


def tier(row: dict[str, Any]) -> Tier:
    calls, into, out = (int(row[key].replace(",", "")) for key in ("calls", "input", "output"))
    source = f"{row['source']['title']}, checked {row['source']['checked']}. {row['note']}"
    return Tier(
        row["tier"], row["vendor"], source, (("rpm", calls), ("itpm", into // 1000), ("otpm", out // 1000))
    )


def update(params: Params, state: tuple[Tier, ...], event: Event) -> tuple[Params, tuple[Tier, ...]]:
    """`workload` sets the four controls of what is sent, `tier` the three limits."""
    if event.name == "workload" and event.value in WORKLOADS:
        return replace(params, **WORKLOADS[event.value][1]), state
    found = next((tier for tier in state if event.name == "tier" and slug(tier) == event.value), None)
    return (replace(params, **dict(found.limits)) if found else params), state


def slug(tier: Tier) -> str:
    return tier.name.lower().replace(" ", "-")


def in_force(params: Params, values: Mapping[str, int]) -> bool:
    return all(getattr(params, name) == value for name, value in values.items())


def seconds(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:,.0f} s"


def view(params: Params, state: tuple[Tier, ...]) -> View:
    limits = (
        Limit("calls", params.rpm, 1),
        Limit("input tokens", 1000 * params.itpm, params.input),
        Limit("output tokens", 1000 * params.otpm, params.output),
    )
    worst = binding(limits)
    share = worst.share(params.calls)
    lasts = worst.lasts(params.calls, BUCKET)
    waiting = open_calls(min(params.calls, worst.calls), params.latency)
    if share > 1:
        reading = (
            f"**{worst.name.capitalize()}** bind first: {params.calls} calls a minute ask for {share:.0%} of that "
            f"limit. From a full bucket it lasts {seconds(lasts)}; after that **{worst.calls:,.1f}** calls a minute "
            f"get through, and {waiting:,.1f} are open at once."
        )
    else:
        reading = (
            f"All limits hold. The nearest is that of **{worst.name}**, {share:.0%} used: it would let "
            f"**{worst.calls:,.1f}** calls a minute through. {waiting:,.1f} calls are open at once."
        )
    rows = [
        {
            "name": limit.name,
            "asked": f"{params.calls * limit.a_call:,.0f}",
            "limit": f"{limit.a_minute:,.0f}",
            "share": f"{limit.share(params.calls):.0%}",
            "inside": round(100 * min(limit.share(params.calls), 2) / 2, 2),
            "over": limit.share(params.calls) > 1,
            "calls": f"{limit.calls:,.1f}",
            "lasts": seconds(limit.lasts(params.calls, BUCKET)),
        }
        for limit in limits
    ]
    left = {
        HEADERS[limit.name]: max(0, round(limit.a_minute * (1 - limit.share(params.calls))))
        for limit in limits
    }
    return View(
        reading=reading,
        table=Table(
            caption="Each limit, a minute",
            columns=("Limit", "Asked for", "Allowed", "Share", "Calls it allows", "Bucket lasts"),
            rows=tuple((r["name"], r["asked"], r["limit"], r["share"], r["calls"], r["lasts"]) for r in rows),
        ),
        drawing={
            "limits": rows,
            "workloads": [(key, name, in_force(params, sent)) for key, (name, sent) in WORKLOADS.items()],
            "tiers": [(slug(tier), tier.name, in_force(params, dict(tier.limits))) for tier in state],
            "whose": next(
                (f"{tier.vendor}. {tier.source}" for tier in state if in_force(params, dict(tier.limits))), ""
            ),
            "left": left,
        },
        facts={
            "binding": worst.name,
            "share": f"{share:.0%}",
            "calls": f"{worst.calls:,.1f}",
            "lasts": seconds(lasts),
            "open": f"{waiting:,.1f}",
        },
    )
