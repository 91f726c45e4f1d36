"""Serve a finished site on this machine: `python -m wasm.serve site 8000`. The browser tests use it too."""

import errno
import functools
import re
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOCATION = re.compile(r"<loc>(.*?)</loc>")


class Handler(SimpleHTTPRequestHandler):
    """Files as they are, but for those that name the address they are served from.

    Material's instant navigation follows only links that the site map lists, host and port included,
    so with the published address in it every link here would load a whole page and a new Python. A figure's
    own page allows itself what comes from the site's address, as in a frame it has none of its own.
    """

    protocol_version = "HTTP/1.1"
    # Said here, because what Python takes from the system differs between systems.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".woff2": "font/woff2",
    }

    def do_GET(self) -> None:
        """Answer with a file, brought to this address where it names one."""
        address = f"http://{self.headers['Host']}/"
        text = at_address(Path(self.directory), self.path.partition("?")[0], address)
        if text is None:
            return super().do_GET()
        self.send_text(text, "application/xml" if self.path.endswith(".xml") else "text/html; charset=utf-8")

    def send_text(self, text: str, kind: str) -> None:
        """Answer with a text of this kind."""
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Let any page read what it gets, as GitHub Pages does: a frame without an origin needs it."""
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page is forty files."""


class Server(ThreadingHTTPServer):
    """A thread for each connection; a reader who leaves in the middle of a file is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong, but not a connection that the other side ended."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def at_address(site: Path, path: str, address: str) -> str | None:
    """A file of the site that names the site's address, with this one in its place; None for any other file."""
    file = site / path.strip("/") / ("index.html" if path.endswith("/") else "")
    named = path == "/sitemap.xml" or path.startswith("/embed/")
    if not named or file.suffix not in (".xml", ".html", ".json") or not file.is_file():
        return None
    # every page's address begins with the front page's
    home = min(LOCATION.findall((site / "sitemap.xml").read_text()), key=len)
    return file.read_text("utf-8").replace(home, address)


def server(site: Path, port: int = 0, handler: type[Handler] = Handler) -> Server:
    """A server of the site on this machine only; port 0 takes any free one."""
    return Server(("127.0.0.1", port), functools.partial(handler, directory=str(site)))


def main(site: Path, port: int, handler: type[Handler] = Handler) -> None:
    """Serve until interrupted."""
    try:
        serving = server(site, port, handler)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f"Port {port} is taken by another program. Stop it, or choose another: make serve PORT=8001")
    print(f"Cutaway is at http://127.0.0.1:{port}/  (Ctrl-C stops it)", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
