"""What a reader does before Python is there, or faster than it answers, is kept; so is where the reader was."""

from collections.abc import Iterator

import pytest

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, Twin, figure_of
from tests.browser.serving import Site

FIGURE = figure_of("sampling/distribution")
DRAWS = figure_of("sampling/draws")
NOT_INTERPRETED = '</script><img src=x onerror="window.hit = 1"><b>bold</b> {{ 7 * 7 }} &amp;'
TEXTS = {
    "emoji": "Paris 👩‍👩‍👧‍👦🏳️‍🌈 France",
    "arabic": "باريس عاصمة فرنسا Paris",
    "markup": NOT_INTERPRETED,
    "10,000 characters": ("the France " * 1000)[:10_000],
    "control characters": "Paris\u0000\u200f\u202e\ufffe a",
}
BURST = """
const control = document.querySelector(arguments[0]);
const before = window.notes.renderings.length;
control.focus();
for (let i = 1; i <= 50; i++) {
  control.value = String(0.04 * i);
  control.dispatchEvent(new Event("input", { bubbles: true }));
}
return before;
"""
RENDERINGS = "return window.notes.renderings.length"


@pytest.fixture
def text_area(chapter: PlaywrightDriver) -> Iterator[PlaywrightDriver]:
    """The chapter, its first figure as at first."""
    shown.reset(chapter, FIGURE)
    yield chapter
    assert shown.state(chapter, FIGURE) == "live"
    assert chapter.complaints() == []


def test_change_while_python_starts_waits(reader: PlaywrightDriver, site: Site) -> None:
    twin = Twin(FIGURE)
    with site.held("pyodide.asm.wasm") as release:
        reader.open(site.home + SAMPLING)
        shown.scroll_to(reader, FIGURE)
        shown.wait_until(reader, FIGURE, "starting")
        reader.press(FIGURE.control("temperature"), "End")
        reader.press(FIGURE.control("top_k"), "Home")
        for name, value in (("temperature", "2"), ("top_k", "1")):
            wait = f'{FIGURE.css} [data-wait="{name}"]'
            assert (
                reader.run("return document.querySelector(arguments[0]).textContent", wait)
                == f"{value} waits"
            )
        shown.expect_shown(reader, FIGURE, twin.parts)
        values = shown.values(reader, FIGURE)
        release()
        shown.wait_until(reader, FIGURE, "live")
    shown.expect_shown(reader, FIGURE, twin.change(values))
    twin.holds(shown.values(reader, FIGURE))
    assert "waits" not in shown.text(reader, FIGURE, "controls")
    assert reader.run("return document.querySelectorAll('.is-queued').length") == 0


def test_change_of_a_static_figure_starts_it(reader: PlaywrightDriver, site: Site) -> None:
    reader.page.add_init_script(shown.UNSEEN)
    reader.open(site.home + SAMPLING)
    assert shown.state(reader, FIGURE) == shown.state(reader, DRAWS) == "static"
    reader.press(FIGURE.control("temperature"), "Home")
    reader.click(DRAWS.button("again", "again"))
    for figure, twin in ((FIGURE, Twin(FIGURE)), (DRAWS, Twin(DRAWS))):
        shown.wait_until(reader, figure, "live")
        wanted = (
            twin.change(shown.values(reader, figure)) if figure is FIGURE else twin.press("again", "again")
        )
        shown.expect_shown(reader, figure, wanted)


def test_burst_is_coalesced(chapter: PlaywrightDriver) -> None:
    twin = shown.reset(chapter, FIGURE)
    before = chapter.run(BURST, FIGURE.control("temperature"))
    shown.expect_shown(chapter, FIGURE, twin.change(shown.values(chapter, FIGURE)))
    assert shown.values(chapter, FIGURE)["temperature"] == ["2"]
    assert 1 <= chapter.run(RENDERINGS) - before <= 5


