"""The blocks that lead into the book: its contents, a path through it, and where a subject is treated."""

from __future__ import annotations

from xml.etree import ElementTree as etree

from demos_py.core.markdown.blocks import PageBlock
from demos_py.core.markdown.book import Book, Chapter

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


class _LeadingBlock(PageBlock):
    """A block that names chapters: those that are written as links, the others with the words that they are not."""

    def book(self) -> Book:
        return Book(self.page.docs)

    def put_chapter(self, parent: etree.Element, chapter: Chapter) -> None:
        """A chapter's title, and how many minutes it takes or that it is not written."""
        if not chapter.text:
            etree.SubElement(parent, "span").text = chapter.title
            etree.SubElement(parent, "span", {"class": "cw-todo"}).text = "not yet written"
            return
        link = etree.SubElement(parent, "a", {"href": self.page.link(chapter.file)})
        link.text = chapter.title
        etree.SubElement(parent, "span", {"class": "cw-minutes"}).text = f"{chapter.minutes} min"

    def put_item(self, parent: etree.Element, chapter: Chapter, why: str) -> None:
        """A chapter in a list: its number, its title, and a sentence."""
        about = {"value": str(chapter.number)} | ({"data-chapter": chapter.page} if chapter.text else {})
        item = etree.SubElement(parent, "li", about)
        self.put_chapter(item, chapter)
        if why:
            self.part(item, "p", "cw-why").text = why


class ContentsBlock(_LeadingBlock):
    """`/// contents`: every chapter by part, each with its claim and its minutes."""

    NAME = "contents"

    def on_create(self, parent: etree.Element) -> etree.Element:
        place = self.part(parent, "cutaway-contents", "cw-contents")
        for number, part in enumerate(self.book().parts, 1):
            heading = etree.SubElement(place, "h3", {"id": f"part-{number}"})
            etree.SubElement(heading, "strong").text = f"Part {ROMAN[number - 1]}"
            heading[0].tail = f" {part.title}"
            chapters = etree.SubElement(place, "ol")
            for chapter in part.chapters:
                self.put_item(chapters, chapter, chapter.deck)
        return place


class PathBlock(_LeadingBlock):
    """`/// path | name`: the chapters of a path of docs/book.yml in its order, and how much of it is written."""

    NAME = "path"
    ARGUMENT = True

    def on_create(self, parent: etree.Element) -> etree.Element:
        paths = self.book().paths
        if self.argument not in paths:
            raise self.page.fail(
                self.here(), f"no path is called “{self.argument}”; there are {', '.join(paths)}"
            )
        steps = paths[self.argument]
        written = [chapter for chapter, _ in steps if chapter.text]
        place = self.part(parent, "cutaway-contents", "cw-contents cw-contents--path")
        total = sum(chapter.minutes for chapter in written)
        self.part(
            place, "p", "cw-contents__sum"
        ).text = f"{len(steps)} chapters, {len(written)} of them written: {total} minutes"
        chapters = etree.SubElement(place, "ol")
        for chapter, why in steps:
            self.put_item(chapters, chapter, why)
        return place


class SubjectsBlock(_LeadingBlock):
    """`/// subjects`: each subject with its chapters."""

    NAME = "subjects"

    def on_create(self, parent: etree.Element) -> etree.Element:
        subjects = self.part(parent, "dl", "cw-subjects")
        for name, chapters in self.book().subjects.items():
            etree.SubElement(subjects, "dt").text = name
            for chapter in chapters:
                self.put_chapter(etree.SubElement(subjects, "dd"), chapter)
        return subjects
