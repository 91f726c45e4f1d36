"""The book's Markdown: an extension for Python-Markdown, so that MkDocs and Zensical both take it.

A *reference* names a figure and, after a question mark, parameters: `sampling/draws?n=1000&seed=7`.

    /// demo | sampling/distribution?top_p=0.9     the figure, prerendered; the block's text is its caption
    /// predict | sampling/draws?n=100 : lost      a question; after `---` its answer; the fact is the truth
        choices: [10, 20, 30]
    /// break-it                                   a list of things to try
    /// not-shown                                  one honest sentence
    /// data | sampling-apis                       the table docs/data/sampling-apis.yml
    /// parameters | sampling/draws                what the figure's controls take
    {{ sampling/draws?n=100 : lost }}              a computed number in the prose: a fact of the figure's view
    {{ kv-cache/allocator?log=200 : held }}        the same of a figure that moves, at a moment: after 200 steps
    [Set it](#sampling/draws?n=1000)               a link that sets the figure on this page

Anything that cannot be resolved raises ChapterError with file and line, and so ends the build.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote
from xml.etree import ElementTree as etree

import yaml
from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markupsafe import escape
from pymdownx.blocks import BlocksExtension
from pymdownx.blocks.block import Block, type_any

from demos_py.core import params as controls
from demos_py.core.demo import Demo, UnknownDemo, View, chapter_number, find
from demos_py.core.render import render_figure
from demos_py.core.transport import Log, moment, split_query

FACT = r"\{\{\s*(?P<reference>[^\s{}:]+)\s*:\s*(?P<fact>[^{}]+?)\s*\}\}"


class ChapterError(Exception):
    """Something in a chapter cannot be resolved; the message begins with its file and line."""


class Page:
    """The page being converted: its lines, for messages, and how often each figure stands on it."""

    def __init__(self, docs: str) -> None:
        self.docs = Path(docs)
        self.lines: list[str] = []
        self.placed: list[str] = []

    def begin(self, lines: list[str]) -> None:
        self.lines, self.placed = list(lines), []

    def fail(self, needle: str, why: str) -> ChapterError:
        """An error at the first line that `needle`, a regular expression, finds outside code."""
        fence, at = "", 0
        for number, text in enumerate(self.lines):
            mark = re.match(r"\s*(`{3,}|~{3,})(.*)", text)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            elif not fence and re.search(needle, re.sub(r"(`+).+?\1", "", text)):
                at = number
                break
        # The extension gets the text without front matter and without its file's name: find both again.
        body = "\n".join(self.lines).strip()
        for path in sorted(self.docs.rglob("*.md")):
            whole = path.read_text("utf-8")
            if body and whole.rstrip().endswith(body):
                before = whole.rindex(body) - (
                    len("\n".join(self.lines)) - len("\n".join(self.lines).lstrip())
                )
                return ChapterError(f"{path}:{whole[:before].count(chr(10)) + at + 1}: {why}")
        return ChapterError(f"line {at + 1}: {why}")

    def resolve(self, reference: str, needle: str) -> tuple[Demo, Any, str]:
        """The demo, the parameters and the query that a reference stands for. Raises ChapterError."""
        demo_id, _, query = reference.partition("?")
        try:
            demo = find(demo_id)
        except UnknownDemo as error:
            raise self.fail(needle, str(error)) from None
        plain, _, problems = split_query(query) if demo.moves else (query, None, [])
        values, more = controls.from_query(demo.params(), plain)
        if problems + more:
            raise self.fail(needle, f"{demo_id}: " + "; ".join(problems + more))
        return demo, values, query

    def fact(self, reference: str, name: str, needle: str) -> str:
        """A named result of a figure with the reference's parameters. Raises ChapterError."""
        demo, values, query = self.resolve(reference, needle)
        facts = _view(demo.id, values, split_query(query)[1]).facts
        if name not in facts:
            raise self.fail(needle, f"{demo.id} has no fact “{name}”; it has {', '.join(facts)}")
        return facts[name]


@lru_cache(500)
def _view(demo_id: str, values: Any, log: Log | None) -> View:
    demo = find(demo_id)
    return demo.view(values, moment(demo, values, log).state) if log else demo.first_view(values)


class _Remember(Preprocessor):
    """Runs first on every page, before anything is taken out of its text."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, lines: list[str]) -> list[str]:
        self.page.begin(lines)
        return lines


class _Fact(InlineProcessor):
    """`{{ reference : fact }}`: a computed number in the prose."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(FACT, md)
        self.page = page

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element, int, int]:  # type: ignore[override]
        element = etree.Element("span", {"class": "cw-fact"})
        element.text = self.page.fact(m["reference"], m["fact"], re.escape(m[0]))
        return element, m.start(0), m.end(0)


