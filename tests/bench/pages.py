"""How soon a page can be read, how little it moves, and how long its figures keep the reader waiting: on a slow network.

The network is DevTools' "Fast 4G", the processor four times slower, the browser has seen nothing, and files come
compressed as GitHub Pages sends them: text and WebAssembly by gzip, and what is compressed already as it is.
"""

from __future__ import annotations

import functools
import gzip
import statistics
import sys
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.drivers import launch
from wasm import serve

ROOT = Path(__file__).parents[2]
TIMES = 7
# DevTools' own numbers, in bytes a second and milliseconds a request
FAST_4G = {
    "offline": False,
    "downloadThroughput": 9_000_000 / 8 * 0.9,
    "uploadThroughput": 1_500_000 / 8 * 0.9,
    "latency": 165,
}
SLOWER = 4
CHAPTER = "production/sampling/"
FIGURE = "sampling/distribution"
# Notes from before any script of the page. A long task blocks for what it has over 50 ms.
WATCH = """
window.seen = { largest: 0, shift: 0, tasks: [], first: 0, starting: 0, live: 0 };
const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("largest-contentful-paint", (entry) => { seen.largest = entry.startTime; seen.what = `${entry.element?.localName}.${entry.element?.className}`; });
watch("layout-shift", (entry) => {
  if (entry.hadRecentInput) return;
  seen.shift += entry.value;
  (seen.moved ??= []).push(`${entry.value.toFixed(4)} ${entry.sources.map((one) => `${one.node?.localName}.${one.node?.className}`)}`);
});
watch("longtask", (entry) => seen.tasks.push([entry.startTime, entry.duration]));
watch("paint", (entry) => { if (entry.name === "first-contentful-paint") seen.first = entry.startTime; });
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.dataset.state in seen) seen[target.dataset.state] ||= performance.now();
}).observe(document, { subtree: true, attributeFilter: ["data-state"] });
"""
SEEN = """() => {
  const blocking = (from, to) => seen.tasks.filter(([at]) => at >= from && at < to)
    .reduce((sum, [, took]) => sum + Math.max(0, took - 50), 0);
  const starting = seen.starting || Infinity;
  return { ...seen, before: blocking(seen.first, starting), blocking: blocking(starting, seen.live) };
}"""

Row = tuple[str, float, str, float | None]


class Handler(serve.Handler):
    """Files compressed as GitHub Pages sends them."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path.partition("?")[0]))
        path = path / "index.html" if path.is_dir() else path
        if path.name == "sitemap.xml" or not path.is_file():
            return super().do_GET()
        body, packed = sent(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)


@functools.cache
def sent(path: Path) -> tuple[bytes, bool]:
    """What is sent of a file, and whether it was compressed for the way."""
    packed = path.suffix in (".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml", ".txt", ".wasm")
    data = path.read_bytes()
    return (gzip.compress(data, 6), True) if packed else (data, False)


def visit(browser: Browser, address: str, slower: int, figure: str | None) -> dict[str, Any]:
    """One visit of a browser that has seen nothing; the reader scrolls to the figure and waits until it is live."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCH)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", FAST_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(address, wait_until="load", timeout=120_000)
    page.wait_for_timeout(1500)
    if figure:
        page.locator(f'[data-demo="{figure}"]').scroll_into_view_if_needed()
        page.wait_for_selector(f'[data-demo="{figure}"][data-state="live"]', timeout=120_000)
    page.wait_for_timeout(500)
    seen = page.evaluate(SEEN)
    seen["readable"] = readable(page)
    context.close()
    return seen


def readable(page: Page) -> float:
    """When the chapter's first figure was on the screen: with its page, for it stands in the page as built."""
    return page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")


def measure(browser: Browser, address: str) -> list[Row]:
    """Medians of a chapter and the front page."""
    link = f"{address}{CHAPTER}?figure={FIGURE}&v=1"  # which starts Python at once
    # taken in turn, so that a busy machine slows all alike
    visits = {
        "chapter": (address + CHAPTER, SLOWER, FIGURE),
        "front": (address, SLOWER, None),
        "link": (link, 1, FIGURE),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in visits}
    for _ in range(TIMES):
        for name, visited in visits.items():
            found[name].append(visit(browser, *visited))

    def median(name: str, what: str) -> float:
        return statistics.median(one[what] for one in found[name])

    if "--why" in sys.argv:
        for name, all_seen in found.items():
            print(name, *all_seen, sep="\n  ")
    return [
        ("chapter: largest contentful paint", median("chapter", "largest") / 1000, "s", 1.0),
        ("front page: largest contentful paint", median("front", "largest") / 1000, "s", 1.0),
        ("chapter: blocking while Python starts", median("chapter", "blocking"), "ms", 100),
        ("chapter: blocking while the theme starts", median("chapter", "before"), "ms", None),
        ("front page: blocking while the theme starts", median("front", "before"), "ms", None),
        ("chapter: layout shift", median("chapter", "shift"), "", 0.02),
        ("front page: layout shift", median("front", "shift"), "", 0.02),
        ("figure to read, no slower processor", median("link", "readable") / 1000, "s", 1.5),
        ("figure live, cold, no slower processor", median("link", "live") / 1000, "s", 12),
    ]


def pages() -> list[Row]:
    """The rows for the benchmark's table."""
    serving = serve.Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(ROOT / "site")))
    Thread(target=serving.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright, "chromium")
            rows = measure(browser, f"http://127.0.0.1:{serving.server_address[1]}/")
            browser.close()
    finally:
        serving.shutdown()
    return rows


if __name__ == "__main__":
    for what, value, unit, budget in pages():
        print(f"{what:60} {value:9.3f} {unit:8} {'' if budget is None else f'at most {budget:g}'}")
