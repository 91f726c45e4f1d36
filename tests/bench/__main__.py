"""`make bench`: start, response, size and build, measured in Chromium over loopback on the built site.

Ratios are taken in one run, both sides in turn, so that a busy machine slows both. Prints a table and writes
build/bench.json, and docs/data/start-times.json with each figure's start; ends with 1 where a budget is missed.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.figures import figures
from tests.bench.moving import moving
from tests.bench.pages import pages
from tests.bench.starts import bare_site, starts
from tests.bench.writing import edits, saves
from wasm.serve import server

ROOT = Path(__file__).parents[2]
CHAPTER = "production/sampling/"
EVENTS = 120
WARM = 30  # of them, not counted
# milliseconds from an input event to the figure's next render, once for each of many values
RESPONSE = """async ([demo, name, values, plotly]) => {
  const figure = document.querySelector(`[data-demo="${demo}"]`);
  const took = [];
  for (const value of values) {
    const control = figure.querySelector(`[name="${name}"]`);
    const chart = figure.querySelector("[data-chart]");
    const done = new Promise((resolve) => {
      if (plotly) chart.once("plotly_afterplot", resolve);
      else new MutationObserver((_, watch) => { watch.disconnect(); resolve(); })
        .observe(figure.querySelector(".cw-body"), { subtree: true, childList: true, characterData: true, attributes: true });
    });
    control.value = value;
    const began = performance.now();
    control.dispatchEvent(new Event("input", { bubbles: true }));
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`${demo}: ${name} ${value} changed nothing`)), 10000));
    await Promise.race([done, late]);
    took.push(performance.now() - began);
    // until the page has painted, as it has when a reader's next event comes
    await new Promise((next) => setTimeout(next, 50));
  }
  return took;
}"""
LIVE = '[data-demo="{}"][data-state="live"]'


def fresh(browser: Browser) -> Page:
    """A page of a new context: nothing cached."""
    return browser.new_context(viewport={"width": 1280, "height": 900}).new_page()


def response(page: Page, demo: str, name: str, values: list[str], *, plotly: bool = False) -> list[float]:
    """Milliseconds from an input event to the updated figure, for each value in turn."""
    figure = page.locator(f'[data-demo="{demo}"]')
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(LIVE.format(demo), timeout=120_000)
    if plotly:
        figure.locator("[data-chart] .main-svg").first.wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    # the browser compiles Python's inner loop in its first moments; that belongs to the start
    page.evaluate(RESPONSE, [demo, name, values[:WARM], plotly])
    return page.evaluate(RESPONSE, [demo, name, values[WARM:], plotly])


def before_python(browser: Browser, address: str) -> dict[str, int]:
    """Bytes, each file gzipped, of what the chapter loads before any figure starts, by kind."""
    page = fresh(browser)
    sizes: dict[str, int] = {}
    seen = []
    page.on("response", lambda found: seen.append(found))
    page.set_viewport_size({"width": 1280, "height": 300})  # no figure in sight
    page.goto(address + CHAPTER, wait_until="networkidle")
    for found in seen:
        kind = found.request.resource_type
        if kind in ("document", "stylesheet", "script") and found.ok:
            sizes[kind] = sizes.get(kind, 0) + len(gzip.compress(found.body(), 6))
    states = page.locator("[data-demo]").evaluate_all("all => all.map(one => one.dataset.state)")
    assert set(states) == {"static"}, states
    page.context.close()
    return sizes


def build() -> tuple[float, float]:
    """Seconds of a full build of the site, and of one where nothing changed."""
    shutil.rmtree(ROOT / "build" / "assets", ignore_errors=True)
    (ROOT / "site" / "index.html").unlink(missing_ok=True)
    times = []
    for _ in range(2):
        began = time.perf_counter()
        subprocess.run(["make", "site"], cwd=ROOT, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return times[0], times[1]


def asking(page: Page) -> list[tuple[str, float, str, float | None]]:
    """What asking a model from Python costs over its run by onnxruntime-web, as a reader waits for it.

    A text that is new needs a run; the same text again is answered from memory. The difference of the two
    responses is the whole cost of the run: arrays to JavaScript, the run, and its logits back. The badge has
    what onnxruntime-web took of that, timed in JavaScript in the same worker.
    """
    demo, extra, plain = "sampling/vocabulary", [], []
    badge = page.locator(f'[data-demo="{demo}"] [data-ms]')
    tail = " went to the market and saw the old mill by the river" * 5
    names = [
        "Mira",
        "Tom",
        "Zoe",
        "Finn",
        "Sam",
        "Luis",
        "Omar",
        "Yara",
        "Leo",
        "Ines",
        "Nadia",
        "Anna",
        "Lara",
        "Viktor",
        "Amir",
        "Lena",
    ]
    page.evaluate(RESPONSE, [demo, "prompt", [f"{name}{tail}" for name in names[:4]], False])
    for name in names[4:]:
        there, other = f"{name}{tail}", f"{name} and{tail}"
        (new,) = page.evaluate(RESPONSE, [demo, "prompt", [there], False])
        plain.append(float(badge.inner_text().removesuffix(" ms").rpartition(" ")[2]))
        # another and back: the text is new to the figure, and its answer is remembered
        *_, again = page.evaluate(RESPONSE, [demo, "prompt", [other, there], False])
        extra.append(new - again)
    whole, run = statistics.median(extra), statistics.median(plain)
    return [
        ("a run asked from Python, 60 tokens", whole, "ms", None),
        ("of that, onnxruntime-web", run, "ms", None),
        ("the one over the other", whole / run, "", 1.1),
    ]


def models() -> list[tuple[str, float, str, float | None]]:
    """pocket-lm by plain onnxruntime-web, one thread of WebAssembly, under Node."""
    command = ["node", str(Path(__file__).with_name("models.mjs"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    budgets = {"forward, 32 tokens, every intermediate": 60.0}
    return [
        (f"pocket-lm: {what}", value, "" if "a second" in what else "ms", budgets.get(what))
        for what, value in json.loads(done.stdout).items()
    ]


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    rows: list[tuple[str, float, str, float | None]] = []  # what, value, unit, budget
    full, nothing = build()
    rows += [("full build", full, "s", 15), ("build, nothing changed", nothing, "s", None)]
    # each value another one on the slider's steps, or nothing would change
    slide = [f"{0.1 + 0.05 * (7 * i % 37):.2f}" for i in range(EVENTS)]
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        bare_site(Path(folder))
        ours, bare = server(ROOT / "site"), server(Path(folder))
        for each in (ours, bare):
            Thread(target=each.serve_forever, daemon=True).start()
        address, plain = (f"http://127.0.0.1:{each.server_address[1]}/" for each in (ours, bare))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        sizes = before_python(browser, address)
        page = fresh(browser)
        page.goto(address + CHAPTER)
        for demo, name, values, plotly in (
            ("sampling/distribution", "temperature", slide, False),
            ("sampling/order-matters", "temperature", slide, False),
            ("sampling/seed-lie", "orders", [str(2 + i) for i in range(EVENTS)], False),
            ("sampling/draws", "temperature", slide, True),
        ):
            took = response(page, demo, name, values, plotly=plotly)
            rows += [
                (f"{demo}, median response", statistics.median(took), "ms", None if plotly else 8),
                (f"{demo}, 95th percentile", quantile(took, 0.95), "ms", 33 if plotly else 16),
            ]
        rows += asking(page)
        rows += moving(browser, address)
        rows += edits(browser, address)
        browser.close()
        rows += starts(playwright, address, plain)
        rows += figures(playwright, address)
        for each in (ours, bare):
            each.shutdown()
    rows += pages()
    rows += models()
    rows += saves()
    rows += [(f"{kind}, before Python", size / 1000, "KB gzip", None) for kind, size in sizes.items()]
    rows.append(("HTML, CSS and JS before Python", sum(sizes.values()) / 1000, "KB gzip", 250))

    missed = 0
    for what, value, unit, budget in rows:
        over = budget is not None and value > budget
        missed += over
        limit = "" if budget is None else f"at most {budget:g}{'  MISSED' if over else ''}"
        print(f"{what:60} {value:9.2f} {unit:8} {limit}")
    report = [dict(zip(("what", "value", "unit", "budget"), row, strict=True)) for row in rows]
    (ROOT / "build" / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
