"""The built pages: complete before any script, equal from both generators, true to the figures' code."""

import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from author.book import Book
from demos_py.core.demo import find, ids
from demos_py.core.params import controls, from_query
from demos_py.core.render import PARTS, render_parts
from demos_py.sampling.distribution import OFF, PRESETS
from wasm.assets import ROOT

SITE = ROOT / "site"
CHAPTERS = {  # and the guide, by the first part of the names of the figures that have their place there
    demo.partition("/")[0]: SITE / Path(page.path).relative_to("docs").with_suffix("") / "index.html"
    for demo, page, again in Book(ROOT).placed()
    if page.folder and not again
}
FIGURE = re.compile(r'<figure class="cw-fig".*?</figure>', re.DOTALL)
TABLE = re.compile(r"<cutaway-table.*?</table>", re.DOTALL)
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the site generators read, to be built and broken."""
    folder = tmp_path_factory.mktemp("book")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    for name in ("docs", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def words(page: Path) -> str:
    """What an article says, without its markup."""
    found = re.search(r"<article.*?</article>", page.read_text(), re.DOTALL)
    assert found, page
    return " ".join(unescape(re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", "", found[0], flags=re.DOTALL)).split())


def generate(tool: str, book: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a site generator in the folder of a book."""
    return subprocess.run(
        [BIN / tool, "build", *options], cwd=book, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("demo_id", sorted(ids()))
def test_the_page_holds_the_whole_figure(demo_id: str) -> None:
    demo = find(demo_id)
    (html,) = (
        figure
        for figure in FIGURE.findall(CHAPTERS[demo_id.partition("/")[0]].read_text())
        if f'data-demo="{demo_id}" data-state="static"' in figure
    )
    preset = re.search(r'data-preset="([^"]*)"', html)
    assert preset
    params, _ = from_query(demo.params(), unescape(preset[1]))
    parts = render_parts(demo, params, demo.first_view(params), demo_id)
    assert set(parts) == set(PARTS)
    for name, part in parts.items():
        assert part in html, name
    for name in controls(params):
        assert f'name="{name}"' in html, name
    assert 'data-part="reading"' in html and "<tbody>" in parts["table"]


@pytest.mark.slow
def test_both_generators_give_the_same_figures_and_tables(book: Path) -> None:
    done = generate("zensical", book)
    assert done.returncode == 0, done.stderr
    pages = [page.relative_to(SITE) for page in SITE.rglob("index.html")]
    pages = [page for page in pages if page.parts[0] != "embed"]  # made from these afterwards
    assert Path("production/sampling/index.html") in pages
    for page in pages:
        theirs = FIGURE.findall((book / "site" / page).read_text())
        assert theirs == FIGURE.findall((SITE / page).read_text()), page
        tables = TABLE.findall((book / "site" / page).read_text())
        assert tables == TABLE.findall((SITE / page).read_text()), page
        assert tables or page.parent.name not in ("sampling", "rate-limits", "mcp-a2a", "data")
    assert len(FIGURE.findall((book / "site" / "production/sampling/index.html").read_text())) == 5
    # and the same words: those of MkDocs before the last steps, which set formulas
    done = generate("mkdocs", book, "--site-dir", "other")
    assert done.returncode == 0, done.stderr
    for page in pages:
        assert words(book / "site" / page) == words(book / "other" / page), page
    assert "softmax(logits: Logits, temperature: float" in words(book / "site/reference/api/tokens/index.html")


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_a_misspelt_figure_ends_the_build(tool: str, book: Path) -> None:
    chapter = book / "docs" / "production" / "sampling.md"
    good = chapter.read_text()
    line = good.splitlines().index("/// demo | sampling/draws") + 1
    chapter.write_text(good.replace("/// demo | sampling/draws\n", "/// demo | sampling/drws\n"))
    try:
        done = generate(tool, book)
    finally:
        chapter.write_text(good)
    assert done.returncode != 0
    said = f"docs/production/sampling.md:{line}: no demo is called “sampling/drws”; did you mean “sampling/draws”?"
    assert said in re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)


def test_formulas_need_no_script() -> None:
    html = CHAPTERS["sampling"].read_text()
    assert html.count('class="katex-display"') == 3 and "<math" in html
    assert "\\(" not in html and "\\[" not in html and "katex.min.js" not in html


def test_the_presets_table_says_what_the_buttons_set() -> None:
    text = (ROOT / "docs" / "production" / "sampling.md").read_text()
    rows = re.findall(r"^\| \[(\w+)\]\(#sampling/distribution\?(\S+)\) \|", text, re.MULTILINE)
    assert [name for name, _ in rows] == [name for name, _ in PRESETS.values()]
    base = find("sampling/distribution").params(top_p=1.0)
    for name, query in rows:
        wanted = OFF | PRESETS[name.lower()][1]
        params, problems = from_query(base, query)
        assert not problems
        assert {key: getattr(params, key) for key in wanted} == wanted, name


def test_prose_holds_no_leftover_markup() -> None:
    html = CHAPTERS["sampling"].read_text()
    body = html[html.index("<article") : html.index("</article>")]
    assert "{{" not in body and "///" not in re.sub(r"https?://", "", body) and "\x02" not in body
