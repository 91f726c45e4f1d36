"""A table of facts: read as it is written, refused at the line to mend, written as CSV, and known to be old."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
import yaml

from demos_py.core.markdown.data import Table, load, stale
from demos_py.core.markdown.page import ChapterError

TODAY = date(2026, 11, 29)
BOOK = sorted((Path(__file__).resolve().parents[3] / "docs/data").glob("*.yml"))
GOOD = """title: Prices
columns:
  - {key: name, label: Name, filter: true}
  - {key: price, label: "Price, $"}
rows:
  - name: One
    price: 0.90
    note: >-
      Read by
      two people.
    source: {title: One's page, url: "https://one.example/?a=1&b=2", checked: 2026-11-29}
  - name: Two
    as_of: 2025-01-31
    source:
      title: Two
      url: http://two.example/
      checked: 2025-11-28
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "prices.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table_of(folder: Path, *cells: str) -> Table:
    """A table of one column, each cell quoted."""
    rows = "".join(
        f"  - {{a: {cell!r}, source: {{title: T, url: https://t.example/, checked: 2026-01-02}}}}\n"
        for cell in cells
    )
    return load(written(folder, f"title: T\ncolumns: [{{key: a, label: A}}]\nrows:\n{rows}"), TODAY)


def test_a_table_is_read_as_it_is_written(tmp_path: Path) -> None:
    table = load(written(tmp_path, GOOD), TODAY)
    one, two = table.rows
    assert (table.title, [column.label for column in table.columns]) == ("Prices", ["Name", "Price, $"])
    assert [column.filter for column in table.columns] == [True, False]
    assert one.cells == ("One", "0.90") and one.note == "Read by two people." and one.as_of is None
    assert two.cells == ("Two", "unknown") and two.as_of == date(2025, 1, 31)
    assert one.source.url == "https://one.example/?a=1&b=2" and two.source.checked == date(2025, 11, 28)
    assert (one.line, two.line) == (6, 12)
    assert table.checked_between == (date(2025, 11, 28), date(2026, 11, 29))


@pytest.mark.parametrize("path", BOOK, ids=lambda path: path.stem)
def test_the_books_own_tables_say_what_their_yaml_says(path: Path) -> None:
    table, plain = load(path), yaml.safe_load(path.read_text("utf-8"))
    keys = [column["key"] for column in plain["columns"]]
    assert [list(row.cells) for row in table.rows] == [
        [str(row.get(key, "unknown")) for key in keys] for row in plain["rows"]
    ]
    assert [row.source.checked for row in table.rows] == [row["source"]["checked"] for row in plain["rows"]]


def test_the_guides_example_is_a_table(tmp_path: Path) -> None:
    guide = (BOOK[0].parents[1] / "contribute/data.md").read_text("utf-8")
    table = load(written(tmp_path, guide.partition("```yaml\n")[2].partition("```")[0]), TODAY)
    assert table.rows[0].cells == ("Example Lab", "Example 1", "128,000", "2026-03-14")


# what stands in GOOD, what stands there instead, the line to mend, and words of the message
WRONG = {
    "no title": ("title: Prices\n", "", 1, "title is missing"),
    "no columns": ("columns:\n", "colums:\n", 2, "no key “colums”; it may have title, columns, rows"),
    "no rows": (GOOD[GOOD.index("rows:") :], "", 1, "rows is missing"),
    "empty rows": (GOOD[GOOD.index("rows:") :], "rows: []\n", 5, "rows is a list of at least one"),
    "an empty title": ("title: Prices", "title:", 1, "the title holds no text"),
    "a column without a label": (', label: "Price, $"', "", 4, "label is missing"),
    "the same key twice": ("key: price", "key: name", 4, "the key “name” has two columns"),
    "a key that is a row's own": ("key: price", "key: note", 4, "“note” is not for a column"),
    "an unknown part of a column": ("label: Name,", "label: Name, unit: $,", 3, "no key “unit”"),
    "a filter that is none": ("filter: true", "filter: many", 3, "filter is true"),
    "a filter that is off": ("filter: true", "filter: false", 3, "filter is true"),
    "an unknown part of a row": ("    price: 0.90", "    prize: 0.90", 7, "a row has no key “prize”; it may have name, price"),
    "a cell twice": ("    price: 0.90", "    price: 0.90\n    price: 0.91", 8, "a row has the key “price” twice"),
    "a cell that is a list": ("price: 0.90", "price: [1, 2]", 7, "price holds no text"),
    "an empty cell": ("price: 0.90", "price:", 7, "price holds no text"),
    "a word that YAML does not take for one": ("price: 0.90", "price: no", 7, "put “no” in quotes"),
    "a row that is none": ("  - name: Two\n", "  - Two\n  - name: Two\n", 12, "a row is a mapping with name, price, source"),
    "no source": ("    source:\n      title: Two\n      url: http://two.example/\n      checked: 2025-11-28\n", "", 12, "“Two” needs a source with title, url and checked"),
    "a source without a url": ("      url: http://two.example/\n", "", 15, "“Two” needs a source with title, url and checked"),
    "an unknown part of a source": ("      title: Two", "      titel: Two", 15, "a source has no key “titel”"),
    "a url of no web": ("http://two.example/", "ftp://two.example/", 16, "begins with https:// or http://"),
    "a url that runs": ("http://two.example/", "javascript:alert(1)", 16, "begins with https:// or http://"),
    "a url without a host": ("http://two.example/", "https:///two", 16, "begins with https:// or http://"),
    "a url that cannot be read": ("http://two.example/", "'http://[two/'", 16, "begins with https:// or http://"),
    "a day that is none": ("checked: 2025-11-28", "checked: 2025-02-30", 17, "“2025-02-30”, which is no date such as"),
    "a day in words": ("checked: 2025-11-28", "checked: 28 November 2025", 17, "which is no date such as"),
    "a day in another form": ("checked: 2025-11-28", "checked: 20251128", 17, "which is no date such as"),
    "a day to come": ("checked: 2026-11-29", "checked: 2026-11-30", 11, "checked is 2026-11-30, which lies in the future"),
    "an as_of that is none": ("as_of: 2025-01-31", "as_of: soon", 13, "as_of is “soon”"),
    "no YAML": ("  - name: Two", "  - name: [Two", 13, "is not YAML"),
    "a list": (GOOD, "- 1\n", 1, "the file is a mapping with title, columns, rows"),
    "nothing": (GOOD, "", 1, "the file is a mapping with title, columns, rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_by_file_and_line(tmp_path: Path, case: str) -> None:
    old, new, line, words = WRONG[case]
    assert old in GOOD
    with pytest.raises(ChapterError) as error:
        load(written(tmp_path, GOOD.replace(old, new)), TODAY)
    assert str(error.value).startswith(f"{tmp_path}/prices.yml:{line}: "), error.value
    assert words in str(error.value)


@pytest.mark.parametrize(
    "data, why",
    [(b"title: T\ntext: \xff\n", "is not UTF-8"), (b"title: T\nrows: \x07\n", "is not YAML: special")],
)
def test_a_file_that_is_no_text(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(ChapterError) as error:
        load(written(tmp_path, data), TODAY)
    assert str(error.value).startswith(f"{tmp_path}/prices.yml:2: {why}")


def test_today_may_be_the_day_of_checking_anywhere(tmp_path: Path) -> None:
    today = date.today().isoformat()
    assert load(written(tmp_path, GOOD.replace("2026-11-29", today)))


def test_old_rows_are_found(tmp_path: Path) -> None:
    table = load(written(tmp_path, GOOD), TODAY)
    assert stale(table, TODAY) == [table.rows[1]]
    assert stale(table, date(2026, 11, 28)) == [], "a year ago to the day"
    assert stale(table, date(2028, 2, 29)) == list(table.rows)


def test_csv_is_read_back_by_another_reader(tmp_path: Path) -> None:
    text = load(written(tmp_path, GOOD), TODAY).csv()
    assert (
        text.startswith("\ufeffName,")
        and text.endswith("\r\n")
        and text.count("\n") == text.count("\r\n") == 3
    )
    assert list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)) == [
        {
            "Name": "One",
            "Price, $": "0.90",
            "source": "One's page",
            "url": "https://one.example/?a=1&b=2",
            "checked": "2026-11-29",
            "as_of": "",
            "note": "Read by two people.",
        },
        {
            "Name": "Two",
            "Price, $": "unknown",
            "source": "Two",
            "url": "http://two.example/",
            "checked": "2025-11-28",
            "as_of": "2025-01-31",
            "note": "",
        },
    ]


def test_csv_keeps_numbers_and_runs_nothing(tmp_path: Path) -> None:
    cells = {
        "1,234,567.50": "1234567.50",
        "-12": "-12",
        "−3": "-3",
        "+4.5": "+4.5",
        "1,23": "1,23",
        "$1,000": "$1,000",
        "=1+1": "'=1+1",
        "@SUM(A1)": "'@SUM(A1)",
        "-2+3": "'-2+3",
        "+A1": "'+A1",
        "–": "–",
        'say "no", twice': 'say "no", twice',
    }
    read = csv.reader(io.StringIO(table_of(tmp_path, *cells).csv(), newline=""), strict=True)
    assert [row[0] for row in read][1:] == list(cells.values())
