"""The front page and the reading paths are whole without a script, and lead nowhere that is not there."""

import re
from html import unescape
from pathlib import Path

import pytest

from demos_py.core.markdown.book import Book
from tests.build.test_site import FIGURE, SITE, generate
from tests.build.test_site import book as book  # a fixture
from wasm.assets import ROOT

BOOK = Book(ROOT / "docs")
WRITTEN = [chapter for chapter in BOOK.chapters.values() if chapter.text]
ITEM = re.compile(r'<li (?:data-chapter="([^"]*)" )?value="(\d+)">(.*?)</li>', re.DOTALL)


def article(page: str) -> str:
    text = (SITE / page / "index.html").read_text("utf-8")
    return text[text.index("<article") : text.index("</article>")]


def test_the_front_page_holds_a_whole_figure_and_its_chapter_stays_its_page() -> None:
    [figure] = FIGURE.findall(article(""))
    assert 'data-demo="sampling/distribution" data-state="static"' in figure and "<tbody>" in figure
    embed = (SITE / "embed/sampling/distribution/index.html").read_text("utf-8")
    assert re.search(r'<link rel="canonical" href="[^"]*production/sampling/#sampling/distribution"', embed)
    assert 'href="../../../production/sampling/?figure=sampling/distribution#' in embed


def test_the_contents_name_every_chapter_with_its_claim_and_its_minutes() -> None:
    items = ITEM.findall(article(""))
    assert [int(number) for _, number, _ in items] == [chapter.number for chapter in BOOK.chapters.values()]
    for (page, _, html), chapter in zip(items, BOOK.chapters.values(), strict=True):
        if not chapter.text:
            assert not page and "<a " not in html and "not yet written" in html
            continue
        assert page == chapter.page and f'<a href="{page}">{chapter.title}</a>' in html
        assert f"{chapter.minutes} min" in html and chapter.deck in unescape(html)


@pytest.mark.parametrize("chapter", WRITTEN, ids=lambda chapter: chapter.name)
def test_a_chapter_opens_with_the_same_minutes(chapter: object) -> None:
    html = article(getattr(chapter, "page"))
    opening = rf'</header>\s*<div class="cw-dim">\s*<i></i><span>{getattr(chapter, "minutes")} minutes, '
    assert re.search(opening, html) and html.count('class="cw-dim"') == 1
    assert f'<cutaway-place data-page="{getattr(chapter, "page")}">' in html


def test_paths_and_subjects_lead_to_what_is_written() -> None:
    html = article("paths")
    assert len(re.findall(r"\d+ chapters, \d+ of them written: \d+ minutes", html)) == 3
    for name in BOOK.subjects:
        assert f"<dt>{name}</dt>" in html
    links = re.findall(r'<a href="\.\./([\w-]+/[\w-]+/)"', html)
    on_a_path = {step.page for path in BOOK.paths.values() for step, _ in path if step.text}
    of_a_subject = {chapter.page for some in BOOK.subjects.values() for chapter in some if chapter.text}
    assert set(links) == on_a_path | of_a_subject


@pytest.mark.parametrize("page", ["", "paths"])
def test_every_link_has_an_end(page: str) -> None:
    for address in re.findall(r'<a [^>]*href="([^"]*)"', article(page)):
        path, _, anchor = address.partition("#")
        if "://" in path:
            continue
        there = (SITE / page / path / "index.html").resolve()
        assert there.is_file(), address
        assert f'id="{anchor}"' in there.read_text("utf-8") or not anchor, address


def test_the_plan_is_not_published() -> None:
    assert not list(SITE.rglob("book.yml"))


@pytest.mark.slow
def test_the_other_generator_gives_the_same_front_page_and_measures(book: Path) -> None:
    done = generate("zensical", book)
    assert done.returncode == 0, done.stderr
    for page in ["", "paths/", *(chapter.page for chapter in WRITTEN)]:
        theirs = (book / "site" / page / "index.html").read_text("utf-8")
        ours = (SITE / page / "index.html").read_text("utf-8")
        for pattern in (
            ITEM,
            re.compile(r'<div class="cw-dim">.*?</div>', re.DOTALL),
            re.compile("<cutaway-(?:place|resume).*?>"),
        ):
            assert pattern.findall(theirs) == pattern.findall(ours), page
