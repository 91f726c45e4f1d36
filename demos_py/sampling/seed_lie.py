"""The same numbers added in different orders: rounded sums, until another token has the largest logit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from demos_py.algorithms.rounding import add_in_parts, add_up, exact_sum
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, number

TITLE = "Two logits, added up in different orders"
RIVALS = (" Paris", " Lyon")
MOST_ORDERS = 200
LOGIT = 12.0  # nat
PARTS = (2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Params:
    orders: int = number(8, low=1, high=MOST_ORDERS, label="Orders tried")
    format: str = choice(
        "float16",
        options={"float16": "float16, 11 bits", "float32": "float32, 24 bits"},
        label="Number format",
    )
    lead: str = choice(
        "0.01",
        options={
            f"{lead:g}": f"about {lead:g} nat" for lead in (1.0, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001)
        },
        label="Lead of Paris",
    )
    terms: str = choice(
        "1024", options={str(n): f"{n:,} terms" for n in (64, 256, 1024, 4096)}, label="Sum of"
    )
    seed: int = number(1, low=0, high=999_999, label="Seed of the numbers")


@lru_cache(8)
def products(params: Params) -> np.ndarray:
    """The terms of both logits, shape (2, n), in the chosen format; row 0 leads by about `params.lead`.

    They stand for h[j] * w[j], activation times weight, which a last matrix product adds up. Both rows are
    shifted in float64 to sum to 12 and to 12 less the lead, then rounded; what the lead is after that,
    `exact` says.
    """
    n = int(params.terms)
    terms = np.random.default_rng(params.seed).normal(0, 0.25, (2, n))
    wanted = np.array([LOGIT, LOGIT - float(params.lead)])
    terms += (wanted - terms.sum(axis=1))[:, None] / n
    return terms.astype(params.format)


@lru_cache(8)
def results(params: Params) -> tuple[tuple[str, ...], np.ndarray]:
    """Every order's name and its two logits, shape (200, 2): all orders, whatever `params.orders` says."""
    terms = products(params)
    names, logits = ["first to last", "last to first"], [add_up(terms), add_up(terms[:, ::-1])]
    for parts in PARTS:
        names.append(f"in {parts} parts")
        logits.append(add_in_parts(terms, parts))
    shuffles = np.random.default_rng(params.seed + 1)
    for i in range(MOST_ORDERS - len(names)):
        names.append(f"shuffle {i + 1}")
        logits.append(add_up(terms[:, shuffles.permutation(terms.shape[1])]))
    return tuple(names), np.array(logits).astype(np.float64)


@lru_cache(8)
def exact(params: Params) -> tuple[float, float]:
    """Both logits without any rounding until the end, in nat."""
    first, second = (float(exact_sum(row)) for row in products(params))
    return first, second


def winners(logits: np.ndarray) -> np.ndarray:
    """Which row has the larger logit under each order, 0 or 1, shape (200,); the first wins a tie, as argmax does."""
    return np.argmax(logits, axis=1)


def _numbers_only(params: Params) -> Params:
    return replace(params, orders=1)  # the sums do not depend on how many are shown


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """“Next order” tries one more; “Until it flips” goes on to the next order whose winner differs from the first's."""
    if event.name == "next":
        params = replace(params, orders=min(params.orders + 1, MOST_ORDERS))
    if event.name == "until":
        won = winners(results(_numbers_only(params))[1])
        later = [i + 1 for i in np.flatnonzero(won != won[0]).tolist() if i + 1 > params.orders]
        params = replace(params, orders=later[0] if later else MOST_ORDERS)
    return params, state


def view(params: Params, state: None) -> View:
    names, logits = results(_numbers_only(params))
    shown = params.orders
    won = winners(logits)[:shown]
    paris, lyon = exact(_numbers_only(params))
    truth = paris - lyon
    lead = (logits[:, 0] - logits[:, 1])[:shown]
    spacing = float(np.spacing(np.dtype(params.format).type(LOGIT)))

    reach = 1.1 * max(float(np.abs(logits[:, 0] - logits[:, 1]).max()), abs(truth), 1e-7)
    tick = charts.round_below(reach)
    chart = charts.chart(
        [
            charts.line([0, MOST_ORDERS], [0, 0], "tie", "var(--cw-cut)", dash="dash"),
            charts.line([0, MOST_ORDERS], [truth, truth], "exact", "var(--cw-ink-3)"),
            *(
                charts.dots(
                    [i + 1 for i in range(shown) if won[i] == row],
                    [float(lead[i]) for i in range(shown) if won[i] == row],
                    f"{RIVALS[row].strip()} wins",
                    ("var(--cw-c1)", "var(--cw-c2)")[row],
                    ("circle", "circle-open")[row],
                )
                for row in (0, 1)
            ),
        ],
        charts.axis("order", 0, MOST_ORDERS, (1, 50, 100, 150, 200)),
        charts.axis("Paris less Lyon, nat", -reach, reach, (-tick, 0, tick)),
        labels=[
            charts.label(MOST_ORDERS, reach * 0.86, "Paris wins", anchor="right"),
            charts.label(MOST_ORDERS, -reach * 0.98, "Lyon wins", anchor="right"),
        ],
    )
    flips = int((won != won[0]).sum())
    different = len({tuple(pair) for pair in logits[:shown].tolist()})
    first = next((i for i in range(shown) if won[i] != won[0]), None)
    reading = f"**{shown}** order{'s' * (shown > 1)} of the same {int(params.terms):,} terms gave **{different}** different pairs of logits. "
    if first is None:
        reading += f"`{RIVALS[won[0]]}` won each time."
    else:
        reading += (
            f"Order {first + 1}, {names[first]}, flips the argmax to `{RIVALS[won[first]]}`; "
            f"so did **{flips}** of {shown}. Exactly, `{RIVALS[0 if truth >= 0 else 1]}` leads by {abs(truth):.3g} nat."
        )
    rows = list(range(shown))
    table = Table(
        caption=f"Each order’s two rounded sums in nat; exactly, Paris {paris:.7f} and Lyon {lyon:.7f}",
        columns=("Order", "Paris", "Lyon", "Difference", "Argmax"),
        rows=tuple(
            (
                f"{i + 1}: {names[i]}",
                f"{logits[i, 0]:.7f}",
                f"{logits[i, 1]:.7f}",
                f"{lead[i]:+.7f}",
                RIVALS[won[i]].strip(),
            )
            for i in rows
        ),
    )
    last = rows[-6:]
    drawing = {
        "tried": [
            (names[i], f"{logits[i, 0]:.7g}", f"{logits[i, 1]:.7g}", RIVALS[won[i]], bool(won[i] != won[0]))
            for i in last
        ],
        "rivals": RIVALS,
        "chart": chart,
        "chart_label": f"Paris less Lyon under each of {shown} orders; {int((won == 0).sum())} above zero or tied, {int((won == 1).sum())} below",
        "spacing": f"{spacing:.2g}",
        "format": params.format,
    }
    facts = {
        "flips": str(flips),
        "first": str(first + 1) if first is not None else "none",
        "different": str(different),
        "exact": f"{truth:.2g}",
        "spacing": f"{spacing:.2g}",
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts)
