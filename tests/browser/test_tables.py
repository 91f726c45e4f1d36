"""A table of facts where a script runs: sorted, searched, narrowed; and its file, which needs no script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from demos_py.core.markdown.data import load
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.serving import Site
from tests.browser.test_a11y import OPTIONS, SETTLED, STYLED, WIDER
from tests.browser.test_visit import follow
from wasm.tables import TABLES

PAGE = "contribute/data/"
LIMITS, REVISIONS = TABLES / "rate-limit-tiers.yml", TABLES / "mcp-revisions.yml"
READY = "return !!document.querySelector('cutaway-table thead button')"
# the rows that are seen, as they are seen: each one's cells
ROWS = """return [...document.querySelector('cutaway-table').querySelectorAll('tbody')].filter((body) => body.checkVisibility())
  .map((body) => [...body.rows[0].cells].map((cell) => cell.textContent))"""
SORTS = "return [...document.querySelector('cutaway-table').querySelectorAll('th[scope=col]')].map((head) => head.ariaSort)"
SAID = "return document.querySelector('.cw-find [role=status]').textContent"
SEARCH, CHOICE = ".cw-find input", ".cw-find select"


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a file, each one's cells."""
    data = yaml.safe_load(path.read_text("utf-8"))
    return [[str(row[column["key"]]) for column in data["columns"]] for row in data["rows"]]


def go(driver: Driver, site: Site, page: str = PAGE) -> None:
    driver.open(site.home + page)
    wait_for(driver, READY, what="heads that sort")


def press_head(driver: Driver, column: int) -> list[list[str]]:
    """Press the head of a column of the first table; gives its rows."""
    driver.click(f"cutaway-table th:nth-of-type({column + 1}) button")
    return driver.run(ROWS)


