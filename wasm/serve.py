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
    """Files as they are, but for the site map, which names the address it is served from.

    Material's instant navigation follows only links that the site map lists, host and port included,
    so with the published address in it every link here would load a whole page and a new Python.
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
        """Answer with a file, or with the site map for this address."""
        if self.path.partition("?")[0] != "/sitemap.xml":
            return super().do_GET()
        body = site_map(Path(self.directory), f"http://{self.headers['Host']}/").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page is forty files."""


class Server(ThreadingHTTPServer):
    """A thread for each connection; a reader who leaves in the middle of a file is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong, but not a connection that the other side ended."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def site_map(site: Path, address: str) -> str:
    """The site map with another address for the site."""
    text = (site / "sitemap.xml").read_text()
    home = min(LOCATION.findall(text), key=len)  # every page's address begins with the front page's
    return text.replace(f"<loc>{home}", f"<loc>{address}")


def server(site: Path, port: int = 0) -> Server:
    """A server of the site on this machine only; port 0 takes any free one."""
    return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(site)))


def main(site: Path, port: int) -> None:
    """Serve until interrupted."""
    try:
        serving = server(site, port)
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
