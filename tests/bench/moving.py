"""Figures that move, in Chromium: frames a second while they play, a step, and scrubbing through long logs."""

from __future__ import annotations

import random
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from demos_py.core.demo import find, ids
from tests.browser.figures import figure_of

Row = tuple[str, float, str, float | None]
STEPS, STRETCH, SCRUBS, PLAYS = 110, 10, 60, 3000  # steps, at a time, and places measured; ms of play
WARM = 20  # of each, not counted: the browser compiles Python's inner loop in its first moments
# ten requests that fit into the pool one at a time, of a thousand tokens each
LONG = {"layout": "contiguous", "trace": "\n".join(["0 100 1000 1000"] * 10)}
# counts the frames drawn while the figure plays; out of sight it would wait
FRAMES = """async ([figure, ms]) => {
  figure.scrollIntoView({ block: "center", behavior: "instant" });
  const press = (name) => figure.querySelector(`[data-move=${name}]`).click();
  press("start");
  await new Promise((next) => setTimeout(next, 300));
  press("play");
  const at = figure.querySelector(".cw-time [data-at]"), first = at.textContent;
  let frames = 0, on = true;
  const count = () => { frames += 1; if (on) requestAnimationFrame(count); };
  const began = performance.now();
  requestAnimationFrame(count);
  await new Promise((next) => setTimeout(next, ms));
  on = false;
  const took = performance.now() - began;
  if (at.textContent === first) throw new Error("it does not play");
  if (figure.querySelector("[data-move=play]").classList.contains("is-playing")) press("play");
  return 1000 * frames / took;
}"""
# ms from asking for each of these steps, by the scrubber, until the figure shows it
SEEK = """async ([figure, places]) => {
  const scrub = figure.querySelector(".cw-scrub input"), at = figure.querySelector(".cw-time [data-at]");
  const took = [];
  for (const place of places) {
    const wanted = place.toLocaleString("en");
    if (at.textContent === wanted) continue;
    const shown = new Promise((resolve, fail) => {
      new MutationObserver((_, watch) => {
        if (at.textContent === wanted) { watch.disconnect(); resolve(); }
      }).observe(at, { childList: true, characterData: true, subtree: true });
      setTimeout(() => fail(new Error(`step ${place} was not shown`)), 20000);
    });
    const began = performance.now();
    scrub.value = place;
    scrub.dispatchEvent(new Event("input", { bubbles: true }));
    await shown;
    took.push(performance.now() - began);
    await new Promise((next) => setTimeout(next, 20));
  }
  return took;
}"""


def _open(page: Page, address: str, demo_id: str, query: str = "") -> object:
    """The figure, live, and all its steps known."""
    more = f"?figure={demo_id}&v=1&{query}" if query else ""
    page.goto(f"{address}{figure_of(demo_id).page}{more}")
    figure = page.locator(f'figure[data-demo="{demo_id}"]').first
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(f'figure[data-demo="{demo_id}"][data-state="live"]', timeout=120_000)
    known = "f => !f.querySelector('.cw-time [data-known]').textContent.includes('on')"
    page.wait_for_function(known, arg=figure.element_handle(), timeout=120_000)
    return figure.element_handle()


def _known(page: Page, figure: object) -> int:
    return int(page.evaluate("f => f.querySelector('.cw-scrub input').max", figure))


def _steps(page: Page, figure: object, end: int) -> list[float]:
    """Milliseconds of single steps, in stretches that begin at random places of a run of `end` steps."""
    took: list[float] = []
    starts = random.Random(0)
    while len(took) < STEPS:
        start = starts.randint(0, max(0, end - STRETCH))
        page.evaluate(SEEK, [figure, [start]])  # the way to the place is no step
        took += page.evaluate(SEEK, [figure, list(range(start + 1, min(start + STRETCH, end) + 1))])
    return took[WARM:]


def _high(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def moving(browser: Browser, address: str) -> list[Row]:
    """The rows of every figure that moves; each figure of the registry that does is measured."""
    rows: list[Row] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    for demo_id in sorted(ids()):
        if not find(demo_id).moves:
            continue
        figure = _open(page, address, demo_id)
        end = _known(page, figure)
        frames = page.evaluate(FRAMES, [figure, PLAYS])
        took = _steps(page, figure, end)
        rows += [
            # thirty frames a second
            (f"{demo_id}, a frame while it plays", 1000 / frames, "ms", 1000 / 30),
            (f"{demo_id}, a step, 95th percentile", _high(took), "ms", 16),
        ]
    figure = _open(page, address, "kv-cache/allocator", urlencode(LONG))
    end = _known(page, figure)
    took = page.evaluate(SEEK, [figure, [(7919 * i) % end for i in range(1, SCRUBS)]])[WARM:]
    rows.append((f"kv-cache/allocator, scrubbing {end:,} steps, 95th percentile", _high(took), "ms", 100))
    page.close()
    return rows
