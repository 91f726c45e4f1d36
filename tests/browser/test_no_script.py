"""Without JavaScript the chapter is complete: figures, tables, predictions, formulas."""

from collections.abc import Callable, Iterator
from html import unescape

import pytest
from playwright.sync_api import Page, expect

from demos_py.core import params
from tests.browser.drivers import PlaywrightDriver
from tests.browser.figures import PLACED, SAMPLING, Figure, Twin
from tests.browser.serving import Site

HERE = [figure for figure in PLACED if figure.page == SAMPLING]


@pytest.fixture(scope="module")
def page(new_reader: Callable[..., PlaywrightDriver], site: Site) -> Iterator[Page]:
    """The chapter in Chromium with JavaScript off."""
    reader = new_reader(java_script_enabled=False)
    reader.open(site.home + SAMPLING)
    yield reader.page
    reader.close()


@pytest.mark.parametrize("figure", HERE, ids=str)
def test_controls_show_their_values(page: Page, figure: Figure) -> None:
    assert page.locator(figure.css).get_attribute("data-state") == "static"
    for fold in page.locator(f"{figure.css} form details:not([open]) > summary").all():
        fold.click()
    written = params.write(figure.base)
    for name, control in params.controls(figure.base).items():
        found = page.locator(f'{figure.css} [name="{name}"]')
        assert len(written[name]) == found.count()
        for at, value in enumerate(written[name]):
            if isinstance(control, params.Arrangement):
                expect(page.locator(f"{figure.css} .cw-order li").nth(at)).to_be_visible()
                assert found.nth(at).get_attribute("value") == value
            else:
                expect(found.nth(at)).to_be_visible()
                shown = found.nth(at).input_value()
                assert shown == value or float(shown) == float(value)


@pytest.mark.parametrize("figure", HERE, ids=str)
def test_reading_and_table_show(page: Page, figure: Figure) -> None:
    reading = page.locator(f'{figure.css} [data-part="reading"]')
    expect(reading).to_be_visible()
    parts = Twin(figure).parts
    assert reading.inner_html() == unescape(parts["reading"]).replace("&", "&amp;")
    table = page.locator(f'{figure.css} [data-part="table"] table')
    expect(table).to_be_hidden()
    page.locator(f"{figure.css} .cw-data > summary").click()
    expect(table).to_be_visible()
    assert table.locator("tbody tr").count() == parts["table"].count('<th scope="row">') > 0


@pytest.mark.parametrize("figure", HERE, ids=str)
def test_nothing_offers_what_needs_a_script(page: Page, figure: Figure) -> None:
    for action in ("link", "reset", "retry"):
        expect(page.locator(f"{figure.css} [data-action={action}]")).to_be_hidden()


def test_predictions_reveal(page: Page) -> None:
    predictions = page.locator(".cw-predict").all()
    assert predictions
    for block in predictions:
        answer = block.locator(".cw-answer")
        expect(answer).to_be_hidden()
        guess = block.locator("input[type=radio]").first
        guess.check(force=True)
        expect(guess).to_be_checked()
        block.locator("summary").click()
        expect(answer).to_be_visible()
        assert answer.inner_text().strip()


def test_formulas_are_set(page: Page) -> None:
    formulas = page.locator(".arithmatex")
    assert formulas.count()
    assert formulas.count() == page.locator(".arithmatex:has(.katex-html):has(math)").count()
    assert page.locator(".katex-error").count() == 0
    assert "\\(" not in page.locator("article").inner_text()
