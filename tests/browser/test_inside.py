"""Look inside: a figure's own program, changed and run by the reader; whatever it does, the page goes on."""

import base64
import http.server
import json
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from demos_py.core.edited import TEMPLATE
from tests.browser import shown
from tests.browser.changes import change_something, set_otherwise
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.figures import PLACED, SAMPLING, Figure, Twin, figure_of
from tests.browser.serving import Site
from wasm.assets import ROOT
from wasm.inside import files_of

FIGURE = figure_of("sampling/distribution")
OTHER = figure_of("sampling/order-matters")
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
    assert time.monotonic() - began < 5
    line = with_view("while True: pass")[MODULE].partition("while True")[0].count("\n") + 1
    assert said == f"Stopped: it did not end within 4 seconds, in sampling/distribution.py, line {line}"
    change_something(driver, FIGURE, Twin(FIGURE))
    # a program that ran, and hangs when a control is moved
    open_edited(driver, site, with_view("while params.top_k == 1: pass"))
    assert run(driver).startswith("Ran in ")
    driver.press(FIGURE.control("top_k"), "Home")
    wait_for(driver, f"{SAID}.startsWith('Stopped')", FIGURE.css, what="its being stopped")
    driver.press(FIGURE.control("top_k"), "End")
    wait_for(driver, f"{SAID}.startsWith('Ran')", FIGURE.css, what="its going on")
    shown.expect_shown(driver, FIGURE, Twin(FIGURE).parts)


ESCAPES = """
import asyncio, js
from pyodide.ffi import to_js

address = "{elsewhere}"


def heard(thing, good, bad="error"):
    there = asyncio.get_event_loop().create_future()
    setattr(thing, "on" + good, lambda event: there.done() or there.set_result(True))
    setattr(thing, "on" + bad, lambda event: there.done() or there.set_exception(OSError()))
    return there


def request(path, asynchronous):
    asked = js.XMLHttpRequest.new()
    asked.open("GET", address + path, asynchronous)
    there = heard(asked, "load") if asynchronous else None
    asked.send()
    return there


def worker():
    code = "fetch('" + address + "worker').then(() => postMessage(1), () => {{ throw 1 }})"
    return heard(js.Worker.new("data:text/javascript," + code), "message")


def blind():
    options = to_js({{"mode": "no-cors"}}, dict_converter=js.Object.fromEntries)
    return js.fetch(address + "blind", options)


async def caches():
    # an engine may give it caches of its own
    if "kept by the page" not in await js.caches.keys():
        raise OSError


ATTEMPTS = {{
    "fetch": lambda: js.fetch(address + "fetch"),
    "blind": blind,
    "book": lambda: js.fetch("{book}"),
    "request": lambda: request("request", True),
    "socket": lambda: heard(js.WebSocket.new(address.replace("http", "ws") + "socket"), "open"),
    "events": lambda: heard(js.EventSource.new(address + "events"), "open"),
    "worker": worker,
    "script": lambda: js.importScripts(address + "script"),
    "code": lambda: js.Function.new("return 1")(),
    "module": lambda: js.eval("import('" + address + "module')"),
    "storage": lambda: heard(js.indexedDB.open("cutaway"), "success"),
    "caches": caches,
    "files": lambda: js.navigator.storage.getDirectory(),
    "page": lambda: js.document.title,
    "parent": lambda: js.parent.document,
}}


async def init(params):
    for name, attempt in ATTEMPTS.items():
        try:
            found = attempt()
            if found is not None and not isinstance(found, (int, str)):
                await asyncio.wait_for(found, 0.4)
            print(name, "reached")
        except BaseException as error:
            print(name, "refused", type(error).__name__)


"""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """Another site's address, and what it was asked for."""
    asked: list[str] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()


def test_what_imports_js_stays_in_its_worker(
    driver: Driver, site: Site, listener: tuple[str, list[str]]
) -> None:
    address, asked = listener
    source = files_of(FIGURE.demo.id)[MODULE]
    edits = {
        MODULE: source.replace(
            "@dataclass(frozen", ESCAPES.format(elsewhere=address, book=site.home) + "@dataclass(frozen", 1
        )
    }
    driver.open(site.home)
    driver.run("return caches.open('kept by the page').then(() => 1)")
    open_edited(driver, site, edits)
    assert run(driver).startswith("Ran in ")
    printed = driver.run(
        "return document.querySelector(`${arguments[0]} .cw-printed`).textContent", FIGURE.css
    )
    attempts = re.findall(r'^    "(\w+)": ', ESCAPES, re.MULTILINE)
    assert [line.split()[:2] for line in printed.splitlines()] == [[name, "refused"] for name in attempts], (
        printed
    )
    assert asked == []


