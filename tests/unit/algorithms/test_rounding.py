"""Rounded sums against C's own rounding, exact ones against fractions and fsum."""

import math
from fractions import Fraction

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from demos_py.algorithms.rounding import add_in_parts, add_up, exact_sum

FORMS = {"float16": "e", "float32": "f", "float64": "d"}


@pytest.mark.parametrize(("form", "bits", "most"), [("float16", 16, 500), ("float32", 32, 1e6)])
@settings(max_examples=80)
@given(data=st.data())
def test_each_addition_is_rounded(form: str, bits: int, most: float, data: st.DataObject) -> None:
    terms = data.draw(st.lists(st.floats(-most, most, width=bits), min_size=1, max_size=40))
    parts = data.draw(st.integers(1, len(terms)))
    array = np.array(terms, dtype=form)
    assert float(add_up(array)) == reference.running_sum(terms, FORMS[form])
    assert float(add_in_parts(array, parts)) == reference.sum_in_parts(terms, parts, FORMS[form])


@settings(max_examples=60)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_exact_sum(terms: list[float]) -> None:
    numerators = [term.as_integer_ratio() for term in terms]
    common = max(bottom for _, bottom in numerators)  # all are powers of two
    exact = exact_sum(np.array(terms))
    assert exact == Fraction(sum(top * (common // bottom) for top, bottom in numerators), common)
    assert float(exact) == math.fsum(terms)


@given(st.integers(1, 50), st.data())
def test_every_term_is_in_exactly_one_part(n: int, data: st.DataObject) -> None:
    """Powers of two: their sum names the terms that are in it, in binary, and no rounding happens."""
    parts = data.draw(st.integers(1, n))
    assert add_in_parts(2.0 ** np.arange(n), parts) == 2**n - 1


@pytest.mark.parametrize("form", FORMS)
def test_shape_and_format_are_kept(form: str) -> None:
    terms = np.ones((2, 3, 5), dtype=form)
    for total in (add_up(terms), add_in_parts(terms, 2)):
        assert total.dtype == form
        assert total.tolist() == [[5] * 3] * 2


def test_known_losses() -> None:
    """Above 2048 a float16 cannot count by one: 2048 + 1 is 2048."""
    ones = np.ones(4096, dtype=np.float16)
    assert float(add_up(ones)) == 2048
    assert float(add_in_parts(ones, 4)) == 4096
    big = np.array([1, 1e8, -1e8], dtype=np.float32)
    assert (float(add_up(big)), float(add_up(big[::-1]))) == (0, 1)
    assert exact_sum(big) == 1


@pytest.mark.parametrize("parts", [0, -1, 4])
def test_parts_out_of_range(parts: int) -> None:
    with pytest.raises(ValueError, match=f"3 terms cannot be split into {parts} parts"):
        add_in_parts(np.ones(3), parts)
