"""A chapter that cannot be resolved ends the build, with the file and the line where it says so."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from markdown import Markdown
from mkdocs.utils.meta import get_data

from demos_py.core.demo import find
from demos_py.core.markdown.page import ChapterError
from demos_py.sampling import draws

HEAD = "---\ntitle: A page\nnumber: 8\n---\n\n"  # five lines
FINE = "# Words\n\nSome text with {{ sampling/draws : lost }}.\n\n"  # four more


def fails(docs: Path, text: str, name: str = "production/page.md") -> str:
    """The message with which the page ends the build, the folder taken off. MkDocs itself takes off the front matter."""
    path = docs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    body, _ = get_data(text)
    names = ["attr_list", "tables", "toc", "pymdownx.superfences", "demos_py.core.markdown"]
    with pytest.raises(ChapterError) as failure:
        Markdown(extensions=names, extension_configs={names[-1]: {"docs": str(docs)}}).convert(body)
    return str(failure.value).replace(f"{docs}/", "")


PREDICT = "/// predict | sampling/draws : lost\n    choices: [1, 2]\n\nHow often?\n\n---\n\nSo often.\n///\n"
CASES = {
    "unknown demo": ("/// demo | sampling/drows\n///\n", 10, "no demo is called “sampling/drows”; did you mean “sampling/draws”?"),
    "unknown parameter": ("/// demo | sampling/draws?m=1\n///\n", 10, "sampling/draws: “m” is no parameter of this figure"),
    "bad value": ("Text.\n\n/// demo | sampling/draws?n=0\n///\n", 12, "Draws takes a whole number from 1 to 10,000, not “0”"),
    "two problems": ("/// demo | sampling/draws?n=0&m=1\n///\n", 10, "; "),
    "unknown fact": ("A {{ sampling/draws : won }}.\n", 10, "sampling/draws has no fact “won”; it has lost, "),
    "fact of an unknown demo": ("A\nB {{ sampling/drows : won }}.\n", 11, "no demo is called “sampling/drows”"),
    "fact of a bad value": ("A\nB {{ sampling/draws?n=x : lost }}.\n", 11, "not “x”"),
    "link to an unknown demo": ("A\n\n[B](#sampling/drows?n=1).\n", 12, "no demo is called “sampling/drows”"),
    "link with a bad value": ("A\n\n[B](#sampling/draws?n=99999).\n", 12, "not “99999”"),
    "prediction without the truth": (PREDICT, 10, "which is none of the choices ['1', '2']"),
    "prediction of an unknown fact": (PREDICT.replace(": lost", ": won"), 10, "has no fact “won”"),
    "prediction without a fact": (PREDICT.replace(" : lost", ""), 10, "has no fact “”"),
    "prediction without choices": (PREDICT.replace("    choices: [1, 2]\n", ""), 10, "none of the choices"),
    "prediction with one choice, no list": (PREDICT.replace("[1, 2]", "7"), 10, "choices"),
    "prediction without an answer": ("/// predict | sampling/draws : lost\n    choices: [%s]\n\nHow?\n///\n", 10, "needs its answer"),
    "not-shown without a sentence": ("/// not-shown\n///\n", 10, "needs a sentence"),
    "no data file": ("/// data | nothing\n///\n", 10, "there is no "),
    "parameters of an unknown demo": ("Text.\n\n/// parameters | sampling/drows\n///\n", 12, "no demo is called"),
    "in a list": ("- One\n- Two {{ sampling/draws : won }}\n", 11, "has no fact “won”"),
    "in a caption": ("/// demo | sampling/draws\nA {{ sampling/draws : won }}.\n///\n", 11, "has no fact “won”"),
    "after a fence": ("```\n/// demo | sampling/drows\n```\n\n/// demo | sampling/drows\n///\n", 14, "no demo is called"),
    "after a longer fence": (
        "````\n```\n/// demo | sampling/drows\n```\n````\n\n/// demo | sampling/drows\n///\n", 16, "no demo is called"
    ),
    "after a fence of the other kind": ("```\n~~~\n```\n\n/// demo | sampling/drows\n///\n", 14, "no demo is called"),
    "after code in a line": ("`{{ sampling/draws : won }}`\n\n{{ sampling/draws : won }}\n", 12, "has no fact “won”"),
    "after a longer name": ("/// demo | sampling/draws\n///\n\n/// demo | sampling/draw\n///\n", 13, "no demo is called “sampling/draw”"),
    "after a longer link": ("[A](#sampling/draws?seed=7)\n\n[B](#sampling/draws?seed=)\n", 12, "Seed takes"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_file_and_line(tmp_path: Path, case: str) -> None:
    text, line, words = CASES[case]
    demo = find("sampling/draws")
    text = text.replace("%s", demo.first_view(demo.params()).facts["lost"])
    message = fails(tmp_path, HEAD + FINE + text)
    assert message.startswith(f"production/page.md:{line}: "), message
    assert words in message


@pytest.mark.parametrize("head", ["", "\n\n", "---\ntitle: x\n---\n", "---\ntitle: x\n---\n\n\n\n"])
def test_front_matter_and_blank_lines_count(tmp_path: Path, head: str) -> None:
    line = head.count("\n") + 3
    assert fails(tmp_path, f"{head}Text.\n\n/// demo | sampling/nope\n///\n").startswith(
        f"production/page.md:{line}: "
    )


def test_the_right_page_of_two(tmp_path: Path) -> None:
    """Another page that holds this one's whole text is not this one."""
    body = "Text.\n\n/// demo | sampling/drows\n///\n"
    (tmp_path / "a.md").write_text(f"# First\n\n{body}\nMore.\n")
    assert fails(tmp_path, HEAD + body, "z.md").startswith("z.md:8: ")


