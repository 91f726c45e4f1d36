"""Begin a chapter or a figure with files that build, run and have a test that passes:

    python -m author.new chapter serving my-chapter
    python -m author.new demo my-chapter/first

What exists is left as it is.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from author.book import Book
from demos_py.core.markdown.book import PLAN, Part
from demos_py.core.markdown.book import Book as Plan

SCAFFOLD = Path(__file__).parent / "scaffold"
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")  # as parts are numbered
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
            f"“{demo_id}” is no name of a figure: write NAME=my-chapter/my-figure, in small letters and hyphens"
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
    plan = Plan(root / "docs")
    parts = {one.folder: one for one in plan.parts}
    if part not in parts:
        raise Refused(
            f"there is no part “{part}”: write make chapter PART=serving NAME=my-chapter, PART being one of {', '.join(parts)}"
        )
    if not NAME.fullmatch(name):
        raise Refused(
            f"“{name}” is no name of a chapter: write NAME=my-chapter, in small letters and hyphens"
        )
    planned = plan.chapters.get(name)
    if planned and planned.file != f"{part}/{name}.md":
        raise Refused(
            f"{name} is planned as docs/{planned.file}: make chapter PART={planned.file.partition('/')[0]}"
        )
    number = planned.number if planned else 1 + max(one.number for one in plan.chapters.values())
    title = planned.title if planned else _title(name)
    place = f"Part {ROMAN[list(parts).index(part)]}, {parts[part].title}"
    words = {
        "chapter": name,
        "title": json.dumps(title, ensure_ascii=False),
        "number": str(number),
        "part": place,
    }
    page = root / "docs" / part / f"{name}.md"
    written = _write({page: _filled("chapter.md", words)})
    if not planned:
        _add_to_plan(root / "docs" / PLAN, part, f"{name}: {{ title: {title}, number: {number} }}")
    _add_to_contents(root / "mkdocs.yml", parts[part], number, title.partition(":")[0], f"{part}/{name}.md")
    return [
        *written,
        *([] if planned else [root / "docs" / PLAN]),
        root / "mkdocs.yml",
        *demo(root, f"{name}/first"),
    ]


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


def _add_to_contents(settings: Path, part: Part, number: int, title: str, file: str) -> None:
    """Put a chapter's line into the nav, by its number in its part; its comments stay as they are."""
    lines = settings.read_text("utf-8").splitlines(keepends=True)
    numbered = {
        at: int(found[1])
        for at, line in enumerate(lines)
        if (found := re.match(rf" +- (\d+) .*: {part.folder}/[\w-]+\.md$", line))
    }
    line = f"      - {number} {title}: {file}\n"
    if numbered:
        before = [at for at, other in numbered.items() if other < number]
        lines.insert(max(before) + 1 if before else min(numbered), line)
    else:
        at = lines.index("  - Reference:\n")
        lines[at:at] = [f"  - {part.title}:\n", line]
    settings.write_text("".join(lines), "utf-8")


def _add_to_plan(plan: Path, part: str, line: str) -> None:
    """Put a chapter behind the last of its part in the plan of the book, whose comments stay as they are."""
    lines = plan.read_text("utf-8").splitlines(keepends=True)
    at = lines.index(f"    folder: {part}\n")
    while at + 1 < len(lines) and lines[at + 1].startswith("    "):
        at += 1
    lines.insert(at + 1, f"      {line}\n")
    plan.write_text("".join(lines), "utf-8")


def main(arguments: list[str]) -> None:
    """Begin what the arguments name, and say what was written."""
    root = Path.cwd()
    try:
        match arguments:
            case ["chapter", part, name]:
                written = chapter(root, part, name)
                address = f"{part}/{name}/"
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
        print(f"make serve shows it, at {address} below the address that it prints")
    else:
        print(f"Place it in its chapter: /// demo | {arguments[1]} and, on the next line, ///")


if __name__ == "__main__":
    main(sys.argv[1:])
