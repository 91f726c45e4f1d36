"""The indexes of the book, each from the chapters' files: `/// index | terms`, `figures`, `demos` or `sources`."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as etree

from markdown.util import AtomicString
from markupsafe import escape

import demos_py
from demos_py.core import params as controls
from demos_py.core import sessions
from demos_py.core.demo import Demo, chapter_number
from demos_py.core.markdown.blocks import PageBlock
from demos_py.core.markdown.chapters import SOURCES, Chapter, chapters
from demos_py.core.markdown.glossary import FILE as GLOSSARY
from demos_py.core.markdown.glossary import glossary_of
from demos_py.core.markdown.page import view
from demos_py.core.markdown.sources import works
from demos_py.core.render import marked
from demos_py.core.transport import split_query

ROOT = Path(demos_py.__path__[0]).parent
MANIFEST = ROOT / "build/assets/manifest.json"  # what staging wrote, before the site generator runs
STARTS = "data/start-times.json"  # what tests/bench/figures.py measured


@dataclass(frozen=True)
class Placed:
    """A figure where a chapter first has it: its demo, as the chapter sets it, and its number."""

    chapter: Chapter
    demo: Demo
    values: Any
    query: str
    number: str

    @property
    def anchor(self) -> str:
        return f"{self.chapter.path}#{self.demo.id}"


class IndexBlock(PageBlock):
    """`/// index | what`: a list of what the whole book has of a kind, each with the places where it stands."""

    NAME = "index"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        kinds = {
            "terms": self._terms,
            "figures": self._figures,
            "demos": self._demos,
            "sources": self._sources,
        }
        if self.argument not in kinds:
            raise self.page.fail(
                self.here(), f"there is no index of “{self.argument}”; there are {', '.join(kinds)}"
            )
        place = self.part(parent, "div", "cw-index")
        kinds[self.argument](place)
        return place

    def _terms(self, place: etree.Element) -> None:
        glossary = glossary_of(self.page.docs)
        book = chapters(self.page.docs)
        used: dict[str, dict[str, list[tuple[str, str]]]] = {term: {} for term in glossary.terms}
        for chapter in book:
            for section in chapter.sections:
                if section.title == SOURCES:
                    continue
                for term in {term.id for _, term in glossary.uses(section.text)} - set(chapter.other_sense):
                    anchor = f"{chapter.path}#{section.anchor}" if section.anchor else chapter.path
                    used[term].setdefault(chapter.path, []).append((anchor, section.title or "opening"))
        entries = etree.SubElement(place, "dl")
        for term in glossary.terms.values():
            self._link(etree.SubElement(entries, "dt"), f"{GLOSSARY}#{term.id}", term.title)
            for chapter in book:
                if sections := used[term.id].get(chapter.path):
                    entry = etree.SubElement(entries, "dd")
                    self._chapter(entry, chapter).tail = AtomicString(": ")
                    for at, (anchor, title) in enumerate(sections):
                        link = self._link(entry, anchor, title)
                        link.tail = AtomicString("; " if at + 1 < len(sections) else "")
            if not used[term.id]:
                etree.SubElement(entries, "dd").text = AtomicString("Only in the glossary so far.")

    def _figures(self, place: etree.Element) -> None:
        for chapter in chapters(self.page.docs):
            figures = [figure for figure in self._placed() if figure.chapter == chapter]
            if not figures:
                continue
            heading = etree.SubElement(place, "h2", {"id": f"chapter-{chapter.number}"})
            heading.text = AtomicString(f"{chapter.number} {chapter.title}")
            entries = etree.SubElement(place, "dl")
            for figure in figures:
                title = etree.SubElement(entries, "dt")
                self._link(title, figure.anchor, f"Fig. {figure.number} {figure.demo.title}")
                with self.page.running(figure.demo.id, self.here()):
                    shown = view(figure.demo.id, figure.values, split_query(figure.query)[1])
                # the figure's own page is written after the site generator, which therefore does not know it
                alone = f'<a href="../../embed/{escape(figure.demo.id)}/">By itself</a>'
                etree.SubElement(entries, "dd").text = self.stash(f"{marked(shown.reading)} {alone}")

    def _demos(self, place: etree.Element) -> None:
        starts = _measured(self.page.docs / STARTS)
        manifest = self._manifest()
        rows: list[str] = []
        for figure in self._placed():
            demo = figure.demo
            name = f"{figure.number} {demo.title}".strip()
            link = f'<a href="{self._address(figure)}">{escape(name)}</a>'
            names = [
                f"<code>{escape(name)}</code>: {escape(control.accepts())}"
                for name, control in controls.controls(demo.params()).items()
            ]
            loads = [f"{part}, {megabytes(size)}" for part, size in _parts(figure, manifest).items()]
            tests = [f"<code>{name.replace('_', '_<wbr>')}</code>: {count}" for name, count in tests_of(demo)]
            start = starts["seconds"].get(demo.id)
            cells = [
                "<br>".join(names) or "none",
                "<br>".join(tests) or "none of its own",
                "<br>".join(loads) or "nothing",
                f"{start:.1f} s" if start else "not measured",
            ]
            rows.append(
                f'<tr><th scope="row">{link}<br><code>{str(escape(demo.id)).replace("/", "/<wbr>")}</code></th>'
                + "".join(f"<td>{cell}</td>" for cell in cells)
                + "</tr>"
            )
        heads = ("Figure", "Parameters", "Tests", "Loads beside Python", "Start")
        head = "".join(f'<th scope="col">{name}</th>' for name in heads)
        region = {"class": "cw-scroll cw-scroll--words", "tabindex": "0", "role": "region"}
        etree.SubElement(place, "div", region | {"aria-label": "All figures"}).text = self.stash(
            f'<table class="cw-table cw-demos"><caption>{len(rows)} figures</caption><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )
        etree.SubElement(place, "p").text = AtomicString(
            "“Start” is the time from the navigation until the figure answers, in a browser that has been here before. "
            f"Measured on {starts['date']} in {starts['browser']}, on a machine with {starts['machine']}."
        )

    def _sources(self, place: etree.Element) -> None:
        entries = etree.SubElement(place, "dl")
        for work in works(self.page.docs):
            title = etree.SubElement(entries, "dt")
            if work.url:
                title = etree.SubElement(title, "a", {"href": work.url})
            title.text = AtomicString(work.title)
            entry = etree.SubElement(entries, "dd")
            entry.text = AtomicString(f"{work.said}. " if work.said else "")
            for at, chapter in enumerate(work.chapters):
                has = chapter.section(SOURCES)
                cited_in = f"{chapter.path}#{has.anchor}" if has else chapter.path
                link = self._link(entry, cited_in, f"Chapter {chapter.number}")
                link.tail = AtomicString(", " if at + 1 < len(work.chapters) else "")

    def _placed(self) -> list[Placed]:
        """Every figure of the book, by chapter, where it stands first."""
        found: dict[str, Placed] = {}
        for chapter in chapters(self.page.docs):
            for at, reference in enumerate(chapter.figures, 1):
                demo, values, query = self.page.resolve(reference, self.here())
                number = f"{chapter_number(demo)}.{at}" if chapter_number(demo) else ""
                found.setdefault(demo.id, Placed(chapter, demo, values, query, number))
        return list(found.values())

    def _manifest(self) -> dict[str, int]:
        """The bytes of each staged file, by name."""
        if not MANIFEST.is_file():
            raise self.page.fail(self.here(), f"there is no {MANIFEST}; run `python -m wasm.stage` first")
        files = json.loads(MANIFEST.read_text("utf-8"))["files"]
        return {name: entry["bytes"] for name, entry in files.items()}

    def _address(self, figure: Placed) -> str:
        # in finished HTML, which the generator's own treatment of links does not reach
        return str(escape(f"../../{figure.chapter.path.removesuffix('.md')}/#{figure.demo.id}"))

    def _link(self, parent: etree.Element, path: str, text: str) -> etree.Element:
        link = etree.SubElement(parent, "a", {"href": self.page.link(path)})
        link.text = AtomicString(text)
        return link

    def _chapter(self, parent: etree.Element, chapter: Chapter) -> etree.Element:
        return self._link(parent, chapter.path, f"{chapter.number} {chapter.title}")


def megabytes(size: int) -> str:
    """Bytes in MB, or in kB where that says more."""
    return f"{size / 1e6:.1f}\xa0MB" if size >= 100_000 else f"{size / 1e3:.0f}\xa0kB"


def _parts(figure: Placed, manifest: dict[str, int]) -> dict[str, int]:
    """What a figure loads beside Python and the book: parts, with their bytes as they are stored."""
    parts: dict[str, int] = {}
    if figure.demo.uses_numpy:
        parts["NumPy"] = manifest["numpy.tar.gz"]
    if view(figure.demo.id, figure.values, split_query(figure.query)[1]).charts:
        parts["Plotly"] = manifest["plotly-basic.min.js"]
    for name in files_of(figure.demo):
        folder = name.partition("/")[0]
        parts[folder] = parts.get(folder, 0) + manifest[name]
    return parts


@cache
def files_of(demo: Demo) -> tuple[str, ...]:
    """The files that a demo asks for before its first view, with the weights of its models: found by running it."""
    if not demo.waits:
        return ()
    sessions.forget()
    demo.first_view(demo.params())
    asked = set(sessions.held())
    for graph in [name for name in asked if name.endswith(".onnx")]:
        own = graph.removesuffix(".onnx") + ".bin"
        shared = f"{graph.partition('/')[0]}/weights.bin"
        asked.add(own if (ROOT / "wasm/models" / own).is_file() else shared)
    return tuple(sorted(asked))


@cache
def tests_of(demo: Demo) -> list[tuple[str, str]]:
    """The test files of a demo, each with how many test functions it has.

    By rule a demo has a file of its own, `tests/unit/<chapter>/test_<name>.py`; else those of its chapter that import it.
    """
    chapter, name = demo.id.replace("-", "_").split("/")
    folder = ROOT / "tests/unit" / chapter
    own = folder / f"test_{name}.py"
    if own.is_file():
        return [(own.name, str(len(_functions(own))))]
    shared = [
        path for path in sorted(folder.glob("test_*.py")) if imports_demo(path, f"demos_py.{chapter}", name)
    ]
    return [(path.name, f"{len(_functions(path))}, shared") for path in shared]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _functions(path: Path) -> list[str]:
    found = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef))
    return [node.name for node in found if node.name.startswith("test_")]


def imports_demo(path: Path, package: str, name: str) -> bool:
    """Whether a test file imports a demo's module, or something of it."""
    return any(
        node.module == f"{package}.{name}"
        or (node.module == package and name in {one.name for one in node.names})
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom)
    )


def _measured(path: Path) -> dict[str, Any]:
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(2)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))