def test_what_ends_its_worker_ends_nothing_else(driver: Driver, site: Site) -> None:
    open_edited(driver, site, with_view("import js\njs.close()\nwhile True: pass"))
    assert run(driver).startswith("Stopped")
    change_something(driver, FIGURE, Twin(FIGURE))
    shown.go_live(driver, OTHER)
    change_something(driver, OTHER, shown.reset(driver, OTHER))


BAD_HTML = (
    "<b id='mine'>mine</b><img src=x onerror='window.acted = 1'><script>window.acted = 1</script>"
    "<style>body { display: none }</style><meta http-equiv=refresh content='0;url=about:blank'>"
    "<iframe srcdoc='<script>parent.acted = 1</script>'></iframe><a id='go' href='javascript:window.acted = 1'>go</a>"
    "<form action='https://elsewhere.example/'><button>send</button></form><base href='https://elsewhere.example/'>"
    "<div style='position:fixed;inset:0;z-index:99999' id='over'></div>"
)


def test_html_of_an_edit_acts_on_nothing(driver: Driver, site: Site) -> None:
    template = MODULE.replace(".py", TEMPLATE)
    open_edited(driver, site, {template: BAD_HTML})
    # an unused name in the view's drawing is no mistake
    assert run(driver).startswith("Ran in ")
    drawing = f"{FIGURE.css} [data-part=drawing]"
    left = driver.run(
        "return [...document.querySelectorAll(`${arguments[0]} *`)].map((one) => one.localName)", drawing
    )
    assert set(left) <= {"b", "img", "a", "button", "div"}, left
    assert driver.run("return document.querySelector('#go').getAttribute('href')") is None
    assert driver.run("return window.acted ?? null") is None
    # nor can it lie over the page
    over = """
    const box = document.querySelector("#over").getBoundingClientRect();
    const figure = document.querySelector(arguments[0]).getBoundingClientRect();
    return box.top >= figure.top - 1 && box.bottom <= figure.bottom + 1;
    """
    assert driver.run(over, FIGURE.css)


def test_answers_that_an_edit_forges_are_html_like_any(driver: Driver, site: Site) -> None:
    code = """
import js
from pyodide.ffi import to_js
forged = {"reading": "<img src=x onerror='acted = 1'>forged", "nowhere": "", "drawing": 3}
for number in range(9):
    message = {"type": "answer", "id": number, "answer": {"parts": forged, "link": "&figure=other", "charts": {"x": 1}}}
    js.postMessage(to_js(message, dict_converter=js.Object.fromEntries))
js.postMessage(None)
"""
    open_edited(driver, site, with_view(code))
    run(driver)
    wait_for(
        driver,
        "return document.querySelector(`${arguments[0]} [data-part=reading]`).textContent.includes('forged')",
        FIGURE.css,
    )
    driver.click(f"{FIGURE.css} [data-do=undo]")
    change_something(driver, FIGURE, shown.reset(driver, FIGURE))
    assert driver.run("return window.acted ?? null") is None


PURE = """
const wrong = [];
for (const part of document.querySelectorAll("[data-part]")) {
  const made = document.createElement(part.localName);
  made.innerHTML = window.cutawayInside.purified(part.innerHTML);
  const whole = Object.assign(document.createElement(part.localName), { innerHTML: part.innerHTML });
  if (made.isEqualNode(whole)) continue;
  const [one, other] = [whole, made].map((copy) => [...copy.querySelectorAll("*")].map((it) => it.cloneNode().outerHTML));
  wrong.push([part.closest("[data-uid]").dataset.uid, part.dataset.part, one.find((it, at) => it !== other[at])]);
}
return wrong;
"""


def test_purifying_leaves_what_the_books_figures_draw(reader: PlaywrightDriver, site: Site) -> None:
    for page in dict.fromkeys(figure.page for figure in PLACED):
        reader.open(site.home + page)
        reader.run("document.querySelector('[data-action=inside]').click()")
        wait_for(reader, "return !!window.cutawayInside")
        assert reader.run(PURE) == []


def test_edits_outlive_a_reload_and_are_typed(new_reader: Any, site: Site) -> None:
    for engine in ("chromium", "firefox"):
        reader = new_reader(engine)
        reader.open(site.home + SAMPLING)
        shown.go_live(reader, FIGURE)
        reader.click(f"{FIGURE.css} [data-action=inside]")
        reader.page.locator(f"{FIGURE.css} .cm-content").click()
        reader.page.keyboard.press("Control+Home")
        reader.page.keyboard.insert_text("print('typed')\n")
        reader.page.keyboard.press("Control+Enter")
        assert wait_for(reader, DONE, FIGURE.css).startswith(
            "SyntaxError: from __future__ imports must occur"
        )
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
