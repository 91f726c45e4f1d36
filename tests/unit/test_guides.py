"""The guides for contributors: their code is written out and run, and what they show of the book is in it."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from markdown import Markdown

from demos_py.core.demo import find

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs/contribute"
FENCE = re.compile(
    r'^(?P<mark>```+)(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=mark)$',
    re.MULTILINE | re.DOTALL,
)


def fences(page: Path, language: str) -> list[tuple[str, str]]:
    """The title and the text of each block of code in a language."""
    return [
        (found["title"] or "", found["text"])
        for found in FENCE.finditer(page.read_text("utf-8"))
        if found["language"] == language
    ]


def files_of(page: Path) -> dict[str, str]:
    """The files that a guide has its reader write: blocks of one title follow each other in one file."""
    files: dict[str, str] = {}
    for language in ("python", "jinja"):
        for title, text in fences(page, language):
            if title:
                files[title] = files[title] + "\n\n" + text if title in files else text
    return files


FIRST_FIGURE = files_of(GUIDES / "first-figure.md")


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("name", sorted(FIRST_FIGURE))
def test_the_figure_on_the_page_is_the_one_that_it_builds(name: str) -> None:
    """To the line, but for the chapter's name: so what a reader types does what the page shows."""
    shown = ROOT / name.replace("my_chapter", "guide")
    assert lines(FIRST_FIGURE[name].replace("my_chapter", "guide")) == lines(shown.read_text("utf-8"))


def test_what_a_reader_types_runs_and_passes_its_test(tmp_path: Path) -> None:
    assert {Path(name).parts[0] for name in FIRST_FIGURE} == {"demos_py", "tests"} and len(FIRST_FIGURE) == 4
    shutil.copytree(
        ROOT / "demos_py", tmp_path / "demos_py", ignore=shutil.ignore_patterns("__pycache__", "guide")
    )
    (tmp_path / "demos_py/algorithms/pass_at_k.py").unlink()
    for name, text in FIRST_FIGURE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "demos_py/my_chapter/__init__.py").write_text('"""A chapter."""\n\nCHAPTER = 31\n')
    show = (
        "from demos_py.core.demo import find\n"
        "from demos_py.core.render import render_figure\n"
        "demo = find('my-chapter/pass-at-k')\n"
        "print(*render_figure(demo, demo.params(), uid='a'))\n"
        "print(demo.source.__file__)"
    )
    where = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", show], cwd=tmp_path, env=where, capture_output=True, text=True, check=True
    )
    assert ran.stdout.rstrip().endswith(str(tmp_path / "demos_py/my_chapter/pass_at_k.py"))
    assert "probability <strong>0.689</strong>" in ran.stdout and "Draw 200 groups" in ran.stdout
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/my_chapter"]
    tested = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"\d\d passed|\.{20}", tested.stdout)


def test_the_text_of_the_first_chapter_is_markdown_of_this_book() -> None:
    texts = [text for _, text in fences(GUIDES / "first-chapter.md", "markdown")]
    names = ["attr_list", "pymdownx.superfences", "demos_py.core.markdown"]
    html = Markdown(extensions=names, extension_configs={names[-1]: {"docs": str(ROOT / "docs")}}).convert(
        "\n\n".join(texts)
    )
    for made in (
        'data-demo="guide/pass-at-k"',
        "cw-predict",
        "cw-break",
        "cw-not",
        "?figure=guide/pass-at-k&",
    ):
        assert made in html, made
    assert "///" not in html and "{{" not in html


def test_the_reference_opens_with_code_that_does_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((_, text),) = fences(ROOT / "docs/reference/api/index.md", "python")
    (tmp_path / "code.py").write_text(text, "utf-8")
    runpy.run_path(str(tmp_path / "code.py"))
    assert capsys.readouterr().out.strip() == text.rpartition("# ")[2].strip()


def test_the_predicted_number_is_one_of_several() -> None:
    demo = find("guide/pass-at-k")
    truth = demo.first_view(demo.params()).facts["exact"]
    (found,) = re.findall(r"choices: \[(.*)\]", (GUIDES / "first-chapter.md").read_text("utf-8"))
    assert f'"{truth}"' in found and found.count(",") == 3
