"""The gallery shows every component, with code that stands in the figure above it."""

import ast
import re
from typing import NamedTuple

import pytest

from demos_py.core.markdown import BLOCKS
from wasm.assets import ROOT

PAGE = ROOT / "docs/contribute/components.md"
CORE = ROOT / "demos_py/core"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHOLE = {"contents", "index", "path", "subjects"}  # blocks of the book's own pages, which show them
INLINE = ("fact", "set link", "term")  # what is written in a sentence, not as a block


class Shown(NamedTuple):
    """A component's section: its code by language, its Markdown without code, and the figure above it."""

    code: list[tuple[str, str]]
    live: str
    figure: str


def sections() -> dict[str, Shown]:
    """Each section of the gallery, by the component that its heading names."""
    found, figure = {}, ""
    for part in re.split(r"^(?=##)", PAGE.read_text("utf-8"), flags=re.MULTILINE):
        live = FENCE.sub("", part)
        if name := re.match(r"### `([^`]+)`\n", part):
            found[name[1]] = Shown(FENCE.findall(part), live, figure)
        for placed in re.findall(r"^/// demo \| ([\w/-]+)", live, re.MULTILINE):
            figure = placed
    return found


SECTIONS = sections()


def functions(module: str) -> list[ast.FunctionDef]:
    tree = ast.parse((CORE / f"{module}.py").read_text("utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]


def components() -> set[str]:
    """Read off the source: what declares a control, makes a chart, draws with a name for screen readers; each macro, each block."""
    controls = {node.name for node in functions("params") if "_field(" in ast.unparse(node.body[-1])}
    charts = {node.name for node in functions("charts") if node.returns and "dict" in ast.unparse(node.returns)}
    drawings = {
        node.name
        for node in functions("drawings")
        if node.returns and ast.unparse(node.returns) == "Markup" and "label" in {a.arg for a in node.args.kwonlyargs}
    }
    macros = set(re.findall(r"{% macro (\w+)", (CORE / "components.html.jinja").read_text("utf-8")))
    return controls | charts | drawings | macros | {block.NAME for block in BLOCKS} - WHOLE | {*INLINE, "transport"}


def test_every_component_has_its_place() -> None:
    known = components()
    assert {"slider", "chart", "bars", "lanes", "queue", "messages", "predict", "data"} <= known
    assert set(SECTIONS) == known, "docs/contribute/components.md shows each component once, and no others"


def words(code: str) -> str:
    """Code without its layout, which depends on how deep it stands."""
    return re.sub(r"\s+|,(?=\s*[)\]}])", "", code)


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_code_is_that_of_the_figure_above_it(name: str) -> None:
    shown = SECTIONS[name]
    assert shown.code
    if shown.code[0][0] == "markdown":
        return
    path = ROOT / "demos_py" / shown.figure.replace("-", "_")
    sources = {"python": path.with_suffix(".py"), "jinja": path.with_suffix(".html.jinja")}
    for language, code in shown.code:
        assert words(code).rstrip(",") in words(sources[language].read_text("utf-8")), f"{shown.figure} has no such lines"
    everything = "".join(code for _, code in shown.code)
    assert name == "transport" or re.search(rf"\b{name}\(", everything)


@pytest.mark.parametrize("name", [name for name, shown in SECTIONS.items() if shown.code[0][0] == "markdown"])
def test_the_markdown_is_what_follows_it(name: str) -> None:
    shown = SECTIONS[name]
    ((_, code),) = shown.code
    assert code.strip() in shown.live
    assert name in INLINE or code.startswith(f"/// {name}")


def test_each_figure_is_on_the_built_page_and_has_its_own_place_elsewhere() -> None:
    html = (ROOT / "site/contribute/components/index.html").read_text("utf-8")
    tags = re.findall(r'<figure class="cw-fig"[^>]*>', html)
    assert len(tags) == len(re.findall(r"^/// demo", FENCE.sub("", PAGE.read_text("utf-8")), re.MULTILINE))
    assert all(" data-again" in tag for tag in tags) and 'class="cw-no"' not in html
    assert not re.search(r'href="[^"]*contribute/components', (ROOT / "site/embed/sampling/draws/index.html").read_text("utf-8"))
