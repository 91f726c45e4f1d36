"""Look inside: a figure's own program, changed and run by the reader; whatever it does, the page goes on."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import shown
from tests.browser.changes import change_something, set_otherwise
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.editing import DONE, FIGURE, MODULE, RUN, SAID, open_edited, run, with_view
from tests.browser.figures import SAMPLING, Twin, figure_of
from tests.browser.serving import Site
from tests.browser.test_a11y import SETTLED, WIDER, violations
from wasm.assets import ROOT
from wasm.inside import files_of


@contextmanager
def imported_anew() -> Iterator[None]:
    """What is imported in place of the book's modules meanwhile is gone afterwards."""
    finders, modules = sys.meta_path[:], dict(sys.modules)
    yield
    sys.meta_path[:] = finders
    for name, module in modules.items():
        if name.startswith("demos_py."):
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            setattr(sys.modules[parent], last, module)


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Iterator[Driver]:
    """A browser that has seen nothing."""
    found = fresh(request.param, browsers)
    yield found
    found.close()


def test_an_edit_changes_the_figure_as_in_cpython(driver: Driver, site: Site) -> None:
    edits = with_view(
        "from dataclasses import replace\nparams = replace(params, top_k=3)\nprint(params.top_k)"
    )
    open_edited(driver, site, edits)
    shown.expect_shown(driver, FIGURE, Twin(FIGURE).parts)  # nobody's edit runs unasked
    assert run(driver).startswith("Ran in ")
    with imported_anew():
        twin = Twin(FIGURE, files=files_of(FIGURE.demo.id) | edits)
        shown.expect_shown(driver, FIGURE, twin.parts)
        before = shown.values(driver, FIGURE)
        set_otherwise(driver, FIGURE, "temperature")
        now = wait_for(driver, shown.OTHER_VALUES, FIGURE.css, before)
        shown.expect_shown(driver, FIGURE, twin.change(now))
    printed = "return document.querySelector(`${arguments[0]} .cw-printed`).textContent"
    assert driver.run(printed, FIGURE.css) == "3\n"
    # and the book's own again
    driver.click(f"{FIGURE.css} [data-do=undo]")
    shown.reset(driver, FIGURE)
    assert driver.complaints() == []


def test_a_mistake_shows_its_line(driver: Driver, site: Site) -> None:
    edits = with_view("if params.top_k = 3:\n    pass")
    line = edits[MODULE].partition("params.top_k = 3")[0].count("\n") + 1
    open_edited(driver, site, edits)
    said = run(driver)
    assert said.startswith("SyntaxError: ")
    assert said.endswith(f", in sampling/distribution.py, line {line}")
    marked = """
    const root = document.querySelector(`${arguments[0]} .cw-editor`).shadowRoot;
    return root.querySelector(".cm-lintRange-error")?.textContent;
    """
    assert wait_for(driver, marked, FIGURE.css).strip() == "if params.top_k = 3:"
    change_something(driver, FIGURE, Twin(FIGURE))


def test_a_loop_without_an_end_is_stopped(driver: Driver, site: Site) -> None:
    open_edited(driver, site, with_view("while True: pass"))
    driver.click(f"{FIGURE.css} {RUN}")
    wait_for(driver, f"{SAID} === 'Running'", FIGURE.css, what="the program running")
    began = time.monotonic()
    said = wait_for(driver, DONE, FIGURE.css, what="its being stopped")
    assert time.monotonic() - began < 10  # 4 by its own clock; this machine may be busy
    line = with_view("while True: pass")[MODULE].partition("while True")[0].count("\n") + 1
    assert said == f"Stopped: it did not end within 4 seconds, in sampling/distribution.py, line {line}"
    change_something(driver, FIGURE, Twin(FIGURE))


def test_a_program_that_hangs_when_a_control_is_moved_goes_on(reader: PlaywrightDriver, site: Site) -> None:
    open_edited(reader, site, with_view("while params.top_k == 1: pass"))
    assert run(reader).startswith("Ran in ")
    reader.press(FIGURE.control("top_k"), "Home")
    wait_for(reader, f"{SAID}.startsWith('Stopped')", FIGURE.css, what="its being stopped")
    reader.press(FIGURE.control("top_k"), "End")
    wait_for(reader, f"{SAID}.startsWith('Ran')", FIGURE.css, what="its going on")
    shown.expect_shown(reader, FIGURE, Twin(FIGURE).parts)


def test_edits_outlive_a_reload_and_are_typed(new_reader: Any, site: Site) -> None:
    reader = new_reader("firefox")
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, FIGURE)
    reader.click(f"{FIGURE.css} [data-action=inside]")
    reader.page.locator(f"{FIGURE.css} .cm-content").click()
    reader.page.keyboard.press("Control+Home")
    reader.page.keyboard.insert_text("print('typed')\n")
    reader.page.keyboard.press("Control+Enter")
    assert wait_for(reader, DONE, FIGURE.css).startswith("SyntaxError: from __future__ imports must occur")
    reader.page.reload()
    shown.go_live(reader, FIGURE)
    reader.click(f"{FIGURE.css} [data-action=inside]")
    wait_for(reader, f"{SAID}.startsWith('Your edit of before')", FIGURE.css)
    assert "print('typed')" in reader.page.locator(f"{FIGURE.css} .cm-content").inner_text()
    assert reader.complaints() == []
    reader.close()


