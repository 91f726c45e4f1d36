"""What an edited program tries, from requests to forged answers, ends in its own Python and changes nothing else."""

import http.server
import re
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from demos_py.core.edited import TEMPLATE
from tests.browser import shown
from tests.browser.changes import change_something
from tests.browser.drivers import ENGINES, Driver, PlaywrightDriver, fresh, wait_for
from tests.browser.editing import FIGURE, MODULE, open_edited, run, with_view
from tests.browser.figures import PLACED, Twin, figure_of
from tests.browser.serving import Site
from wasm.inside import files_of

OTHER = figure_of("sampling/order-matters")


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, browsers: Callable[[str], Browser]) -> Iterator[Driver]:
    """A browser that has seen nothing."""
    found = fresh(request.param, browsers)
    yield found
    found.close()


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
