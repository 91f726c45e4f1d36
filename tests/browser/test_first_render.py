"""Pyodide's first rendering is CPython's, byte for byte, and going live changes nothing on the page.

A model's numbers differ by rounding between two builds of onnxruntime: there, the last digit shown may.
"""

import pytest

from tests.browser.drivers import PlaywrightDriver
from tests.browser.figures import PLACED, SAMPLING, Figure, Twin, same
from tests.browser.serving import site_folder

FIRST = "return window.notes.renderings.find((rendering) => rendering.uid === arguments[0]).answer"
HERE = [figure for figure in PLACED if figure.page == SAMPLING]


@pytest.mark.parametrize("figure", HERE, ids=str)
def test_pyodide_renders_what_cpython_renders(chapter: PlaywrightDriver, figure: Figure) -> None:
    twin = Twin(figure)
    first = chapter.run(FIRST, figure.uid)
    for name, html in twin.parts.items():
        assert same(figure, first["parts"][name], html), name
    assert first["parts"].keys() == twin.parts.keys()
    assert first["charts"] == twin.charts
    assert first["link"] == twin.link


@pytest.mark.parametrize("figure", PLACED, ids=str)
def test_the_page_holds_what_cpython_renders(figure: Figure) -> None:
    page = (site_folder() / figure.page / "index.html").read_text("utf-8")
    for name, html in Twin(figure).parts.items():
        assert html in page, name


@pytest.mark.parametrize("figure", HERE, ids=str)
def test_going_live_changes_no_part(chapter: PlaywrightDriver, figure: Figure) -> None:
    static, live = chapter.run(
        "return [window.notes.static, window.notes.live].map((notes) => notes[arguments[0]])", figure.uid
    )
    assert live.keys() == static.keys()
    assert all(same(figure, live[name], static[name]) for name in static)
    assert live.keys() == Twin(figure).parts.keys()
