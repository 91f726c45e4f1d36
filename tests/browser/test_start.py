"""The quick start of a second visit, and what becomes of it where a browser keeps nothing, or keeps rubbish."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from tests.browser import shown
from tests.browser.changes import change_something
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, Twin, figure_of
from tests.browser.serving import Handler, Site, Trouble

FIGURE = figure_of("sampling/distribution")
ADDRESS = f"{SAMPLING}?{urlencode({'figure': FIGURE.uid, 'v': 1})}"
RUNTIME = {"pyodide.asm.wasm", "python_stdlib.zip", "book.tar.gz", "numpy.tar.gz", "snapshot.gz"}
LONGER = 4000  # milliseconds: than a start waits before it keeps something for the next
# whether the snapshot is kept: the last of the files to be put there
KEPT = """
return caches.open("cutaway-start").then((cache) => cache.keys())
  .then((keys) => keys.some(({ url }) => url.endsWith("/snapshot.gz")));
"""
GIVEN_UP = """
return caches.open("cutaway-start").then((cache) => cache.keys())
  .then((keys) => keys.some(({ url }) => url.endsWith("?given-up")));
"""
SPOIL = """
return (async () => {
  const cache = await caches.open("cutaway-start");
  const key = (await cache.keys()).find(({ url }) => url.endsWith("/snapshot.gz"));
  const bytes = new Uint8Array(await (await cache.match(key)).arrayBuffer());
  const rubbish = { half: bytes.subarray(0, bytes.length >> 1), noise: bytes.map((byte, at) => (at % 3 ? byte : ~byte)) };
  await cache.put(key, new Response(rubbish[arguments[0]] ?? new Uint8Array()));
})();
"""
SAVE_DATA = "Object.defineProperty(Navigator.prototype, 'connection', { get: () => ({ saveData: true }) });"
NO_CACHES = """
Object.defineProperty(self, "caches", { get() { throw new DOMException("denied", "SecurityError"); } });
"""
SAVING_WORKER = "Object.defineProperty(navigator, 'connection', { get: () => ({ saveData: true }) });"
NO_ROOM = """
Cache.prototype.put = async () => { throw new DOMException("no room", "QuotaExceededError"); };
"""


def before(script: str) -> Trouble:
    """Answer with a script in front of the file."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.answer(script.encode() + body)

    return answer


def visit(reader: PlaywrightDriver, site: Site) -> None:
    """Open the chapter at its first figure; the figure goes live and does what it does in CPython."""
    site.asked.clear()
    reader.open(site.home + ADDRESS)
    shown.wait_until(reader, FIGURE, "live")
    change_something(reader, FIGURE, Twin(FIGURE, "v=1"))


def asked(site: Site) -> set[str]:
    """What of a start's files the visit has asked for."""
    return {name for name in RUNTIME if site.times_asked(name)}


@pytest.fixture(params=["chromium", "firefox"])
def returning(
    request: pytest.FixtureRequest, new_reader: Callable[..., PlaywrightDriver], site: Site
) -> Iterator[PlaywrightDriver]:
    """A reader who was here, for long enough to have kept what the next start needs."""
    reader = new_reader(request.param)
    visit(reader, site)
    wait_for(reader, KEPT, what="a kept snapshot")
    assert asked(site) == RUNTIME
    yield reader
    assert reader.complaints() == []
    reader.close()


def test_the_next_start_asks_for_nothing(returning: PlaywrightDriver, site: Site) -> None:
    visit(returning, site)
    assert asked(site) == set()


@pytest.mark.parametrize(
    "rubbish",
    [pytest.param("half"), *(pytest.param(name, marks=pytest.mark.matrix) for name in ("noise", "nothing"))],
)
def test_a_spoilt_snapshot_is_done_without(
    new_reader: Callable[..., PlaywrightDriver], site: Site, rubbish: str
) -> None:
    reader = new_reader()
    visit(reader, site)
    wait_for(reader, KEPT, what="a kept snapshot")
    reader.run(SPOIL, rubbish)
    for _ in range(2):  # in the visit that gives it up, and in the next
        visit(reader, site)
        reader.page.wait_for_timeout(LONGER)
        assert site.times_asked("snapshot") == 0
        assert reader.run(GIVEN_UP)
    reader.close()


@pytest.mark.parametrize("script", [NO_CACHES, NO_ROOM], ids=["refused", "full"])
def test_nothing_can_be_kept(reader: PlaywrightDriver, site: Site, script: str) -> None:
    with site.trouble("worker.js", before(script)):
        visit(reader, site)
        reader.page.wait_for_timeout(LONGER)
        visit(reader, site)
    assert reader.complaints() == []


def test_who_saves_data_starts_by_hand_and_keeps_nothing(reader: PlaywrightDriver, site: Site) -> None:
    reader.page.add_init_script(SAVE_DATA)
    with site.trouble("worker.js", before(SAVING_WORKER)):
        site.asked.clear()
        reader.open(site.home + SAMPLING)
        shown.scroll_to(reader, FIGURE)
        reader.page.wait_for_timeout(1000)
        assert shown.state(reader, FIGURE) == "static"
        assert site.times_asked("pyodide.asm.wasm") == 0
        reader.page.mouse.move(640, 300)
        reader.run("document.querySelector(arguments[0]).focus()", FIGURE.control("temperature"))
        shown.wait_until(reader, FIGURE, "live")
        reader.page.wait_for_timeout(LONGER)
        assert site.times_asked("snapshot") == 0
