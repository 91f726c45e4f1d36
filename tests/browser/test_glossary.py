"""A term's meaning shows beside the word: by pointer, keyboard and finger; the search leads to it."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.drivers import ENGINES, PlaywrightDriver, fresh, wait_for
from tests.browser.figures import SAMPLING
from tests.browser.serving import Site
from tests.browser.test_a11y import OPTIONS, WIDER

WORD = 'a.cw-gloss[href$="#logit"]'
NOTE = "#gloss-logit"
# not `:popover-open`, which an engine without it would take for a mistake
SHOWN = "const note = document.querySelector('#gloss-logit'); return note.matches(':popover-open') && note.checkVisibility()"
READY = "return customElements.get('cutaway-figure') !== undefined"
HIDDEN = "return !document.querySelector('.cw-gloss-note:popover-open')"
SEARCHED = """
return [...document.querySelectorAll('.md-search-result__item')].map((item) =>
  [...item.querySelectorAll('a')].map((link) => decodeURI(link.href.replace(/\\?h=[^#]*/, ''))));
"""


def test_a_resting_pointer_shows_it_and_may_enter_it(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + SAMPLING)
    word, note = reader.page.locator(WORD), reader.page.locator(NOTE)
    expect(note).to_be_hidden()
    word.hover()
    wait_for(reader, SHOWN)
    at, of = note.bounding_box(), word.bounding_box()
    assert at and of and at["y"] >= of["y"] + of["height"] and at["x"] == pytest.approx(of["x"], abs=1)
    assert "before any probability exists" in note.inner_text()
    note.hover()
    reader.page.wait_for_timeout(500)
    assert reader.run(SHOWN)
    reader.page.keyboard.press("Escape")
    assert reader.run(HIDDEN)
    # a pointer that passes over a word shows nothing, and one that has left it lets it go
    word.hover()
    reader.page.mouse.move(5, 400)
    reader.page.wait_for_timeout(500)
    assert reader.run(HIDDEN)
    word.hover()
    wait_for(reader, SHOWN)
    reader.page.mouse.move(5, 400)
    wait_for(reader, HIDDEN)
    assert reader.complaints() == []


@pytest.mark.parametrize("engine", ENGINES)
def test_the_focus_shows_it_and_escape_hides_it(
    engine: str, browsers: Callable[[str], Browser], site: Site
) -> None:
    driver = fresh(engine, browsers)
    driver.open(site.home + SAMPLING)
    wait_for(driver, READY, what="the page's script")
    driver.run("document.querySelector(arguments[0]).focus()", WORD)
    wait_for(driver, SHOWN)
    driver.press(WORD, "Escape")
    wait_for(driver, HIDDEN)
    assert driver.run("return document.activeElement.matches(arguments[0])", WORD)
    driver.run("document.activeElement.blur(); document.querySelector(arguments[0]).focus()", WORD)
    wait_for(driver, SHOWN)
    driver.run("document.activeElement.blur()")
    wait_for(driver, HIDDEN)
    driver.close()


def test_a_finger_shows_it_and_then_follows(new_reader: Callable[..., PlaywrightDriver], site: Site) -> None:
    reader = new_reader(has_touch=True, viewport={"width": 320, "height": 700})
    reader.open(site.home + SAMPLING)
    wait_for(reader, READY, what="the page's script")
    reader.page.locator(WORD).tap()
    assert reader.run(SHOWN) and reader.page.url == site.home + SAMPLING
    assert reader.run(WIDER) == []
    reader.page.locator("h1").tap()
    assert reader.run(HIDDEN)
    reader.page.locator(WORD).tap()
    reader.page.locator(WORD).tap()
    reader.page.wait_for_url("**/glossary/#logit")
    # the next chapter, in place of this page, has its own
    reader.page.go_back()
    reader.page.wait_for_url("**/sampling/**")
    reader.page.locator(WORD).tap()
    wait_for(reader, SHOWN)
    assert reader.complaints() == []
    reader.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_axe_finds_nothing_while_it_is_open(
    new_reader: Callable[..., PlaywrightDriver], site: Site, scheme: str, width: int
) -> None:
    reader = new_reader(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 700}
    )
    reader.open(site.home + "reference/terms/")
    wait_for(reader, READY, what="the page's script")
    reader.run("document.querySelector(arguments[0]).focus()", WORD)
    wait_for(reader, SHOWN)
    found = Axe().run(reader.page, options=OPTIONS).response["violations"]
    assert not found, [(rule["id"], node["target"]) for rule in found for node in rule["nodes"]]
    assert reader.run(WIDER) == []
    reader.close()


def test_without_a_script_and_on_paper_it_is_a_word(
    new_reader: Callable[..., PlaywrightDriver], site: Site
) -> None:
    reader = new_reader(java_script_enabled=False)
    reader.open(site.home + SAMPLING)
    expect(reader.page.locator(NOTE)).to_be_hidden()
    expect(reader.page.locator(WORD)).to_have_accessible_description("Logit The number that a model gives a token before any probability exists. Only differences matter: add the same amount to every logit, and the softmax does not change.")  # fmt: skip
    reader.page.locator(WORD).click()
    reader.page.wait_for_url("**/glossary/#logit")
    expect(reader.page.locator("#logit")).to_be_in_viewport()
    reader.page.go_back()
    reader.page.emulate_media(media="print")
    expect(reader.page.locator(WORD)).to_have_css("text-decoration-line", "none")
    reader.close()


@pytest.fixture(scope="module")
def searcher(new_reader: Callable[..., PlaywrightDriver], site: Site) -> Iterator[PlaywrightDriver]:
    """The front page with its search open."""
    reader = new_reader()
    reader.open(site.home)
    reader.page.locator("[data-md-component=search-query]").click()
    yield reader
    reader.close()


@pytest.mark.parametrize(
    ("asked", "lead"),
    [
        ("logit", "glossary/#logit"),
        ("KV cache", "glossary/#kv-cache"),
        ("GQA", "glossary/#gqa"),
        ("Two logits, added up in different orders", "production/sampling/#sampling/seed-lie"),
        ("Next-token distribution", "production/sampling/#sampling/distribution"),
    ],
)
def test_the_search_leads_to_terms_and_figures(
    searcher: PlaywrightDriver, site: Site, asked: str, lead: str
) -> None:
    page = searcher.page
    page.locator("[data-md-component=search-query]").fill("")
    page.keyboard.type(asked)
    wait_for(
        searcher,
        SEARCHED.replace("return", "const found =", 1)
        + "return found.slice(0, 2).flat().includes(arguments[0])",
        site.home + lead,
        what=f"{lead} among the first two pages for “{asked}”",
    )
