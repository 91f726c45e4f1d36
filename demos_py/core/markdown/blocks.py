"""The blocks of a chapter: a figure, a prediction, what to try, what is not shown."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast
from urllib.parse import quote
from xml.etree import ElementTree as etree

from pymdownx.blocks.block import Block, type_any, type_boolean  # pyright: ignore[reportMissingTypeStubs] - it has none

from demos_py.core.demo import chapter_number
from demos_py.core.markdown.page import Page
from demos_py.core.render import render_figure
from demos_py.core.transport import split_query


class PageBlock(Block):
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


class DemoBlock(PageBlock):
    """`/// demo | reference`: a figure, complete before any script runs, with a heading for the contents.

    With `again: true` it is shown once more, on a page that is not its chapter's: it gets no number there.
    """

    NAME = "demo"
    ARGUMENT = True
    OPTIONS: ClassVar[dict[str, Any]] = {"again": [False, type_boolean]}  # pyright: ignore

    def on_create(self, parent: etree.Element) -> etree.Element:
        demo, values, query = self.page.resolve(self.argument, self.here())
        self.page.placed.append(demo.id)
        times = self.page.placed.count(demo.id)
        uid = demo.id if times == 1 else f"{demo.id}-{times}"
        again = self.options["again"]
        self.page.numbered += not again
        chapter = chapter_number(demo)
        number = f"{chapter}.{self.page.numbered}" if chapter and not again else ""
        with self.page.running(demo.id, self.here()):
            above, self.below = render_figure(
                demo, values, uid=uid, number=number, query=query, log=split_query(query)[1], again=again
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


class PredictBlock(PageBlock):
    """`/// predict | reference : fact`: choices, and behind a fold the truth and the answer. No script."""

    NAME = "predict"
    ARGUMENT = True
    OPTIONS: ClassVar[dict[str, Any]] = {"choices": [[], type_any]}  # pyright: ignore[reportIncompatibleVariableOverride]

    def on_create(self, parent: etree.Element) -> etree.Element:
        return self.part(parent, "fieldset", "cw-predict")

    def on_end(self, block: etree.Element) -> None:
        reference, _, fact = (piece.strip() for piece in self.argument.partition(" : "))
        truth = self.page.fact(reference, fact, self.here())
        given = self.options["choices"]
        choices = list(map(str, cast("list[Any]", given))) if isinstance(given, list) else [str(given)]
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


class BreakItBlock(PageBlock):
    """`/// break-it`: what to try, as a list."""

    NAME = "break-it"

    def on_create(self, parent: etree.Element) -> etree.Element:
        after = self.part(parent, "div", "cw-after cw-break")
        heading = etree.SubElement(
            after, "p", {"class": "cw-after__head", "role": "heading", "aria-level": "3"}
        )
        heading.text = "Break it"
        return after


class NotShownBlock(PageBlock):
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
