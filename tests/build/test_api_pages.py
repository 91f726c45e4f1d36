"""The pages made from docstrings: every module that others may use has its place, and all that is public stands there."""

import ast
import re
from collections import Counter
from html import unescape

import pytest

from demos_py.core.demo import ids
from wasm.assets import ROOT

PAGES = sorted((ROOT / "docs/reference/api").glob("*.md"))
PLACED = {
    name: page
    for page in PAGES
    for name in re.findall(r"^::: demos_py\.(\S+)$", page.read_text("utf-8"), re.MULTILINE)
}
ALGORITHMS = {f"algorithms.{path.stem}" for path in (ROOT / "demos_py/algorithms").glob("[!_]*.py")}


def of_the_figures() -> set[str]:
    """The modules of core that the figures import."""
    found: set[str] = set()
    for demo in ids():
        text = (ROOT / f"demos_py/{demo.replace('-', '_')}.py").read_text("utf-8")
        found |= set(re.findall(r"^from demos_py\.(core\.\w+) import", text, re.MULTILINE))
        for names in re.findall(r"^from demos_py\.core import (.+)$", text, re.MULTILINE):
            found |= {f"core.{name.split(' as ')[0].strip()}" for name in names.split(",")}
    return found


def test_each_module_has_one_place() -> None:
    lines = Counter(line for page in PAGES for line in page.read_text("utf-8").splitlines() if line[:4] == "::: ")
    assert [line for line, times in lines.items() if times > 1] == []
    used = of_the_figures()
    assert {"core.demo", "core.params", "core.charts", "core.sessions"} <= used
    assert (ALGORITHMS | used) - set(PLACED) == set(), "add `::: demos_py.…` to a page in docs/reference/api"


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@pytest.mark.parametrize("module", sorted(PLACED))
def test_all_that_is_public_stands_there_with_what_it_says(module: str) -> None:
    page = PLACED[module].relative_to(ROOT / "docs").with_suffix("")
    html = (ROOT / "site" / page / "index.html").read_text("utf-8")
    tree = ast.parse((ROOT / f"demos_py/{module.replace('.', '/')}.py").read_text("utf-8"))
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        name = f"demos_py.{module}.{node.name}"
        found = re.search(rf'<h3 id="{re.escape(name)}"(.*?)(?=<h[23] id="demos_py|</article>)', html, re.DOTALL)
        assert bool(found) == (not node.name.startswith("_")), name
        if found:
            said = (ast.get_docstring(node) or "").partition("\n")[0]
            words = re.findall(r"[A-Za-z]{3,}", said)  # what Markdown makes of the marks between them is its own
            assert words and set(words) <= set(re.findall(r"[A-Za-z]{3,}", plain(found[1]))), name


def test_a_signature_has_its_types() -> None:
    html = (ROOT / "site/reference/api/tokens/index.html").read_text("utf-8")
    softmax = html[html.index('<h3 id="demos_py.algorithms.sampling.softmax"') :]
    assert plain(softmax[: softmax.index("</code>")]).endswith(
        "softmax(logits: Logits, temperature: float = 1.0) -> Probabilities"
    )


def test_the_search_does_not_offer_them() -> None:
    """A reader who looks for softmax looks for a chapter."""
    index = (ROOT / "site/search/search_index.json").read_text("utf-8")
    assert "reference/api/tokens/" not in index and "reference/api/" in index
