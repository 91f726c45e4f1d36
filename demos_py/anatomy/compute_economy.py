"""What training costs, what it buys, and when a smaller model trained longer is the cheaper one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from demos_py.algorithms.scaling import FITS, Fit, cheapest, gpu_years, inference_compute, training_compute
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, number, slider

TITLE = "What a training run costs, and what it buys"

# Parameters in billions, training tokens in trillions, GPU-hours that the makers report; and where.
PRESETS: dict[str, tuple[str, float, float, float, str]] = {
    "gpt3": ("GPT-3", 175, 0.3, 0, "Brown and others, 2020"),
    "chinchilla": ("Chinchilla", 70, 1.4, 0, "Hoffmann and others, 2022"),
    "llama-8b": ("Llama 3.1 8B", 8.03, 15, 1.46e6, "Meta’s model card"),
    "llama-405b": ("Llama 3.1 405B", 405, 15.6, 30.84e6, "Meta’s model card, arXiv:2407.21783"),
}


@dataclass(frozen=True)
class Params:
    size: float = number(405.0, low=0.01, high=10_000, step=0.01, label="Parameters", unit="billion")
    tokens: float = number(15.6, low=0.001, high=1000, step=0.001, label="Training tokens", unit="trillion")
    utilisation: int = slider(40, low=5, high=100, step=1, label="Utilisation", unit="% of peak", ticks=5)
    price: float = number(2.5, low=0.1, high=100, step=0.1, label="Price", unit="dollars a GPU-hour")
    served: float = number(0.0, low=0.0, high=100_000, step=0.1, label="Tokens served later", unit="trillion")
    fit: str = choice(
        "besiroglu",
        label="Loss by",
        options={"besiroglu": "Besiroglu and others, 2024", "hoffmann": "Hoffmann and others, 2022"},
    )


def init(params: Params) -> None:
    return None


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """A model's button sets parameters and tokens."""
    if event.name == "preset" and event.value in PRESETS:
        _, size, tokens, _, _ = PRESETS[event.value]
        params = replace(params, size=float(size), tokens=float(tokens))
    return params, state


