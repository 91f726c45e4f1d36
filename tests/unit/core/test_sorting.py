"""By what a column is sorted: found from its cells, as people write numbers and dates."""

import pytest

from demos_py.core.markdown import sorting


@pytest.mark.parametrize(
    "cell, value",
    [
        ("0", 0),
        ("1,500,000", 1_500_000),
        ("−2", -2),
        ("-2.5", -2.5),
        ("$0.25 per call", 0.25),
        ("€1,000", 1000),
        ("about 5", None),
        ("≈5", 5),
        ("< 3 ms", 3),
        ("99.9%", 99.9),
        ("128K", 128_000),
        ("1.5 million tokens", 1_500_000),
        ("7B", 7e9),
        ("80 GB", 80e9),
        ("128 KiB", 131_072),
        ("1 to 5", None),
        ("1; 0 to 2", None),
        ("1,23", None),
        ("Tier 2", None),
        ("2026-11-22", None),
        ("", None),
        ("unknown", None),
    ],
)
def test_numbers(cell: str, value: float | None) -> None:
    assert sorting.number(cell) == value


def test_dates_grow() -> None:
    written = ["2025", "2025-03", "2025-03-01", "2025-03-02", "2025-12", "2026-01-01"]
    days = [sorting.day(cell) for cell in written]
    assert None not in days and days == sorted(set(days), key=str)
    assert sorting.day("March 2025") is None and sorting.day("2025-3-1") is None


@pytest.mark.parametrize(
    "cells, keys",
    [
        (["1,000", "by model", "50", "unknown"], [1000, None, 50, None]),
        (["1", "two", "three"], None),
        (["5", "none"], None),  # not more than half
        (["5", "unknown", "–"], [5, None, None]),  # of those that say something
        (["2024-11-05", "2025-03", "later"], [20241105, 20250300, None]),
        (["2024", "2025"], [2024, 2025]),
        (["unknown"], None),
        (["a", "b"], None),
    ],
)
def test_a_column_is_of_what_most_cells_are(cells: list[str], keys: list[float | None] | None) -> None:
    assert sorting.keys(cells) == keys