def test_windows_line_ends_and_other_alphabets(tmp_path: Path) -> None:
    text = "---\ntitle: Ü\n---\n\nÄ “é” 🙂\n\n/// demo | sampling/nope\n///\n"
    (tmp_path / "page.md").write_bytes(text.replace("\n", "\r\n").encode())
    names = ["demos_py.core.markdown"]
    with pytest.raises(ChapterError, match=r"page\.md:7: "):
        Markdown(extensions=names, extension_configs={names[0]: {"docs": str(tmp_path)}}).convert(
            get_data(text)[0]
        )


def test_text_of_no_page_still_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ChapterError, match=r"^line 3: no demo"):
        Markdown(
            extensions=["demos_py.core.markdown"],
            extension_configs={"demos_py.core.markdown": {"docs": str(tmp_path)}},
        ).convert("A\n\n/// demo | sampling/nope\n///\n")


def test_a_table_that_cannot_be_set(tmp_path: Path) -> None:
    """Named by its own file and line; what else may be wrong with one, test_data.py has."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/t.yml").write_text("title: T\ncolumns: [{key: a, label: A}]\nrows:\n  - {a: 2}\n")
    message = fails(tmp_path, HEAD + "/// data | t\n///\n")
    assert message == "data/t.yml:4: the row “2” needs a source with title, url and checked"


NOT_TAKEN = {
    "misspelt block": "/// dmeo | sampling/draws\n///\n",
    "no reference": "/// demo\n///\n",
    "misspelt option": PREDICT.replace("choices", "choice"),
    "an option where none is": "/// demo | sampling/draws\n    caption: x\n///\n",
}


@pytest.mark.parametrize("case", NOT_TAKEN)
def test_a_block_that_markdown_would_leave_as_text(tmp_path: Path, case: str) -> None:
    """Slashes in the reader's page are a mistake as well."""
    assert fails(tmp_path, HEAD + FINE + NOT_TAKEN[case]).startswith("production/page.md:10: ")


def test_what_a_figure_raises_is_named_by_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEAD + "/// demo | sampling/draws?n=37\n///\n"
    with monkeypatch.context() as patched:
        patched.setattr(draws, "softmax", lambda *_: 1 / 0)
        line = inspect.getsource(draws).partition("return softmax(")[0].count("\n") + 1
        said = f"{draws.__file__}:{line}: ZeroDivisionError: division by zero (the figure sampling/draws)"
        assert fails(tmp_path, text) == said
    find.cache_clear()
    with monkeypatch.context() as patched:
        whole = draws.view
        patched.setattr(
            draws, "view", lambda params, state: replace(whole(params, state), drawing={"prompt": ""})
        )
        template = Path(draws.__file__).with_suffix(".html.jinja")
        assert fails(tmp_path, text).startswith(f"{template}:3: UndefinedError: 'rows' is undefined")
    find.cache_clear()
