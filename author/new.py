"""Begin a chapter or a figure with files that build, run and have a test that passes:

    python -m author.new chapter serving my-chapter
    python -m author.new demo my-chapter/first

What exists is left as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from author.book import NOT_PARTS, Book

SCAFFOLD = Path(__file__).parent / "scaffold"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Refused(Exception):
    """What was asked for cannot be begun; the message says why and what to do."""


def demo(root: Path, demo_id: str) -> list[Path]:
    """Begin a figure: its module, its template and its test; and its chapter's package, where there is none.

    Returns the files that were written. Raises Refused.
    """
    chapter, _, name = demo_id.partition("/")
    if not NAME.fullmatch(chapter) or not NAME.fullmatch(name):
        raise Refused(
            f"“{demo_id}” is no name of a figure: write NAME=my-chapter/my-figure, in small letters"
        )
    package, module = chapter.replace("-", "_"), name.replace("-", "_")
    pages = [page for page in Book(root).chapters if Path(page.path).stem == chapter]
    if not pages:
        raise Refused(f"there is no chapter {chapter}: begin it by make chapter PART=serving NAME={chapter}")
    words = {"package": package, "module": module, "title": _title(name)}
    room = root / "demos_py" / package
    return _write(
        {
            room / "__init__.py": f'"""The figures of the chapter {pages[0].front["title"]}."""\n\n'
            f"CHAPTER = {pages[0].front['number']}\n",
            room / f"{module}.py": _filled("figure.py", words),
            room / f"{module}.html.jinja": _filled("figure.html.jinja", words),
            root / "tests/unit" / package / f"test_{module}.py": _filled("test.py.txt", words),
        },
        may_exist=room / "__init__.py",
    )


def chapter(root: Path, part: str, name: str) -> list[Path]:
    """Begin a chapter: its page with a first figure, and its line in the contents.

    Returns the files that were written. Raises Refused.
    """
    book = Book(root)
    parts = {page.folder: page.front.get("part") for page in book.chapters}
    folders = {path.name for path in (root / "docs").iterdir() if path.is_dir()} - NOT_PARTS
    if part not in folders:
        raise Refused(f"there is no part {part}: PART is one of {', '.join(sorted(folders))}")
    if not NAME.fullmatch(name):
        raise Refused(f"“{name}” is no name of a chapter: write NAME=my-chapter, in small letters")
    number = 1 + max((int(page.front.get("number", 0)) for page in book.chapters), default=0)
    words = {
        "chapter": name,
        "title": _title(name),
        "number": str(number),
        "part": str(parts.get(part) or part),
    }
    page = root / "docs" / part / f"{name}.md"
    written = _write({page: _filled("chapter.md", words)})
    _add_to_contents(root / "mkdocs.yml", part, f"{number} {words['title']}: {part}/{name}.md")
    return [*written, root / "mkdocs.yml", *demo(root, f"{name}/first")]


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _filled(file: str, words: dict[str, str]) -> str:
    text = (SCAFFOLD / file).read_text("utf-8")
    return re.sub(r"@(\w+)@", lambda found: words[found[1]], text)


def _write(files: dict[Path, str], may_exist: Path | None = None) -> list[Path]:
    for path in files:
        if path.exists() and path != may_exist:
            raise Refused(f"{path} is there already: take another name, or go on with it")
    new = {path: text for path, text in files.items() if not path.exists()}
    for path, text in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(new)


def _add_to_contents(settings: Path, part: str, line: str) -> None:
    """Put a line below the last of a part's in the nav, whose comments stay as they are."""
    lines = settings.read_text("utf-8").splitlines(keepends=True)
    last = max(
        (i for i, text in enumerate(lines) if re.search(rf": {part}/[\w-]+\.md\s*$", text)), default=None
    )
    if last is None:
        raise Refused(f"mkdocs.yml has no chapter of {part} yet: add “- {line}” under nav by hand")
    indent = re.match(r"\s*", lines[last])[0]  # type: ignore[index]
    lines.insert(last + 1, f"{indent}- {line}\n")
    settings.write_text("".join(lines), "utf-8")


def main(arguments: list[str]) -> None:
    """Begin what the arguments name, and say what was written."""
    root = Path.cwd()
    try:
        match arguments:
            case ["chapter", part, name]:
                written = chapter(root, part, name)
                address = f"http://127.0.0.1:8000/{part}/{name}/"
            case ["demo", demo_id]:
                written = demo(root, demo_id)
                address = ""
            case _:
                raise Refused((__doc__ or "").partition("\n\n")[2])
    except Refused as refused:
        sys.exit(str(refused))
    for path in written:
        print(path.relative_to(root))
    if address:
        print(f"make serve shows it at {address}")
    else:
        print(f"Place it in its chapter: /// demo | {arguments[1]} and, on the next line, ///")


if __name__ == "__main__":
    main(sys.argv[1:])