class _SetLinks(Treeprocessor):
    """`#chapter/name?query` becomes a link that also works without a script, down to the figure."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: etree.Element) -> None:
        for paragraph in root.iter("p"):
            first = (paragraph.text or "").strip().partition("\n")[0]
            if first.startswith("///"):
                raise self.page.fail(
                    re.escape(first), f"“{first}” is no block that this book knows; is an option misspelt?"
                )
        for link in root.iter("a"):
            href = link.get("href", "")
            if href.startswith("#") and "?" in href:
                demo, _, query = self.page.resolve(href[1:], re.escape(href) + r"(?![^\s)>\"])")
                link.set("href", f"?figure={quote(demo.id)}&{query}#{demo.id}")
                link.set("class", "cw-set-link")


class _PageBlock(Block):
    """A block that knows its page; subclasses are made by `_on`, one for each Markdown instance."""

    page: Page

    def part(self, parent: etree.Element, tag: str, classes: str) -> etree.Element:
        return etree.SubElement(parent, tag, {"class": classes})

    def here(self) -> str:
        """A regular expression for the block's own first line."""
        about = rf"\s*\|\s*{re.escape(self.argument)}" if self.argument else ""
        return rf"^\s*/{{3,}}\s*{self.NAME}{about}\s*$"

    def stash(self, html: str) -> str:
        """A stand-in for finished HTML, which Python-Markdown puts back at the end."""
        return self.md.htmlStash.store(html)


class DemoBlock(_PageBlock):
    """`/// demo | reference`: a figure, complete before any script runs, with a heading for the contents."""

    NAME = "demo"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        demo, values, query = self.page.resolve(self.argument, self.here())
        self.page.placed.append(demo.id)
        times = self.page.placed.count(demo.id)
        uid = demo.id if times == 1 else f"{demo.id}-{times}"
        chapter = chapter_number(demo)
        number = f"{chapter}.{len(self.page.placed)}" if chapter else ""
        above, self.below = render_figure(
            demo, values, uid=uid, number=number, query=query, log=split_query(query)[1]
        )
        place = self.part(parent, "div", "cw-place")
        heading = etree.SubElement(place, "h3", {"class": "cw-vh", "id": uid})
        heading.text = f"Fig. {number} {demo.title}" if number else demo.title
        heading.tail = self.stash(above)
        return place

    def on_add(self, block: etree.Element) -> etree.Element:
        caption = block.find("figcaption")
        return caption if caption is not None else self.part(block, "figcaption", "cw-caption")

    def on_end(self, block: etree.Element) -> None:
        caption = block.find("figcaption")
        if caption is not None and len(caption) == 0 and not caption.text:
            block.remove(caption)
            caption = None
        last = caption if caption is not None else block[0]
        last.tail = (last.tail or "") + self.stash(self.below)


class PredictBlock(_PageBlock):
    """`/// predict | reference : fact`: choices, and behind a fold the truth and the answer. No script."""

    NAME = "predict"
    ARGUMENT = True
    OPTIONS: ClassVar[dict[str, Any]] = {"choices": [[], type_any]}  # pyright: ignore

    def on_create(self, parent: etree.Element) -> etree.Element:
        return self.part(parent, "fieldset", "cw-predict")

    def on_end(self, block: etree.Element) -> None:
        reference, _, fact = (piece.strip() for piece in self.argument.partition(" : "))
        truth = self.page.fact(reference, fact, self.here())
        given = self.options["choices"]
        choices = [str(option) for option in given] if isinstance(given, list) else [str(given)]
        if truth not in choices:
            raise self.page.fail(
                self.here(), f"the truth is “{truth}”, which is none of the choices {choices}"
            )
        children = list(block)
        split = next((i for i, child in enumerate(children) if child.tag == "hr"), None)
        if split is None:
            raise self.page.fail(self.here(), "a prediction needs its answer, after a line of `---`")
        for child in children[split:]:
            block.remove(child)
        legend = etree.Element("legend")
        legend.text = "Before you look"
        block.insert(0, legend)
        at, of = choices.index(truth), len(choices)
        true = etree.SubElement(
            block, "div", {"class": "cw-truth", "aria-hidden": "true", "style": f"--at:{at + 1};--of:{of}"}
        )
        etree.SubElement(etree.SubElement(true, "div"), "span").text = truth
        guess = etree.SubElement(block, "div", {"class": "cw-guess", "style": f"--of:{of}"})
        name = f"guess-{quote(self.argument, safe='')}"
        for choice in choices:
            label = etree.SubElement(guess, "label")
            etree.SubElement(label, "input", {"type": "radio", "name": name, "value": choice}).tail = choice
        reveal = self.part(block, "details", "cw-predict__reveal")
        etree.SubElement(reveal, "summary").text = "Keep my guess and reveal"
        answer = self.part(reveal, "div", "cw-answer")
        answer.extend(children[split + 1 :])


