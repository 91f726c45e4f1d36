"""Figures that move, in Chromium: frames a second while they play, a step, and scrubbing through long logs."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from demos_py.core.demo import find, ids

Row = tuple[str, float, str, float | None]
STEPS, SCRUBS, PLAYS = 80, 40, 3000  # steps and places measured; ms of play
# ten requests that fit into the pool one at a time, of a thousand tokens each
LONG = {"layout": "contiguous", "trace": "\n".join(["0 100 1000 1000"] * 10)}
WHERE = {
    "mcp-a2a": "production",
    "rate-limits": "production",
}  # the parts of the chapters that are not in serving
# counts the frames drawn while the figure plays
FRAMES = """async ([figure, ms]) => {
  const press = (name) => figure.querySelector(`[data-move=${name}]`).click();
  press("start");
  await new Promise((next) => setTimeout(next, 300));
  press("play");
  let frames = 0, on = true;
  const count = () => { frames += 1; if (on) requestAnimationFrame(count); };
  const began = performance.now();
  requestAnimationFrame(count);
  await new Promise((next) => setTimeout(next, ms));
  on = false;
  const took = performance.now() - began;
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
    chapter = demo_id.partition("/")[0]
    more = f"?figure={demo_id}&v=1&{query}" if query else ""
    page.goto(f"{address}{WHERE.get(chapter, 'serving')}/{chapter}/{more}")
    figure = page.locator(f'figure[data-demo="{demo_id}"]').first
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(f'figure[data-demo="{demo_id}"][data-state="live"]', timeout=120_000)
    known = "f => !f.querySelector('.cw-time [data-known]').textContent.includes('on')"
    page.wait_for_function(known, arg=figure.element_handle(), timeout=120_000)
    return figure.element_handle()


def _known(page: Page, figure: object) -> int:
    return int(page.evaluate("f => f.querySelector('.cw-scrub input').max", figure))


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
        took = page.evaluate(SEEK, [figure, [1 + i % end for i in range(min(STEPS, 4 * end))]])
        rows += [
            # thirty frames a second
            (f"{demo_id}, a frame while it plays", 1000 / frames, "ms", 1000 / 30),
            (f"{demo_id}, a step, 95th percentile", _high(took), "ms", 16),
        ]
    figure = _open(page, address, "kv-cache/allocator", urlencode(LONG))
    end = _known(page, figure)
    took = page.evaluate(SEEK, [figure, [(7919 * i) % end for i in range(1, SCRUBS)]])
    rows.append((f"kv-cache/allocator, scrubbing {end:,} steps, 95th percentile", _high(took), "ms", 100))
    page.close()
    return rows