def test_focus_and_its_value_survive(chapter: PlaywrightDriver) -> None:
    twin = shown.reset(chapter, FIGURE)
    slider = FIGURE.control("temperature")
    for _ in range(8):
        chapter.press(slider, "ArrowRight")
    shown.expect_shown(chapter, FIGURE, twin.change(shown.values(chapter, FIGURE)))
    assert shown.values(chapter, FIGURE)["temperature"] == ["1.4"]
    assert chapter.run("return document.activeElement === document.querySelector(arguments[0])", slider)


def test_place_in_a_text_survives(text_area: PlaywrightDriver) -> None:
    area = FIGURE.control("text")
    before = shown.values(text_area, FIGURE)["text"][0]
    text_area.run(
        "const area = document.querySelector(arguments[0]); area.focus(); area.setSelectionRange(5, 5)", area
    )
    text_area.page.keyboard.type(" the the")
    values = shown.values(text_area, FIGURE)
    assert values["text"] == [before[:5] + " the the" + before[5:]]
    shown.expect_shown(text_area, FIGURE, Twin(FIGURE).change(values))
    assert text_area.run("return document.querySelector(arguments[0]).selectionStart", area) == 13


def test_open_folds_stay_open(chapter: PlaywrightDriver) -> None:
    shown.reset(chapter, FIGURE)
    folds = f"{FIGURE.css} details"
    chapter.run("for (const fold of document.querySelectorAll(arguments[0])) fold.open = true", folds)
    before = shown.text(chapter, FIGURE, "reading")
    chapter.press(FIGURE.control("temperature"), "End")
    chapter.fill(FIGURE.control("logits"), "-5")
    twin = Twin(FIGURE)
    shown.expect_shown(chapter, FIGURE, twin.change(shown.values(chapter, FIGURE)))
    assert shown.text(chapter, FIGURE, "reading") != before
    still = "return [...document.querySelectorAll(arguments[0])].map((fold) => fold.open)"
    assert chapter.run(still, folds) == [True, True]


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_is_only_text(text_area: PlaywrightDriver, name: str) -> None:
    text_area.page.locator(FIGURE.control("text")).fill(TEXTS[name])
    values = shown.values(text_area, FIGURE)
    assert values["text"] == [TEXTS[name]]
    twin = Twin(FIGURE)
    shown.expect_shown(text_area, FIGURE, twin.change(values))
    assert "cw-notice" not in twin.parts["notices"]
    twin.holds(shown.values(text_area, FIGURE))
    assert text_area.run("return window.hit === undefined")
    assert text_area.run("return document.querySelectorAll(`${arguments[0]} img`).length", FIGURE.css) == 0


def test_too_long_a_text_is_refused_in_words(text_area: PlaywrightDriver) -> None:
    before = shown.text(text_area, FIGURE, "reading")
    text_area.page.locator(FIGURE.control("text")).fill("a" * 10_001)
    wait_for(
        text_area,
        "return !!document.querySelector(arguments[0])",
        f"{FIGURE.css} .cw-notice",
        what="a notice",
    )
    assert "at most 10,000 characters, not 10,001" in shown.text(text_area, FIGURE, "notices")
    assert shown.text(text_area, FIGURE, "reading") == before
    assert len(shown.values(text_area, FIGURE)["text"][0]) == 10_001  # what was typed is not taken away


def test_empty_number_is_refused_in_words(chapter: PlaywrightDriver) -> None:
    shown.reset(chapter, DRAWS)
    before = shown.text(chapter, DRAWS, "reading")
    chapter.page.locator(DRAWS.control("n")).fill("")
    wait_for(
        chapter, "return !!document.querySelector(arguments[0])", f"{DRAWS.css} .cw-notice", what="a notice"
    )
    assert "a whole number from 1 to 10,000" in shown.text(chapter, DRAWS, "notices")
    assert shown.text(chapter, DRAWS, "reading") == before
    chapter.page.locator(DRAWS.control("n")).fill("7")
    shown.expect_shown(chapter, DRAWS, Twin(DRAWS).change(shown.values(chapter, DRAWS)))
    assert shown.text(chapter, DRAWS, "notices") == ""
