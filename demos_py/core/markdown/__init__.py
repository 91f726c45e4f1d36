"""The book's Markdown: an extension for Python-Markdown, so that MkDocs and Zensical both take it.

A *reference* names a figure and, after a question mark, parameters: `sampling/draws?n=1000&seed=7`.

    /// demo | sampling/distribution?top_p=0.9     the figure, prerendered; the block's text is its caption
        again: true                                the same figure on a page that is not its chapter's: no number
    /// predict | sampling/draws?n=100 : lost      a question; after `---` its answer; the fact is the truth
        choices: [10, 20, 30]
    /// break-it                                   a list of things to try
    /// not-shown                                  one honest sentence
    /// data | sampling-apis                       the table docs/data/sampling-apis.yml
    /// parameters | sampling/draws                what the figure's controls take
    /// index | terms                              what the whole book has: terms, figures, demos, sources
    /// contents                                   every chapter of docs/book.yml, by part
    /// path | serving                             a path of docs/book.yml
    /// subjects                                   its subjects, each with its chapters
    {{ sampling/draws?n=100 : lost }}              a computed number in the prose: a fact of the figure's view
    {{ kv-cache/allocator?log=200 : held }}        the same of a figure that moves, at a moment: after 200 steps
    [Set it](#sampling/draws?n=1000)               a link that sets the figure on this page

A chapter's first use of a term of docs/glossary.md links to it by itself (glossary.py).

Anything that cannot be resolved raises ChapterError with file and line, and so ends the build.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from pymdownx.blocks import BlocksExtension  # pyright: ignore[reportMissingTypeStubs] - it has none

from demos_py.core.markdown.blocks import BreakItBlock, DemoBlock, NotShownBlock, PredictBlock
from demos_py.core.markdown.book import PLAN, Book
from demos_py.core.markdown.glossary import GlossaryLinks
from demos_py.core.markdown.index import IndexBlock
from demos_py.core.markdown.page import Page
from demos_py.core.markdown.paths import ContentsBlock, PathBlock, SubjectsBlock
from demos_py.core.markdown.tables import DataBlock, ParametersBlock

FACT = r"\{\{\s*(?P<reference>[^\s{}:]+)\s*:\s*(?P<fact>[^{}]+?)\s*\}\}"


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

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element, int, int]:
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


class _Measure(Treeprocessor):
    """A chapter begins with its measure, below the opening that the template makes: minutes, and what it says of itself."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: etree.Element) -> None:
        source = self.page.source()
        if not source or not (self.page.docs / PLAN).is_file():
            return
        file = source.path.relative_to(self.page.docs).as_posix()
        for chapter in Book(self.page.docs).chapters.values():
            if chapter.file == file:
                line = etree.Element("div", {"class": "cw-dim"})
                etree.SubElement(line, "i")
                said = [f"{chapter.minutes} minutes", chapter.measure]
                etree.SubElement(line, "span").text = ", ".join(filter(None, said))
                etree.SubElement(line, "i")
                root.insert(0, line)


BLOCKS = (
    DemoBlock,
    PredictBlock,
    BreakItBlock,
    NotShownBlock,
    DataBlock,
    ParametersBlock,
    IndexBlock,
    ContentsBlock,
    PathBlock,
    SubjectsBlock,
)


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
        # after attributes are set, which say what a word is, and before MkDocs' own links
        md.treeprocessors.register(GlossaryLinks(md, page), "cutaway-glossary", 4)
        md.treeprocessors.register(_Measure(md, page), "cutaway-measure", 14)
        for block in BLOCKS:
            block_mgr.register(type(block.__name__, (block,), {"page": page}), {})


def makeExtension(**config: Any) -> CutawayExtension:
    """Python-Markdown's entry point."""
    return CutawayExtension(**config)
