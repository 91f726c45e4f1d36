"""The formulas of the pages, set by KaTeX at build, so that they need no JavaScript."""

import html
import json
import re
from collections.abc import Iterable, Iterator

from wasm.assets import ROOT, run

# What pymdownx.arithmatex (generic) leaves of a formula: \(...\) in a line, \[...\] on a line of its own.
FORMULA = re.compile(
    r'(<(span|div) class="arithmatex">)(?:\\\((.*?)\\\)|\\\[(.*?)\\\])(</\2>)',
    re.DOTALL,
)
Formula = tuple[str, bool]  # TeX, and whether it stands on a line of its own


def formula_of(found: re.Match[str]) -> Formula:
    """The formula that `FORMULA` found."""
    display = found[3] is None
    return html.unescape(found[4] if display else found[3]).strip(), display


def formulas_in(page: str) -> Iterator[Formula]:
    """Every formula in a page's HTML."""
    yield from (formula_of(found) for found in FORMULA.finditer(page))


def rendered(wanted: Iterable[Formula]) -> dict[Formula, dict[str, str]]:
    """What KaTeX makes of each formula: its `html`, or its `error`."""
    order = sorted(wanted)
    if not order:
        return {}
    asked = json.dumps([{"tex": tex, "display": display} for tex, display in order])
    answers = json.loads(run("KaTeX does not start", ["node", ROOT / "wasm/katex.mjs"], stdin=asked))
    return dict(zip(order, answers, strict=True))
