"""The indexes: what they read from the chapters, and what they say of it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from mkdocs.utils.meta import get_data

from demos_py.core.demo import find, ids
from demos_py.core.markdown import index
from demos_py.core.markdown.chapters import chapters
from demos_py.core.markdown.page import ChapterError
from demos_py.core.markdown.sources import citations, works
from demos_py.core.render import marked

BOOK = Path(__file__).resolve().parents[3] / "docs"
CHAPTER = """---
title: A chapter
number: 8
other_sense: seed
---

A token.

## First *part*

Tokens, `seed`, $batch$.

```
token
## No heading
```

/// demo | sampling/draws?n=50
///

### Part { #own }

    choices: [token]

A batch, a seed.

/// data | apis
///

## First part

Nothing.

## Sources

- Ada One, Bo Two, “A title: with a colon”, 2020, [arXiv:1](https://x.example/1): a remark, “not a title”, of 1999.
- Cy Three, [“The other”](https://x.example/2), 2021; and again [*More*](https://x.example/3), 2022.
"""
GLOSSARY = "## Batch { #batch }\n\nB.\n\n## Seed { #seed }\n\nS.\n\n## Token { #token }\n\nT.\n"
DATA = """title: T
columns: [{key: a, label: A}]
rows:
  - {a: 1, source: {title: A page, url: "https://x.example/p", checked: 2026-01-02}}
  - {a: 2, source: {title: A page, url: "https://x.example/p/", checked: 2026-01-02}}
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for name, text in {
        "part/chapter.md": CHAPTER,
        "part/second.md": CHAPTER.replace("number: 8", "number: 9").replace("A chapter", "Second"),
        "part/notes.md": CHAPTER.replace("number: 8\n", ""),
        "glossary.md": GLOSSARY,
        "data/apis.yml": DATA,
        "data/start-times.json": json.dumps(
            {"date": "2026-01-02", "browser": "B 1", "machine": "M", "seconds": {"sampling/draws": 1.25}}
        ),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def convert(docs: Path, what: str) -> str:
    text = f"---\ntitle: x\n---\n\n/// index | {what}\n///\n"
    (docs / "reference").mkdir(exist_ok=True)
    (docs / "reference/page.md").write_text(text, "utf-8")
    names = ["toc", "demos_py.core.markdown"]
    return Markdown(extensions=names, extension_configs={names[-1]: {"docs": str(docs)}}).convert(
        get_data(text)[0]
    )


def links(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', html)


def test_a_chapter_as_a_file(docs: Path) -> None:
    first, second = chapters(docs)
    assert (first.number, second.number, first.path) == (8, 9, "part/chapter.md")
    sections = [(section.title, section.anchor) for section in first.sections]
    assert sections == [
        ("", ""),
        ("First part", "first-part"),
        ("Part", "own"),
        ("First part", "first-part_1"),
        ("Sources", "sources"),
    ]
    assert (first.figures, first.tables, first.other_sense) == (
        ("sampling/draws?n=50",),
        ("apis",),
        ("seed",),
    )
    assert "token" not in first.sections[1].text and "batch" not in first.sections[1].text


def test_the_index_of_terms(docs: Path) -> None:
    html = convert(docs, "terms")
    chapter, second = ("../part/chapter.md", "../part/second.md")
    assert links(html) == [
        ("../glossary.md#batch", "Batch"),
        *((path + tail, words) for path, name in ((chapter, "8 A chapter"), (second, "9 Second"))
          for tail, words in (("", name), ("#own", "Part"))),
        ("../glossary.md#seed", "Seed"),
        ("../glossary.md#token", "Token"),
        *((path + tail, words) for path, name in ((chapter, "8 A chapter"), (second, "9 Second"))
          for tail, words in (("", name), ("", "opening"), ("#first-part", "First part"))),
    ]  # fmt: skip
    assert html.count("Only in the glossary so far.") == 1


def test_the_index_of_figures(docs: Path) -> None:
    html = convert(docs, "figures")
    assert links(html)[0] == (
        "../part/chapter.md#sampling/draws",
        "Fig. 8.1 Draws, and how often the favourite loses",
    )
    assert '<a href="../../embed/sampling/draws/">By itself</a>' in html
    demo = find("sampling/draws")
    assert html.count(str(marked(demo.first_view(demo.params(n=50)).reading))) == 1
    assert (
        'id="chapter-8"' in html and 'id="chapter-9"' not in html
    )  # each figure once, where it stands first


def test_the_index_of_demos(docs: Path) -> None:
    html = convert(docs, "demos")
    assert html.count('<th scope="row">') == 1 and "<code>sampling/<wbr>draws</code>" in html
    for words in (
        "<code>n</code>: a whole number from 1 to 10,000",
        "<code>test_<wbr>draws.py</code>: ",
        "NumPy, 2.6\xa0MB",
    ):
        assert words in html
    assert ">1.2 s<" in html and "Measured on 2026-01-02 in B 1, on a machine with M." in html


def test_the_index_of_sources(docs: Path) -> None:
    html = convert(docs, "sources")
    outside = [link for link in links(html) if link[0].startswith("https")]
    assert outside == [
        ("https://x.example/3", "More"),
        ("https://x.example/2", "The other"),
        ("https://x.example/p", "A page"),
        ("https://x.example/1", "A title: with a colon"),
    ]
    assert html.count("Chapter 8</a>, <a ") == 4 and "../part/second.md#sources" in html
    assert "Ada One, Bo Two, 2020, arXiv:1. " in html and "remark" not in html


def test_an_unknown_index_ends_the_build(docs: Path) -> None:
    with pytest.raises(
        ChapterError, match=r"page\.md:5: there is no index of “words”; there are terms, figures, "
    ):
        convert(docs, "words")


def test_without_staged_files_it_says_what_to_run(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MANIFEST", docs / "nothing.json")
    with pytest.raises(ChapterError, match=r"page\.md:5: there is no .*; run `python -m wasm.stage` first"):
        convert(docs, "demos")


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("A. One, [Title](https://x/1), 1991.", [("Title", "https://x/1", "A. One, 1991")]),
        ("A. One, “Title”, *Journal* 2(1), 1991: what of it.", [("Title", "", "A. One, Journal 2(1), 1991")]),
        (
            "A. One, [T](https://x/1), 1991; and the answer [U](https://x/2), 1992.",
            [("T", "https://x/1", "A. One, 1991"), ("U", "https://x/2", "1992")],
        ),
        (
            "A, [RFC 1](https://x/1), 2022: codes, `Retry-After`. B, [RFC 2](https://x/2), 2012: 429.",
            [("RFC 1", "https://x/1", "A, 2022"), ("RFC 2", "https://x/2", "B, 2012")],
        ),
        ("Maker, a data sheet: 80 GB, 3.35 TB/s.", [("Maker, a data sheet", "", "")]),
        ("J. D. C. Little, “L = λW”, 1961.", [("L = λW", "", "J. D. C. Little, 1961")]),
    ],
)
def test_what_an_entry_cites(item: str, found: list[tuple[str, str, str]]) -> None:
    assert citations(item) == found


@given(st.text(max_size=200))
def test_any_entry_is_read(item: str) -> None:
    assert len(citations(item)) >= 1


def test_the_books_sources_have_titles_and_are_sorted() -> None:
    found = works(BOOK)
    assert [work.order for work in found] == sorted(work.order for work in found)
    assert all(work.title and not re.search(r"[*`\[\]“”]", work.title + work.said) for work in found)
    by_title = {work.title: work for work in found}
    assert [chapter.number for chapter in by_title["Attention Is All You Need"].chapters][:2] == [1, 2]
    assert len({work.url for work in found if work.url}) == sum(bool(work.url) for work in found)


def test_what_a_demo_asks_for_is_found_by_running_it() -> None:
    vocabulary = index.files_of(find("sampling/vocabulary"))
    assert {"pocket-lm/forward.onnx", "pocket-lm/weights.bin", "pocket-lm/tokenizer.json"} <= set(vocabulary)
    assert index.files_of(find("sampling/draws")) == ()


@pytest.mark.parametrize("demo_id", ids())
def test_every_demo_has_tests(demo_id: str) -> None:
    assert index.tests_of(find(demo_id)), demo_id
