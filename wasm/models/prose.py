"""Writes `prose.txt`, the book's own paragraphs as plain text: `python -m wasm.models.prose`.

It is committed, because the book goes on growing and a recipe must give the same model again.
"""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
OUT = Path(__file__).parent / "prose.txt"


def plain(markdown: str) -> list[str]:
    """The paragraphs of a page, without its tables, code, formulas, blocks and marks."""
    text = re.sub(r"^---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
    text = re.sub(r"```.*?```|\$\$.*?\$\$|<[^>]+>", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(///|\||#|choices:|---).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)(\{[^}]*\})?", r"\1", text)
    paragraphs = (
        re.sub(r"\s+", " ", re.sub(r"[*`]|^\d+\. ", "", part)).strip() for part in text.split("\n\n")
    )
    # a paragraph with a computed number or a formula would teach the model its markup
    return [part for part in paragraphs if len(part) > 60 and not re.search(r"[{}$\\]|Set it", part)]


if __name__ == "__main__":
    pages = sorted(DOCS.glob("*.md")) + sorted(DOCS.glob("*/*.md"))
    OUT.write_text(
        "\n\n".join(part for page in pages for part in plain(page.read_text("utf-8"))) + "\n", "utf-8"
    )
