"""The same figures in each setting, in three engines: over http, from disk, kept, in a frame of another site.

`make test` takes each engine with each setting, and one figure of each kind with each setting; over http in Chromium it
takes every figure (test_live.py). `make matrix` takes every figure everywhere, each chapter from one start of Python.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Request

from tests.browser import shown
from tests.browser.changes import change_something
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.figures import EVERY, IN_EVERY_ENGINE, PLACED, SETTINGS, Figure, Twin
from tests.browser.keeping import keep
from tests.browser.serving import Site, hang_up
from wasm.disk import FOLDER
from wasm.embeds import snippet

FIGURES = [figure for figure in PLACED if EVERY or figure.demo.id in IN_EVERY_ENGINE]
OWN = ("file:", "data:", "blob:")


@dataclass
class Place:
    """An engine in a setting. `address` says where a figure is read there."""

    driver: Driver
    address: Callable[[Figure], str]
    framed: bool = False
    here: str = ""

    def go(self, figure: Figure) -> Twin:
        """Go to a figure, wait until it is live, set it back; gives its twin in CPython."""
        address = self.address(figure)
        if address != self.here:
            self.leave()
            self.driver.open(address)
            if self.framed:
                self.driver.enter("iframe")
            self.here = address
        shown.go_live(self.driver, figure)
        return shown.reset(self.driver, figure)

    def leave(self) -> None:
        """Assert that nothing went wrong on the page that is left."""
        if self.here:
            assert self.driver.complaints() == []


def on_disk(page: str) -> str:
    """The address of a page of the copy that is read from disk."""
    path = FOLDER / page / "index.html"
    assert path.is_file(), f"{path} is missing: run `make offline` first"
    return path.as_uri()


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Iterator[Driver]:
    """A browser that has seen nothing."""
    reader = fresh(request.param, browsers)
    yield reader
    reader.close()


@pytest.fixture(scope="module", params=SETTINGS)
def place(
    request: pytest.FixtureRequest, driver: Driver, site: Site, elsewhere: Callable[[str], str]
) -> Iterator[Place]:
    """That browser in a setting; what a page from disk asks for must lie on the disk."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page = driver.page.context if isinstance(driver, PlaywrightDriver) else None
    if request.param == "disk":
        found = Place(driver, lambda figure: on_disk(figure.page))
        if page:
            page.on("request", note)
    elif request.param == "kept":
        driver.open(site.home)
        if not driver.run("return 'serviceWorker' in navigator"):
            pytest.skip("this engine, as it is driven here, has no service worker")
        keep(driver, site, FIGURES[0].page, "book")
        found = Place(driver, lambda figure: site.home + figure.page)
        with site.trouble("", hang_up):
            yield found
        return
    elif request.param == "frame":
        found = Place(
            driver,
            lambda figure: elsewhere(snippet(f"{site.home}embed/{figure.demo.id}/", "A figure", 900)),
            framed=True,
        )
    else:
        found = Place(driver, lambda figure: site.home + figure.page)
    yield found
    found.leave()
    if page and request.param == "disk":
        page.remove_listener("request", note)
        assert [address for address in asked if not address.startswith(OWN)] == []


@pytest.mark.parametrize("figure", FIGURES, ids=str)
def test_opens_and_changes(place: Place, figure: Figure) -> None:
    twin = place.go(figure)
    change_something(place.driver, figure, twin)


def test_search_and_permalinks_from_disk(driver: Driver) -> None:
    driver.open(on_disk(""))
    wait_for(driver, "return document.readyState === 'complete'")
    driver.run("document.querySelector('[for=__search].md-header__button').click()")
    driver.run("document.querySelector('[data-md-component=search-query]').focus()")
    driver.fill("[data-md-component=search-query]", "speculative")
    found = "return [...document.querySelectorAll('.md-search-result__link')].map((link) => link.href)"
    results = wait_for(
        driver, f"{found}.find((link) => link.includes('speculative-decoding'))", what="a result"
    )
    assert results.startswith(on_disk("serving/speculative-decoding")), results

    figure = next(figure for figure in PLACED if figure.demo.id == "sampling/distribution")
    query = "v=1&temperature=2"
    driver.open(f"{on_disk(figure.page)}?figure={figure.uid}&{query}#{figure.uid}")
    shown.wait_until(driver, figure, "live")
    twin = Twin(figure, query)
    shown.expect_shown(driver, figure, twin.parts)
    twin.holds(shown.values(driver, figure))
    assert driver.complaints() == []
