"""Whatever goes wrong, the figure says so in words, keeps what it shows, and starts again with what was set."""

import re
from collections.abc import Callable

import pytest

from tests.browser import shown
from tests.browser.drivers import Driver, PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, Figure, Twin, figure_of
from tests.browser.serving import Site, Trouble, flip, hang_up, stop_halfway, truncate

FIGURE = figure_of("sampling/distribution")
ORDER = figure_of("sampling/order-matters")
DRAWS = figure_of("sampling/draws")
DISABLED = """
return [...document.querySelectorAll(`${arguments[0]} .cw-body :is(input, textarea, select, button)`)]
  .map((control) => control.disabled);
"""
VISIBLE = "return document.querySelector(arguments[0]).checkVisibility()"
# Longer than any step of a start on a slow machine, so that only what hangs is taken for hung.
LIMIT = """
const set = () => (document.documentElement.dataset.cutawayLimit = "12000");
if (document.documentElement) set();
else new MutationObserver((_, all) => { set(); all.disconnect(); }).observe(document, { childList: true });
"""
# Spoils the next event on its way to Python: no string, where every demo may count on one.
SPOIL = """
const send = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message) {
  if (message.request?.type === "event" && window.spoil) message.request.value = null;
  send.call(this, message);
};
"""
MATRIX = pytest.mark.matrix
TROUBLES = [
    pytest.param("worker.js", hang_up, r"network went away", id="no-worker"),
    pytest.param(
        "pyodide.asm.mjs", hang_up, r"network went away|could not be fetched", id="no-module", marks=MATRIX
    ),
    pytest.param("pyodide.asm.wasm", hang_up, r"network went away", id="no-network"),
    pytest.param(
        "numpy", stop_halfway, r"stopped at [\d.]+ of [\d.]+ MB: the network went away", id="cut-off"
    ),
    pytest.param(
        "numpy", truncate, r"arrived damaged: [\d,]+ bytes of [\d,]+", id="truncated-wheel", marks=MATRIX
    ),
    pytest.param("numpy", flip, r"arrived damaged", id="corrupt-wheel", marks=MATRIX),
    pytest.param("pyodide.asm.wasm", flip, r"arrived damaged", id="corrupt-wasm"),
    pytest.param("pyodide.asm.mjs", truncate, r"arrived damaged", id="truncated-module", marks=MATRIX),
    pytest.param("python_stdlib.zip", truncate, r"arrived damaged", id="truncated-library"),
    pytest.param("python_stdlib.zip", hang_up, r"network went away", id="no-library", marks=MATRIX),
    pytest.param("book.tar.gz", flip, r"arrived damaged", id="corrupt-demos"),
    pytest.param(
        "book.tar.gz", stop_halfway, r"stopped at .* the network went away", id="cut-off-demos", marks=MATRIX
    ),
]


def message(driver: Driver, figure: Figure) -> str:
    """What a failed figure says."""
    wait_for(driver, VISIBLE, f"{figure.css} [data-failure]", what="the failure's message being seen")
    return driver.run(
        "return document.querySelector(arguments[0]).textContent", f"{figure.css} [data-failure]"
    )


def expect_failed(driver: Driver, figure: Figure, wanted: str, twin: Twin) -> None:
    """Assert that a figure has failed with these words, still drawn as its twin says, and its controls off."""
    shown.wait_until(driver, figure, "failed")
    assert re.search(wanted, message(driver, figure)), message(driver, figure)
    assert set(driver.run(DISABLED, figure.css)) == {True}
    shown.expect_shown(driver, figure, twin.parts)


def try_again(driver: Driver, figure: Figure, twin: Twin) -> None:
    """Press “Try again”; assert that the figure comes back with the values of its form."""
    values = shown.values(driver, figure)
    driver.click(f"{figure.css} [data-action=retry]")
    shown.wait_until(driver, figure, "live")
    shown.expect_shown(driver, figure, twin.change(values))
    twin.holds(shown.values(driver, figure))
    assert set(driver.run(DISABLED, figure.css)) == {False}


