"""A newer edition is published while a page of this one is open, or kept by the browser: what the reader sees then."""

import re

import pytest
from playwright.sync_api import Request, Route

from tests.browser import shown
from tests.browser.drivers import PATIENCE, PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, figure_of
from tests.browser.serving import Site

FIGURE = figure_of("sampling/distribution")
DRAWS = figure_of("sampling/draws")
EDITION = re.compile(r'(<meta name="cutaway-edition" content=")[0-9a-f]+')
SHEET = re.compile(r"assets/cutaway/[0-9a-f]+/book\.css")
NEWER = "return document.querySelector(`${arguments[0]} .cw-newer`)?.textContent ?? ''"
FAILED = "return document.querySelector(`${arguments[0]} [data-failure]`).textContent"
STYLED = "return getComputedStyle(document.body).getPropertyValue('--cw-1').trim() !== ''"


def another_edition(route: Route) -> None:
    """The page as a build with other scripts would have written it."""
    body = EDITION.sub(r"\g<1>0123456789abcdef", route.fetch().text())
    route.fulfill(body=body, content_type="text/html")


def gone(route: Route) -> None:
    """A file that went with its edition."""
    route.fulfill(status=404, body="no such file", content_type="text/html")


def publish_after_the_first_load(reader: PlaywrightDriver) -> None:
    """Once its page is open, the chapter's address has another edition."""
    reader.page.route(f"**/{SAMPLING}", another_edition)
    reader.page.route(f"**/{SAMPLING}", lambda route: route.continue_(), times=1)


def asks_again(request: Request) -> bool:
    """Whether a page that is open asks what edition its address has now."""
    return request.url.endswith(SAMPLING) and request.resource_type == "fetch"


def loads(reader: PlaywrightDriver) -> list[str]:
    """The addresses of the whole pages that the reader's browser loads from now on."""
    found: list[str] = []
    reader.page.on("domcontentloaded", lambda page: found.append(page.url))
    return found


@pytest.mark.parametrize("part", ["worker.js", "numpy.tar.gz"])
def test_what_a_figure_needs_is_gone(reader: PlaywrightDriver, site: Site, part: str) -> None:
    # before the page, as its first figure may be in sight
    reader.page.route(f"**/{part}", gone)
    publish_after_the_first_load(reader)
    reader.open(site.home + SAMPLING)
    shown.scroll_to(reader, FIGURE)
    said = wait_for(reader, NEWER, FIGURE.css, what="the newer edition being told")
    assert "A newer edition of this book is here." in said and "Reload" in said
    assert shown.state(reader, FIGURE) == "failed"
    assert not reader.run(
        "return document.querySelector(`${arguments[0]} [data-action=retry]`).checkVisibility()", FIGURE.css
    )
    # the newer edition has all that it needs
    reader.page.unroute_all()
    found = loads(reader)
    with reader.page.expect_event("domcontentloaded"):
        reader.click(f"{FIGURE.css} [data-action=reload]")
    shown.go_live(reader, FIGURE)
    assert found == [site.home + SAMPLING]
    assert reader.run("return window.notes.violations") == []


def test_a_chart_says_that_plotly_is_gone(reader: PlaywrightDriver, site: Site) -> None:
    reader.page.route("**/plotly*", gone)
    publish_after_the_first_load(reader)
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, DRAWS)
    wait_for(reader, NEWER, DRAWS.css, what="the newer edition being told")
    assert shown.state(reader, DRAWS) == "live"


def test_a_missing_file_of_the_same_edition_is_a_failure_as_ever(
    reader: PlaywrightDriver, site: Site
) -> None:
    reader.page.route("**/numpy.tar.gz", gone)
    with reader.page.expect_request_finished(asks_again, timeout=1000 * PATIENCE):
        reader.open(site.home + SAMPLING)
        shown.scroll_to(reader, FIGURE)
        shown.wait_until(reader, FIGURE, "failed")
    reader.page.wait_for_timeout(500)  # for the page to read the answer, and to say what it would
    assert "the server answered 404" in reader.run(FAILED, FIGURE.css)
    assert reader.run(NEWER, FIGURE.css) == ""


def test_instant_navigation_into_another_edition_loads_the_page(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home)
    reader.run("window.sameLoad = true")
    reader.page.route("**/glossary/", another_edition)
    found = loads(reader)
    with reader.page.expect_event("domcontentloaded"):
        reader.page.locator("a[href$='glossary/']:visible").first.click()
    assert reader.run("return window.sameLoad ?? null") is None
    assert found == [f"{site.home}glossary/"]
    assert reader.run("return document.querySelector('h1').textContent").startswith("Glossary")
    # and on, within that edition, without another
    reader.page.route(f"**/{SAMPLING}", another_edition)
    reader.page.locator(f"a[href$='{SAMPLING}']:visible").first.click()
    wait_for(reader, "return location.pathname.endsWith(arguments[0])", SAMPLING)
    shown.go_live(reader, FIGURE)
    assert len(found) == 1


@pytest.mark.parametrize("newer", [True, False])
def test_a_page_that_was_kept_too_long(reader: PlaywrightDriver, site: Site, newer: bool) -> None:
    """Its style sheet is gone; where the address has a newer edition, it loads that one, and otherwise nothing."""
    asked: list[str] = []

    def kept(route: Route) -> None:
        asked.append(route.request.resource_type)
        if len(asked) == 1 or not newer:
            body = SHEET.sub("assets/cutaway/000000000000/book.css", route.fetch().text())
            route.fulfill(body=EDITION.sub(r"\g<1>0123456789abcdef", body), content_type="text/html")
        else:
            route.continue_()

    reader.page.route(f"**/{SAMPLING}", kept)
    reader.open(site.home + SAMPLING)
    if newer:
        wait_for(reader, STYLED, what="the newer edition")
    else:
        wait_for(reader, "return document.readyState === 'complete'")
        reader.page.wait_for_timeout(500)
    assert len(asked) == (3 if newer else 2), asked
    assert reader.run(STYLED) == newer
