"""What a page loads is named by its content, in every page at any depth, and the edition is that of what they share."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from wasm import finish
from wasm.assets import ROOT, AssetError
from wasm.hashing import EDITION, OURS, edition, hash_names, without_days

SITE = ROOT / "site"
HASHED = re.compile(r'assets/(?:cutaway|runtime)/([0-9a-f]{12})/([^/"]+)')
# An address that a browser loads by itself; of the theme's own files, whose names hold a hash too, only the name counts.
ADDRESS = re.compile(
    r'<(?:link rel="(?:stylesheet|icon|preload|modulepreload|manifest)" href|script[^>]* src|img[^>]* src)="([^"]+)"'
)
THEME = re.compile(r"\.[0-9a-f]{8}\.min\.js$")
SHEETS = {
    "assets/stylesheets/main.0a1b2c3d.min.css": '@charset "UTF-8";a{color:red}\n/*# sourceMappingURL=main.css.map */',
    f"{OURS}/tokens.css": "@font-face { font-family: X; src: url(fonts/x.woff2) format('woff2') }\nb { color: #ff0000 }",
    f"{OURS}/print.css": 'i { background: url("data:image/svg+xml,x"), url("drawing.svg") }',
}
LINKS = "\n".join(f'<link rel="stylesheet" href="{{up}}{sheet}">' for sheet in SHEETS)
PAGE = f"""<!doctype html><html><head><meta charset="utf-8">
<link rel="icon" href="{{up}}assets/cutaway/drawing.svg">
{LINKS}
<link rel="preload" href="{{up}}assets/cutaway/fonts/x.woff2" as="font">
</head><body><a href="{{up}}part/">assets/cutaway/drawing.svg</a></body></html>
"""


def write_site(folder: Path, colour: str) -> Path:
    """A site of three pages: the front, one two folders down, and the one for a wrong address."""
    files = {name: text.replace("red", colour) for name, text in SHEETS.items()}
    files |= {f"{OURS}/fonts/x.woff2": "font", f"{OURS}/drawing.svg": "<svg/>"}
    files |= {"index.html": PAGE.format(up=""), "part/chapter/index.html": PAGE.format(up="../../")}
    files["404.html"] = PAGE.format(up="/book/")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small site."""
    return write_site(tmp_path / "small", "red")


def pages_of(site: Path) -> dict[Path, str]:
    """The pages of the book: not the one for a reader without a network, which stands alone."""
    found = sorted(path for path in site.rglob("*.html") if path.name not in finish.ALONE)
    return {path: path.read_text("utf-8") for path in found}


def test_every_address_that_a_page_loads_holds_the_hash_of_its_content() -> None:
    for path, page in pages_of(SITE).items():
        found = ADDRESS.findall(page)
        assert found, path
        for address in found:
            if address.startswith("/"):
                file = SITE / address.partition("assets/")[1] / address.partition("assets/")[2]
            else:
                file = path.parent / address
            hashed = HASHED.search(address)
            if not hashed:
                assert THEME.search(address), f"{path} loads {address}"
                continue
            assert hashlib.sha256(file.read_bytes()).hexdigest().startswith(hashed[1]), f"{path}: {address}"
        assert len(re.findall('rel="stylesheet"', page)) == 1, path


def test_what_the_first_screen_waits_for_is_asked_for_first() -> None:
    for path, page in pages_of(SITE).items():
        sheet = page.index('rel="stylesheet"')
        before = ("Content-Security-Policy", '"cutaway-gone"', "new Worker(")
        assert all(page.find(part) < sheet for part in before), path
        last = max(page.find('rel="preload"'), page.find("/host.js"))
        assert sheet < last and "<script>" not in page[sheet:last], f"{path}: a script waits for the style sheet"


def test_every_address_in_a_style_sheet_leads_to_a_file() -> None:
    sheets = [sheet for sheet in SITE.rglob("*.css") if OURS in str(sheet)]
    assert sheets and not (SITE / OURS / "tokens.css").exists()
    for sheet in sheets:
        found = re.findall(r"url\(([^)'\"]+)\)", sheet.read_text("utf-8"))
        files = [address for address in found if not re.match(r"data:|#", address)]
        assert files
        for address in files:
            assert (sheet.parent / address).is_file() and HASHED.search(str(sheet.parent / address)), address


