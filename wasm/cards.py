"""Write a picture of each figure, for where a link to it is shown: `python -m wasm.cards site`, after `wasm.finish`.

The picture is what Chromium shows of the figure's own page before any script. `embed/<chapter>/<name>/card.png` is
what the Open Graph tags of that page and its chapter, and its oEmbed answer, name.
"""

import sys
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Route, sync_playwright

from wasm.assets import AssetError
from wasm.embeds import CARD, CARD_SIZE

CHROMIUM = "/usr/bin/chromium"
# A card is looked at small: the figure is laid out at two thirds of its width, and drawn half as large again.
SCALE = 1.5
# The figure begins at the edge, and what can only be pressed is not there.
STYLE = """
.cw-embed{padding:0!important;overflow:hidden}
.cw-embed main{padding:0!important;margin:0!important}
.cw-embed .cw-fig{margin:0!important;border-left:0;border-right:0;min-height:100vh}
.cw-foot,.cw-ctl,.cw-set,.cw-trans,.cw-embed__from,noscript,figcaption{display:none!important}
.cw-embed .cw-columns{grid-template-columns:minmax(0,1fr)!important}
"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def with_style(route: Route) -> None:
    """The page with the card's style in it: without scripts, the browser's driver cannot add one."""
    body = route.fetch().text().replace("</head>", f"<style>{STYLE}</style></head>")
    route.fulfill(body=body, content_type="text/html")


def write_cards(site: Path) -> int:
    """Write the card of each page in `embed/` of a finished site; the number of cards. Raises AssetError without any."""
    pages = sorted(path.parent for path in site.glob("embed/*/*/index.html"))
    if not pages:
        raise AssetError(f"{site} holds no figure's page: run `make site` first")
    width, height = (round(side / SCALE) for side in CARD_SIZE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    with ExitStack() as ending:
        ending.callback(server.shutdown)
        Thread(target=server.serve_forever, daemon=True).start()
        playwright = ending.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=SCALE,
            java_script_enabled=False,
            color_scheme="light",
        )
        page.route("**/embed/*/*/", with_style)
        for folder in pages:
            page.goto(f"http://127.0.0.1:{server.server_port}/{folder.relative_to(site).as_posix()}/")
            page.screenshot(path=folder / CARD)
        browser.close()
    return len(pages)


if __name__ == "__main__":
    try:
        print(f"{write_cards(Path(sys.argv[1] if len(sys.argv) > 1 else 'site'))} cards")
    except AssetError as error:
        sys.exit(f"cards: {error}")
