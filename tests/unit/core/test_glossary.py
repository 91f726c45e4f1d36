"""The glossary: its forms, what is wrong with one, and which words of a chapter become links."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from mkdocs.utils.meta import get_data

from demos_py.core.markdown.chapters import chapters
from demos_py.core.markdown.glossary import Glossary, forms_of, parse, place_in_order, plural
from demos_py.core.markdown.page import ChapterError
from tests.unit.core.test_render import Page

BOOK = Path(__file__).resolve().parents[3] / "docs"
HEAD = "---\ntitle: A page\nnumber: 8\n---\n\n"
GLOSSARY = """# Glossary

<div class="cw-terms" markdown>

## Batch { #batch }

What runs *together*, see [token](#token).

## Grouped-query attention (GQA) { #gqa data-forms="grouped heads" }

Attention with shared keys.

## Token { #token }

A piece &amp; its <span class="cw-tok">number</span>.

## Token bucket { #token-bucket }

A store.

## Top-p, or nucleus { #top-p }

A cut.

</div>
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "glossary.md").write_text(GLOSSARY)
    return tmp_path


def convert(docs: Path, text: str, name: str = "production/page.md", head: str = HEAD) -> str:
    path = docs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + text, "utf-8")
    names = ["attr_list", "tables", "toc", "md_in_html", "pymdownx.superfences", "pymdownx.details"]
    names += ["pymdownx.arithmatex", "demos_py.core.markdown"]
    settings = {"pymdownx.arithmatex": {"generic": True}, names[-1]: {"docs": str(docs)}}
    return Markdown(extensions=names, extension_configs=settings).convert(get_data(head + text)[0])


def linked(html: str) -> list[tuple[str, str]]:
    """The address and the words of each link to the glossary."""
    return re.findall(r'<a [^>]*?(?<=href=")([^"]*glossary\.md#[^"]*)"[^>]*>(.*?)</a>', html)


@pytest.mark.parametrize(
    ("title", "more", "some", "none"),
    [
        ("Token", "", "token Token tokens Tokens", "TOKEN"),
        ("Batch", "", "batch batches Batches", "batchs"),
        ("Entropy", "", "entropy entropies", "entropys"),
        ("KV cache", "", "KV|cache KV|caches", "kV|cache"),
        ("Grouped-query attention (GQA)", "", "GQA grouped-query|attention GQAs", "gQA"),
        ("Top-p, or nucleus", "", "top-p Top-p nucleus Nucleus", "or|nucleus"),
        ("Penalty, presence and frequency", "", "penalty penalties", "frequency"),
        ("Softmax", "softmaxed, soft maximum", "softmaxed Soft|maximum", "soft"),
    ],
)
def test_what_stands_for_a_term(title: str, more: str, some: str, none: str) -> None:
    forms = forms_of(title, more)
    assert {form.replace("|", " ") for form in some.split()} <= set(forms)
    assert none.replace("|", " ") not in forms


def test_a_glossary_in_order_is_read_whole() -> None:
    glossary, problems = parse(GLOSSARY)
    assert problems == []
    assert list(glossary.terms) == ["batch", "gqa", "token", "token-bucket", "top-p"]
    assert glossary.terms["top-p"].definition == "A cut."
    assert GLOSSARY.splitlines()[glossary.terms["gqa"].line - 1].startswith("## Grouped-query")