def test_a_link_brings_an_edit_and_one_that_is_damaged_says_so(new_reader: Any, site: Site) -> None:
    reader = new_reader(permissions=["clipboard-read", "clipboard-write"])
    edits = with_view("print('by link')")
    open_edited(reader, site, edits)
    reader.click(f"{FIGURE.css} [data-do=link]")
    wait_for(reader, "return document.querySelector('[data-do=link]').textContent === 'Copied'")
    copied = reader.run("return navigator.clipboard.readText()")
    reader.open("about:blank")
    reader.open(copied)
    wait_for(reader, f"{SAID}.startsWith('This link brings')", FIGURE.css)
    assert run(reader).startswith("Ran in ")
    for bad in ("edit=", "edit=%%%", "edit=AAAA", copied.partition("#")[2][:-40]):
        reader.open("about:blank")
        reader.open(copied.partition("#")[0] + "#" + bad)
        wait_for(reader, f"{SAID}.includes('could not be read')", FIGURE.css)
        assert reader.page.locator(f"{FIGURE.css} [data-do=undo]").is_disabled()
    assert reader.complaints() == []
    reader.close()


@pytest.mark.parametrize("demo", ["sampling/distribution", "rate-limits/aimd", "sampling/vocabulary"])
def test_the_download_runs_under_cpython(
    reader: PlaywrightDriver, site: Site, tmp_path: Path, demo: str
) -> None:
    figure = figure_of(demo)
    reader.open(site.home + figure.page)
    shown.go_live(reader, figure)
    reader.click(f"{figure.css} [data-action=inside]")
    with reader.page.expect_download() as saved:
        reader.click(f"{figure.css} [data-do=download]")
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    done = subprocess.run(
        [sys.executable, "-I", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    view = figure.demo.first_view(figure.demo.params())
    assert re.sub(r"\*\*|`", "", view.reading) in done.stdout
    for cell in view.table.rows[-1]:
        assert cell in done.stdout
    wrong = subprocess.run(
        [sys.executable, "-I", path.name, "nothing=1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wrong.returncode == 1
    assert "nothing" in wrong.stderr


def test_in_a_frame_of_another_site(
    reader: PlaywrightDriver, site: Site, elsewhere: Callable[[str], str]
) -> None:
    from wasm.embeds import snippet

    reader.open(elsewhere(snippet(f"{site.home}embed/{FIGURE.demo.id}/", "A figure", 900)))
    reader.enter("iframe")
    shown.go_live(reader, FIGURE)
    reader.click(f"{FIGURE.css} [data-action=inside]")
    reader.click(f"{FIGURE.css} .cm-content")
    reader.page.keyboard.press("Control+a")
    reader.page.keyboard.insert_text(with_view("print('framed')")[MODULE])
    reader.page.keyboard.press("Control+Enter")
    assert wait_for(reader, DONE, FIGURE.css).startswith("Ran in ")
    assert reader.complaints() == []


def test_from_disk(new_reader: Any) -> None:
    page = ROOT / "build/offline/cutaway" / SAMPLING / "index.html"
    for engine in ("chromium", "firefox"):
        reader = new_reader(engine)
        reader.open(page.as_uri())
        shown.go_live(reader, FIGURE)
        reader.click(f"{FIGURE.css} [data-action=inside]")
        reader.page.locator(f"{FIGURE.css} .cm-content").click()
        reader.page.keyboard.press("Control+a")
        reader.page.keyboard.insert_text(with_view("print('from disk')")[MODULE])
        assert run(reader).startswith("Ran in ")
        assert reader.complaints() == []
        reader.close()


def test_with_a_keyboard_and_for_axe(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, FIGURE)
    reader.run("document.querySelector(arguments[0]).focus()", f"{FIGURE.css} [data-action=inside]")
    reader.page.keyboard.press("Enter")
    pressed = "return document.activeElement.ariaPressed === 'true'"
    wait_for(reader, pressed, what="the focus on the first file")
    # on to the last file, into the editor, and out of it again
    for _ in files_of(FIGURE.demo.id):
        reader.page.keyboard.press("Tab")
    inside = "return document.activeElement.matches('.cw-editor')"
    assert reader.run(inside)
    reader.page.keyboard.press("Tab")
    assert reader.run(inside)  # Tab indents
    reader.page.keyboard.press("Control+z")
    reader.page.keyboard.press("Escape")
    reader.page.keyboard.press("Tab")
    assert not reader.run(inside)
    for width, scheme in ((1440, "light"), (320, "dark")):
        reader.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        reader.page.set_viewport_size({"width": width, "height": 900})
        wait_for(reader, SETTLED, what="every transition having ended")
        # a meaning of the glossary's, shown for the word that has the focus, follows a frame later
        wait_for(reader, f"return !(() => {{{WIDER}}})().length", what=f"nothing wider than {width}")
        found = violations(reader)
        assert not found, "\n".join(found)
