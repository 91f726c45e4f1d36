"""Each figure's start: from the navigation until it is live, in Chromium that has been here. Kept for the reference.

`python -m tests.bench.figures` measures all of them on the built site, prints them and writes
docs/data/start-times.json, which `/// index | demos` shows (demos_py/core/markdown/index.py).
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from tests.bench.starts import KEPT, Row, new_context, seconds, wait_for
from tests.browser.drivers import launch
from tests.browser.figures import PLACED
from wasm.serve import server

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs/data/start-times.json"
TIMES = 3  # after one that is not counted, in which the browser comes by the figure's own files
CORES = {1: "one core", 2: "two cores", 4: "four cores", 8: "eight cores"}
GPU = """async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  return Boolean(adapter) && !adapter.info?.isFallbackAdapter;
}"""


def figures(playwright: Playwright, address: str) -> list[Row]:
    """The rows of the table, one a demo; writes the file that the reference shows."""
    browser = launch(playwright, "chromium")
    context = new_context(browser)
    page = context.new_page()
    first = PLACED[0]
    page.goto(f"{address}{first.page}?figure={first.uid}&v=1")
    wait_for(page, "window.live")
    wait_for(page, KEPT)
    gpu = page.evaluate(GPU)
    page.close()
    took: dict[str, float] = {}
    for figure in PLACED:
        if figure.demo.id not in took:
            ours = f"{address}{figure.page}?figure={figure.uid}&v=1"
            seconds(context, ours)
            # the quickest, as whatever else the machine does can only slow one
            took[figure.demo.id] = round(min(seconds(context, ours) for _ in range(TIMES)), 2)
    measured: dict[str, Any] = {
        "date": date.today().isoformat(),
        "browser": f"Chromium {browser.version.partition('.')[0]}",
        "machine": f"{_cores()} and {'a' if gpu else 'no'} GPU{_busy()}",
        "seconds": dict(sorted(took.items())),
    }
    browser.close()
    FILE.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    return [(f"chromium, {demo}, warm: live", value, "s", None) for demo, value in took.items()]


def _cores() -> str:
    count = os.cpu_count() or 1
    return CORES.get(count, f"{count} cores")


def _busy() -> str:
    """A word for the reader where other work on the machine has slowed every start."""
    # this measurement alone keeps about two processes running
    return ", busy with other work" if os.getloadavg()[1] > (os.cpu_count() or 1) + 2 else ""


def alone() -> None:
    """Only this part."""
    serving = server(ROOT / "site")
    Thread(target=serving.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        for what, value, unit, _ in figures(playwright, f"http://127.0.0.1:{serving.server_address[1]}/"):
            print(f"{what:60} {value:6.2f} {unit}")


if __name__ == "__main__":
    alone()