WRONG = {
    "twice the same anchor": ("## Token { #token }\n\nAgain.\n", 1, "#token is the anchor of line 13 too"),
    "twice the same word": ("## Tokens { #tokens }\n\nAgain.\n", 1, "“tokens” stands for “Token” of line 13"),
    "no definition": ("## Zeal { #zeal }\n", 1, "“Zeal” has no definition; write one"),
    "no definition before the next": ("## Zeal { #zeal }\n\n## Zest { #zest }\n\nX.\n", 1, "no definition"),
    "no anchor": ("## Zeal\n\nX.\n", 1, "“Zeal” has no anchor; write one after it, as in { #token }"),
    "out of order": ("## Alpha { #alpha }\n\nX.\n", 1, "“Alpha” comes after “Top-p, or nucleus”; put"),
    "a link to nothing": (
        "## Zeal { #zeal }\n\nSee [it](#tokn).\n",
        3,
        "no term #tokn; did you mean #token?",
    ),
    "a link to something else": ("## Zeal { #zeal }\n\nSee [it](#qq).\n", 3, "no term #qq; write an entry"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_line(docs: Path, case: str) -> None:
    more, line, words = WRONG[case]
    text = GLOSSARY.replace("</div>", more + "\n</div>")
    at = GLOSSARY[: GLOSSARY.index("</div>")].count("\n") + line
    _, problems = parse(text)
    assert [number for number, said in problems if words in said] == [at], problems
    (docs / "glossary.md").write_text(text)
    with pytest.raises(ChapterError, match=re.escape(f"glossary.md:{at}: ")):
        convert(docs, "Text.\n")


def test_the_books_glossary_has_nothing_wrong() -> None:
    glossary, problems = parse((BOOK / "glossary.md").read_text("utf-8"))
    assert problems == []
    assert len(glossary.terms) > 40


def test_the_first_use_of_each_term_becomes_a_link(docs: Path) -> None:
    html = convert(
        docs, "Text of tokens, and a token. A *batch of\ntokens*.\n\n- More **grouped heads** and GQA.\n"
    )
    assert linked(html) == [
        ("../glossary.md#token", "tokens"),
        ("../glossary.md#batch", "batch"),
        ("../glossary.md#gqa", "grouped heads"),
    ]
    (first, *_) = (attributes for tag, attributes in Page(html).tags if tag == "a")
    assert (first["class"], first["aria-describedby"]) == ("cw-gloss", "gloss-token")
    assert convert(docs, "Text of tokens.\n", "page.md").count('href="glossary.md#token"') == 1


def test_the_page_carries_each_definition_once_and_hidden(docs: Path) -> None:
    html = convert(docs, "A batch, a [batch](../glossary.md#batch), a token.\n")
    page = Page(html)
    notes = [a for tag, a in page.tags if tag == "div" and a.get("class") == "cw-gloss-note"]
    assert [(note["id"], note["role"]) for note in notes] == [
        (f"gloss-{x}", "tooltip") for x in ("batch", "token")
    ]
    assert all("hidden" in note for note in notes)
    assert 'data-search-exclude=""' in html
    below = html[html.index("cw-gloss-notes") :]
    assert "<em>together</em>, see <span>token</span>." in below and "<a" not in below
    assert 'A piece &amp; its <span class="cw-tok">number</span>.' in below


NOT_LINKED = {
    "heading": "## Tokens here\n",
    "code": "`token` and\n\n```\ntoken\n```\n\n    token\n",
    "link": "[a token](https://x.example/)\n",
    "table": "| token |\n|---|\n| token |\n",
    "formula": "$token$ and\n\n$$\ntoken\n$$\n",
    "figure": "/// demo | sampling/draws\nA token.\n///\n",
    "lit word": "*token*{ .cw-term data-k=kept }\n",
    "fold": "??? note\n    A token.\n",
    "quotation": "> A token.\n",
    "longer word": "tokenizer detoken token-wise non-token x.token token.py token_id @token\n",
    "longer term": "A token bucket.\n",
    "other case": "TOKEN gqa\n",
    "sources": "## Sources\n\n- A token.\n",
    "raw": "<div>A token.</div>\n",
    "block's own words": "/// break-it\n1. Go.\n///\n",
}


@pytest.mark.parametrize("case", NOT_LINKED)
def test_what_stays_as_it_is(docs: Path, case: str) -> None:
    html = convert(docs, NOT_LINKED[case])
    if case == "longer term":
        assert linked(html) == [("../glossary.md#token-bucket", "token bucket")]
        return
    (docs / "glossary.md").unlink()
    assert html == convert(docs, NOT_LINKED[case])


def test_a_link_by_hand_is_the_first_use(docs: Path) -> None:
    html = convert(docs, "A token of [another kind](../glossary.md#token), tokens.\n")
    assert linked(html) == [("../glossary.md#token", "another kind")]
    assert 'class="cw-gloss"' in html and html.count('id="gloss-token"') == 1


def test_a_chapter_may_use_a_word_in_another_sense(docs: Path) -> None:
    head = HEAD.replace("number", "other_sense: token, top-p\nnumber")
    assert linked(convert(docs, "A token, a nucleus, a batch.\n", head=head)) == [
        ("../glossary.md#batch", "batch")
    ]
    with pytest.raises(
        ChapterError, match=r"page\.md:1: other_sense: .* no term #tokn; did you mean #token\?"
    ):
        convert(docs, "Text.\n", head=HEAD.replace("number", "other_sense: tokn\nnumber"))


def test_other_pages_link_only_by_hand(docs: Path) -> None:
    html = convert(docs, "A token, a [batch](../glossary.md#batch).\n", head="---\ntitle: x\n---\n")
    assert linked(html) == [("../glossary.md#batch", "batch")]
    assert linked(convert(docs, GLOSSARY.replace("<div", "\nA token.\n\n<div"), "glossary.md", "")) == []


def test_a_link_to_no_term_ends_the_build(docs: Path) -> None:
    with pytest.raises(
        ChapterError, match=r"page\.md:8: the glossary has no term #tokn; did you mean #token\?"
    ):
        convert(docs, "Text.\n\nA [token](../glossary.md#tokn).\n")


def test_a_page_converted_twice_has_its_links_twice(docs: Path) -> None:
    assert convert(docs, "A token.\n") == convert(docs, "A token.\n")


TERM = st.text("abcdefghij ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(TERM, min_size=1, max_size=5, unique_by=plural), st.text("abcdefghij s-.,\n", max_size=80))
def test_uses_are_whole_words_and_never_overlap(titles: list[str], text: str) -> None:
    entries = [f"## {' '.join(title.split())} {{ #t{at} }}\n\nX.\n" for at, title in enumerate(titles)]
    glossary = Glossary(parse("\n".join(entries))[0].terms)
    end = 0
    for found, term in glossary.uses(text):
        assert found.start() >= end
        end = found.end()
        assert " ".join(found[0].split()) in term.forms
        assert not text[found.start() - 1 : found.start()].isalpha() and not text[end : end + 1].isalpha()


@given(st.text(max_size=300))
def test_any_text_is_a_glossary_or_says_why_not(text: str) -> None:
    glossary, problems = parse(text)
    assert all(term.id for term in glossary.terms.values())
    assert all(1 <= line <= len(text.splitlines()) for line, _ in problems)


@given(st.lists(TERM, max_size=6))
def test_an_order_is_an_order(titles: list[str]) -> None:
    entries = [
        f"## {title} {{ #t{at} }}\n\nX.\n" for at, title in enumerate(sorted(titles, key=place_in_order))
    ]
    assert not [why for _, why in parse("\n".join(entries))[1] if "alphabetical" in why]


def test_every_chapter_is_read() -> None:
    found = chapters(BOOK)
    assert [chapter.number for chapter in found] == sorted(chapter.number for chapter in found)
    by_path = {chapter.path: chapter for chapter in found}
    sampling = by_path["production/sampling.md"]
    assert sampling.title == "Sampling parameters" and len(sampling.figures) == 5
    assert [s.anchor for s in sampling.sections[:3]] == [
        "",
        "a-distribution-then-one-draw",
        "temperature-divides",
    ]
    assert sampling.section("Sources") and "sampling-apis" in sampling.tables
