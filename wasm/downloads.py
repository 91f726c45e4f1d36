"""Write the tables of facts for readers to take along: `data/<name>.csv` beside the pages; part of `wasm.finish`.

A table's block (demos_py/core/markdown/tables.py) links to its file as seen from the site's root, since a Markdown
extension does not know its page.
"""

import re
from pathlib import Path

from demos_py.core.markdown.data import load
from wasm.assets import write
from wasm.tables import TABLES

LINK = re.compile(r'(<a href=")(?:\.\./)*(data/([\w-]+)\.csv)(" type="text/csv">)')

Pages = dict[Path, str]


def write_downloads(site: Path, pages: Pages, tables: Path = TABLES) -> Pages:
    """Write each table that a page links to; gives the pages with links that lead there."""
    named: set[str] = set()
    linked: Pages = {}
    for path, page in pages.items():
        up = "../" * len(path.relative_to(site).parent.parts)
        named |= {name for _, _, name, _ in LINK.findall(page)}
        linked[path] = LINK.sub(rf"\g<1>{up}\2\4", page)
    for name in named:
        write(site / "data" / f"{name}.csv", load(tables / f"{name}.yml").csv().encode())
    return linked
