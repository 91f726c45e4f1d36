"""By what a column of words is sorted: by numbers, by dates, or by its words. Found from the cells themselves."""

from __future__ import annotations

import re

SILENT = ("unknown", "–", "—", "-")  # cells that say nothing
# a number as people write it: with a sign of money before it, marks of thousands, and a unit without digits after it
NUMBER = re.compile(
    r"[~≈<>≤≥]?\s*(?P<minus>[-−]?)[$€£¥]?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?\s?(?P<unit>[^\d]*)"
)
DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")
MULTIPLES = {
    **dict.fromkeys(("k", "K", "kB", "KB", "thousand"), 1e3),
    **dict.fromkeys(("M", "MB", "million"), 1e6),
    **dict.fromkeys(("B", "G", "GB", "billion"), 1e9),
    **dict.fromkeys(("T", "TB", "trillion"), 1e12),
    **{f"{prefix}iB": 1024.0**power for power, prefix in enumerate("KMGT", start=1)},
}


def number(cell: str) -> float | None:
    """The number that a cell is, in the unit without its multiple ("1.5 million tokens" is 1,500,000); None for words."""
    found = NUMBER.fullmatch(cell)
    if not found:
        return None
    value = float(found["digits"].replace(",", "") + (found["fraction"] or ""))
    multiple = MULTIPLES.get(found["unit"].partition(" ")[0], 1.0)
    return (-value if found["minus"] else value) * multiple


def day(cell: str) -> float | None:
    """A date, month or year in ISO 8601 as a number that grows with it, 20261122 for 2026-11-22; None for the rest."""
    return float(cell.replace("-", "").ljust(8, "0")) if DATE.fullmatch(cell) else None


def keys(cells: list[str]) -> list[float | None] | None:
    """What the cells of a column are sorted by, None for a cell without a place in the order; or None: by their words.

    A column is of numbers, or of dates, if more than half of the cells that say something are.
    """
    said = sum(cell not in SILENT for cell in cells)
    found = max(
        ([kind(cell) for cell in cells] for kind in (number, day)),
        key=lambda them: len(them) - them.count(None),
    )
    return found if 2 * (len(found) - found.count(None)) > said else None
