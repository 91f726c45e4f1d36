"""The built site, served as GitHub Pages would: below a sub-path. Any of its files can be made to fail."""

import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from wasm import serve
from wasm.assets import ROOT

BASE = "/book/"
Trouble = Callable[["Handler", bytes], None]


def site_folder() -> Path:
    """The site under test: `site/`, or where CUTAWAY_SITE says."""
    return Path(os.environ.get("CUTAWAY_SITE") or ROOT / "site").resolve()


class OtherSite(BaseHTTPRequestHandler):
    """A site of another origin, whose page is what the address's query holds."""

    def do_GET(self) -> None:
        page = unquote(self.path.partition("?")[2])
        body = f"<!doctype html><meta charset=utf-8><title>Elsewhere</title>{page}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Handler(serve.Handler):
    """The site below /book/, and the troubles that a test has asked for."""

    server: "Site"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not path.startswith(BASE):
            return self.send_error(404)
        self.path = self.path[len(BASE) - 1 :]
        self.server.asked.append(path)
        self.directory = str(self.server.folder)  # a connection that stays open outlives a move
        name = path.rpartition("/")[2]
        trouble = next((how for part, how in self.server.troubles.items() if part in name), None)
        here = f"http://{self.headers['Host']}{BASE}"
        if trouble:
            trouble(self, Path(self.translate_path(self.path)).read_bytes())
        elif text := serve.at_address(self.server.folder, self.path.partition("?")[0], here):
            self.answer(text.encode())
        else:
            SimpleHTTPRequestHandler.do_GET(self)

    def answer(self, body: bytes, length: int | None = None) -> None:
        """A good answer, whose length may be a lie."""
        self.send_response(200)
        path = self.path.partition("?")[0]
        self.send_header("Content-Type", "text/html" if path.endswith("/") else self.guess_type(path))
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, *more: str | None) -> None:
        self.server.refused.append(f"{code} {self.path}")
        super().send_error(code, *more)


class Site(ThreadingHTTPServer):
    """A running server. `asked` are the paths requested, `refused` those answered with an error."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
        self.folder = folder
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.home = self.origin + BASE
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.troubles: dict[str, Trouble] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def move(self, folder: Path) -> None:
        """Go on with another folder, as when a newer build is published."""
        self.folder = folder

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where the browser hung up: it does so whenever a page is left."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def times_asked(self, part: str) -> int:
        """How many requests were for a file whose name holds `part`."""
        return sum(part in path.rpartition("/")[2] for path in self.asked)

    @contextmanager
    def trouble(self, part: str, how: Trouble) -> Iterator[None]:
        """While this lasts, every file whose name holds `part` is answered by `how`."""
        self.troubles[part] = how
        try:
            yield
        finally:
            del self.troubles[part]

    @contextmanager
    def held(self, part: str, then: Trouble | None = None) -> Iterator[Callable[[], None]]:
        """Hold back the files whose name holds `part` until the function given is called, or this ends.

        After that they are answered as `then` says, or well.
        """
        released = threading.Event()

        def wait(handler: Handler, body: bytes) -> None:
            released.wait(120)
            (then or Handler.answer)(handler, body)

        with self.trouble(part, wait):
            try:
                yield released.set
            finally:
                released.set()


def hang_up(handler: Handler, body: bytes) -> None:
    """No answer at all: the connection ends."""
    handler.close_connection = True


def stop_halfway(handler: Handler, body: bytes) -> None:
    """The connection ends in the middle of the file."""
    handler.answer(body[: len(body) // 2], length=len(body))
    handler.close_connection = True


def truncate(handler: Handler, body: bytes) -> None:
    """Half of the file, as if that were all of it."""
    handler.answer(body[: len(body) // 2])


def flip(handler: Handler, body: bytes) -> None:
    """The same length, but a few bytes in the middle are others."""
    at = len(body) // 2
    handler.answer(body[:at] + bytes(byte ^ 0xFF for byte in body[at : at + 8]) + body[at + 8 :])


def trickle(handler: Handler, body: bytes) -> None:
    """The file in twenty pieces, a tenth of a second apart."""
    handler.send_response(200)
    path = handler.path.partition("?")[0]
    handler.send_header("Content-Type", handler.guess_type(path))
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    size = len(body) // 20 + 1
    for at in range(0, len(body), size):
        handler.wfile.write(body[at : at + size])
        handler.wfile.flush()
        time.sleep(0.1)
