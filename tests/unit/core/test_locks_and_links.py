"""Locked parameters keep their values whatever the page sends; a bad link never gives anything but a figure."""

import json
import random
import string
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
import strategies

from demos_py.core import bridge, params
from demos_py.core.demo import find, finished
from demos_py.core.render import PARTS

LINKS = 1000
PIECES = [
    "v=1", "v=2", "v=", "v=1&v=1", "temperature=", "temperature=nan", "temperature=1e999", "temperature=-0",
    "n=99999999999999999999", "seed=%00", "text=%F0%9F%92%A9", "text=%ff%fe", "log=", "log=5", "log=-1",
    "log=9999999999", "log=3:press~x", "log=1,2,3", "log=~~~", "__class__=1", "<script>alert(1)</script>=1",
    "text=</textarea><img src=x onerror=alert(1)>", "order=", "order=a&order=b", "%", "%zz", "&&&", "=", "?", "#",
]  # fmt: skip
ACTIVE = {"script", "iframe", "img", "object", "embed", "link", "style", "base", "meta"}


@pytest.fixture(autouse=True)
def no_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge.figures.clear()
    for slice_of_time in ("OPENING", "SLICE"):
        monkeypatch.setattr(bridge, slice_of_time, 0.05)


def ask(**request: Any) -> dict[str, Any]:
    return json.loads(finished(bridge.answer(json.dumps({"key": "k"} | request))))


class Active(HTMLParser):
    """Notes every element and attribute that could run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ACTIVE:
            self.found.append(tag)
        self.found += [name for name, _ in attrs if name.startswith("on") or name in ("src", "srcdoc")]


def links() -> list[tuple[str, str]]:
    """Demos and queries: bad pieces, halves of good ones, noise."""
    chance = random.Random(20)
    demos = list(strategies.DEMOS)
    made = []
    for _ in range(LINKS):
        demo = chance.choice(demos)
        names = list(params.controls(find(demo).params))
        parts = chance.choices(PIECES, k=chance.randrange(4))
        for name in chance.sample(names, min(len(names), chance.randrange(3))):
            noise = "".join(chance.choices(string.printable, k=chance.randrange(12)))
            value = chance.choice([noise, str(chance.randrange(-9, 99999)), "", "nan", "[]", "1" * 400])
            parts.append(f"{name}={quote(value) if chance.random() < 0.7 else value}")
        chance.shuffle(parts)
        made.append((demo, "&".join(parts)[: chance.choice([10_000, 10_000, 20])]))
    return made


@pytest.mark.slow
def test_a_thousand_bad_links_give_a_figure_each() -> None:
    for demo, link in links():
        reply = ask(type="open", uid="u", demo=demo, preset="", link=link)
        assert "error" not in reply, (demo, link, reply)
        assert set(reply["parts"]) == set(PARTS)
        active = Active()
        active.feed("".join(reply["parts"].values()))
        assert active.found == [], (demo, link)
        # and the link that it gives is a good one; how far a figure that moves comes in a slice is the machine's
        if find(demo).moves:
            continue
        again = ask(type="open", uid="u", demo=demo, preset="", link=reply["link"])
        assert again["link"] == reply["link"]


def begin(lock: list[str], link: str = "v=1&temperature=0.5") -> dict[str, Any]:
    return ask(type="open", uid="u", demo="sampling/distribution", preset="", link=link, lock=lock)


def test_a_locked_control_keeps_its_value() -> None:
    reply = begin(["temperature"])
    assert reply["parts"]["controls"].count('<fieldset class="cw-locked" disabled>') == 1
    values = params.write(bridge.figures["k"].params)
    changed = ask(type="change", values=values | {"temperature": ["2"], "top_k": ["3"]})
    assert bridge.figures["k"].params.temperature == 0.5 and bridge.figures["k"].params.top_k == 3
    assert changed["parts"]["notices"].strip() == ""


def test_a_button_does_not_get_past_a_lock() -> None:
    begin(["temperature"])
    ask(type="event", name="preset", value="extract")
    free = bridge.figures["k"].params
    begin([])
    ask(type="event", name="preset", value="extract")
    wanted = bridge.figures["k"].params
    assert wanted.temperature != 0.5 and free.temperature == 0.5
    assert {name: getattr(free, name) for name in params.controls(free) if name != "temperature"} == {
        name: getattr(wanted, name) for name in params.controls(wanted) if name != "temperature"
    }


def test_a_lock_of_nothing_is_said() -> None:
    reply = begin(["nothing", "temperature"])
    assert "“nothing” is no control of this figure and cannot be locked" in reply["parts"]["notices"]
    assert "“temperature”" not in reply["parts"]["notices"]
