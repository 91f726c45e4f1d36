"""Name what a page loads by its content, so that a cache never mixes two builds; part of `wasm.finish`.

The style sheets of a page become one, ours minified, and every asset of ours lies in a folder named by its hash, as
those of the runtime do (wasm/assets.py). Then no file of one build has the name of another file of the next, and a
host that tells browsers to keep everything for ten minutes, as GitHub Pages does, does no harm.

The *edition* is one hash over all that the pages share: scripts, style sheets, policy. A page of another edition must
be loaded whole; between pages of one edition, instant navigation may swap the text (wasm/host/edition.js).
"""

import gzip
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from wasm.assets import ROOT, AssetError, digest, put, run, write

OURS = "assets/cutaway"
# An address below the site's root: relative, or, on the page for a wrong address, from the host's root.
PREFIX = r"(?:\.\./)*|/(?:[^\":?#]*/)?"
SHEET = re.compile(rf'\s*<link rel="stylesheet" href="({PREFIX})(assets/[^"]+\.css)">')
# other sites' pages name one script, and go on naming it
LOADED = re.compile(rf'(\s(?:href|src)=")({PREFIX})({OURS}/(?!embed\.js")[^"?#]+)(?=")')
SCRIPT = re.compile(rf'\s(?:src|href)="(?:{PREFIX})(assets/[^"]+\.(?:js|css))"')
FILE_IN_SHEET = re.compile(r"""url\((["']?)(?![a-z]+:|[#/])([^"')]+)\1\)""")
FOLDER = re.compile(rf"{OURS}/[0-9a-f]{{12}}/")
JOINED = "book.css"
# What must not stand in the middle of a sheet, and what leads to a file that is no longer there.
ONLY_FIRST = re.compile(r'@charset "[^"]*";|/\*# sourceMappingURL=[^*]*\*/')
# What the first screen waits for: the style sheet, faces, the page's own script.
EARLY = re.compile(
    r"\s*(?:<script>/\[\?&\]figure=.*?</script>|"  # starts Python's worker: of no use behind a style sheet
    r'<link rel="(?:preload|stylesheet)" [^>]*>|<script type="module" async [^>]*></script>)'
)
HEAD = re.compile(r"<head>.*?</head>", re.DOTALL)
CHARSET = re.compile(r'<meta charset="?utf-8"?\s*/?>', re.IGNORECASE)
EDITION = '<meta name="cutaway-edition" content="{}">'
OLD_EDITION = re.compile(EDITION.format("[0-9a-f]*"))
DAY = re.compile(r"\s*<lastmod>[^<]*</lastmod>")

Pages = dict[Path, str]


class Names:
    """The hashed names of one site's files, given as they are asked for."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self._given: dict[str, str] = {}
        self._sheets: dict[tuple[str, ...], str] = {}
        self._minified: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The hashed name of one of our files; both are paths below the site."""
        if FOLDER.match(path):
            return path
        if path not in self._given:
            file = self.site / path
            if not file.is_file():
                raise AssetError(f"a page or a style sheet names {path}, which the site does not have")
            self._given[path] = f"{OURS}/{put(file.name, file.read_bytes(), self.site / OURS)['path']}"
        return self._given[path]

    def of_sheets(self, sheets: tuple[str, ...]) -> str:
        """The name of the one style sheet that holds all of these, in their order."""
        if sheets not in self._sheets:
            whole = "\n".join(self._text(sheet) for sheet in sheets).encode()
            self._sheets[sheets] = f"{OURS}/{put(JOINED, whole, self.site / OURS)['path']}"
        return self._sheets[sheets]

    def _text(self, sheet: str) -> str:
        text = (
            self._minified_ours()[sheet] if sheet.startswith(OURS) else (self.site / sheet).read_text("utf-8")
        )
        folder = os.path.dirname(sheet)

        def renamed(found: re.Match[str]) -> str:
            path = os.path.normpath(f"{folder}/{found[2]}")
            path = self.of(path) if path.startswith(OURS) else path
            return f"url({os.path.relpath(path, f'{OURS}/hash')})"

        return FILE_IN_SHEET.sub(renamed, ONLY_FIRST.sub("", text)).strip()

    def _minified_ours(self) -> dict[str, str]:
        if not self._minified:
            found = sorted((self.site / OURS).glob("*.css"))
            with TemporaryDirectory() as folder:
                command = [ROOT / "node_modules/.bin/esbuild", *found, "--minify", f"--outdir={folder}"]
                run(
                    "esbuild cannot minify a style sheet", [*command, "--charset=utf8", "--log-level=warning"]
                )
                for sheet in found:
                    self._minified[f"{OURS}/{sheet.name}"] = (Path(folder) / sheet.name).read_text("utf-8")
        return self._minified

    def remove_old(self) -> None:
        """Remove the files that now have another name; what the runtime's manifest holds stays."""
        joined = {
            sheet for sheets in self._sheets for sheet in sheets if not sheet.startswith("assets/runtime")
        }
        for path in joined | set(self._given):
            (self.site / path).unlink(missing_ok=True)
            (self.site / f"{path}.map").unlink(missing_ok=True)


def hash_names(site: Path, pages: Pages) -> Pages:
    """The pages with every asset of ours under its hashed name, and one style sheet each."""
    names = Names(site)

    def page_with_names(page: str) -> str:
        sheets = list(SHEET.finditer(page))
        if sheets and not FOLDER.match(sheets[0][2]):
            joined = names.of_sheets(tuple(sheet[2] for sheet in sheets))
            link = f'\n<link rel="stylesheet" href="{sheets[0][1]}{joined}">'
            page = SHEET.sub("", SHEET.sub("\0", page, count=1)).replace("\0", link)
        page = LOADED.sub(lambda found: f"{found[1]}{found[2]}{names.of(found[3])}", page)
        return first_things_first(page)

    renamed = {path: page_with_names(page) for path, page in pages.items()}
    names.remove_old()
    return renamed


def first_things_first(page: str) -> str:
    """The page with what its first screen waits for before all else in its head.

    The browser does not look ahead of a policy, and runs no script before the style sheets above it are there; so
    what stands below the theme's scripts would be asked for one round trip later.
    """
    head = HEAD.search(page)
    if not head or not CHARSET.search(head[0]):
        return page
    early = "".join(
        sorted(EARLY.findall(head[0]), key=lambda tag: ("<script>" not in tag, "stylesheet" not in tag))
    )
    rest = CHARSET.sub(lambda found: found[0] + early, EARLY.sub("", head[0]), count=1)
    return page[: head.start()] + rest + page[head.end() :]


def edition(pages: Pages, policy: str) -> str:
    """One hash over what the pages share."""
    shared = {name for page in pages.values() for name in SCRIPT.findall(page)}
    return digest("\n".join([*sorted(shared), policy]).encode())[:16]


def set_edition(pages: Pages, policy: str, after: str) -> Pages:
    """The pages with their edition, after the text given."""
    tag = EDITION.format(edition(pages, policy))
    return {path: OLD_EDITION.sub("", page).replace(after, after + tag, 1) for path, page in pages.items()}


def without_days(site: Path) -> None:
    """Take the day of the build out of the site map: it says nothing of a page, and differs between builds."""
    file = site / "sitemap.xml"
    if file.is_file():
        text = DAY.sub("", file.read_text("utf-8")).encode()
        write(file, text)
        write(site / "sitemap.xml.gz", gzip.compress(text, compresslevel=9, mtime=0))
