"""What the browser tests share: the site on a server, the browsers, and a page on it."""

from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.drivers import ENGINES, SIZE, PlaywrightDriver, launch, missing
from tests.browser.figures import EVERY, IN_EVERY_ENGINE, PLACED, SAMPLING, SETTINGS
from tests.browser.serving import OtherSite, Site, site_folder
from tests.browser.shown import NOTES, go_live


def pytest_configure(config: pytest.Config) -> None:
    if not (site_folder() / "index.html").is_file():
        pytest.exit(f"{site_folder()} holds no site: run `make site` first", returncode=2)
    if missing():
        pytest.exit(
            f"not on this machine: {', '.join(missing())}; `make browsers` installs them", returncode=2
        )


# What an edited program may try beyond requests (test_contained.py): in all engines by `make matrix`.
CONTAINED = ("test_what_ends_its_worker", "test_html_of_an_edit", "test_answers_that_an_edit")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The built site, served below /book/."""
    server = Site(site_folder())
    yield server
    server.shutdown()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Gives the address of a page of another origin that holds this HTML."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OtherSite)
    Thread(target=server.serve_forever, daemon=True).start()
    yield lambda body: f"http://127.0.0.1:{server.server_address[1]}/?{quote(body)}"
    server.shutdown()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, with the system's browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browsers(playwright: Playwright) -> Iterator[Callable[[str], Browser]]:
    """Gives Chromium or Firefox; each starts once."""
    running: dict[str, Browser] = {}

    def give(engine: str) -> Browser:
        if engine not in running:
            running[engine] = launch(playwright, engine)
        return running[engine]

    yield give
    for browser in running.values():
        browser.close()


@pytest.fixture(scope="session")
def new_reader(browsers: Callable[[str], Browser]) -> Callable[..., PlaywrightDriver]:
    """Gives a page in a browser that has seen nothing; its `close` is the caller's to call."""

    def give(engine: str = "chromium", **options: Any) -> PlaywrightDriver:
        size = {"width": SIZE[0], "height": SIZE[1]}
        context = browsers(engine).new_context(**{"viewport": size, **options})
        context.add_init_script(NOTES)
        return PlaywrightDriver(context.new_page())

    return give


@pytest.fixture
def reader(new_reader: Callable[..., PlaywrightDriver]) -> Iterator[PlaywrightDriver]:
    """A page of Chromium that has seen nothing."""
    fresh = new_reader()
    yield fresh
    fresh.close()


@pytest.fixture(scope="session")
def chapter(new_reader: Callable[..., PlaywrightDriver], site: Site) -> Iterator[PlaywrightDriver]:
    """The sampling chapter in Chromium with every figure live: one for all tests that leave no trouble behind."""
    shared = new_reader(permissions=["clipboard-read", "clipboard-write"])
    shared.open(site.home + SAMPLING)
    for figure in PLACED:
        if figure.page == SAMPLING:
            go_live(shared, figure)
    yield shared
    shared.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave all but one figure of each kind to one engine, and all but one trouble of each kind to `make matrix`.

    Of the settings (test_settings.py) each engine meets each, with one kind of figure of the six; `make matrix` has all
    three together.
    """
    kept, left = [], []
    kinds = sorted(IN_EVERY_ENGINE)
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        once = (
            item.name.startswith(
                ("test_goes_live", "test_control_changes", "test_button_does", "test_saved_of")
            )
            and given["driver"] != "chromium"
            and given["figure"].demo.id not in IN_EVERY_ENGINE
        )
        more = item.get_closest_marker("matrix") and not EVERY
        if item.name.startswith(CONTAINED) and not EVERY:
            more = given["driver"] != "chromium"
        if item.name.startswith("test_opens_and_changes") and not EVERY:
            turn = ENGINES.index(given["driver"]) + SETTINGS.index(given["place"])
            more = (turn + kinds.index(given["figure"].demo.id)) % len(kinds)
        (left if once or more else kept).append(item)
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)