def fail_while_starting(reader: PlaywrightDriver, site: Site, part: str, how: Trouble, wanted: str) -> None:
    """A reader sets a slider while Python starts; it does not; then it does."""
    twin = Twin(FIGURE)
    with site.held(part, then=how) as release:
        reader.open(site.home + SAMPLING)
        shown.scroll_to(reader, FIGURE)
        shown.wait_until(reader, FIGURE, "starting")
        reader.press(FIGURE.control("temperature"), "End")
        release()
        expect_failed(reader, FIGURE, wanted, twin)
    try_again(reader, FIGURE, twin)
    assert float(shown.values(reader, FIGURE)["temperature"][0]) == 2


@pytest.mark.parametrize("part, how, wanted", TROUBLES)
def test_start_fails(reader: PlaywrightDriver, site: Site, part: str, how: Trouble, wanted: str) -> None:
    fail_while_starting(reader, site, part, how, wanted)


def test_start_fails_in_firefox(new_reader: Callable[..., PlaywrightDriver], site: Site) -> None:
    reader = new_reader("firefox")
    fail_while_starting(reader, site, "numpy", stop_halfway, "stopped at .* the network went away")
    reader.close()


def test_worker_hangs(reader: PlaywrightDriver, site: Site) -> None:
    reader.page.add_init_script(LIMIT)
    with site.held("numpy"):
        reader.open(site.home + SAMPLING)
        shown.scroll_to(reader, FIGURE)
        twin = Twin(FIGURE)
        expect_failed(reader, FIGURE, "did not start: no sign of life for 12 seconds", twin)
    try_again(reader, FIGURE, twin)

    # and again, in the middle of a request
    reader.press(FIGURE.control("temperature"), "Home")
    shown.expect_shown(reader, FIGURE, twin.change(shown.values(reader, FIGURE)))
    worker = next(worker for worker in reader.page.workers if worker.url.endswith("/worker.js"))
    worker.evaluate("() => { setTimeout(() => { for (;;); }); }")
    reader.press(FIGURE.control("presence"), "End")
    expect_failed(reader, FIGURE, "stopped: no sign of life for 12 seconds", twin)
    try_again(reader, FIGURE, twin)
    assert shown.values(reader, FIGURE)["presence"] == ["2"]
    assert shown.values(reader, FIGURE)["temperature"] == ["0"]


def test_demo_raises(reader: PlaywrightDriver, site: Site) -> None:
    reader.page.add_init_script(SPOIL)
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, ORDER)
    shown.go_live(reader, FIGURE)
    twin = Twin(ORDER)
    move = ORDER.button("move", f"{ORDER.base.order[0]}:1")
    reader.run("window.spoil = true")
    reader.click(move)
    expect_failed(reader, ORDER, r"program stopped\. \w*Error in \w+\.py, line \d+", twin)
    assert shown.state(reader, FIGURE) == "live"
    reader.run("window.spoil = false")
    try_again(reader, ORDER, twin)
    reader.click(move)
    shown.expect_shown(reader, ORDER, twin.press("move", f"{ORDER.base.order[0]}:1"))


@pytest.mark.parametrize("how", [hang_up, flip], ids=["none", "corrupt"])
def test_without_plotly_the_chart_stays(reader: PlaywrightDriver, site: Site, how: Trouble) -> None:
    """The figure works; its chart is Python's own drawing, drawn anew at each change."""
    chart = f"{DRAWS.css} .cw-plot svg"
    drawn = "return document.querySelector(arguments[0]).outerHTML"
    with site.trouble("plotly", how):
        reader.open(site.home + SAMPLING)
        shown.go_live(reader, DRAWS)
        before = reader.run(drawn, chart)
        reader.press(DRAWS.control("temperature"), "End")
        twin = Twin(DRAWS)
        shown.expect_shown(reader, DRAWS, twin.change(shown.values(reader, DRAWS)))
        assert reader.run(VISIBLE, chart) and reader.run(drawn, chart) != before
        assert shown.state(reader, DRAWS) == "live"
