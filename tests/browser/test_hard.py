"""A slow line, a thousand bad links, back and forward: nothing hangs, and no script runs that is not the book's."""

import random
import string
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser

from tests.browser import shown
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh
from tests.browser.figures import Figure, Twin, figure_of
from tests.browser.serving import Site, trickle

FIGURE = figure_of("sampling/distribution")
ORDER = figure_of("sampling/order-matters")
STORM = figure_of("rate-limits/retry-storm")
VOCABULARY = figure_of("sampling/vocabulary")
# What a figure of text, one with a model, and one with a chart are made of.
MATRIX = pytest.mark.matrix
SLOW = [
    pytest.param("host.js", FIGURE),
    pytest.param("book.css", FIGURE, marks=MATRIX),
    pytest.param("worker.js", FIGURE, marks=MATRIX),
    pytest.param("pyodide.asm.mjs", FIGURE, marks=MATRIX),
    pytest.param("pyodide.asm.wasm", FIGURE),
    pytest.param("python_stdlib.zip", FIGURE, marks=MATRIX),
    pytest.param("book.tar.gz", FIGURE),
    pytest.param("numpy.tar.gz", FIGURE, marks=MATRIX),
    pytest.param("weights.bin", VOCABULARY),
    pytest.param(".woff2", FIGURE, marks=MATRIX),
]
SCRIPTS = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload=window.pwned=1>',
    "javascript:window.pwned=1",
    "{{ 7 * 7 }}{% raw %}",
    "</template><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "\u202e\u0000\ud7ff\ufeff",
    "9" * 400,
    "-0.0e999",
    "NaN",
    "../../etc/passwd",
    "__proto__",
)
# Sets a figure by one query after the other; each must be answered, and what it then says comes back.
SET_ALL = """
const [css, queries] = arguments;
const element = document.querySelector(css).closest("cutaway-figure");
const answered = () => new Promise((resolve, reject) => {
  const late = setTimeout(() => reject(new Error("no answer in five seconds")), 5000);
  element.addEventListener("cutaway:render", () => { clearTimeout(late); resolve(); }, { once: true });
});
return (async () => {
  const said = [];
  for (const query of queries) {
    const answer = answered();
    element.set(query);
    await answer;
    said.push(["reading", "notices"].map((part) => element.querySelector(`[data-part=${part}]`).textContent.trim()));
  }
  return said;
})();
"""


@pytest.mark.parametrize("part, figure", SLOW, ids=str)
def test_a_slow_file_is_waited_for(reader: PlaywrightDriver, site: Site, part: str, figure: Figure) -> None:
    """A file that takes two seconds keeps nothing from being read, nor from being live in the end."""
    with site.trouble(part, trickle):
        reader.page.goto(site.home + figure.page, wait_until="commit")
        shown.go_live(reader, figure)
        shown.expect_shown(reader, figure, Twin(figure).parts)
    assert any(part in path for path in site.asked), f"nothing asked for {part}"
    assert reader.complaints() == []


def queries(figure: Figure, count: int) -> Iterator[str]:
    """Links as somebody might make them who means no good, or has lost half of one; the same at each run."""
    chance = random.Random(figure.uid)
    names = [*figure.demo.params.__dataclass_fields__, "v", "t", "figure", "__proto__", "constructor"]
    letters = string.printable + "äß漢字🧠\u202e"
    for _ in range(count):
        pairs: list[tuple[str, str]] = []
        for _ in range(chance.randrange(1, 6)):
            name = chance.choice(names) if chance.random() < 0.8 else "".join(chance.choices(letters, k=5))
            value = (
                chance.choice(SCRIPTS)
                if chance.random() < 0.4
                else "".join(chance.choices(letters, k=chance.randrange(30)))
                if chance.random() < 0.6
                else str(chance.uniform(-5, 5))
            )
            pairs.append((name, value))
        query = urlencode(pairs)
        if chance.random() < 0.1:
            query = query[: chance.randrange(len(query) + 1)]  # cut off, perhaps within an escape
        yield query


@pytest.mark.parametrize("figure", [FIGURE, ORDER], ids=str)
def test_a_thousand_bad_links(chapter: PlaywrightDriver, figure: Figure) -> None:
    """Each is answered, as CPython answers it; none runs a script, and the figure is live after them all."""
    made = list(queries(figure, 500))
    said: list[Any] = []
    for at in range(0, len(made), 50):
        said += chapter.run(SET_ALL, figure.css, made[at : at + 50])
    assert chapter.run("return window.pwned ?? null") is None
    assert chapter.run("return document.querySelectorAll('.cw-fig :is(script, iframe, img)').length") == 0
    assert chapter.run("return window.notes.violations") == []
    as_text = "const box = document.createElement('template'); box.innerHTML = arguments[0]; return box.content.textContent.trim()"
    for query, found in list(zip(made, said, strict=True))[::10]:
        parts = Twin(figure, link=query).parts
        assert found == [chapter.run(as_text, parts[name]) for name in ("reading", "notices")], query
    assert any(notices for _, notices in said)
    shown.reset(chapter, figure)
    assert shown.state(chapter, figure) == "live"


@pytest.mark.parametrize("value", SCRIPTS, ids=range(len(SCRIPTS)))
def test_a_bad_address(reader: PlaywrightDriver, site: Site, value: str) -> None:
    """The same by the address itself: the page loads, the figure is live, and says what it did not take."""
    query = urlencode([("v", value), ("text", value), (value, value)])
    reader.open(f"{site.home}{FIGURE.page}?figure={quote(FIGURE.uid)}&{query}#{quote(value)}")
    shown.wait_until(reader, FIGURE, "live")
    shown.expect_shown(reader, FIGURE, Twin(FIGURE, link=query).parts)
    assert reader.run("return window.pwned ?? null") is None
    assert reader.run("return window.notes.violations") == []
    assert reader.complaints() == []


def turn(driver: Driver, key: str) -> None:
    """Press a key on the figure's first slider, and expect what it sets."""
    if isinstance(driver, PlaywrightDriver):
        # Playwright's own waits for a navigation to end, and Firefox does not tell it of a page that it had kept
        driver.run("document.querySelector(arguments[0]).focus()", FIGURE.control("temperature"))
        driver.page.keyboard.press(key)
    else:
        driver.press(FIGURE.control("temperature"), key)
    shown.expect_shown(driver, FIGURE, Twin(FIGURE).change(shown.values(driver, FIGURE)))


def go(driver: Driver, where: str, figure: Figure) -> None:
    """Go through the history, to a page with this figure, and wait until it is live."""
    driver.run(f"setTimeout(() => history.{where}())")
    time.sleep(0.3)  # a page that is just being left cannot be asked
    shown.go_live(driver, figure)


@pytest.mark.parametrize("engine", ENGINES)
def test_back_and_forward(browsers: Callable[[str], Browser], site: Site, engine: str) -> None:
    """Within the book, and out of it and back: each time the figure works."""
    driver = fresh(engine, browsers)
    try:
        driver.open(site.home + FIGURE.page)
        shown.go_live(driver, FIGURE)
        turn(driver, "End")
        follow = "[...document.links].find((link) => link.href === arguments[0]).click()"
        driver.run(follow, site.home + STORM.page)
        shown.go_live(driver, STORM)
        go(driver, "back", FIGURE)
        turn(driver, "End")
        go(driver, "forward", STORM)
        # out of the book, and back to a page that the browser may have kept as it was
        driver.open("about:blank")
        go(driver, "back", STORM)
        go(driver, "back", FIGURE)
        turn(driver, "Home")
        assert driver.complaints() == []
    finally:
        driver.close()
