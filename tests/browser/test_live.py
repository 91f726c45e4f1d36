"""In three engines: each figure goes live, each control and button gives what CPython gives, Reset undoes it."""

from collections.abc import Callable, Iterable, Iterator
from time import sleep

import pytest
from playwright.sync_api import Browser

from demos_py.core import params
from demos_py.core.demo import ids
from tests.browser import shown
from tests.browser.drivers import ENGINES, SIZE, Driver, PlaywrightDriver, WebKitDriver, wait_for
from tests.browser.figures import PLACED, Figure, Twin, results
from tests.browser.serving import Site

FOLLOW = """
const link = [...document.querySelectorAll("a[href]")].find((link) => link.href === arguments[0]);
link.click();
"""
OPEN_FOLD = """
const fold = document.querySelector(arguments[0]).closest("details");
if (fold && !fold.open) fold.querySelector("summary").click();
"""


def _ends(buttons: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first and the last button of each event: a row of 24 tokens is one kind of button."""
    values: dict[str, list[str]] = {}
    for event, value in buttons:
        values.setdefault(event, []).append(value)
    return [(event, value) for event, many in values.items() for value in dict.fromkeys((many[0], many[-1]))]


CONTROLS = [(figure, name) for figure in PLACED for name in params.controls(figure.demo.params)]
BUTTONS = [(figure, event, value) for figure in PLACED for event, value in _ends(figure.buttons())]


@pytest.fixture(scope="module", params=ENGINES)
def driver(
    request: pytest.FixtureRequest, browsers: Callable[[str], Browser], site: Site
) -> Iterator[Driver]:
    """A browser on the front page: one visit for this file, so Python starts once in each engine."""
    site.refused.clear()
    site.asked.clear()
    if request.param == "webkit":
        visit: Driver = WebKitDriver()
    else:
        context = browsers(request.param).new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
        visit = PlaywrightDriver(context.new_page())
    visit.open(site.home)
    yield visit
    visit.close()


@pytest.fixture
def go(driver: Driver, site: Site) -> Callable[[Figure], Twin]:
    """Goes to a figure by the links of the book, and sets it back; gives its twin in CPython."""

    def to(figure: Figure) -> Twin:
        if driver.run("return location.pathname") != f"/book/{figure.page}":
            driver.run(FOLLOW, site.home + figure.page)
            wait_for(
                driver,
                "return !!document.querySelector(arguments[0])",
                figure.css,
                what=f"the page of {figure}",
            )
        shown.go_live(driver, figure)
        return shown.reset(driver, figure)

    return to


def test_every_demo_stands_on_a_page() -> None:
    assert {figure.demo.id for figure in PLACED} == set(ids())


@pytest.mark.parametrize("figure", PLACED, ids=str)
def test_goes_live(driver: Driver, go: Callable[[Figure], Twin], figure: Figure) -> None:
    go(figure)
    assert shown.state(driver, figure) == "live"


@pytest.mark.parametrize("figure, name", CONTROLS, ids=str)
def test_control_changes_the_result(
    driver: Driver, go: Callable[[Figure], Twin], figure: Figure, name: str
) -> None:
    twin = go(figure)
    first, before = results(twin.parts), shown.values(driver, figure)
    set_otherwise(driver, figure, name)
    wait_for(driver, shown.OTHER_VALUES, figure.css, before, what=f"another value of {name}")
    wanted = twin.change(shown.values(driver, figure))
    assert results(wanted) != first
    shown.expect_shown(driver, figure, wanted)
    twin.holds(shown.values(driver, figure))


@pytest.mark.parametrize("figure, event, value", BUTTONS, ids=str)
def test_button_does_what_it_does_in_cpython(
    driver: Driver, go: Callable[[Figure], Twin], figure: Figure, event: str, value: str
) -> None:
    twin = go(figure)
    first, button = twin.parts, figure.button(event, value)
    if event == "measure":  # times are another machine's every time
        driver.click(button)
        reading = f"{figure.css} [data-part=reading]"
        for _ in range(300):
            if "Measured here" in driver.run(
                "return document.querySelector(arguments[0]).textContent", reading
            ):
                return
            sleep(0.1)
        pytest.fail("nothing was measured")
    wanted = twin.press(event, value)
    held = driver.run("return document.querySelector(arguments[0]).getAttribute('aria-pressed')", button)
    assert wanted != first or held == "true"
    driver.click(button)
    shown.expect_shown(driver, figure, wanted)
    twin.holds(shown.values(driver, figure))


def test_nothing_went_wrong_in_all_this(driver: Driver, site: Site) -> None:
    assert driver.complaints() == []
    assert site.refused == []


def test_python_was_fetched_once(driver: Driver, site: Site) -> None:
    assert site.times_asked("pyodide.asm.wasm") == 1


def set_otherwise(driver: Driver, figure: Figure, name: str) -> None:
    """Give a control another value by keyboard or mouse."""
    control, css = params.controls(figure.base)[name], figure.control(name)
    now = getattr(figure.base, name)
    driver.run(OPEN_FOLD, css)
    if isinstance(control, params.Slider):
        driver.press(css, "Home" if now == control.high else "End")
    elif isinstance(control, params.Numbers):
        driver.fill(css, control.show(control.low))
    elif isinstance(control, params.Number):
        driver.fill(css, control.show(control.high if now != control.high else control.low))
    elif isinstance(control, params.Text):
        driver.fill(css, "the the Lyon, France")
    elif isinstance(control, params.Choice):
        driver.choose(css, [option for option in control.options if option != now][-1])
    elif isinstance(control, params.Arrangement):
        driver.click(figure.button("move", f"{now[0]}:1"))
    else:
        raise TypeError(f"this test does not know how to set a {control.kind}")
