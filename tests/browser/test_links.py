"""A figure's link gives the figure back; a bad one says what is wrong with it; a link in the prose sets it."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import PLACED, SAMPLING, Figure, Twin, figure_of
from tests.browser.serving import Site

DISTRIBUTION = figure_of("sampling/distribution")
ORDER = figure_of("sampling/order-matters")
COPIED = "return document.querySelector(arguments[0]).textContent === 'Copied'"
SET_LINKS = "return [...document.querySelectorAll('a.cw-set-link')].map((link) => link.getAttribute('href'))"


def change_distribution(reader: PlaywrightDriver) -> None:
    reader.press(DISTRIBUTION.control("temperature"), "End")
    reader.page.locator(DISTRIBUTION.control("text")).fill("the & <the> = 100% 👩‍👩‍👧 + باريس #?\nthe")


def change_order(reader: PlaywrightDriver) -> None:
    reader.click(ORDER.button("move", f"{ORDER.base.order[0]}:1"))
    reader.press(ORDER.control("top_k"), "Home")


@pytest.mark.parametrize(
    "figure, change", [(DISTRIBUTION, change_distribution), (ORDER, change_order)], ids=["sliders", "order"]
)
def test_copied_link_gives_the_figure(
    chapter: PlaywrightDriver,
    reader: PlaywrightDriver,
    figure: Figure,
    change: Callable[[PlaywrightDriver], None],
) -> None:
    shown.reset(chapter, figure)
    change(chapter)
    twin = Twin(figure)
    shown.expect_shown(chapter, figure, twin.change(shown.values(chapter, figure)))
    chapter.click(f"{figure.css} [data-action=link]")
    wait_for(chapter, COPIED, f"{figure.css} [data-said]", what="the link being copied")
    link = chapter.run("return navigator.clipboard.readText()")
    assert chapter.page.url == link
    reader.open(link)
    shown.wait_until(reader, figure, "live")
    shown.expect_shown(reader, figure, twin.parts)
    twin.holds(shown.values(reader, figure))


def test_bad_link_says_so(reader: PlaywrightDriver, site: Site) -> None:
    query = "v=1&unknown=1&temperature=9&top_k=3"
    reader.open(f"{site.home}{SAMPLING}?figure={DISTRIBUTION.uid}&{query}")
    shown.wait_until(reader, DISTRIBUTION, "live")
    twin = Twin(DISTRIBUTION, link=query)
    shown.expect_shown(reader, DISTRIBUTION, twin.parts)
    notices = shown.text(reader, DISTRIBUTION, "notices")
    assert "“unknown” is no parameter" in notices
    assert "Temperature takes a number from 0 to 2" in notices
    values = shown.values(reader, DISTRIBUTION)
    assert values["temperature"] == ["1"]
    assert values["top_k"] == ["3"]


def figure_and_query(href: str) -> tuple[Figure, str]:
    """The figure that a link of the prose sets, and what it sets."""
    query = parse_qs(urlsplit(href).query, keep_blank_values=True)
    [uid] = query.pop("figure")
    figure = next(figure for figure in PLACED if figure.page == SAMPLING and figure.uid == uid)
    return figure, urlencode(query, doseq=True)


def open_folds(link: Locator) -> None:
    """Open the folds that hide a link."""
    for fold in link.locator("xpath=ancestor::details[not(@open)]").all():
        fold.locator("> summary").click()


def test_set_links_set_their_figures(chapter: PlaywrightDriver) -> None:
    hrefs = chapter.run(SET_LINKS)
    assert hrefs
    chapter.run("window.sameLoad = true")
    for at, href in enumerate(hrefs):
        figure, query = figure_and_query(href)
        shown.reset(chapter, figure)
        link = chapter.page.locator("a.cw-set-link").nth(at)
        open_folds(link)
        link.click()
        twin = Twin(figure, link=query)
        shown.expect_shown(chapter, figure, twin.parts)
        twin.holds(shown.values(chapter, figure))
        box = chapter.page.locator(figure.css).bounding_box()
        assert box and box["y"] < chapter.page.viewport_size["height"] and box["y"] + box["height"] > 0
    assert chapter.run("return window.sameLoad")


def test_set_links_lead_to_the_figure_without_a_script(
    new_reader: Callable[..., PlaywrightDriver], site: Site
) -> None:
    reader = new_reader(java_script_enabled=False)
    reader.open(site.home + SAMPLING)
    links = reader.page.locator("a.cw-set-link")
    assert links.count()
    for at in range(links.count()):
        figure, _ = figure_and_query(links.nth(at).get_attribute("href") or "")
        open_folds(links.nth(at))
        links.nth(at).click()
        assert reader.page.locator(":target").get_attribute("id") == figure.uid
        assert reader.page.locator(f"cutaway-figure:has({figure.css})").count() == 1
    reader.close()
