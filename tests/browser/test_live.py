"""In three engines: each figure goes live, each control and button gives what CPython gives, Reset undoes it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from demos_py.core import params
from demos_py.core.demo import ids
from tests.browser import shown
from tests.browser.changes import change_control, ends, press_button
from tests.browser.drivers import ENGINES, Driver, fresh, wait_for
from tests.browser.figures import PLACED, Figure, Twin
from tests.browser.serving import Site

FOLLOW = """
const link = [...document.querySelectorAll("a[href]")].find((link) => link.href === arguments[0]);
link.click();
"""


CONTROLS = [(figure, name) for figure in PLACED for name in params.controls(figure.demo.params)]
BUTTONS = [(figure, event, value) for figure in PLACED for event, value in ends(figure.buttons())]


@pytest.fixture(scope="module", params=ENGINES)
def driver(
    request: pytest.FixtureRequest, browsers: Callable[[str], Browser], site: Site
) -> Iterator[Driver]:
    """A browser on the front page: one visit for this file, so Python starts once in each engine."""
    site.refused.clear()
    site.asked.clear()
    visit = fresh(request.param, browsers)
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
    change_control(driver, figure, go(figure), name)


@pytest.mark.parametrize("figure, event, value", BUTTONS, ids=str)
def test_button_does_what_it_does_in_cpython(
    driver: Driver, go: Callable[[Figure], Twin], figure: Figure, event: str, value: str
) -> None:
    press_button(driver, figure, go(figure), event, value)


def test_nothing_went_wrong_in_all_this(driver: Driver, site: Site) -> None:
    assert driver.complaints() == []
    assert site.refused == []


def test_python_was_fetched_once(driver: Driver, site: Site) -> None:
    assert site.times_asked("pyodide.asm.wasm") == 1
