"""Time until a figure is live, over a bare `loadPyodide()` in a worker of an empty page: ratios of one run.

Cold is a browser that has seen nothing; warm is one that has been here, and has kept what quickens a start. Both
sides are timed by the page's own clock, from the beginning of its navigation, and taken in turn.
"""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.browser.drivers import launch
from tests.browser.figures import figure_of

ROOT = Path(__file__).parents[2]
TIMES = 7
BARE = """
import { loadPyodide } from "./pyodide.mjs";
await loadPyodide();
postMessage(1);
"""
PAGE = """<!doctype html><title>bare</title><script>
new Worker("worker.mjs", { type: "module" }).onmessage = () => (window.live = performance.now());
</script>"""
# When the figure that the address names was live, by the page's clock.
WATCH = """
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.dataset.state === "live") window.live ??= performance.now();
}).observe(document, { subtree: true, attributeFilter: ["data-state"] });
"""
KEPT = "async () => (await (await caches.open('cutaway-start')).keys()).length > 0"
# without NumPy and with it: the most that a start may take, as a multiple of the bare one, warm and cold
FIGURES = {"kv-cache/allocator": (0.30, 1.2), "sampling/distribution": (0.55, 1.35)}

Row = tuple[str, float, str, float | None]


def bare_site(folder: Path) -> None:
    """Write the bare page into `folder`."""
    files = "pyodide.mjs pyodide.asm.mjs pyodide.asm.wasm python_stdlib.zip pyodide-lock.json"
    for name in files.split():
        shutil.copy2(ROOT / "node_modules/pyodide" / name, folder)
    (folder / "worker.mjs").write_text(BARE)
    (folder / "index.html").write_text(PAGE)


def seconds(context: BrowserContext, address: str) -> float:
    """Seconds from the navigation to live, in a page of its own."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    found = wait_for(page, "window.live")
    page.close()
    return found / 1000


def wait_for(page: Page, expression: str) -> Any:
    """Ask again and again: the policy forbids Playwright's own way, which evaluates text in the page."""
    for _ in range(1200):
        if found := page.evaluate(expression):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} did not come true")


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCH)
    return context


def once(browser: Browser, address: str) -> float:
    """Seconds to live in a browser that has seen nothing."""
    context = new_context(browser)
    took = seconds(context, address)
    context.close()
    return took


def visited(browser: Browser, address: str, *, keeps: bool) -> BrowserContext:
    """A browser that has been there, for long enough to keep what it keeps."""
    context = new_context(browser)
    page = context.new_page()
    page.goto(address)
    wait_for(page, "window.live")
    if keeps:
        wait_for(page, KEPT)
    page.wait_for_timeout(1000)
    page.close()
    for _ in range(2):
        seconds(context, address)
    return context


def starts(playwright: Playwright, address: str, bare: str, times: int = TIMES) -> list[Row]:
    """The rows of the table, for Chromium and Firefox."""
    rows: list[Row] = []
    for engine in ("chromium", "firefox"):
        browser = launch(playwright, engine)
        for demo, (warm, cold) in FIGURES.items():
            figure = figure_of(demo)
            ours = f"{address}{figure.page}?figure={demo}&v=1"
            pairs = [(once(browser, ours), once(browser, bare)) for _ in range(times)]
            rows += compared(f"{engine}, {demo}, cold", pairs, cold)
            here, there = visited(browser, ours, keeps=True), visited(browser, bare, keeps=False)
            pairs = [(seconds(here, ours), seconds(there, bare)) for _ in range(times)]
            rows += compared(f"{engine}, {demo}, warm", pairs, warm)
            for context in (here, there):
                context.close()
        browser.close()
    return rows


def compared(what: str, pairs: list[tuple[float, float]], budget: float) -> list[Row]:
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [
        (f"{what}: live", ours, "s", None),
        (f"{what}: bare loadPyodide()", bare, "s", None),
        (f"{what}: the one over the other", ours / bare, "", budget),
    ]


def alone() -> None:
    """Only this part: `python -m tests.bench.starts`."""
    from tempfile import TemporaryDirectory
    from threading import Thread

    from playwright.sync_api import sync_playwright

    from wasm.serve import server

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        bare_site(Path(folder))
        both = [server(ROOT / "site"), server(Path(folder))]
        for each in both:
            Thread(target=each.serve_forever, daemon=True).start()
        ours, bare = (f"http://127.0.0.1:{each.server_address[1]}/" for each in both)
        for what, value, unit, budget in starts(playwright, ours, bare):
            print(f"{what:60} {value:6.2f} {unit:2} {f'at most {budget}' if budget else ''}")


if __name__ == "__main__":
    alone()
