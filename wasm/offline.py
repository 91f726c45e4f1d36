"""Write what lets a reader keep the book on a device: `python -m wasm.offline site`, after `wasm.finish`.

`keep.json` lists what each chapter needs, with sizes and hashes; `sw.js` is the service worker that answers with what
was kept; `offline.html` is its page for what was not. Nothing is kept, and no service worker registered, until a
reader asks for it (wasm/host/keep.js). With CUTAWAY_WITHOUT_OFFLINE set, the service worker written is one that takes
itself and all that was kept out of readers' browsers.
"""

import html
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from demos_py.core import native, sessions
from demos_py.core.bridge import answer
from demos_py.core.demo import find, finished
from demos_py.core.params import Choice, controls
from wasm.assets import BUILD, ROOT, AssetError, digest, digest_files, load_manifest, write
from wasm.embeds import DEMO, FIGURE, PAGE_TITLE
from wasm.stage import HOST, bundle, inputs

WITHOUT = "CUTAWAY_WITHOUT_OFFLINE"
RUNTIME = "assets/runtime"
# What a figure's Python begins with; NumPy and Plotly only where a figure uses them.
PYTHON = ("worker.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "book.tar.gz")
ENGINES = {  # as wasm/host/adapter.js names them
    "jspi": ("ort.jspi.bundle.min.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
    "asyncify": ("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
    "cpu": ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
}
# What a page loads by itself, and what its style sheets load.
LOADED = re.compile(
    r'<(?:link rel="(?:stylesheet|icon|preload)" href|(?:script|img)\b[^>]*\ssrc)="([^"#?]+)"'
)
# What a reader can take along from it: a table's file.
DOWNLOAD = re.compile(r'<a href="([^"#?]+)" type="text/csv">')
IN_SHEET = re.compile(r"""url\((["']?)(?![a-z]+:|[#/])([^"')]+)\1\)""")
SEARCH = ("search/search_index.json", "sitemap.xml")
EDITION = re.compile(r'<meta name="cutaway-edition" content="(\w+)"')
NEEDS = BUILD / "needs.json"


def needs(demo_ids: Iterable[str]) -> dict[str, list[str]]:
    """The files that each demo asks for: found by running it, in each of its choices and by each of its buttons."""
    asked: set[str] = set()
    load = native.load

    async def noted(name: str) -> bytes:
        asked.add(name)
        return await load(name)

    native.load = noted
    found: dict[str, list[str]] = {}
    try:
        for demo_id in demo_ids:
            asked.clear()
            _exercise(demo_id)
            found[demo_id] = sorted(asked)
    finally:
        native.load = load
    return found


def _exercise(demo_id: str) -> None:
    params = find(demo_id).params()
    choices = [""]
    for name, control in controls(params).items():
        if isinstance(control, Choice):
            choices += [f"v=1&{name}={option}" for option in control.options]
    begin: dict[str, Any] = {"type": "open", "key": "needs", "uid": "needs", "demo": demo_id, "preset": ""}
    pressed: set[tuple[str, str]] = set()
    for link in choices:
        sessions.forget()
        parts = json.loads(finished(answer(json.dumps(begin | {"link": link}))))["parts"]
        buttons = re.findall(r'data-event="([^"]*)" value="([^"]*)"', "".join(parts.values()))
        for name, value in buttons:  # one of each kind
            if (link, name) in pressed:
                continue
            pressed.add((link, name))
            event = {
                "type": "event",
                "key": "needs",
                "name": html.unescape(name),
                "value": html.unescape(value),
            }
            finished(answer(json.dumps(event)))
    finished(answer(json.dumps({"type": "close", "key": "needs"})))


def known_needs(demo_ids: list[str]) -> dict[str, list[str]]:
    """The same, found again only when something changed."""
    key = digest_files(inputs())
    if NEEDS.is_file():
        kept = json.loads(NEEDS.read_text())
        if kept["key"] == key and set(kept["needs"]) == set(demo_ids):
            return kept["needs"]
    found = needs(demo_ids)
    write(NEEDS, json.dumps({"key": key, "needs": found}, indent=1, sort_keys=True).encode())
    return found


def with_weights(names: Iterable[str], known: Iterable[str]) -> set[str]:
    """The names with the weights that their graphs load: their own, or their model's."""
    there, found = set(known), set(names)
    for name in names:
        if name.endswith(".onnx"):
            own = name.removesuffix(".onnx") + ".bin"
            found.add(own if own in there else f"{name.partition('/')[0]}/weights.bin")
    return found


class Listing:
    """What the pages of a finished site need, as paths below it."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.files: dict[str, list[int | str]] = {}
        manifest = load_manifest()["files"]
        self.assets = {name: f"{RUNTIME}/{entry['path']}" for name, entry in manifest.items()}

    def add(self, paths: Iterable[str]) -> list[str]:
        """Note size and hash of these files; gives their paths in order."""
        paths = sorted(set(paths))
        for path in paths:
            file = self.site / path / "index.html" if path.endswith("/") or not path else self.site / path
            data = file.read_bytes()
            # the site map is brought to the address that it is served from, so it has no one hash
            self.files[path] = [len(data), "" if path == "sitemap.xml" else digest(data)]
        return paths

    def linked(self, page: str, text: str, what: re.Pattern[str]) -> set[str]:
        """The files that a page's HTML names in this way."""
        return {os.path.normpath(os.path.join(page, address)) for address in what.findall(text)}

    def loaded_by(self, page: str, text: str) -> set[str]:
        """What a page's HTML loads, and what its style sheets load in turn."""
        found = self.linked(page, text, LOADED)
        for sheet in [path for path in found if path.endswith(".css")]:
            for _, address in IN_SHEET.findall((self.site / sheet).read_text("utf-8")):
                found.add(os.path.normpath(f"{os.path.dirname(sheet)}/{address}"))
        return found


def listing(site: Path) -> dict[str, Any]:
    """What `keep.json` holds."""
    known = Listing(site)
    pages = {
        f"{path.parent.relative_to(site).as_posix()}/".removeprefix("./"): path.read_text("utf-8")
        for path in sorted(site.rglob("index.html"))
        if path.relative_to(site).parts[0] != "embed"
    }
    figures = {page: FIGURE.findall(text) for page, text in pages.items()}
    demos = {page: sorted(set(DEMO.findall("".join(found)))) for page, found in figures.items()}
    asked = known_needs(sorted({demo for found in demos.values() for demo in found}))

    base: set[str] = {
        "",
        "offline.html",
        "closed.html",
        known.assets["inside.js"],
        known.assets["inside/core.json"],
        *SEARCH,
    }
    base |= {str(path.relative_to(site)) for path in site.glob("assets/javascripts/workers/*.js")}
    for page, text in pages.items():
        base |= known.loaded_by(page, text)
    chapters: dict[str, Any] = {}
    for page, text in pages.items():
        if not demos[page]:
            continue
        names = {*PYTHON, *(f"inside/{demo.replace('/', '-')}.json" for demo in demos[page])} | with_weights(
            {name for demo in demos[page] for name in asked[demo]}, known.assets
        )
        if any(" data-numpy" in figure for figure in figures[page]):
            names.add("numpy.tar.gz")
        if any(" data-chart=" in figure for figure in figures[page]):
            names.add("plotly-basic.min.js")
        files = {known.assets[name] for name in names}
        if not page:  # the front page: whoever keeps anything keeps it, with the figure that it has borrowed
            base |= files
            continue
        chapters[page] = {
            "title": in_title(text),
            "files": known.add({page} | known.linked(page, text, DOWNLOAD) | files),
            "models": any(name.endswith(".onnx") for name in names),
        }
    others = set(pages) - set(chapters)
    others |= {file for page in others for file in known.linked(page, pages[page], DOWNLOAD)}
    listed: dict[str, Any] = {
        "edition": EDITION.findall(pages[""])[0],
        "base": known.add(base),
        "chapters": chapters,
        "others": known.add(others),
        "engines": {
            engine: known.add(known.assets[name] for name in names) for engine, names in ENGINES.items()
        },
    }
    listed["files"] = dict(sorted(known.files.items()))
    return {"build": digest(json.dumps(listed, sort_keys=True).encode())[:16]} | listed


def in_title(page: str) -> str:
    """The title of a page, without the book's."""
    found = PAGE_TITLE.search(page)
    return html.unescape(found[1]).removesuffix(" - Cutaway") if found else ""


def write_offline(site: Path) -> None:
    """The three files, or the one that undoes them."""
    for name in ("keep.json", "offline.html", "sw.js"):
        (site / name).unlink(missing_ok=True)
    if os.environ.get(WITHOUT):
        write(site / "sw.js", bundle(HOST / "sw-gone.js", "--format=iife"))
        return
    shutil.copy(ROOT / "wasm/pages/offline.html", site / "offline.html")
    write(site / "sw.js", bundle(HOST / "sw.js", "--format=iife"))
    write(site / "keep.json", json.dumps(listing(site), separators=(",", ":"), ensure_ascii=False).encode())


if __name__ == "__main__":
    try:
        write_offline(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
    except AssetError as error:
        sys.exit(f"offline: {error}")