class BreakItBlock(_PageBlock):
    """`/// break-it`: what to try, as a list."""

    NAME = "break-it"

    def on_create(self, parent: etree.Element) -> etree.Element:
        after = self.part(parent, "div", "cw-after cw-break")
        heading = etree.SubElement(
            after, "p", {"class": "cw-after__head", "role": "heading", "aria-level": "3"}
        )
        heading.text = "Break it"
        return after


class NotShownBlock(_PageBlock):
    """`/// not-shown`: what the figure leaves out."""

    NAME = "not-shown"

    def on_create(self, parent: etree.Element) -> etree.Element:
        return self.part(parent, "div", "cw-after cw-not")

    def on_end(self, block: etree.Element) -> None:
        first = block.find("p")
        if first is None:
            raise self.page.fail(self.here(), "a `not-shown` block needs a sentence")
        strong = etree.Element("strong")
        strong.text = "What this does not show."
        strong.tail, first.text = f" {first.text}", ""
        first.insert(0, strong)


class _TableBlock(_PageBlock):
    """A block that is one table of text, scrolling sideways where it must."""

    ARGUMENT = True

    def on_markdown(self) -> str:
        return "raw"

    def put_table(
        self, parent: etree.Element, caption: str, heads: list[str], rows: list[str]
    ) -> etree.Element:
        """The table as HTML; `rows` are HTML rows, heads and caption are text."""
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
        place = etree.SubElement(
            parent,
            "div",
            {"class": "cw-scroll cw-scroll--words", "tabindex": "0", "role": "region", "aria-label": caption},
        )
        place.text = self.stash(
            f'<table class="cw-table"><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )
        return place

    def row(self, cells: list[str]) -> str:
        """One row; the first cell names it."""
        first, *rest = (escape(cell) for cell in cells)
        return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'


class DataBlock(_TableBlock):
    """`/// data | name`: the table docs/data/name.yml, each row with its source and date."""

    NAME = "data"

    def on_create(self, parent: etree.Element) -> etree.Element:
        path = self.page.docs / "data" / f"{self.argument}.yml"
        if not path.is_file():
            raise self.page.fail(self.here(), f"there is no {path}")
        try:
            data = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError as error:
            raise self.page.fail(self.here(), f"{path} is not YAML: {error}") from None
        if not isinstance(data, dict) or not {"title", "columns", "rows"} <= set(data):
            raise self.page.fail(self.here(), f"{path} needs a title, columns and rows")
        rows = []
        for row in data["rows"]:
            source = row.get("source") or {}
            if not {"title", "url", "checked"} <= set(source):
                name = next(iter(row.values()), "")
                raise self.page.fail(
                    self.here(), f"{path}: the row “{name}” needs a source with title, url and checked"
                )
            rows.append(self.row([str(row.get(column["key"], "unknown")) for column in data["columns"]]))
            link = f'<a href="{escape(source["url"])}">{escape(source["title"])}</a>'
            note = f" {escape(row['note'])}" if row.get("note") else ""
            said = f"Source: {link}, checked {source['checked']}.{note}"
            rows.append(f'<tr class="cw-source"><td colspan="{len(data["columns"])}">{said}</td></tr>')
        return self.put_table(parent, data["title"], [column["label"] for column in data["columns"]], rows)


class ParametersBlock(_TableBlock):
    """`/// parameters | chapter/name`: the figure's parameters, from their one declaration."""

    NAME = "parameters"

    def on_create(self, parent: etree.Element) -> etree.Element:
        demo, values, _ = self.page.resolve(self.argument, self.here())
        rows = [
            self.row(
                [name, c.label, c.accepts(), c.unit or "none", ", ".join(c.write(getattr(values, name)))]
            )
            for name, c in controls.controls(values).items()
        ]
        return self.put_table(
            parent, f"Parameters of {demo.id}", ["Name", "Label", "Takes", "Unit", "At first"], rows
        )


BLOCKS = (DemoBlock, PredictBlock, BreakItBlock, NotShownBlock, DataBlock, ParametersBlock)


class CutawayExtension(BlocksExtension):
    """Everything above, for one Markdown instance. `docs` is the folder of the chapters."""

    def __init__(self, **config: Any) -> None:
        self.config = {"docs": ["docs", "the folder of the chapters, from where the build runs"]}
        super().__init__(**config)

    def extendMarkdownBlocks(self, md: Markdown, block_mgr: Any) -> None:
        page = Page(self.getConfig("docs"))
        md.preprocessors.register(_Remember(md, page), "cutaway-page", 1000)
        md.inlinePatterns.register(_Fact(md, page), "cutaway-fact", 175)  # after code spans, before emphasis
        # after inline, before MkDocs' own links
        md.treeprocessors.register(_SetLinks(md, page), "cutaway-links", 15)
        for block in BLOCKS:
            block_mgr.register(type(block.__name__, (block,), {"page": page}), {})


def makeExtension(**config: Any) -> CutawayExtension:
    """Python-Markdown's entry point."""
    return CutawayExtension(**config)
