"""The plan of the book: what it becomes on a page, and what ends the build, with file and line."""

import re
from pathlib import Path

import pytest
from markdown import Markdown

from demos_py.core.markdown.book import Book
from demos_py.core.markdown.page import ChapterError
from wasm.assets import ROOT

PLAN = """\
parts:
  - title: First & last
    folder: first
    chapters:
      written: Planned title
      planned: To come
  - title: More
    folder: more
    chapters:
      another: Another
paths:
  short:
    written: Because of this.
    another: And that.
subjects:
  Words: [written, planned]
"""
CHAPTER = "---\ntitle: Its own title\nnumber: 1\ndeck: A claim.\nmeasure: no figures\n---\n\n" + "word " * 700


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "book.yml").write_text(PLAN)
    (tmp_path / "first").mkdir()
    (tmp_path / "first/written.md").write_text(CHAPTER)
    return tmp_path


def convert(docs: Path, text: str, name: str = "page.md") -> str:
    (docs / name).parent.mkdir(exist_ok=True)
    (docs / name).write_text(text)
    names = ["attr_list", "toc", "demos_py.core.markdown"]
    body = text.split("---\n", 2)[2] if text.startswith("---\n") else text
    return Markdown(extensions=names, extension_configs={names[-1]: {"docs": str(docs)}}).convert(body)


def fails(docs: Path, text: str = "/// contents\n///\n") -> str:
    with pytest.raises(ChapterError) as failure:
        convert(docs, text)
    return str(failure.value).replace(f"{docs}/", "")


def test_contents_link_what_is_written_and_say_what_is_not(docs: Path) -> None:
    html = convert(docs, "/// contents\n///\n")
    assert html.count("<li ") == 3
    assert (
        '<li data-chapter="first/written/" value="1"><a href="first/written.md">Its own title</a>'
        in html.replace("\n", "")
    )
    assert '<span class="cw-minutes">3 min</span>' in html and '<p class="cw-why">A claim.</p>' in html
    assert html.count("not yet written") == 2 and html.count("<a href") == 1
    assert "To come" in html and "First &amp; last" in html and "<strong>Part II</strong> More" in html


def test_links_lead_there_from_a_page_in_a_folder(docs: Path) -> None:
    assert 'href="../first/written.md"' in convert(
        docs, "In a folder.\n\n/// contents\n///\n", "other/page.md"
    )


def test_a_path_adds_up_what_is_written(docs: Path) -> None:
    html = convert(docs, "/// path | short\n///\n")
    assert "2 chapters, 1 of them written: 3 minutes" in html
    assert re.findall(r'<p class="cw-why">(.*?)</p>', html) == ["Because of this.", "And that."]


def test_subjects_name_their_chapters(docs: Path) -> None:
    html = convert(docs, "/// subjects\n///\n")
    assert "<dt>Words</dt>" in html and html.count("<dd>") == 2 and "not yet written" in html


def test_a_chapter_begins_with_its_measure(docs: Path) -> None:
    html = convert(docs, CHAPTER, "first/written.md")
    assert html.startswith('<div class="cw-dim"><i></i><span>3 minutes, no figures</span><i></i></div>')
    assert "cw-dim" not in convert(docs, "No chapter.", "page.md")


def test_what_does_not_hold_together_ends_the_build(docs: Path) -> None:
    assert (
        fails(docs, "Text.\n\n/// path | shrt\n///\n")
        == "page.md:3: no path is called “shrt”; there are short"
    )
    plan = docs / "book.yml"
    plan.write_text(PLAN.replace("    another: And", "    anothr: And"))
    assert fails(docs).startswith("book.yml:14: no chapter is called “anothr”")
    plan.write_text(PLAN.replace("[written, planned]", "[written, pland]"))
    assert fails(docs).startswith("book.yml:16: no chapter is called “pland”")
    plan.write_text(PLAN + "  more: [\n")
    assert fails(docs).startswith("book.yml is not YAML: ")
    plan.write_text("chapters: []\n")
    assert fails(docs) == "book.yml: the plan needs `parts`"
    plan.unlink()
    assert fails(docs) == "book.yml: the plan of the book is missing"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("number: 1", "number: 2", "first/written.md:3: `number` is 2, but 1 in "),
        ("number: 1\n", "", "first/written.md:1: `number` is None, but 1 in "),
        ("no figures", "20 minutes, no figures", "first/written.md:5: leave the minutes out of `measure`: they are computed"),
        ("deck: A claim.\n", "", "first/written.md:1: a chapter needs `deck` in its front matter"),
        ("---\n", "", "first/written.md:1: a chapter needs `title` in its front matter"),
    ],
)  # fmt: skip
def test_a_chapter_at_odds_with_the_plan_ends_the_build(docs: Path, old: str, new: str, said: str) -> None:
    (docs / "first/written.md").write_text(CHAPTER.replace(old, new, 1))
    assert fails(docs).startswith(said)


def test_the_books_own_plan_holds_every_chapter_and_every_subject() -> None:
    book = Book(ROOT / "docs")
    assert len(book.chapters) == 30
    written = {chapter.file for chapter in book.chapters.values() if chapter.text}
    numbered = {
        str(path.relative_to(ROOT / "docs"))
        for path in (ROOT / "docs").rglob("*.md")
        if re.match(r"---\n(?:.+\n)*number:", path.read_text("utf-8"))
    }
    assert written == numbered and len(written) >= 7
    wanted = {
        "Prompting",
        "Retrieval",
        "Context",
        "Agents",
        "Deployment",
        "Optimisation",
        "Evals",
        "Observability",
    }
    assert set(book.subjects) == wanted and len(book.paths) == 3
    for steps in book.paths.values():
        assert any(chapter.text for chapter, _ in steps) and all(why for _, why in steps)
