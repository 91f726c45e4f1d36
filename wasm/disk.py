"""Write the copy of the book that is read from disk: `python -m wasm.disk site`, after `wasm.finish`.

A page that was opened from a file can fetch nothing, import no module and start no worker from a file; it can load
plain scripts. So in this copy each file of the manifest is a script that holds its bytes as text, the host is a plain
script, links name the file that they lead to, fonts are inside the style sheets, and the policy allows no connection.
`build/cutaway-offline.zip` holds it all, in one folder.
"""

import base64
import gzip
import html
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wasm.assets import ASSETS, BUILD, AssetError, load_manifest, write
from wasm.finish import OLD_POLICY, POLICY
from wasm.stage import HOST, bundle

FOLDER = BUILD / "offline/cutaway"
ARCHIVE = BUILD / "cutaway-offline.zip"
LINK = re.compile(r'(<(?:a|link|form)\b[^>]*?\s(?:href|action)=")([^"]*)(")')
FONT_PRELOAD = re.compile(r'\s*<link rel="preload" [^>]*as="font"[^>]*>')
EARLY_SCRIPT = re.compile(r"<script>[^<]*window\.cutawayWorker=[^<]*</script>")
HOST_SCRIPT = re.compile(
    r'<script type="module" async src="([^"]*assets/runtime/)[^"]*/host\.js"(?: crossorigin)?></script>'
)
THEME_SCRIPT = re.compile(r'<script src="([^"]*)assets/javascripts/bundle\.')
FONT = re.compile(r'url\(["\']?([^"\')]+\.woff2)["\']?\)')
HASH = re.compile(r"'sha256-[^']*'")
# Plain files for a page: scripts that it loads itself, and KaTeX's fonts, which its style sheet takes in.
AS_THEY_ARE = (".woff2", "plotly-basic.min.js", "inside.js")
# What the pages have in another form: as a plain script, and inside their one style sheet.
NOT_ASKED_FOR = ("host.js", "katex.min.css")
# What a server or a service worker is told, and what only the site at its address has.
LEFT_OUT = (
    "sitemap.xml",
    "sitemap.xml.gz",
    "404.html",
    "closed.html",
    "sw.js",
    "manifest.webmanifest",
    "card.png",
    "*.zip",
    "*.map",
)
# `data:` for the worker and what it imports: there is no other way in. Nothing may connect anywhere.
DIRECTIVES = [
    "default-src 'none'",
    "script-src file: data: 'wasm-unsafe-eval' {hashes}",
    "style-src file: 'unsafe-inline'",
    "img-src file: data: blob:",
    "font-src data:",
    "worker-src data:",
    "connect-src data:",
    "base-uri 'none'",
    "form-action 'none'",
]


def to_files(page: str) -> str:
    """The page with every link to a folder of the book leading to the page in it."""

    def named(link: re.Match[str]) -> str:
        address = urlsplit(html.unescape(link[2]))
        last = address.path.rpartition("/")[2]
        if address.scheme or address.netloc or not address.path or last not in ("", ".", ".."):
            return link[0]
        path = f"{address.path.rstrip('/')}/index.html"
        return link[1] + html.escape(address._replace(path=path).geturl()) + link[3]

    return LINK.sub(named, page)


def as_script(name: str, data: bytes) -> bytes:
    """A script that hands a file over, as the host expects it (wasm/host/places.js)."""
    packed = data if name.endswith(".gz") else gzip.compress(data, compresslevel=9, mtime=0)
    return f'cutawayFile({json.dumps(name)},"{base64.b64encode(packed).decode()}")\n'.encode()


def with_fonts(sheet: Path) -> str:
    """A style sheet with its fonts inside: an engine may take a font from another folder for a foreign one."""

    def inside(found: re.Match[str]) -> str:
        data = (sheet.parent / found[1]).read_bytes()
        return f"url(data:font/woff2;base64,{base64.b64encode(data).decode()})"

    return FONT.sub(inside, sheet.read_text("utf-8"))


def on_disk(page: str, host: str, search: str) -> str:
    """A finished page of the site, as a page that is opened from a file."""
    policy = OLD_POLICY.search(page)
    if policy:
        hashes = " ".join(HASH.findall(html.unescape(policy[0])))
        page = page.replace(policy[0], POLICY.format("; ".join(DIRECTIVES).format(hashes=hashes)))
    page = EARLY_SCRIPT.sub("", FONT_PRELOAD.sub("", to_files(page)))
    page = HOST_SCRIPT.sub(rf'<script src="\g<1>{host}"></script>', page)
    return THEME_SCRIPT.sub(rf'<script src="\g<1>assets/runtime/{search}"></script>\g<0>', page)


def write_copy(site: Path, folder: Path) -> None:
    """The copy of a finished site, in a folder that is made anew."""
    manifest = load_manifest()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("runtime", *LEFT_OUT))
    assets = folder / "assets/runtime"
    for name, entry in manifest["files"].items():
        data = (ASSETS / entry["path"]).read_bytes()
        if name.endswith(AS_THEY_ARE):
            write(assets / entry["path"], data)
        elif name not in NOT_ASKED_FOR:
            write(assets / f"{entry['path']}.js", as_script(name, data))
    host = f"{manifest['files']['host.js']['path'].partition('/')[0]}/host-disk.js"
    write(assets / host, host_script(manifest))
    [worker] = folder.glob("assets/javascripts/workers/search.*.min.js")
    text = base64.b64encode(worker.read_bytes()).decode()
    search = f"{worker.name.split('.')[1]}/search-worker.js"
    write(assets / search, f'cutawaySearch="data:text/javascript;base64,{text}"\n'.encode())

    for sheet in folder.rglob("*.css"):
        sheet.write_text(with_fonts(sheet), "utf-8")
    for font in folder.rglob("*.woff2"):
        font.unlink()
    for path in folder.rglob("*.html"):
        path.write_text(on_disk(path.read_text("utf-8"), host, search), "utf-8")
    index = folder / "search/search_index.json"
    found = json.loads(index.read_text("utf-8"))
    for entry in found["docs"]:
        where = urlsplit(entry["location"])
        if not where.path or where.path.endswith("/"):
            entry["location"] = where._replace(path=f"{where.path}index.html").geturl()
    index.with_suffix(".js").write_text(f"var __index = {json.dumps(found, ensure_ascii=False)}", "utf-8")
    index.unlink()


def host_script(manifest: dict[str, Any]) -> bytes:
    """The host as a plain script, which knows its own address from the element that loads it."""
    return bundle(
        HOST / "main.js",
        "--format=iife",
        "--banner:js=var cutawayAddress = document.currentScript.src;",
        "--define:import.meta.url=cutawayAddress",
        f"--define:__MANIFEST__={json.dumps(manifest)}",
        "--define:__DISK__=true",
    )


def write_archive(folder: Path, archive: Path) -> None:
    """One archive of the folder; the same files give the same bytes."""
    half = archive.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{folder.name}/{path.relative_to(folder)}"
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    half.replace(archive)


def main(site: Path) -> None:
    """The copy and its archive, from a finished site."""
    if not (site / "index.html").is_file():
        raise AssetError(f"{site} holds no page: run `make site` first")
    write_copy(site, FOLDER)
    write_archive(FOLDER, ARCHIVE)
    size = ARCHIVE.stat().st_size / 1e6
    print(f"{ARCHIVE.relative_to(BUILD.parent)}, {size:.1f} MB: unpack it and open index.html")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
    except AssetError as error:
        sys.exit(f"disk: {error}")