def test_sheets_become_one_in_their_order(small: Path) -> None:
    pages = hash_names(small, pages_of(small))
    named = {path.relative_to(small): re.findall(r'(?:href)="([^"]*assets/[^"]*)"', page) for path, page in pages.items()}
    front = named[Path("index.html")]
    assert [Path(address).name for address in front] == ["book.css", "x.woff2", "drawing.svg"]
    assert named[Path("part/chapter/index.html")] == [f"../../{address}" for address in front]
    assert named[Path("404.html")] == [f"/book/{address}" for address in front]
    assert all('">assets/cutaway/drawing.svg</a>' in page for page in pages.values()), "text is left alone"
    sheet = (small / front[0]).read_text()
    font, drawing = (f"../{HASHED.search(address)[1]}/{Path(address).name}" for address in (front[1], front[2]))  # type: ignore[index]
    assert re.sub(r"\s", "", sheet) == (
        f"a{{color:red}}@font-face{{font-family:X;src:url({font})format(\"woff2\")}}b{{color:red}}"
        f'i{{background:url(data:image/svg+xml,x),url({drawing})}}'
    )
    left = {str(path.relative_to(small)) for path in small.rglob("*") if path.is_file() and path.suffix != ".html"}
    assert left == set(front)


def test_other_content_has_another_name_and_twice_is_once(small: Path) -> None:
    first = hash_names(small, pages_of(small))
    for path, page in first.items():
        path.write_text(page)
    assert hash_names(small, pages_of(small)) == first
    edited = write_site(small.parent / "edited", "blue")
    second = hash_names(edited, pages_of(edited))[edited / "index.html"]
    one, two = (HASHED.findall(page) for page in (first[small / "index.html"], second))
    assert one[0] != two[0] and one[1:] == two[1:]


def test_a_missing_file_ends_the_build(small: Path) -> None:
    (small / OURS / "fonts/x.woff2").unlink()
    with pytest.raises(AssetError, match=r"names assets/cutaway/fonts/x\.woff2, which the site does not have"):
        hash_names(small, pages_of(small))


def test_the_edition_changes_with_what_pages_share_and_not_with_their_text() -> None:
    pages = {path: page for path, page in pages_of(SITE).items() if path.relative_to(SITE).parts[0] != "embed"}
    policy = finish.policy(pages)
    tag = EDITION.format(edition(pages, policy))
    assert all(page.count(tag) == 1 for page in pages.values())
    front = SITE / "index.html"
    text = {**pages, front: pages[front].replace("Contents", "Content")}
    assert edition(text, policy) == edition(pages, policy)
    script = {**pages, front: re.sub(r"runtime/[0-9a-f]{12}/host", "runtime/000000000000/host", pages[front])}
    assert edition(script, policy) != edition(pages, policy)
    assert edition(pages, policy + " 'sha256-x'") != edition(pages, policy)


def test_the_site_map_names_no_day(tmp_path: Path) -> None:
    (tmp_path / "sitemap.xml").write_text("<url><loc>https://example.org/</loc>\n  <lastmod>2026-01-01</lastmod></url>")
    without_days(tmp_path)
    text = "<url><loc>https://example.org/</loc></url>"
    assert (tmp_path / "sitemap.xml").read_text() == text
    assert gzip.decompress((tmp_path / "sitemap.xml.gz").read_bytes()).decode() == text


def test_the_search_index_leads_to_pages_that_exist() -> None:
    """It keeps its name, as the theme asks for it: one of another edition may lead to a page that is gone, which says so."""
    found = json.loads((SITE / "search/search_index.json").read_text("utf-8"))["docs"]
    assert found
    for entry in found:
        assert (SITE / entry["location"].partition("#")[0] / "index.html").is_file(), entry["location"]
    assert 'data-md-component="search"' in (SITE / "404.html").read_text("utf-8")
