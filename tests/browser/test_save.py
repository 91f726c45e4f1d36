"""What a reader saves of a figure: its picture, held against what the browser itself shows, and its data."""

import base64
import csv
import io
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser

from tests.browser import shown
from tests.browser.drivers import ENGINES, SIZE, Driver, PlaywrightDriver, WebKitDriver, wait_for
from tests.browser.figures import IN_EVERY_ENGINE, PLACED, Figure, Twin, figure_of
from tests.browser.serving import Site

SVG = "{http://www.w3.org/2000/svg}"
# What is saved, as a page sees it: the name of the file and its bytes.
CATCH = """
window.saved = [];
const address = URL.createObjectURL;
URL.createObjectURL = (blob) => { window.blob = blob; return address(blob); };
HTMLAnchorElement.prototype.click = function () {
  const reader = new FileReader();
  reader.onload = () => window.saved.push([this.download, window.blob.type, reader.result.split(",")[1]]);
  reader.readAsDataURL(window.blob);
};
"""
SAVED = "return window.saved.length ? window.saved : null"
SAID = "return document.querySelector(`${arguments[0]} .cw-saving [role=status]`).textContent"
# The figure as it is when its picture is made, with nothing of the page in front of it.
AS_PICTURED = """
document.querySelector(".md-header").style.display = arguments[1] ? "none" : "";
const figure = document.querySelector(arguments[0]);
figure.classList.toggle("is-pictured", arguments[1]);
"""
CELL = 8  # pixels that are compared together: letters may fall between others' pixels, words may not
FAR = 28  # of 255
# Where they agree otherwise, Plotly's chart and letters of other widths leave a few cells that differ.
MOST = 0.02


class Cells(HTMLParser):
    """The text of a table, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


def as_written(text: str) -> str:
    """A cell as a spreadsheet should have it: numbers bare, and no formula."""
    text = text.strip()
    bare = text.replace(",", "") if text.replace(",", "").strip("−-").replace(".", "", 1).isdigit() else text
    bare = bare.replace("−", "-", 1) if bare.startswith("−") else bare
    try:
        float(bare)
    except ValueError:
        return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text
    return bare


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Iterator[Driver]:
    if request.param == "webkit":
        visit: Driver = WebKitDriver()
    else:
        context = browsers(request.param).new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
        visit = PlaywrightDriver(context.new_page())
    yield visit
    visit.close()


@pytest.fixture
def save(driver: Driver, site: Site) -> Callable[[Figure, str], bytes]:
    """Saves one kind of file of a figure that is live; gives what is in it."""

    def saved(figure: Figure, kind: str) -> bytes:
        if driver.run("return location.pathname") != f"/book/{figure.page}":
            driver.open(site.home + figure.page)
            driver.run(CATCH)
        shown.go_live(driver, figure)
        if not driver.run("return !!document.querySelector(`${arguments[0]} .cw-saving`)", figure.css):
            driver.click(f"{figure.css} [data-action=save]")
        driver.run("window.saved = []")
        driver.click(f"{figure.css} [data-save={kind}]")
        [[name, media, data]] = wait_for(driver, SAVED, what=f"{figure} being saved as {kind}")
        assert name == f"cutaway-{figure.uid.replace('/', '-')}.{kind}"
        assert media.startswith({"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}[kind])
        assert name in wait_for(driver, SAID, figure.css)
        return base64.b64decode(data)

    return saved


def different(one: Image.Image, other: Image.Image) -> float:
    """The share of cells in which two pictures of one size differ."""
    size = (one.width // CELL, one.height // CELL)
    small = [image.convert("RGB").resize(size, Image.Resampling.BOX) for image in (one, other)]
    parts = [part.point(lambda value: 255 if value > FAR else 0) for part in ImageChops.difference(*small).split()]
    far = ImageChops.lighter(ImageChops.lighter(parts[0], parts[1]), parts[2])
    return far.histogram()[255] / (size[0] * size[1])


@pytest.mark.parametrize("figure", PLACED, ids=str)
def test_the_picture_is_the_figure(driver: Driver, save: Callable[[Figure, str], bytes], figure: Figure) -> None:
    if not isinstance(driver, PlaywrightDriver) or driver.page.context.browser is None:
        pytest.skip("WebKit's driver gives no picture of an element that is higher than the window")
    picture = Image.open(io.BytesIO(save(figure, "png")))
    driver.run(AS_PICTURED, figure.css, True)
    driver.page.mouse.move(1, 1)
    reference = Image.open(io.BytesIO(driver.page.locator(figure.css).screenshot(animations="disabled")))
    driver.run(AS_PICTURED, figure.css, False)
    half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    assert half.width == pytest.approx(reference.width, abs=1)
    # below the figure, the picture says where it is from
    assert 0 < half.height - reference.height < 60
    size = (0, 0, min(half.width, reference.width), reference.height)
    share = different(half.crop(size), reference.crop(size))
    print(figure, share)
    assert share < MOST
