"""The numbers of the fourth figure: each rounded sum by C's own rounding, the exact lead by fractions."""

import re
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import reference

from demos_py.core.demo import Event
from demos_py.sampling.seed_lie import MOST_ORDERS, PARTS, RIVALS, Params, products, update, view

FORMS = {"float16": "e", "float32": "f"}
CASES = [(form, lead, seed) for form in FORMS for lead in ("0.01", "1e-06") for seed in (1, 77)]


def terms(params: Params) -> list[list[float]]:
    return [[float(term) for term in row] for row in products(params)]


@cache
def sums(params: Params) -> list[tuple[str, float, float]]:
    """Every order's name and sums, one rounded addition after the other. Shuffles are NumPy's documented ones."""
    form, both = FORMS[params.format], terms(params)
    n = len(both[0])
    rows = [("first to last", list(range(n))), ("last to first", list(range(n))[::-1])]
    done = [
        (name, *(reference.running_sum([row[i] for i in order], form) for row in both))
        for name, order in rows
    ]
    done += [
        (f"in {parts} parts", *(reference.sum_in_parts(row, parts, form) for row in both)) for parts in PARTS
    ]
    dice = np.random.default_rng(params.seed + 1)
    for i in range(MOST_ORDERS - len(done)):
        order = dice.permutation(n).tolist()
        done.append(
            (f"shuffle {i + 1}", *(reference.running_sum([row[j] for j in order], form) for row in both))
        )
    return done  # type: ignore[return-value]


@pytest.mark.parametrize(("form", "lead", "seed"), CASES)
def test_every_sum_of_every_order(form: str, lead: str, seed: int) -> None:
    params = Params(format=form, lead=lead, terms="64", seed=seed, orders=MOST_ORDERS)
    shown, wanted = view(params, None), sums(Params(format=form, lead=lead, terms="64", seed=seed))
    assert len(shown.table.rows) == MOST_ORDERS
    winners = []
    for i, ((name, paris, lyon), row) in enumerate(zip(wanted, shown.table.rows, strict=True)):
        winners.append("Paris" if paris >= lyon else "Lyon")  # argmax takes the first of equals
        assert row == (f"{i + 1}: {name}", f"{paris:.7f}", f"{lyon:.7f}", f"{paris - lyon:+.7f}", winners[-1])
    flips = [i for i, winner in enumerate(winners) if winner != winners[0]]
    assert shown.facts["flips"] == str(len(flips))
    assert shown.facts["first"] == (str(flips[0] + 1) if flips else "none")
    assert shown.facts["different"] == str(len({pair[1:] for pair in wanted}))
    for orders in (1, 7, 60):
        some = view(Params(format=form, lead=lead, terms="64", seed=seed, orders=orders), None)
        assert some.table.rows == shown.table.rows[:orders]
        assert some.facts["different"] == str(len({pair[1:] for pair in wanted[:orders]}))


@pytest.mark.parametrize("count", ["256", "1024", "4096"])
def test_longer_sums(count: str) -> None:
    params = Params(terms=count, orders=4)
    both = terms(params)
    for row, wanted in zip(
        view(params, None).table.rows,
        ([r for r in both], [r[::-1] for r in both]),
        strict=False,
    ):
        assert [float(cell) for cell in row[1:3]] == [reference.running_sum(r, "e") for r in wanted]
    assert float(view(params, None).table.rows[3][1]) == reference.sum_in_parts(both[0], 4, "e")


@pytest.mark.parametrize(("form", "lead", "seed"), CASES)
def test_the_exact_lead(form: str, lead: str, seed: int) -> None:
    params = Params(format=form, lead=lead, terms="64", seed=seed)
    paris, lyon = (sum(map(Fraction, row)) for row in terms(params))
    assert view(params, None).facts["exact"] == f"{float(paris - lyon):.2g}"
    said = re.search(r"Paris ([\d.]+) and Lyon ([\d.]+)$", view(params, None).table.caption)
    assert said and (said[1], said[2]) == (f"{float(paris):.7f}", f"{float(lyon):.7f}")
    # rounding to the format moves each term by at most half its spacing
    bits = {"float16": 11, "float32": 24}[form]
    slack = sum(abs(Fraction(term)) for row in terms(params) for term in row) / 2 ** (bits - 1)
    assert abs(paris - lyon - Fraction(lead)) <= slack


def test_the_spacing_by_the_formats_definition() -> None:
    """12 lies between 8 and 16: 11 bits leave steps of 2^-7, 24 bits of 2^-20."""
    assert view(Params(format="float16"), None).facts["spacing"] == f"{2**-7:.2g}"
    assert view(Params(format="float32"), None).facts["spacing"] == f"{2**-20:.2g}"


def test_sums_stand_near_twelve_and_orders_matter() -> None:
    shown = view(Params(orders=MOST_ORDERS), None)
    assert all(11 < float(cell) < 13 for row in shown.table.rows for cell in row[1:3])
    assert int(shown.facts["different"]) > 1


def test_a_large_lead_in_float32_never_flips() -> None:
    shown = view(Params(format="float32", lead="1", terms="64", orders=MOST_ORDERS), None)
    assert (shown.facts["flips"], shown.facts["first"]) == ("0", "none")
    assert f"`{RIVALS[0]}` won each time" in shown.reading


def test_next_and_until() -> None:
    assert update(Params(orders=8), None, Event("next"))[0].orders == 9
    assert update(Params(orders=MOST_ORDERS), None, Event("next"))[0].orders == MOST_ORDERS
    for form, lead, seed in CASES:
        start = Params(format=form, lead=lead, terms="64", seed=seed, orders=1)
        wins = [paris >= lyon for _, paris, lyon in sums(start)]
        at = 1
        for _ in range(3):
            start = update(start, None, Event("until"))[0]
            at = next((i + 1 for i, win in enumerate(wins) if win != wins[0] and i + 1 > at), MOST_ORDERS)
            assert start.orders == at
