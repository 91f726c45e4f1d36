"""The glossary's links and the indexes in the built pages: each leads somewhere, and brings its meaning along."""

import json
import posixpath
import re
import shutil
import subprocess
import sys
from functools import cache
from html import unescape
from pathlib import Path

import pytest

from demos_py.core.demo import chapter_number, find, ids
from demos_py.core.markdown.chapters import chapters
from demos_py.core.markdown.glossary import glossary_of
from wasm.assets import ROOT

OF_CHAPTERS = [demo for demo in ids() if chapter_number(find(demo))]  # all but the guide's
SITE = ROOT / "site"
DOCS = ROOT / "docs"
CHAPTERS = [chapter.path.removesuffix(".md") for chapter in chapters(DOCS)]
WORD = re.compile(r'<a (?=[^>]*class="cw-gloss")[^>]*>')
HREF = re.compile(r'\shref="([^"]*)"')
ID = re.compile(r'\sid="([^"]*)"')
ARTICLE = re.compile(r"<article.*</article>", re.DOTALL)
# what a link to a term must not stand in
PARTS = re.compile(r"<(h[1-6]|code|pre|table|figure|fieldset|details)\b.*?</\1>", re.DOTALL)


@cache
def page(path: str) -> str:
    return (SITE / path / "index.html").read_text("utf-8")


@cache
def anchors(path: str) -> set[str]:
    return set(ID.findall(page(path)))


def words(path: str) -> list[str]:
    """The address of each word that links to the glossary."""
    return [href for tag in WORD.findall(page(path)) for href in HREF.findall(tag)]


@pytest.mark.parametrize("path", CHAPTERS)
def test_each_word_leads_to_its_entry_and_has_its_meaning_here(path: str) -> None:
    html = page(path)
    for tag in WORD.findall(html):
        (href,) = HREF.findall(tag)
        file, _, anchor = href.partition("#")
        assert file == "../../glossary/" and anchor in anchors("glossary")
        assert f'aria-describedby="gloss-{anchor}"' in tag
        assert len(re.findall(rf'\sid="gloss-{anchor}"', html)) == 1
    assert len(words(path)) == len(set(words(path))), "a term is linked once"
    assert not any(WORD.search(part[0]) for part in PARTS.finditer(html))


def test_the_chapters_do_link() -> None:
    assert sum(len(words(path)) for path in CHAPTERS) > 60


def test_other_pages_have_no_links_of_themselves() -> None:
    assert words("contribute/chapter") == words("glossary") == words("use/inside") == []


@pytest.mark.parametrize("name", ["terms", "figures", "demos", "sources"])
def test_every_link_of_an_index_leads_somewhere(name: str) -> None:
    article = ARTICLE.search(page(f"reference/{name}"))
    assert article
    inside = [unescape(href) for href in HREF.findall(article[0]) if not href.startswith(("http", "#"))]
    assert len(inside) > 20
    for href in inside:
        file, _, anchor = href.partition("#")
        path = posixpath.normpath(f"reference/{name}/{file}")
        assert (SITE / path / "index.html").is_file(), href
        assert not anchor or anchor in anchors(path), href


def test_the_indexes_are_whole() -> None:
    figures, demos, terms = (page(f"reference/{name}") for name in ("figures", "demos", "terms"))
    for demo in OF_CHAPTERS:
        assert f"embed/{demo}/" in figures and f"#{demo}" in demos, demo
    for term in glossary_of(DOCS).terms:
        assert f'href="../../glossary/#{term}"' in terms, term


def test_the_starts_are_of_figures() -> None:
    measured = json.loads((DOCS / "data/start-times.json").read_text("utf-8"))
    assert measured["seconds"].keys() <= set(ids()), "run `python -m tests.bench.figures`"
    assert len(measured["seconds"]) > 30
    assert all(0 < seconds < 60 for seconds in measured["seconds"].values())


def test_the_search_has_an_entry_for_each_term_and_figure() -> None:
    entries = json.loads((SITE / "search/search_index.json").read_text("utf-8"))["docs"]
    titles = {entry["location"]: unescape(entry["title"]) for entry in entries}
    for term in glossary_of(DOCS).terms.values():
        assert titles[f"glossary/#{term.id}"] == term.title
    for demo in OF_CHAPTERS:
        found = [title for where, title in titles.items() if where.endswith(f"/#{demo}")]
        assert any(title.startswith("Fig. ") and title.endswith(find(demo).title) for title in found), demo
    # neither the indexes nor the meanings that a page carries come before what they speak of
    assert {where for where in titles if where.startswith("reference/")} == {"reference/api/"}
    carried = "Only differences matter: add the same amount to every logit"
    assert [entry["location"] for entry in entries if carried in entry["text"]] == ["glossary/#logit"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["zensical", "mkdocs without folders"])
def test_the_links_are_right_however_the_book_is_built(form: str, tmp_path: Path) -> None:
    for name in ("docs", "overrides"):
        shutil.copytree(ROOT / name, tmp_path / name)
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    tool = form.partition(" ")[0]
    if tool == "mkdocs":
        config += "\nuse_directory_urls: false\n"
    (tmp_path / "mkdocs.yml").write_text(config, "utf-8")
    done = subprocess.run(
        [Path(sys.executable).parent / tool, "build"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for path in [*CHAPTERS, "reference/terms"]:
        file = f"{path}.html" if tool == "mkdocs" else f"{path}/index.html"
        html = (tmp_path / "site" / file).read_text("utf-8")
        found = [href for tag in WORD.findall(html) for href in HREF.findall(tag)]
        expected = [href.replace("../../glossary/", "../glossary.html") for href in words(path)]
        assert found == (expected if tool == "mkdocs" else words(path)), path
