"""The glossary: its terms, what is wrong with it, and the links that a chapter's first uses become.

`docs/glossary.md` has one heading a term, in alphabetical order, with its definition below:

    ## Grouped-query attention (GQA) { #gqa data-forms="grouped queries" }

    Attention in which several query heads share one head of keys and values.

The term, its abbreviation in parentheses, what stands after ", or ", their plurals, and the other forms that
`data-forms` names (with commas between), all stand for it. The first of them in a chapter's running text becomes a
link to the glossary, unless the chapter links the term by hand, or its front matter says `other_sense: token, batch`;
and the page carries the definition, hidden, for `wasm/host/glossary.js` to show beside the word and for a screen
reader to say.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from demos_py.core.markdown.chapters import SOURCES, read_chapter
from demos_py.core.markdown.page import ChapterError, Page

FILE = "glossary.md"
HEADING = re.compile(r"##\s+(?P<title>.+?)\s*(?:\{(?P<attributes>[^}]*)\})?\s*")
ID = re.compile(r"(?:^|\s)#([\w-]+)")
FORMS = re.compile(r'(?:^|\s)data-forms="([^"]*)"')
OWN_LINK = re.compile(r"\]\(#([\w-]+)\)")
LINK = re.compile(rf"(?:.*/)?{re.escape(FILE)}#(?P<id>.+)")
# Where no word becomes a link: what is one, is named, drawn, computed, lit, quoted, or folded away.
NOT_IN_TAGS = {
    *("a", "button", "summary", "label", "legend", "h1", "h2", "h3", "h4", "h5", "h6"),
    *(
        "code",
        "pre",
        "kbd",
        "samp",
        "table",
        "figure",
        "fieldset",
        "details",
        "blockquote",
        "script",
        "style",
    ),
}
NOT_IN_CLASSES = {"cw-place", "cw-fact", "cw-term", "arithmatex"}


@dataclass(frozen=True)
class Term:
    """An entry: its anchor, its heading, the words that stand for it, its meaning in Markdown, and its line."""

    id: str
    title: str
    forms: tuple[str, ...]
    definition: str
    line: int


@dataclass(frozen=True)
class Glossary:
    """The terms of a glossary, by anchor."""

    terms: dict[str, Term]

    @cached_property
    def _by_form(self) -> dict[str, Term]:
        return {form: term for term in self.terms.values() for form in term.forms}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # the longest first, so that a token bucket is no token
        forms = sorted(self._by_form, key=len, reverse=True)
        any_form = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms) or r"(?!)"
        return re.compile(rf"(?<![\w./@&#-])(?:{any_form})(?!-?\w|\.\w)")

    def uses(self, text: str) -> list[tuple[re.Match[str], Term]]:
        """Where a text uses a term, from left to right; a form within a longer one is no use of its own."""
        return [
            (found, self._by_form[re.sub(r"\s+", " ", found[0])]) for found in self._pattern.finditer(text)
        ]


def forms_of(title: str, more: str = "") -> tuple[str, ...]:
    """All forms of a term: of its title, and of `more`, a list with commas; each with a small and a capital initial."""
    outside = re.sub(r"\s*\([^)]*\)", "", title)
    first, *rest = re.split(r",\s+", outside)
    named = [
        first,
        *(part[3:] for part in rest if part.startswith("or ")),
        *re.findall(r"\(([^)]*)\)", title),
    ]
    named += [form.strip() for form in more.split(",") if form.strip()]
    both = [form for one in named if one for form in (one, plural(one))]
    # an abbreviation has its capitals everywhere
    cased = [
        form
        for one in both
        for form in ((one,) if one[1:2].isupper() else (one[0].lower() + one[1:], one[0].upper() + one[1:]))
    ]
    return tuple(dict.fromkeys(cased))


def plural(word: str) -> str:
    """The regular plural of an English word or of a phrase that ends in it."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return word + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")


def place_in_order(title: str) -> str:
    """What a title is sorted by: its letters and digits, without accents, capitals or marks."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c)
    )
    return re.sub(r"[^\w ]", "", plain.replace("-", " "))


def parse(text: str) -> tuple[Glossary, list[tuple[int, str]]]:
    """The glossary that a page's text holds, and what is wrong with it: lines, from 1, and what to do."""
    terms: dict[str, Term] = {}
    problems: list[tuple[int, str]] = []
    lines = text.splitlines()
    headings = [at for at, line in enumerate(lines) if line.rstrip().startswith("## ")]
    claimed: dict[str, Term] = {}
    last = ""
    for at, end in zip(headings, [*headings, len(lines)][1:], strict=True):
        found = HEADING.fullmatch(lines[at])
        assert found  # any text after "## "
        title, attributes = found["title"], found["attributes"] or ""
        anchor, more = ID.search(attributes), FORMS.search(attributes)
        definition = re.sub(r"\n\s*</div>\s*\Z", "", "\n".join(["", *lines[at + 1 : end]])).strip()

        def wrong(why: str, line: int = at + 1) -> None:
            problems.append((line, why))

        if not anchor:
            wrong(f"“{title}” has no anchor; write one after it, as in {{ #token }}")
            continue
        term = Term(anchor[1], title, forms_of(title, more[1] if more else ""), definition, at + 1)
        if not definition:
            wrong(f"“{title}” has no definition; write one below it, or remove the heading")
        if term.id in terms:
            wrong(f"#{term.id} is the anchor of line {terms[term.id].line} too; keep one of the two entries")
        for form in term.forms:
            other = claimed.setdefault(form, term)
            if other is not term and other.id != term.id:
                wrong(
                    f"“{form}” stands for “{other.title}” of line {other.line} as well; let one of the two have it"
                )
                break
        if place_in_order(title) < place_in_order(last):
            wrong(f"“{title}” comes after “{last}”; put the entries in alphabetical order")
        last = title
        terms.setdefault(term.id, term)
    for number, line in enumerate(lines, 1):
        for anchor in OWN_LINK.findall(line):
            if anchor not in terms:
                problems.append((number, no_such_term(anchor, terms)))
    return Glossary(terms), sorted(problems)


