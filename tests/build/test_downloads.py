"""A table's CSV is a file of the site: linked, kept with its chapter, in the copy that is read from disk."""

import json
import re
from pathlib import Path

from demos_py.core.markdown.data import load
from tests.build.test_site import SITE
from wasm.disk import to_files
from wasm.downloads import LINK, write_downloads
from wasm.tables import TABLES

PAGES = {path: path.read_text("utf-8") for path in SITE.rglob("index.html")}
LINKS = [
    (path, href)
    for path, page in PAGES.items()
    for href in re.findall(r'<a href="([^"]*\.csv)" type="text/csv">', page)
]


def test_each_table_has_a_link_to_its_file() -> None:
    assert (
        sum(page.count("<cutaway-table") for page in PAGES.values())
        == len(LINKS)
        > len(list(TABLES.glob("*.yml")))
    )
    for page, href in LINKS:
        file = (page.parent / href).resolve()
        assert file.is_relative_to(SITE)
        assert file.read_bytes().decode() == load(TABLES / f"{file.stem}.yml").csv()


def test_it_is_kept_with_its_chapter() -> None:
    kept = json.loads((SITE / "keep.json").read_text("utf-8"))
    assert "data/sampling-apis.csv" in kept["chapters"]["production/sampling/"]["files"]
    assert "data/rate-limit-tiers.csv" in kept["others"], "of the page on tables, which has no figure"
    assert {f"data/{path.stem}.csv" for path in TABLES.glob("*.yml")} <= set(kept["files"])


def test_links_lead_to_it_from_any_depth_and_from_disk(tmp_path: Path) -> None:
    page = '<p><a href="data/mcp-revisions.csv" type="text/csv">CSV</a></p>'
    once = write_downloads(tmp_path, {tmp_path / "index.html": page, tmp_path / "a/b/index.html": page})
    assert [LINK.findall(text)[0][1] for text in once.values()] == ["data/mcp-revisions.csv"] * 2
    assert 'href="../../data/mcp-revisions.csv"' in once[tmp_path / "a/b/index.html"]
    assert once[tmp_path / "index.html"] == page
    assert write_downloads(tmp_path, once) == once, "a second run changes nothing"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mcp-revisions.csv"]
    assert all(to_files(text) == text for text in once.values())
