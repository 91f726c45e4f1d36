"""A visit of many pages has one Python, loads Plotly only for a chart, and asks nobody but this site."""

import re
from collections.abc import Iterator

import pytest

from tests.browser import shown
from tests.browser.drivers import PlaywrightDriver, wait_for
from tests.browser.figures import SAMPLING, Twin, figure_of
from tests.browser.serving import Site, site_folder
from wasm.finish import ALONE

FIGURE = figure_of("sampling/distribution")
DRAWS = figure_of("sampling/draws")
POLICY = re.compile(
    r'<meta charset="?utf-8"?\s*/?><meta http-equiv="Content-Security-Policy" content="([^"]*)">'
)


@pytest.fixture
def visitor(reader: PlaywrightDriver, site: Site) -> Iterator[PlaywrightDriver]:
    """A reader on the front page; afterwards nothing must have been refused or gone elsewhere."""
    addresses: list[str] = []
    reader.page.on("request", lambda request: addresses.append(request.url))
    reader.page.context.on("request", lambda request: addresses.append(request.url))
    site.asked.clear()
    reader.open(site.home)
    yield reader
    assert [one for one in addresses if not one.startswith((site.home, "data:", "blob:"))] == []
    assert reader.run("return window.notes.violations") == []
    assert reader.complaints() == []


def follow(reader: PlaywrightDriver, path: str, site: Site) -> None:
    """Follow a link of the page's own to another page of the book."""
    found = (
        "return [...document.links].findIndex((link) => link.href === arguments[0] && link.checkVisibility())"
    )
    at = reader.run(found, site.home + path)
    assert at >= 0, f"no link to {path}"
    reader.run("document.links[arguments[0]].scrollIntoView({ block: 'center' })", at)
    reader.page.locator(":is(a, area)[href]").nth(at).click()
    wait_for(reader, "return location.pathname === arguments[0]", f"/book/{path}", what=f"being at {path}")


def test_one_python_for_the_visit(visitor: PlaywrightDriver, site: Site) -> None:
    workers: list[str] = []
    visitor.page.on("worker", lambda worker: workers.append(worker.url))
    visitor.run("window.sameLoad = true")
    for _ in range(2):
        follow(visitor, SAMPLING, site)
        shown.go_live(visitor, DRAWS)
        shown.go_live(visitor, FIGURE)
        visitor.press(FIGURE.control("temperature"), "End")
        shown.expect_shown(visitor, FIGURE, Twin(FIGURE).change(shown.values(visitor, FIGURE)))
        follow(visitor, "glossary/", site)
    assert visitor.run("return window.sameLoad")
    assert len([url for url in workers if "/assets/runtime/" in url]) == 1
    for name in ("worker.js", "pyodide.asm.wasm", "numpy", "plotly"):
        assert site.times_asked(name) == 1, name


def test_the_figure_that_is_left_may_be_starting(visitor: PlaywrightDriver, site: Site) -> None:
    with site.held("numpy"):
        follow(visitor, SAMPLING, site)
        shown.scroll_to(visitor, FIGURE)
        shown.wait_until(visitor, FIGURE, "starting")
        follow(visitor, "glossary/", site)
        follow(visitor, SAMPLING, site)
        shown.scroll_to(visitor, FIGURE)
        shown.wait_until(visitor, FIGURE, "starting")
    shown.wait_until(visitor, FIGURE, "live")
    shown.expect_shown(visitor, FIGURE, Twin(FIGURE).parts)
    assert site.times_asked("pyodide.asm.wasm") == 1


def test_plotly_comes_only_with_a_live_chart(visitor: PlaywrightDriver, site: Site) -> None:
    wait_for(visitor, "return document.readyState === 'complete'")
    assert site.times_asked("plotly") == site.times_asked("worker.js") == 0
    with site.held("numpy"):
        follow(visitor, SAMPLING, site)
        shown.scroll_to(visitor, DRAWS)
        shown.wait_until(visitor, DRAWS, "starting")
        assert site.times_asked("plotly") == 0
    shown.wait_until(visitor, DRAWS, "live")
    chart = f"{DRAWS.css} [data-chart] .main-svg"
    wait_for(visitor, "return !!document.querySelector(arguments[0])", chart, what="Plotly's chart")
    assert site.times_asked("plotly") == 1


def test_every_page_has_the_one_strict_policy() -> None:
    pages = [
        page
        for page in sorted(site_folder().rglob("*.html"))
        if page.relative_to(site_folder()).parts[0] not in ("embed", *ALONE)
    ]
    found = {policy for page in pages for policy in POLICY.findall(page.read_text("utf-8")) or ["none"]}
    assert len(found) == 1
    rules = dict(rule.strip().partition(" ")[::2] for rule in found.pop().split(";"))
    assert rules["default-src"] == rules["worker-src"] == rules["connect-src"] == "'self'"
    allowed = [source for source in rules["script-src"].split() if not source.startswith("'sha256-")]
    assert allowed == ["'self'", "'wasm-unsafe-eval'"]


def test_the_policy_holds(reader: PlaywrightDriver, site: Site) -> None:
    reader.open(site.home)
    script = "const tag = document.createElement('script'); tag.textContent = 'window.ran = 1'; document.head.append(tag)"
    reader.run(script)
    wait_for(reader, "return window.notes.violations.length > 0", what="a violation being told")
    assert reader.run("return window.ran ?? null") is None


SETUPS = """
window.setups = 0;
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...rest) {
  window.setups += message?.type === 0;  // the theme's own: here is the index
  return post.call(this, message, ...rest);
};
"""


@pytest.mark.parametrize("key", ["f", "/"])
def test_the_search_begins_when_it_is_opened(reader: PlaywrightDriver, site: Site, key: str) -> None:
    """Until then no core is busy with its index, and then it finds what it should."""
    reader.page.add_init_script(SETUPS)
    reader.open(site.home + SAMPLING)
    shown.go_live(reader, FIGURE)
    assert reader.run("return window.setups") == 0
    reader.page.locator("body").press(key)
    reader.page.keyboard.type("speculative")
    found = "return document.querySelector('.md-search-result__link')?.href"
    assert "/serving/speculative-decoding/" in wait_for(reader, found, what="a result")
    assert reader.run("return window.setups") == 1
    assert reader.complaints() == []