def no_such_term(anchor: str, terms: dict[str, Term]) -> str:
    """That the glossary lacks a term, and which one may be meant."""
    near = difflib.get_close_matches(anchor, terms, n=1, cutoff=0.5)
    hint = f"did you mean #{near[0]}?" if near else "write an entry for it, or take the link away"
    return f"the glossary has no term #{anchor}; {hint}"


def glossary_of(docs: Path) -> Glossary:
    """The glossary of a folder of chapters, empty where there is none. Raises ChapterError, a line for each problem."""
    path = docs / FILE
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else Glossary({})


@lru_cache(8)
def _read(path: Path, _changed: int) -> Glossary:
    glossary, problems = parse(path.read_text("utf-8"))
    if problems:
        raise ChapterError("\n".join(f"{path}:{line}: {why}" for line, why in problems))
    return glossary


class GlossaryLinks(Treeprocessor):
    """A chapter's first use of each term becomes a link, and every link to a term brings its definition along."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.markdown, self.page = md, page

    def run(self, root: etree.Element) -> None:
        source = self.page.source()
        if not source or source.path == self.page.docs / FILE:
            return
        self.glossary = glossary_of(self.page.docs)
        self.linked: list[str] = []
        for link in root.iter("a"):
            found = LINK.fullmatch(link.get("href", ""))
            if found:
                if found["id"] not in self.glossary.terms:
                    href = re.escape(link.get("href", ""))
                    raise self.page.fail(href, no_such_term(found["id"], self.glossary.terms))
                self._dress(link, found["id"])
        chapter = read_chapter(self.page.docs, source.path)
        if chapter:
            for term in chapter.other_sense:
                if term not in self.glossary.terms:
                    raise ChapterError(
                        f"{source.path}:1: other_sense: {no_such_term(term, self.glossary.terms)}"
                    )
            self.left_out = set(chapter.other_sense)
            running = True
            for part in list(root):
                if part.tag == "h2":
                    running = "".join(part.itertext()).strip() != SOURCES
                elif running:
                    self._walk(part)
        self._carry(root)

    def _dress(self, link: etree.Element, term: str) -> None:
        link.set("class", f"{link.get('class', '')} cw-gloss".strip())
        link.set("aria-describedby", f"gloss-{term}")
        if term not in self.linked:
            self.linked.append(term)

    def _walk(self, element: etree.Element) -> None:
        """Link the uses within an element, in the order in which they are read."""
        classes = set(element.get("class", "").split())
        if element.tag in NOT_IN_TAGS or classes & NOT_IN_CLASSES or element.get("role") == "heading":
            return
        children = list(element)
        element.text, links = self._split(element.text)
        for at, link in enumerate(links):
            element.insert(at, link)
        for child in children:
            self._walk(child)
            child.tail, links = self._split(child.tail)
            place = list(element).index(child) + 1
            for at, link in enumerate(links):
                element.insert(place + at, link)

    def _split(self, text: str | None) -> tuple[str | None, list[etree.Element]]:
        """A text up to its first new term, and the links that follow, each with the text behind it as its tail."""
        if not text or isinstance(text, AtomicString):
            return text, []
        links: list[etree.Element] = []
        before, done = text, 0
        for found, term in self.glossary.uses(text):
            if term.id in self.linked or term.id in self.left_out:
                continue
            link = etree.Element("a", {"href": f"{self.page.link(FILE)}#{term.id}"})
            link.text = AtomicString(found[0])
            self._dress(link, term.id)
            if links:
                links[-1].tail = text[done : found.start()]
            else:
                before = text[: found.start()]
            links.append(link)
            done = found.end()
        if links:
            links[-1].tail = text[done:]
        return before, links

    def _carry(self, root: etree.Element) -> None:
        """The definitions of all linked terms, hidden, at the end of the page."""
        if not self.linked:
            return
        # a section, as the search ends what it leaves out with the first end of an element of the same name
        notes = etree.SubElement(root, "section", {"class": "cw-gloss-notes", "data-search-exclude": ""})
        for term in (self.glossary.terms[id] for id in self.linked):
            attributes = {"class": "cw-gloss-note", "id": f"gloss-{term.id}", "role": "tooltip"}
            note = etree.SubElement(notes, "div", attributes | {"hidden": "hidden"})
            etree.SubElement(note, "b").text = AtomicString(term.title)
            self.markdown.parser.parseChunk(note, term.definition)
            self.markdown.treeprocessors["inline"].run(note)
            for link in note.iter("a"):
                # a note that comes and goes holds nothing to be reached: its links are plain words
                link.tag, link.attrib = "span", {}
