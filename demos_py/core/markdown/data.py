"""The tables of facts, `docs/data/<name>.yml`: read, checked, and written as CSV. docs/contribute/data.md shows the format."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from yaml.reader import ReaderError

from demos_py.core.markdown.page import ChapterError

OWN = ("source", "as_of", "note")  # of a row, beside its columns
BARE = re.compile(r"[+\-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet begins a formula with


@dataclass(frozen=True)
class Column:
    """A column: its name in the file, its words at the head, and whether a reader can choose among its values."""

    key: str
    label: str
    filter: bool


@dataclass(frozen=True)
class Source:
    """Where a row's facts are from, and the day that someone last looked there."""

    title: str
    url: str
    checked: date


@dataclass(frozen=True)
class Row:
    """A row: a cell for each column, "unknown" where the file says nothing, and the line where it begins."""

    cells: tuple[str, ...]
    source: Source
    as_of: date | None
    note: str
    line: int


@dataclass(frozen=True)
class Table:
    """A checked table of facts."""

    path: Path
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def checked_between(self) -> tuple[date, date]:
        """The oldest day of checking, and the youngest."""
        days = [row.source.checked for row in self.rows]
        return min(days), max(days)

    def csv(self) -> str:
        """The table as RFC 4180 has it: the columns, then source, url, checked, as_of and note.

        It begins with a byte order mark, since a spreadsheet takes UTF-8 without one for another encoding. Numbers
        lose the marks of their thousands, and what a spreadsheet would run as a formula becomes text by an apostrophe
        (https://owasp.org/www-community/attacks/CSV_Injection); a figure's table is saved the same way
        (wasm/host/save.js).
        """
        text = io.StringIO("\ufeff")
        text.seek(0, io.SEEK_END)
        out = csv.writer(text, lineterminator="\r\n")
        out.writerow(
            [*(column.label for column in self.columns), "source", "url", "checked", "as_of", "note"]
        )
        for row in self.rows:
            source = row.source
            more = (source.title, source.url, source.checked, row.as_of or "", row.note)
            out.writerow([_for_spreadsheets(str(cell)) for cell in (*row.cells, *more)])
        return text.getvalue()


def _for_spreadsheets(cell: str) -> str:
    if BARE.fullmatch(cell):
        return cell.replace(",", "").replace("−", "-")
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def stale(table: Table, today: date) -> list[Row]:
    """The rows that were checked more than a year before this day."""
    year_ago = (today.year - 1, today.month, today.day)
    days = [(row, row.source.checked) for row in table.rows]
    return [row for row, day in days if (day.year, day.month, day.day) < year_ago]


def load(path: Path, today: date | None = None) -> Table:
    """The table in a file. Raises ChapterError with the file and the line that must be mended.

    No day of checking lies after `today`; if that is not given, it is the date where the day begins first on Earth.
    """
    return _File(path, today or datetime.now(timezone(timedelta(hours=14))).date()).table()


class _File:
    """A file that is being read: its YAML as nodes, which know their lines."""

    def __init__(self, path: Path, today: date) -> None:
        self.path, self.today = path, today
        data = path.read_bytes()
        try:
            # compose takes anything that can be read, and its stubs do not say so
            self.root: yaml.Node | None = yaml.compose(data.decode(), Loader=yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType]
        except UnicodeDecodeError as error:
            raise self.fail(data.count(b"\n", 0, error.start), "is not UTF-8") from None
        except ReaderError as error:
            line = data.decode()[: error.position].count("\n")
            raise self.fail(line, f"is not YAML: {error.reason}") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise self.fail(mark.line if mark else 0, f"is not YAML: {error.problem}") from None

    def fail(self, where: yaml.Node | int | None, why: str) -> ChapterError:
        """An error at a node, or at a line counted from nought."""
        line = where if isinstance(where, int) else where.start_mark.line if where else 0
        return ChapterError(f"{self.path}:{line + 1}: {why}")

    def table(self) -> Table:
        parts = self.mapping(self.root, "the file", ("title", "columns", "rows"))
        columns: dict[str, Column] = {}
        for node in self.items(parts["columns"], "columns"):
            column = self.column(node)
            if column.key in columns:
                raise self.fail(node, f"the key “{column.key}” has two columns")
            if column.key in OWN:
                raise self.fail(
                    node, f"“{column.key}” is not for a column: it is what each row has beside them"
                )
            columns[column.key] = column
        rows = tuple(self.row(node, list(columns)) for node in self.items(parts["rows"], "rows"))
        return Table(self.path, self.text(parts["title"], "the title"), tuple(columns.values()), rows)

    def column(self, node: yaml.Node) -> Column:
        parts = self.mapping(node, "a column", ("key", "label"), ("filter",))
        chosen = parts.get("filter")
        if chosen and (chosen.tag != "tag:yaml.org,2002:bool" or chosen.value.lower() != "true"):
            raise self.fail(chosen, "filter is true, or it is left out")
        return Column(
            self.text(parts["key"], "the key"), self.text(parts["label"], "the label"), bool(chosen)
        )

    def row(self, node: yaml.Node, keys: list[str]) -> Row:
        parts = self.mapping(node, "a row", (), (*keys, *OWN))
        name = self.text(parts[keys[0]], keys[0]) if keys[0] in parts else "unknown"
        source = parts.get("source")
        needed = f"the row “{name}” needs a source with title, url and checked"
        if source is None:
            raise self.fail(node, needed)
        given = self.mapping(source, "a source", (), ("title", "url", "checked"))
        if len(given) < 3:
            raise self.fail(source, needed)
        url = self.text(given["url"], "the url")
        if not _is_web(url):
            raise self.fail(
                given["url"], f"the url “{url}” is no address that begins with https:// or http://"
            )
        return Row(
            cells=tuple(self.text(parts[key], key) if key in parts else "unknown" for key in keys),
            source=Source(self.text(given["title"], "the title"), url, self.day(given["checked"], "checked")),
            as_of=self.day(parts["as_of"], "as_of") if "as_of" in parts else None,
            note=self.text(parts["note"], "the note") if "note" in parts else "",
            line=node.start_mark.line + 1,
        )

    def mapping(
        self, node: yaml.Node | None, what: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """The values of a mapping by their keys: all that are needed, and none that is not known."""
        known = (*needed, *optional)
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"{what} is a mapping with {', '.join(known)}")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in known:
                raise self.fail(key, f"{what} has no key “{key.value}”; it may have {', '.join(known)}")
            if key.value in found:
                raise self.fail(key, f"{what} has the key “{key.value}” twice")
            found[key.value] = value
        for name in needed:
            if name not in found:
                raise self.fail(node, f"{what} needs {', '.join(needed)}; {name} is missing")
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list that is not empty."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.fail(node, f"{what} is a list of at least one")
        return node.value

    def text(self, node: yaml.Node, what: str) -> str:
        """A value as it is written: 0.90 keeps its nought."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.fail(node, f"{what} holds no text; where nothing is known, leave it out")
        if node.tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"):
            raise self.fail(
                node, f"{what}: put “{node.value}” in quotes, as YAML does not take it for a word"
            )
        return node.value.strip()

    def day(self, node: yaml.Node, what: str) -> date:
        """A date that is not in the future."""
        text = self.text(node, what)
        try:
            day = date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else "")
        except ValueError:
            raise self.fail(node, f"{what} is “{text}”, which is no date such as 2026-11-22") from None
        if day > self.today:
            raise self.fail(node, f"{what} is {day}, which lies in the future")
        return day


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
