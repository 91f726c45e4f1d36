"""How long those who write wait: a save until the page is built, a reader's edit until the figure is drawn by it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser

from author.draft import begin

ROOT = Path(__file__).parents[2]
TIMES = 5
CHAPTER = "production/sampling/"
FIGURE = '[data-demo="sampling/distribution"]'
SAVED = {
    "a chapter": "docs/production/sampling.md",
    "a figure": "demos_py/sampling/distribution.py",
    "a template": "demos_py/sampling/distribution.html.jinja",
    "a style": "docs/assets/cutaway/prose.css",
}
Row = tuple[str, float, str, float | None]


def saves() -> list[Row]:
    """Seconds from a saved file until the copy of the site that `make serve` shows has it: the median of some."""
    begin()
    command = [sys.executable, "-m", "author.rebuild"]
    builder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert builder.stdin and builder.stdout
    rows: list[Row] = []
    for what, path in SAVED.items():
        took = []
        for _ in range(TIMES + 1):
            (ROOT / path).touch()
            began = time.perf_counter()
            builder.stdin.write(json.dumps([path]) + "\n")
            builder.stdin.flush()
            wrong = json.loads(builder.stdout.readline())
            took.append(time.perf_counter() - began)
            assert not wrong, wrong
        rows.append((f"{what} saved, until it is built", statistics.median(took[1:]), "s", 2.0))
    builder.stdin.close()
    builder.wait()
    return rows


def edits(browser: Browser, address: str) -> list[Row]:
    """Seconds from Run until the edited figure is drawn: the first time, which starts a Python, and after that."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}{CHAPTER}?figure=sampling/distribution")
    page.wait_for_selector(f'{FIGURE}[data-state="live"]', timeout=120_000)
    page.click(f"{FIGURE} [data-action=inside]")
    took = []
    for number in range(TIMES + 1):
        page.click(f"{FIGURE} .cm-content")
        page.keyboard.press("Control+End")
        page.keyboard.type(f"\nprint({number})")
        began = time.perf_counter()
        page.keyboard.press("Control+Enter")
        page.locator(f"{FIGURE} .cw-printed").get_by_text(str(number)).wait_for(timeout=60_000)
        took.append(time.perf_counter() - began)
    page.context.close()
    return [
        ("an edit’s first run, with a Python of its own", took[0], "s", None),
        ("an edit’s run after that", statistics.median(took[1:]), "s", None),
    ]
