"""The figures of the built site, and what CPython says that each of them must show."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from itertools import count
from typing import Any

import pytest

from demos_py.core import bridge, params
from demos_py.core.demo import Demo, find, finished
from tests.browser.serving import site_folder

FIGURE = re.compile(r'<figure class="cw-fig"[^>]*>')
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
NUMBER = re.compile(r"\d+(?:\.\d+)?")
BUTTON = re.compile(r"<button [^>]*data-event[^>]*>")
SAMPLING = "production/sampling/"
RESULTS = ("drawing", "notices", "reading", "table")
# One figure of each kind: bars, a chart that Plotly owns, a model, data from a package, a grid, one that moves.
IN_EVERY_ENGINE = {
    "sampling/distribution",
    "sampling/draws",
    "sampling/vocabulary",
    "anatomy/tokenize",
    "transformer/forward-pass",
    "rate-limits/aimd",
}
# Everything in every engine and setting: `make matrix`. Over http every figure is met anyway (test_live.py).
EVERY = "CUTAWAY_MATRIX" in os.environ
SETTINGS = ("disk", "kept", "frame", *(["http"] if EVERY else []))
Parts = dict[str, str]
_keys = count()
# what CPython says is the moment itself, however slow the machine
bridge.OPENING = bridge.SLICE = 1000


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in ATTRIBUTE.findall(tag)}


@dataclass(frozen=True)
class Figure:
    """A figure as it stands on a page: `page` is the address below the site's, `preset` its query."""

    page: str
    uid: str
    demo: Demo
    preset: str

    def __str__(self) -> str:
        return self.uid

    @property
    def css(self) -> str:
        """A selector of its `figure` element."""
        return f'figure[data-uid="{self.uid}"]'

    @property
    def base(self) -> Any:
        """The parameters that it begins with."""
        values, problems = params.from_query(self.demo.params(), self.preset)
        assert not problems
        return values

    def control(self, name: str) -> str:
        """A selector of the control of a parameter; of the first, where it has many."""
        return f'{self.css} [name="{name}"]'

    def button(self, event: str, value: str) -> str:
        """A selector of the button that sends this event."""
        return f'{self.css} button[data-event="{event}"][value="{value}"]'

    def buttons(self) -> list[tuple[str, str]]:
        """The event and the value of each button that can be pressed at first."""
        html = "".join(Twin(self).parts.values())
        tags = [_attributes(tag) for tag in BUTTON.findall(html)]
        return [(tag["data-event"], tag["value"]) for tag in tags if tag.get("aria-disabled") != "true"]


class Twin:
    """The same figure, run by CPython: it takes what the page's figure takes, and gives what it must show."""

    def __init__(
        self, figure: Figure, link: str = "", lock: Sequence[str] = (), files: Parts | None = None
    ) -> None:
        self.figure = figure
        self._key = f"twin-{next(_keys)}"
        self.parts: Parts = {}
        self.link = ""
        more = {"files": files} if files else {}
        opening = {"uid": figure.uid, "demo": figure.demo.id, "preset": figure.preset}
        self._ask(type="open", **opening, link=link, lock=list(lock), **more)

    def _ask(self, **request: Any) -> Parts:
        answer = json.loads(finished(bridge.answer(json.dumps({"key": self._key, **request}))))
        assert "error" not in answer, answer["error"]
        self.parts, self.link, self.charts = answer["parts"], answer["link"], answer["charts"]
        return self.parts

    def change(self, values: dict[str, list[str]]) -> Parts:
        """What must be shown after the form has come to hold these values."""
        return self._ask(type="change", values=values)

    def press(self, event: str, value: str) -> Parts:
        """What must be shown after a button."""
        return self._ask(type="event", name=event, value=value)

    def holds_value(self, name: str) -> Any:
        """The value of a parameter as it is now."""
        return getattr(bridge.figures[self._key].params, name)

    def holds(self, values: dict[str, list[str]]) -> None:
        """Assert that a form with these values stands for the parameters as they are now.

        Strings are not compared: a browser's slider turns "1.00" into "1".
        """
        found, problems = params.read(self.figure.base, values)
        assert not problems
        assert found == bridge.figures[self._key].params


def same(figure: Figure, one: str, other: str) -> bool:
    """Whether two renderings are equal; of a figure with a model, equal but for the last digit shown."""
    if not figure.demo.waits:
        return one == other
    numbers = [[float(number) for number in NUMBER.findall(html)] for html in (one, other)]
    return NUMBER.split(one) == NUMBER.split(other) and numbers[0] == pytest.approx(numbers[1], abs=0.101)


def results(parts: Parts) -> Parts:
    """The parts that are not the controls."""
    return {name: parts[name] for name in RESULTS}


def _placed() -> list[Figure]:
    site = site_folder()
    found = []
    for path in sorted(site.rglob("index.html")):
        page = path.parent.relative_to(site).as_posix() + "/"
        if page.startswith("embed/") or page == "./":  # alone, and borrowed: each stands in its chapter
            continue
        for tag in FIGURE.findall(path.read_text("utf-8")):
            given = _attributes(tag)
            if " data-again" in tag:  # tested where its own place is
                continue
            found.append(Figure(page, given["data-uid"], find(given["data-demo"]), given["data-preset"]))
    return found


PLACED = _placed()


def figure_of(demo_id: str) -> Figure:
    """The first figure of a demo that the site holds."""
    return next(figure for figure in PLACED if figure.demo.id == demo_id)
