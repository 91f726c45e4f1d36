"""The blocks of a chapter that are tables: one of data, one of a figure's parameters."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as etree

from markupsafe import escape

from demos_py.core import params as controls
from demos_py.core.markdown import data, sorting
from demos_py.core.markdown.blocks import PageBlock
from demos_py.core.render import environment

MANY = 5  # rows that are seen at a glance; more can be searched


class _TableBlock(PageBlock):
    """A block that is one table of text, scrolling sideways where it must."""

    ARGUMENT = True

    def on_markdown(self) -> str:
        return "raw"


class DataBlock(_TableBlock):
    """`/// data | name`: the table docs/data/name.yml, each row with its source and date."""

    NAME = "data"

    def on_create(self, parent: etree.Element) -> etree.Element:
        path = self.page.docs / "data" / f"{self.argument}.yml"
        if not path.is_file():
            raise self.page.fail(self.here(), f"there is no {path}")
        place = etree.SubElement(parent, "div")
        place.text = self.stash(render(data.load(path)))
        return place


def render(table: data.Table) -> str:
    """A table of facts as HTML."""
    oldest, youngest = table.checked_between
    columns = [_keys([row.cells[at] for row in table.rows]) for at in range(len(table.columns))]
    keys = dict(zip(table.rows, zip(*columns, strict=True), strict=True))

    def cells(row: data.Row) -> Iterator[tuple[data.Column, str, str | None]]:
        return zip(table.columns, row.cells, keys[row], strict=True)

    return (
        environment()
        .get_template("core/markdown/data.html.jinja")
        .render(
            table=table,
            many=len(table.rows) > MANY,
            checked=f"Checked between {oldest} and {youngest}."
            if oldest < youngest
            else f"Checked {oldest}.",
            cells=cells,
        )
    )


def _keys(cells: list[str]) -> list[str | None]:
    """For each cell of a column the number that it is sorted by, "" if it has no place, None if by its words."""
    numbers = sorting.keys(cells)
    if numbers is None:
        return ["" if cell in sorting.SILENT else None for cell in cells]
    return ["" if key is None else f"{key:.15g}" for key in numbers]


class ParametersBlock(_TableBlock):
    """`/// parameters | chapter/name`: the figure's parameters, from their one declaration."""

    NAME = "parameters"

    def on_create(self, parent: etree.Element) -> etree.Element:
        demo, values, _ = self.page.resolve(self.argument, self.here())
        caption = f"Parameters of {demo.id}"
        region = {"tabindex": "0", "role": "region", "aria-label": caption}
        place = etree.SubElement(parent, "div", {"class": "cw-scroll cw-scroll--words", **region})
        heads = "".join(
            f'<th scope="col">{head}</th>' for head in ("Name", "Label", "Takes", "Unit", "At first")
        )
        rows = ""
        for name, c in controls.controls(values).items():
            cells = [name, c.label, c.accepts(), c.unit or "none", ", ".join(c.write(getattr(values, name)))]
            first, *rest = (escape(cell) for cell in cells)
            rows += f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        place.text = self.stash(
            f'<table class="cw-table"><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        return place
