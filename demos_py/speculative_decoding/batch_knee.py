"""How long a pass takes as its batch grows: until reading ends and computing begins. And on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from demos_py.algorithms.roofline import Server
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider
from demos_py.models import pocket_lm

TITLE = "Where a bigger batch stops being free"
# GPU: memory bandwidth in bytes a second, dense 16-bit operations a second
GPUS = {
    "a100": ("A100 80 GB", 2.039e12, 312e12),
    "h100": ("H100 SXM", 3.35e12, 989.5e12),
    "h200": ("H200", 4.8e12, 989.5e12),
    "b200": ("B200", 8.0e12, 2250e12),
}
MODELS = {"8b": ("8 billion", 8.03e9, 131_072), "70b": ("70 billion", 70.55e9, 327_680)}
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)  # tokens of a measured pass
TIMES = 3  # of each, the quickest counts


@dataclass(frozen=True)
class Params:
    gpu: str = choice("h100", label="GPU", options={key: value[0] for key, value in GPUS.items()})
    gpus: int = slider(2, low=1, high=8, step=1, label="GPUs", ticks=7)
    model: str = choice("70b", label="Parameters", options={key: value[0] for key, value in MODELS.items()})
    bits: str = choice("16", label="Bits of a weight", options={"16": "16", "8": "8", "4": "4"})
    tokens: int = slider(0, low=0, high=16, step=1, label="Cache of a request", unit="K tokens", ticks=8)
    reach: int = slider(100, low=20, high=100, step=5, label="Of the peak, reached", unit="%", ticks=8)
    price: float = slider(5.0, low=1.0, high=20.0, step=0.5, label="A GPU costs", unit="$ an hour", ticks=10)


@dataclass(frozen=True)
class State:
    """Once measured: seconds of a pass of the pocket model over each of WIDTHS tokens."""

    measured: tuple[float, ...] = field(default=(), compare=False)


def init(params: Params) -> State:
    return State()


async def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """`measure` runs the pocket model over 1 to 128 tokens at once, and keeps the quickest time of each."""
    if event.name != "measure":
        return params, state
    lm = await pocket_lm.load()
    best = {}
    for turn in range(TIMES + 1):  # the first turn warms up
        for n in WIDTHS:
            run = await lm.decode([(7 * turn + i) % 1500 for i in range(n)])
            if turn:
                best[n] = min(best.get(n, run.ms), run.ms)
    return params, replace(state, measured=tuple(best[n] / 1000 for n in WIDTHS))


def server_of(params: Params) -> Server:
    """The server that the controls describe."""
    _, parameters, token = MODELS[params.model]
    _, bandwidth, compute = GPUS[params.gpu]
    return Server(
        parameters, parameters * int(params.bits) / 8, 1000 * params.tokens * token,
        params.gpus * bandwidth, params.gpus * compute * params.reach / 100,
    )  # fmt: skip


def view(params: Params, state: State) -> View:
    server = server_of(params)
    knee = server.knee()
    dollars = params.price * params.gpus / 3600

    def cost(batch: int) -> float:
        return dollars * server.pass_time(batch) / batch * 1e6

    times = [1000 * server.pass_time(batch) for batch in BATCHES]
    top = 1000 * max(server.reading(1024), server.computing(1024)) * 1.1
    step = charts.round_below(top / 3)
    x = charts.axis("requests in a pass", 1, 1024, (1, 4, 16, 64, 256, 1024), log=True)
    traces = [
        charts.line([1, *BATCHES], [1000 * server.reading(b) for b in (1, *BATCHES)], "reading", "var(--cw-c3)", dash="dash"),
        charts.line([1, *BATCHES], [1000 * server.computing(b) for b in (1, *BATCHES)], "computing", "var(--cw-c5)", dash="dash"),
        charts.line(list(BATCHES), times, "a pass", "var(--cw-c1)"),
        charts.dots(list(BATCHES), times, "a pass", "var(--cw-c1)"),
    ]  # fmt: skip
    words = []
    if knee and 1 <= knee <= 1024:
        traces.append(charts.line([knee, knee], [0, top], "knee", "var(--cw-cut)", dash="dash"))
        side = "right" if knee > 32 else "left"
        words.append(charts.label(knee, 0.85 * top, f"knee, {knee:,.0f} requests", log_x=True, anchor=side))
    figure = charts.chart(
        traces,
        x,
        charts.axis("ms a pass", 0, top, [step * i for i in range(int(top / step) + 1)]),
        labels=words,
        height=220,
    )
    found = [1000 * seconds for seconds in state.measured]
    most = max(found, default=1.0) * 1.15
    tick = charts.round_below(most / 2)
    here = charts.chart(
        [charts.line(list(WIDTHS), found, "here", "var(--cw-c1)"), charts.dots(list(WIDTHS), found, "here", "var(--cw-c1)")]
        if found
        else [],
        charts.axis("tokens in a pass, pocket-lm", 1, 128, (1, 4, 16, 64, 128), log=True),
        charts.axis("ms a pass", 0, most, [tick * i for i in range(int(most / tick) + 1)] if found else ()),
        labels=[] if found else [charts.label(1.2, 0.4 * most, "empty until you press Measure", log_x=True)],
        height=140,
    )  # fmt: skip
    where = f"**{knee:,.0f} requests**" if knee else "no batch: reading the caches always takes longer"
    measured = (
        f" Measured here, a pass over 64 tokens takes {found[6] / found[0]:.1f} times as long as one over a single token."
        if found
        else ""
    )
    reading = (
        f"A pass takes {times[0]:.1f} ms with one request and {1000 * server.pass_time(64):.1f} ms with 64. Reading and "
        f"computing take equally long at {where}. A million tokens cost **${cost(1):,.2f}** one by one and "
        f"**${cost(64):,.2f}** in batches of 64.{measured}"
    )
    return View(
        reading=reading,
        table=Table(
            caption="A pass by the size of its batch",
            columns=("Requests", "ms a pass", "Tokens a second", "$ a million tokens", "Waits for"),
            rows=tuple(
                (
                    str(batch), f"{1000 * server.pass_time(batch):.1f}", f"{batch / server.pass_time(batch):,.0f}",
                    f"{cost(batch):,.2f}", "memory" if server.reading(batch) >= server.computing(batch) else "arithmetic",
                )
                for batch in BATCHES
            ),
        ),
        charts={"model": figure, "here": here},
        drawing={
            "numbers": [
                ("One request", f"{1 / server.pass_time(1):,.0f} tokens/s"),
                ("64 requests", f"{64 / server.pass_time(64):,.0f} tokens/s"),
                ("Knee", f"{knee:,.0f} requests" if knee else "none"),
                ("Measured, 1 token", f"{found[0]:.1f} ms" if found else "not yet"),
                ("Measured, 64 tokens", f"{found[6]:.1f} ms" if found else "not yet"),
            ]
        },
        facts={
            "knee": f"{knee:,.0f}" if knee else "none",
            "one": f"{times[0]:.1f} ms",
            "cost one": f"{cost(1):,.2f}",
            "cost 64": f"{cost(64):,.2f}",
            "ratio": f"{cost(1) / cost(64):,.0f}",
            "rate one": f"{1 / server.pass_time(1):,.0f}",
        },
    )  # fmt: skip
