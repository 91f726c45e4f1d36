"""Each block and inline form becomes what it stands for."""

import re
from pathlib import Path

import pytest
from markdown import Markdown

from demos_py.core.demo import find
from tests.unit.core.test_render import Page

DATA = """title: Two <APIs>
columns: [{key: name, label: Name}, {key: top, label: "Top-p & more"}]
rows:
  - {name: One, top: 0.90, note: "a < b", source: {title: Docs & all, url: "https://one.example/?a=1&b=2", checked: 2026-11-22}}
  - {name: Two, as_of: 2025-01-31, source: {title: Two, url: "https://two.example/", checked: 2026-11-20}}
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/apis.yml").write_text(DATA)
    return tmp_path


def convert(docs: Path, text: str) -> str:
    names = ["attr_list", "tables", "toc", "pymdownx.superfences", "demos_py.core.markdown"]
    return Markdown(extensions=names, extension_configs={names[-1]: {"docs": str(docs)}}).convert(text)


def fact(demo_id: str, name: str, **settings: object) -> str:
    demo = find(demo_id)
    return demo.first_view(demo.params(**settings)).facts[name]


def test_a_figure_with_its_caption(docs: Path) -> None:
    html = convert(
        docs,
        "Before.\n\n/// demo | sampling/draws?n=50\nA *caption*, {{ sampling/draws?n=50 : lost }}.\n///\n\nAfter.\n",
    )
    page = Page(html)
    figure = next(attrs for _, attrs in page.tags if "data-demo" in attrs)
    assert (figure["data-demo"], figure["data-preset"], figure["data-state"]) == (
        "sampling/draws",
        "n=50",
        "static",
    )
    assert "<h3" in html and "Fig. 8.1 Draws" in page.words
    assert re.search(
        r'<figcaption class="cw-caption">.*<em>caption</em>.*</figcaption>\s*</figure>', html, re.DOTALL
    )
    assert (
        next(attrs["value"] for tag, attrs in page.tags if tag == "input" and attrs.get("name") == "n")
        == "50"
    )
    assert html.index("Before.") < html.index("<figure") < html.index("After.")


def test_a_figure_without_a_caption_and_the_same_one_again(docs: Path) -> None:
    html = convert(
        docs,
        "/// demo | sampling/draws\n///\n\n/// demo | sampling/seed-lie\n///\n\n/// demo | sampling/draws\n///\n",
    )
    page = Page(html)
    assert "<figcaption" not in html
    assert page.with_("data-uid") == ["sampling/draws", "sampling/seed-lie", "sampling/draws-2"]
    assert len(page.with_("id")) == len(set(page.with_("id")))
    assert [f"Fig. 8.{i} " in page.words for i in (1, 2, 3, 4)] == [True, True, True, False]


def test_numbering_begins_anew_on_each_page(docs: Path) -> None:
    md = Markdown(extensions=["demos_py.core.markdown"])
    first, second = (md.reset().convert("/// demo | sampling/draws\n///\n") for _ in range(2))
    assert first == second


def test_the_contents_name_the_figures(docs: Path) -> None:
    md = Markdown(extensions=["toc", "demos_py.core.markdown"])
    md.convert("# Title\n\n/// demo | sampling/draws\n///\n")
    assert [entry["id"] for entry in md.toc_tokens[0]["children"]] == ["sampling/draws"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "In words {{ sampling/draws?n=100&seed=7 : lost }} here",
        "## A {{sampling/draws?n=100&seed=7:lost}} heading",
        "| a |\n|---|\n| {{  sampling/draws?n=100&seed=7  :  lost  }} |",
        "- **{{ sampling/draws?seed=7 : lost }}**",
    ],
)
def test_a_fact_in_the_prose(docs: Path, text: str) -> None:
    assert f'<span class="cw-fact">{fact("sampling/draws", "lost", seed=7)}</span>' in convert(docs, text)


def test_a_fact_with_a_space_in_its_name(docs: Path) -> None:
    html = convert(docs, "{{ sampling/distribution?temperature=0 : top before }}")
    assert f">{fact('sampling/distribution', 'top before', temperature=0.0)}<" in html


@pytest.mark.parametrize(
    "code", ["`{}`", "```\n{}\n```", "~~~\n{}\n~~~", "````\n```\n{}\n```\n````", "    {}"]
)
def test_code_is_not_expanded(docs: Path, code: str) -> None:
    for inside in ("{{ sampling/nope : lost }}", "/// demo | sampling/nope"):
        if "\n" in code or "///" not in inside:
            html = convert(docs, "Text.\n\n" + code.replace("{}", inside) + "\n\nText.\n")
            assert inside in Page(html).words and "cw-fact" not in html and "cw-fig" not in html


def test_a_link_that_sets_a_figure(docs: Path) -> None:
    page = Page(
        convert(
            docs,
            "[Set it](#sampling/draws?n=1000&seed=7) and [a note](#note) and [out](https://x.example/?a=1)",
        )
    )
    links = [attrs for tag, attrs in page.tags if tag == "a"]
    assert links[0] == {"href": "?figure=sampling/draws&n=1000&seed=7#sampling/draws", "class": "cw-set-link"}
    assert [link["href"] for link in links[1:]] == ["#note", "https://x.example/?a=1"]


def test_a_prediction(docs: Path) -> None:
    truth = fact("sampling/draws", "lost")
    text = "/// predict | sampling/draws?n=100 : lost\n    choices: [%s, 98, 99]\n\nHow *often*?\n\n---\n\nThat often, {{ sampling/draws : lost }}.\n///\n"
    html = convert(docs, text % truth)
    page = Page(html)
    radios = [attrs for tag, attrs in page.tags if tag == "input"]
    assert [radio["value"] for radio in radios] == [truth, "98", "99"]
    assert len({radio["name"] for radio in radios}) == 1 and {radio["type"] for radio in radios} == {"radio"}
    assert html.index("How <em>often</em>?") < html.index("<details") < html.index("That often")
    assert "<hr" not in html and "--at:1;--of:3" in html and page.words.count("Before you look") == 1


def test_break_it_and_not_shown(docs: Path) -> None:
    html = convert(
        docs, "/// break-it\n- One\n- [Two](#sampling/draws?n=1)\n///\n\n/// not-shown\nThe *rest*.\n///\n"
    )
    page = Page(html)
    assert "Break it" in page.words and html.count("<li>") == 2 and "?figure=sampling/draws&amp;n=1#" in html
    assert re.search(r"<strong>What this does not show\.</strong>\s+The <em>rest</em>\.", html)


def test_a_table_of_data(docs: Path) -> None:
    html = convert(docs, "/// data | apis\n///\n")
    page = Page(html)
    # heads, then a row and its source, twice
    assert html.count("<th scope=") == 2 + 2 and html.count('class="cw-source"') == 2
    assert html.count("<tbody") == 2 and "data-many" not in html
    for words in (
        "Two <APIs>",
        "Top-p & more",
        "Source:",
        "Checked between 2026-11-20 and 2026-11-22.",
        ", as of 2025-01-31, checked 2026-11-20.",
        "0.90",
        "a < b",
        "unknown",
        "Docs & all",
        "2026-11-22",
    ):
        assert words in page.words
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == ["https://one.example/?a=1&b=2", "https://two.example/", "data/apis.csv"]
    # a column of numbers is sorted by them, one of words by its words; what says nothing has no place
    cells = [attrs for tag, attrs in page.tags if tag in ("td", "th") and attrs.get("role") != "columnheader"]
    assert [cell.get("data-sort") for cell in cells if "colspan" not in cell] == [None, "0.9", None, ""]
    assert [cell["data-label"] for cell in cells if "data-label" in cell] == ["Top-p & more"] * 2


def test_a_table_of_parameters(docs: Path) -> None:
    page = Page(convert(docs, "/// parameters | sampling/order-matters?top_k=3\n///\n"))
    for words in (
        "order",
        "temperature",
        "top_k",
        "a whole number from 1 to 10",
        "tokens",
        "no unit",
        "1.50",
        "3",
    ):
        assert words in page.words
    assert sum(tag == "tr" for tag, _ in page.tags) == 1 + 5  # the head and five parameters


def test_the_books_own_data_is_sourced() -> None:
    book = Path(__file__).resolve().parents[3] / "docs"
    for path in sorted((book / "data").glob("*.yml")):
        assert "<table" in convert(book, f"/// data | {path.stem}\n///\n")
