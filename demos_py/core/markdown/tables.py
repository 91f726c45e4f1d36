"""The blocks of a chapter that are tables: one of data, one of a figure's parameters."""

from __future__ import annotations

from xml.etree import ElementTree as etree

import yaml
from markupsafe import escape

from demos_py.core import params as controls
from demos_py.core.markdown.blocks import PageBlock


class _TableBlock(PageBlock):
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