def limit(row: list[str]) -> tuple[bool, int]:
    """The requests a minute of a row; words come last."""
    number = row[3].replace(",", "")
    return (False, int(number)) if number.isdigit() else (True, 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_sorts_and_searches(engine: str, browsers: Callable[[str], Browser], site: Site) -> None:
    driver, book = fresh(engine, browsers), rows_of(LIMITS)
    try:
        go(driver, site)
        assert driver.run(ROWS) == book and driver.run(SAID) == f"{len(book)} rows"
        # numbers: up, down with words last all the same, back
        assert press_head(driver, 3) == sorted(book, key=limit) != book
        assert driver.run(SORTS)[3] == "ascending"
        down = sorted(book, key=lambda row: (limit(row)[0], -limit(row)[1]))
        assert press_head(driver, 3) == down and driver.run(SORTS)[3] == "descending"
        assert press_head(driver, 3) == book and not any(driver.run(SORTS))
        # words, and rows that are alike stay in their order; one column at a time
        assert press_head(driver, 1) == sorted(book, key=lambda row: row[1].casefold()) != book
        alike = sorted(book, key=lambda row: row[0].casefold())
        assert press_head(driver, 0) == alike and [bool(sort) for sort in driver.run(SORTS)].count(True) == 1
        # a search in all cells and the sources: without case and marks of thousands, every word
        driver.fill(SEARCH, "TIER 450000")
        assert [row[1] for row in driver.run(ROWS)] == ["Tier 2"]
        assert driver.run(SAID) == f"1 of {len(book)} rows"
        driver.fill(SEARCH, "evangelist")
        assert [row[1] for row in driver.run(ROWS)] == ["Tier 1", "Tier 2", "Tier 3", "Tier 4"]
        assert driver.complaints() == []
    finally:
        driver.close()


def test_days_and_a_short_table(reader: PlaywrightDriver, site: Site) -> None:
    go(reader, site, "production/mcp-a2a/")
    book = rows_of(REVISIONS)
    assert press_head(reader, 0) == sorted(book, key=lambda row: row[0])
    assert press_head(reader, 0) == sorted(book, key=lambda row: row[0], reverse=True) != book
    assert reader.run("return document.querySelectorAll('cutaway-table .cw-find').length") == 0


def test_narrows_and_says_so_by_the_keyboard(reader: PlaywrightDriver, site: Site) -> None:
    go(reader, site)
    keys, book = reader.page.keyboard, rows_of(LIMITS)
    focus: Callable[[], Any] = lambda: reader.run(
        "const { tagName, textContent } = document.activeElement; return [tagName, textContent.trim()]"
    )
    reader.page.locator(SEARCH).focus()
    keys.press("Tab")
    assert focus()[0] == "SELECT"
    keys.type("OpenAI")
    assert reader.run(ROWS) == [row for row in book if row[0] == "OpenAI"]
    assert reader.run(SAID) == f"1 of {len(book)} rows"
    keys.press("Shift+Tab")
    keys.type("claude")
    assert (
        reader.run(ROWS) == []
        and reader.run(SAID) == f"None of {len(book)} rows fits. Clear to see them all."
    )
    for _ in range(2):
        keys.press("Tab")
    assert focus() == ["BUTTON", "Clear"]
    keys.press("Enter")
    assert reader.run(ROWS) == book and reader.run(SAID) == f"{len(book)} rows" and focus()[0] == "INPUT"
    # past the choice and the region that scrolls, to the heads
    for _ in range(3):
        keys.press("Tab")
    assert focus() == ["BUTTON", "Vendor and model"]
    keys.press("Enter")
    keys.press("Space")
    assert reader.run(SORTS)[0] == "descending" and focus() == ["BUTTON", "Vendor and model"]
    assert (
        reader.run("return document.querySelector('.cw-find [role=status]').ariaLive ?? 'polite'") == "polite"
    )


def test_stays_through_the_themes_navigation(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + "contribute/chapter/")
    reader.run("window.sameLoad = true")
    follow(reader, PAGE, site)
    wait_for(reader, READY, what="heads that sort")
    assert press_head(reader, 3) == sorted(rows_of(LIMITS), key=limit)
    reader.fill(SEARCH, "openai")
    assert len(reader.run(ROWS)) == 1 and reader.run("return window.sameLoad")
    assert reader.complaints() == []


def test_without_a_script_and_as_a_file(new_reader: Callable[..., PlaywrightDriver], site: Site) -> None:
    page = (reader := new_reader(java_script_enabled=False)).page
    reader.open(site.home + PAGE)
    expect(page.locator("cutaway-table tbody")).to_have_count(len(rows_of(LIMITS)))
    for row in page.locator("cutaway-table .cw-source").all():
        expect(row).to_be_visible()
        assert "checked 2026-" in row.inner_text()
        expect(row.locator("a")).to_have_attribute(
            "href", "https://platform.claude.com/docs/en/api/rate-limits"
        )
        break
    expect(page.locator("cutaway-table :is(button, input, select)")).to_have_count(0)
    with page.expect_download() as taken:
        page.locator(".cw-csv a").click()
    assert taken.value.suggested_filename == "rate-limit-tiers.csv"
    assert Path(taken.value.path()).read_bytes().decode() == load(LIMITS).csv()
    reader.close()


def test_axe_and_paper(new_reader: Callable[..., PlaywrightDriver], site: Site) -> None:
    reader = new_reader(reduced_motion="reduce")
    go(reader, site)
    shown = "return document.querySelector('.cw-find').checkVisibility()"
    reader.page.emulate_media(media="print")
    assert not reader.run(shown) and reader.run(ROWS) == rows_of(LIMITS)
    reader.page.emulate_media(media="screen")
    press_head(reader, 3)
    reader.fill(SEARCH, "tier")
    # a part of the table says on paper that it is one
    reader.page.emulate_media(media="print")
    assert reader.run(shown) and not reader.page.locator(SEARCH).is_visible()
    reader.page.emulate_media(media="screen")
    for width, scheme in ((1440, "light"), (320, "dark")):
        reader.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        reader.page.set_viewport_size({"width": width, "height": 900})
        wait_for(reader, SETTLED, what="every transition having ended")
        assert reader.run(WIDER) == []
        reader.run(STYLED)
        found = Axe().run(reader.page, "cutaway-table", OPTIONS).response["violations"]
        assert not found, found
    reader.close()
