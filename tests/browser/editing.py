"""Opening a figure's program with edits, and running it, as a reader would."""

import base64
import json
import zlib

from tests.browser import shown
from tests.browser.drivers import Driver, wait_for
from tests.browser.figures import Figure, figure_of
from tests.browser.serving import Site
from wasm.inside import files_of

FIGURE = figure_of("sampling/distribution")
MODULE = "demos_py/sampling/distribution.py"
SAID = "return (document.querySelector(`${arguments[0]} .cw-inside [data-said]`)?.textContent ?? '')"
DONE = f"{SAID}.match(/^(Ran|Stopped|[A-Za-z]*(Error|Exception)).*/)?.[0]"
RUN = ".cw-inside [data-do=run]"
# What the program that the tests run in the place of `view` is put around.
BEFORE = "def view("
AS_VIEW = "def view(params, state):\n{}\n    return _view(params, state)\n\n\ndef _view("


def with_view(code: str, figure: Figure = FIGURE) -> dict[str, str]:
    """The figure's module, with some lines before what its view does."""
    [path, *_] = files = files_of(figure.demo.id)
    lines = "\n".join(f"    {line}" for line in code.strip().splitlines())
    assert BEFORE in files[path]
    return {path: files[path].replace(BEFORE, AS_VIEW.format(lines), 1)}


def link(site: Site, edits: dict[str, str], figure: Figure = FIGURE) -> str:
    """The address of a figure with edits of its files."""
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(json.dumps(edits).encode()) + packer.flush()
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return f"{site.home}{figure.page}?figure={figure.uid}#edit={text}"


def open_edited(driver: Driver, site: Site, edits: dict[str, str], figure: Figure = FIGURE) -> None:
    """Follow a link with edits, and wait until they are there to be read."""
    driver.open("about:blank")  # another hash alone would load no page
    driver.open(link(site, edits, figure))
    shown.wait_until(driver, figure, "live")
    wait_for(driver, f"{SAID}.includes('edit')", figure.css, what="the panel")


def run(driver: Driver, figure: Figure = FIGURE) -> str:
    """Press Run; what the panel says in the end."""
    driver.click(f"{figure.css} {RUN}")
    return wait_for(driver, DONE, figure.css, what="the program's end")
