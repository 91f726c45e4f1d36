"""What a reader saves of a figure: its picture, held against what the browser itself shows, and its data."""

import base64
import csv
import io
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser

from tests.browser import shown
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.figures import PLACED, Figure, Twin, figure_of
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
CELL = 12  # pixels that are compared together: letters may fall between others' pixels, words may not
FAR = 28  # of 255
MOST = 0.01


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
    reader = fresh(request.param, browsers)
    yield reader
    reader.close()


@pytest.fixture
def save(driver: Driver, site: Site) -> Callable[..., bytes]:
    """Saves one kind of file of a figure that is live, and gives what is in it."""

    def saved(figure: Figure, kind: str, link: str = "") -> bytes:
        address = site.home + figure.page + (f"?figure={figure.uid}&v=1&{link}" if link else "")
        if driver.run("return location.href.split('#')[0]") != address:
            driver.open(address)
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


def read(data: bytes) -> list[list[str]]:
    """The rows of a CSV file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def rows(twin: Twin) -> list[list[str]]:
    """The rows that the figure's table must have in a CSV file."""
    table = Cells()
    table.feed(twin.parts["table"])
    return [[as_written(cell) for cell in row] for row in table.rows]


def different(one: Image.Image, other: Image.Image) -> float:
    """The share of cells in which two pictures of one size differ."""
    size = (one.width // CELL, one.height // CELL)
    small = [image.convert("RGB").resize(size, Image.Resampling.BOX) for image in (one, other)]
    return float((np.asarray(ImageChops.difference(*small)).max(axis=2) > FAR).mean())


def as_shown(driver: PlaywrightDriver, figure: Figure) -> Image.Image:
    """The figure as the browser draws it, taken again until the page around it is at rest."""
    driver.run(AS_PICTURED, figure.css, True)
    driver.page.mouse.move(1, 1)
    last, taken = b"", b"none yet"
    while taken != last:
        last, taken = taken, driver.page.locator(figure.css).screenshot(animations="disabled")
    driver.run(AS_PICTURED, figure.css, False)
    return Image.open(io.BytesIO(taken))


def expect_alone(picture: ElementTree.Element) -> None:
    """Assert that a picture is one wherever it lies: it runs nothing, and asks for nothing."""
    assert picture.tag == f"{SVG}svg"
    for element in picture.iter():
        assert element.tag.startswith(SVG) and element.tag not in (f"{SVG}script", f"{SVG}foreignObject")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name.split("}")[-1] != "href" or value.startswith(("data:", "#"))
            assert "url(" not in value.replace("url(#", "").replace('url("#', "")
    style = "".join(element.text or "" for element in picture.iter(f"{SVG}style"))
    assert "http" not in style and "@import" not in style
    assert "Cutaway, http" in "".join(picture.itertext())


@pytest.mark.parametrize("figure", PLACED, ids=str)
def test_saved_of(driver: Driver, save: Callable[..., bytes], figure: Figure) -> None:
    assert read(save(figure, "csv")) == rows(Twin(figure))
    picture = ElementTree.fromstring(save(figure, "svg"))
    expect_alone(picture)
    raster = Image.open(io.BytesIO(save(figure, "png")))
    half = raster.resize((raster.width // 2, raster.height // 2), Image.Resampling.BOX)
    assert half.width == pytest.approx(float(picture.get("width", 0)), abs=1)
    if not isinstance(
        driver, PlaywrightDriver
    ):  # WebKit's takes pictures of a window, and figures are higher
        assert len(raster.convert("RGB").getcolors(1 << 24) or []) > 50
        return
    reference = as_shown(driver, figure)
    assert half.width == pytest.approx(reference.width, abs=1)
    # below the figure, the picture says where it is from
    assert 0 < half.height - reference.height < 60
    size = (0, 0, min(half.width, reference.width), reference.height)
    assert different(half.crop(size), reference.crop(size)) < MOST


def test_no_spreadsheet_takes_data_for_a_formula(driver: Driver, save: Callable[..., bytes]) -> None:
    figure = figure_of("anatomy/tokenize")
    link = urlencode({"text": '=1+1\t@SUM(A1)\n-x,"+y\r=z'})
    data = read(save(figure, "csv", link))
    assert data == rows(Twin(figure, link=link))
    cells = [cell for row in data for cell in row]
    assert any(cell.startswith("'=") for cell in cells)
    assert not any(cell[:1] in tuple("=+@") for cell in cells)


def test_the_panel_is_closed_by_its_button_and_by_escape(driver: Driver, site: Site) -> None:
    figure = PLACED[0]
    driver.open(site.home + figure.page)
    button, open_ = f"{figure.css} [data-action=save]", f"{figure.css} .cw-saving"
    for close in (lambda: driver.press(f"{open_} button", "Escape"), lambda: driver.click(button)):
        driver.click(button)
        assert driver.run("return document.activeElement.dataset.save") == "svg"
        close()
        assert not driver.run("return document.querySelector(arguments[0])", open_)
        assert driver.run("return document.activeElement.dataset.action") == "save"
        assert driver.run("return document.querySelector(arguments[0]).ariaExpanded", button) == "false"
