"""Write a page for each figure alone, to be shown in a frame of another site: `embed/<chapter>/<name>/`.

Each holds the figure as its chapter has it, complete without a script, and beside it its oEmbed answer.
`wasm/host/embedded.js` reads what the address asks for; docs/use/embed.md says what that may be.
"""

import html
import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader

from wasm.assets import ROOT, AssetError

FIGURE = re.compile(r"<cutaway-figure\b.*?</cutaway-figure>", re.DOTALL)
DEMO = re.compile(r'data-demo="([^"]+)"')
AGAIN = re.compile(r"<figure [^>]*\sdata-again\b")  # its own place is on another page
TITLE = re.compile(r'<div class="cw-title" id="[^"]*">(.*?)</div>', re.DOTALL)
READING = re.compile(r'<span data-part="reading"[^>]*>(.*?)</span>(?=</p>)', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
HREF = re.compile(r'(<a\b[^>]*?\shref=")([^"]*)(")')
CANONICAL = re.compile(r'<link rel="canonical" href="([^"]*)"')
SHEET = re.compile(r'<link rel="stylesheet" href="([^"]*)"')
ICON = re.compile(r'<link rel="icon" href="([^"]*)"')
HOST = re.compile(r'<script type="module" async src="([^"]*/host\.js)"></script>')
PAGE_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
DECK = re.compile(r'<p class="cw-deck">(.*?)</p>', re.DOTALL)
OPEN_GRAPH = re.compile(r'<meta (?:property="og:|name="twitter:)[^>]*>')
# What a page of its own begins with, until the script that sizes its frame has measured it: pixels.
START_HEIGHT = 640
# What shows a figure where a link to it is shown; wasm/cards.py makes it.
CARD = "card.png"
CARD_SIZE = (1200, 630)  # pixels


@dataclass(frozen=True)
class Placed:
    """A figure of a chapter: its demo, its HTML, and the page that holds it, below the site's folder."""

    demo: str
    figure: str
    page: Path
    text: str

    def find(self, pattern: re.Pattern[str]) -> str:
        """What a pattern finds in the page. Raises AssetError where it finds nothing."""
        found = pattern.search(self.text)
        if not found:
            raise AssetError(
                f"{self.page}: an embed page needs what {pattern.pattern} finds, and it is not there"
            )
        return html.unescape(found[1])


def placed(site: Path, pages: dict[Path, str]) -> dict[str, Placed]:
    """Each demo's first figure in the pages of a site; in those of chapters before the front page, which borrows one;
    but not one that a page shows once more."""
    found: dict[str, Placed] = {}
    for path, text in sorted(pages.items(), key=lambda page: (page[0].parent == site, page[0])):
        if path.relative_to(site).parts[0] == "embed":
            continue
        for figure in FIGURE.findall(text):
            demo = DEMO.search(figure)
            if demo and not AGAIN.search(figure):
                found.setdefault(demo[1], Placed(demo[1], figure, path.relative_to(site), text))
    return found


def in_words(markup: str) -> str:
    """HTML as plain text in one line."""
    return " ".join(html.unescape(TAG.sub("", markup)).split())


def moved(address: str, old: str, new: str) -> str:
    """An address that was relative to one folder, relative to another."""
    parts = urlsplit(html.unescape(address))
    if parts.scheme or parts.netloc:
        return address
    path = posixpath.join("/", old, parts.path)
    path = posixpath.relpath(path, f"/{new}") + ("/" if path.endswith("/") or not parts.path else "")
    return html.escape(parts._replace(path=path).geturl())


def with_links_moved(markup: str, old: str, new: str) -> str:
    """Some HTML of a page in one folder, for a page in another."""
    return HREF.sub(lambda link: link[1] + moved(link[2], old, new) + link[3], markup)


def write_embeds(site: Path, pages: dict[Path, str]) -> tuple[dict[Path, str], str]:
    """The embed pages of a site's figures, by path, and the site's address; their oEmbed answers are written at once."""
    # filled in from what the generator wrote, so that nothing is written twice
    template = Environment(
        loader=FileSystemLoader(ROOT / "wasm/pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).get_template("embed.html.jinja")
    made: dict[Path, str] = {}
    home = ""
    for demo, it in placed(site, pages).items():
        old, new = it.page.parent.as_posix(), f"embed/{demo}"
        chapter = it.find(CANONICAL)
        home = chapter.removesuffix(f"{old}/")
        title, reading = (
            in_words(found[1]) if (found := part.search(it.figure)) else "" for part in (TITLE, READING)
        )
        frame = snippet(f"{home}{new}/", f"{title} – Cutaway", START_HEIGHT)
        answer = {
            "version": "1.0",
            "type": "rich",
            "provider_name": "Cutaway",
            "provider_url": home,
            "title": title,
            "html": frame,
            "width": 720,
            "height": START_HEIGHT,
            "thumbnail_url": f"{home}{new}/{CARD}",
            "thumbnail_width": CARD_SIZE[0],
            "thumbnail_height": CARD_SIZE[1],
        }
        (site / new).mkdir(parents=True, exist_ok=True)
        (site / new / "oembed.json").write_text(
            json.dumps(answer, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        made[site / new / "index.html"] = template.render(
            figure=with_links_moved(it.figure, old, new),
            title=title,
            reading=reading,
            icon=moved(it.find(ICON), old, new),
            sheets=[moved(sheet, old, new) for sheet in SHEET.findall(it.text)],
            host=moved(it.find(HOST), old, new),
            chapter=f"{moved('', old, new)}?figure={demo}#{demo}",
            chapter_title=it.find(PAGE_TITLE).removesuffix(" - Cutaway"),
            canonical=f"{chapter}#{demo}",
            address=f"{home}{new}/",
            card=card_tags(f"{home}{new}/", title),
        )
    return made, home


def card_tags(address: str, title: str) -> str:
    """What a page says of its picture, that of the figure whose own page has this address."""
    said = {
        "image": address + CARD,
        "image:width": CARD_SIZE[0],
        "image:height": CARD_SIZE[1],
        "image:alt": title,
    }
    tags = [
        f'<meta property="og:{name}" content="{html.escape(str(value))}">' for name, value in said.items()
    ]
    return "".join([*tags, '<meta name="twitter:card" content="summary_large_image">'])


def with_cards(pages: dict[Path, str], home: str) -> dict[Path, str]:
    """The pages with what is shown where a link to one is: its title, its claim, and the picture of its first figure."""
    made: dict[Path, str] = {}
    for path, text in pages.items():
        text = OPEN_GRAPH.sub("", text)
        address, title, deck = (part.search(text) for part in (CANONICAL, PAGE_TITLE, DECK))
        if address and title:
            said = {"type": "website", "site_name": "Cutaway", "title": in_words(title[1]), "url": address[1]}
            if deck:
                said["description"] = in_words(deck[1])
            tags = "".join(
                f'<meta property="og:{name}" content="{html.escape(value)}">' for name, value in said.items()
            )
            if figure := FIGURE.search(text):
                demo, name = DEMO.search(figure[0]), TITLE.search(figure[0])
                if demo and name:
                    tags += card_tags(f"{home}embed/{demo[1]}/", in_words(name[1]))
            text = text.replace("</head>", f"{tags}</head>", 1)
        made[path] = text
    return made


def snippet(address: str, title: str, height: int) -> str:
    """What another site puts into its page: the frame, with no more rights than a figure needs."""
    return (
        f'<iframe src="{html.escape(address)}" title="{html.escape(title)}" width="100%" height="{height}" '
        'style="border:0" loading="lazy" sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads">'
        "</iframe>"
    )
