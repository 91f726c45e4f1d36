"""Hold the chapters and the figures' files against what the book promises: `python -m author.check`.

Each problem is a line: the file, the line, what is wrong and what to do. Ends with 1 where there is one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from author import chapters, facts, figures, formulas, links
from author.book import Book, Problem

CHECKS: tuple[Callable[[Book], Iterator[Problem]], ...] = (
    chapters.check,
    figures.check,
    links.check,
    formulas.check,
    facts.check,
)
# By others: how Markdown is written, and how words are.
TOOLS = {
    ("rumdl", "check", "--quiet", "--output-format", "concise"): "`rumdl fmt FILE` mends what has a star",
    (
        "typos",
        "--format",
        "brief",
    ): "a word that is right has its place in pyproject.toml, [tool.typos.default.extend-words]",
}
PROSE = ("docs", "README.md", "CONTRIBUTING.md")


def problems(book: Book) -> list[Problem]:
    """All that is wrong with a book, sorted."""
    found = {problem for check in CHECKS for problem in check(book)}
    return sorted(found | set(book.problems))


def tool_says(root: Path) -> str:
    """What other tools find in the prose, a line each, with a hint after each tool's."""
    said = ""
    for command, hint in TOOLS.items():
        tool = Path(sys.executable).with_name(command[0])  # installed beside the Python that runs this
        done = subprocess.run(
            [tool, *command[1:], *PROSE], cwd=root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said += f"{done.stdout}{done.stderr}{command[0]}: {hint}\n"
    return said


def main(root: Path) -> int:
    """Print every problem, and the facts that have grown old; 1 where there is a problem."""
    book = Book(root)
    found = problems(book)
    for problem in [*found, *facts.old(book, date.today())]:
        print(problem)
    said = tool_says(root)
    print(said, end="")
    return 1 if found or said else 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