def amount(value: float) -> str:
    """A large number in words, three digits."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if value >= size:
            return f"{value / size:,.3g} {word}"
    return f"{value:,.3g}"


def power(value: float) -> str:
    """A number as 3.79 × 10²⁵."""
    digits = math.floor(math.log10(value))
    raised = str(digits).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value / 10**digits:.2f} × 10{raised}"


def view(params: Params, state: None) -> View:
    n, d = params.size * 1e9, params.tokens * 1e12
    fit = FITS[params.fit]
    compute = training_compute(n, d)
    years = gpu_years(compute, params.utilisation / 100)
    hours, days = years * 365.25 * 24, years * 365.25 / 10_000
    best_n, best_d = fit.optimum(compute)
    loss, best_loss = fit.loss(n, d), fit.loss(best_n, best_d)
    served = params.served * 1e12
    whole = compute + inference_compute(n, served)
    small_n, small_d, small_whole = cheapest(fit, loss, served)
    preset = next(
        (
            key
            for key, (_, size, tokens, _, _) in PRESETS.items()
            if size == params.size and tokens == params.tokens
        ),
        "",
    )
    ratio = d / n
    reading = (
        f"{amount(n)} parameters on {amount(d)} tokens take **{power(compute)} FLOP**, or **{years:,.0f} H100-years** "
        f"at {params.utilisation}% of peak: {ratio:,.1f} tokens a parameter, where {best_d / best_n:,.0f} would give the "
        f"least loss for this compute."
    )
    if served:
        reading += (
            f" With {amount(served)} tokens served, the same loss costs least with {amount(small_n)} parameters: "
            f"{small_whole / whole:.0%} of the compute."
        )
    name, _, _, reported, source = PRESETS[preset] if preset else ("", 0, 0, 0.0, "")
    achieved = compute / (reported * 3600 * 989.4e12) if reported else 0.0
    reported_years = reported / (365.25 * 24)
    table = Table(
        caption="The run, the run of least loss for the same compute, and the cheapest of equal loss",
        columns=(
            "Run",
            "Parameters",
            "Training tokens",
            "Tokens a parameter",
            "Training, FLOP",
            "With serving, FLOP",
            "Loss, nat",
        ),
        rows=tuple(
            (
                what,
                amount(parameters),
                amount(tokens),
                f"{tokens / parameters:,.1f}",
                power(training_compute(parameters, tokens)),
                power(training_compute(parameters, tokens) + inference_compute(parameters, served)),
                f"{fit.loss(parameters, tokens):.3f}",
            )
            for what, parameters, tokens in (
                ("this one", n, d),
                ("least loss, same compute", best_n, best_d),
                ("cheapest, same loss", small_n, small_d),
            )
        ),
    )
    drawing: dict[str, Any] = {
        "presets": [(key, label, key == preset) for key, (label, *_) in PRESETS.items()],
        "numbers": [
            ("training", f"{power(compute)} FLOP"),
            ("one H100 at this rate", f"{years:,.0f} years" if years >= 100 else f"{years:,.3g} years"),
            ("ten thousand of them", f"{days:,.0f} days" if days >= 100 else f"{days:,.3g} days"),
            ("at your price", f"{amount(hours * params.price)} dollars"),
            ("loss", f"{loss:.3f} nat"),
            ("best for this compute", f"{best_loss:.3f} nat"),
        ],
        "rows3": [(row[0], row[1], row[2], row[3], row[5], row[6]) for row in table.rows],
        "reported": f"{source}: {amount(reported)} H100-hours for {name}, or {reported_years:,.0f} years. That would be "
        f"{achieved:.1%} of peak over all of them."
        if reported
        else "",
        "label": f"Loss over size at {power(compute)} FLOP, least at {amount(best_n)} parameters",
    }
    facts = {
        "compute": power(compute),
        "years": f"{years:,.0f}",
        "days": f"{years * 365.25 / 10_000:,.0f}",
        "cost": amount(hours * params.price),
        "ratio": f"{ratio:,.1f}",
        "best size": amount(best_n),
        "best tokens": amount(best_d),
        "best ratio": f"{best_d / best_n:,.0f}",
        "loss": f"{loss:.3f}",
        "best loss": f"{best_loss:.3f}",
        "small size": amount(small_n),
        "small tokens": amount(small_d),
        "small ratio": f"{small_d / small_n:,.0f}",
        "small share": f"{small_whole / whole:.0%}",
        "reported years": f"{reported_years:,.0f}" if reported else "–",
        "achieved": f"{achieved:.1%}" if reported else "–",
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"equal": equal_compute(fit, compute, n, best_n)},
        facts=facts,
    )


def equal_compute(fit: Fit, compute: float, now: float, best: float) -> dict[str, Any]:
    """Loss over size where 6ND stays the same: a valley, its bottom, and where this run stands."""
    low = 10 ** math.floor(math.log10(min(now, best) / 20))
    high = 10 ** math.ceil(math.log10(max(now, best) * 20))
    sizes = [low * (high / low) ** (i / 80) for i in range(81)]
    loss = lambda n: fit.loss(n, compute / 6 / n)
    bottom = math.floor(loss(best) * 20 - 1) / 20
    top = math.ceil(max(loss(now), loss(best) + 0.25) * 20 + 0.5) / 20
    inside = [n for n in sizes if loss(n) <= top]
    tens = [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]
    step = max(0.1, round((top - bottom) / 5, 1))
    first = math.ceil(bottom * 10 - 1e-9) / 10
    x = charts.axis("parameters; tokens fall as they rise", low, high, tens, log=True)
    x["ticktext"] = [amount(ten) for ten in tens]
    return charts.chart(
        [
            charts.line(
                [float(f"{n:.6g}") for n in inside],
                [round(loss(n), 4) for n in inside],
                "loss",
                "var(--cw-c1)",
                width=2,
            ),
            charts.dots([float(f"{now:.6g}")], [round(loss(now), 4)], "this run", "var(--cw-c1)"),
            charts.dots(
                [float(f"{best:.6g}")], [round(loss(best), 4)], "least", "var(--cw-ink)", symbol="circle-open"
            ),
        ],
        x,
        charts.axis(
            "loss, nat a token",
            bottom,
            top,
            [round(first + step * i, 1) for i in range(math.floor((top - first) / step + 1e-9) + 1)],
        ),
        height=200,
    )
