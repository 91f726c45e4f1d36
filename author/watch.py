"""Serve the book while it is written: `python -m author.watch 8000`, after `make site`.

What is saved is built anew, and open pages load themselves again; what is wrong is said in the
terminal and on the page, which stays as it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty, Queue
from threading import Condition, Thread
from urllib.parse import unquote

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from author.draft import DRAFT, begin
from wasm import serve
from wasm.assets import ROOT
from wasm.serve import Handler, at_address

WATCHED = ("docs", "demos_py", "overrides", "wasm")
IGNORED = ("__pycache__", "overrides/partials/cutaway.html")
CHANGES = "/cutaway-changes"
SCRIPT = "/cutaway-watch.js"
TAG = f'<script src="{SCRIPT}" defer></script></head>'
# The page's half: loads it again after a build, or says what is wrong.
CODE = f"""
const changes = new EventSource("{CHANGES}");
const box = document.createElement("pre");
box.setAttribute("role", "alert");
box.style = "position:fixed;inset:auto 0 0 0;z-index:99;margin:0;padding:.8rem 1rem;max-height:60vh;overflow:auto;white-space:pre-wrap;background:var(--cw-sheet);color:var(--cw-alarm);border-top:2px solid;font:14px/1.5 monospace";
changes.onmessage = ({{ data }}) => {{
  const wrong = JSON.parse(data);
  if (!wrong.length) location.reload();
  box.textContent = wrong.join("\\n\\n");
  document.body.append(box);
}};
"""
QUIET = 0.05  # seconds without another change before a build: an editor may write a file in several steps


class News:
    """What came of the last build, for every open page to hear."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._number = 0
        self.wrong: list[str] = []

    def tell(self, wrong: list[str]) -> None:
        """Let every page hear what is wrong; nothing, where it was built."""
        with self._changed:
            self._number += 1
            self.wrong = wrong
            self._changed.notify_all()

    def after(self, number: int, seconds: float) -> int:
        """The number of the last news, once it is another than this one or so many seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != number, seconds)
            return self._number

    @property
    def number(self) -> int:
        """How many there were."""
        return self._number


class Watched(Handler):
    """The site's files, each page with the script that hears of changes."""

    news: News

    def do_GET(self) -> None:
        """Answer with news as they come, with the script that hears them, or with a file."""
        if self.path == CHANGES:
            self._tell()
        elif self.path == SCRIPT:
            self.send_text(CODE, "text/javascript; charset=utf-8")
        elif (page := self._page()) is not None:
            self.send_text(page.replace("</head>", TAG, 1), "text/html; charset=utf-8")
        else:
            super().do_GET()

    def _page(self) -> str | None:
        """The page that is asked for, as it is sent; None for any other file."""
        path = self.path.partition("?")[0]
        file = DRAFT / unquote(path).strip("/")
        file = file / "index.html" if path.endswith("/") else file
        if file.suffix != ".html" or not file.is_file() or not file.resolve().is_relative_to(DRAFT):
            return None
        return at_address(DRAFT, path, f"http://{self.headers['Host']}/") or file.read_text("utf-8")

    def _tell(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        number = self.news.number
        if self.news.wrong:  # what was wrong before this page came is wrong still
            self.wfile.write(f"data: {json.dumps(self.news.wrong)}\n\n".encode())
            self.wfile.flush()
        while True:
            now = self.news.after(number, 15)
            # a comment now and then, by which a page that has gone away is noticed
            said = ":\n\n" if now == number else f"data: {json.dumps(self.news.wrong)}\n\n"
            number = now
            self.wfile.write(said.encode())
            self.wfile.flush()


class Saved(FileSystemEventHandler):
    """Puts the paths of files that were written, moved or removed into a queue."""

    def __init__(self, queue: Queue[str]) -> None:
        self._queue = queue

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note a change; reading is none."""
        if event.is_directory or event.event_type in ("opened", "closed_no_write"):
            return
        for path in (event.src_path, event.dest_path):
            name = str(path).removeprefix(f"{ROOT}/")
            if (
                path
                and not any(part in name for part in IGNORED)
                and not Path(name).name.startswith((".", "#"))
            ):
                self._queue.put(name)


def build_forever(queue: Queue[str], news: News) -> None:
    """Build after each change, all that changed meanwhile at once."""
    builder = subprocess.Popen(
        [sys.executable, "-m", "author.rebuild"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert builder.stdin and builder.stdout
    failed: set[str] = set()  # what could not be built is built again with the next change
    while True:
        changed = {queue.get()} | failed
        try:
            while True:
                changed.add(queue.get(timeout=QUIET))
        except Empty:
            pass
        began = time.monotonic()
        builder.stdin.write(json.dumps(sorted(changed)) + "\n")
        builder.stdin.flush()
        line = builder.stdout.readline()
        if not line:
            print("The builder has ended; start again by make serve.", flush=True)
            return
        wrong = json.loads(line)
        failed = changed if wrong else set()
        names = ", ".join(name for name in sorted(changed) if (ROOT / name).is_file())
        print(
            "\n".join(wrong) if wrong else f"{names}: built in {time.monotonic() - began:.1f} s", flush=True
        )
        news.tell(wrong)


def main(port: int) -> None:
    """Serve and build until interrupted."""
    begin()
    queue: Queue[str] = Queue()
    news = News()
    observer = Observer()
    for name in WATCHED:
        observer.schedule(Saved(queue), str(ROOT / name), recursive=True)
    observer.schedule(Saved(queue), str(ROOT / "mkdocs.yml"))
    observer.start()
    Thread(target=build_forever, args=(queue, news), daemon=True).start()
    serve.main(DRAFT, port, type("WatchedNow", (Watched,), {"news": news}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
