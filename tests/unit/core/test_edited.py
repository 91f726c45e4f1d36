"""A program that a reader rewrote: it runs in place of the book's, and its mistakes are named and cost nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demos_py.core import bridge, edited
from demos_py.core.demo import finished, ids
from wasm.inside import files_of

DEMO = "sampling/distribution"
MODULE = "demos_py/sampling/distribution.py"
TEMPLATE = "demos_py/sampling/distribution.html.jinja"
SAMPLING = "demos_py/algorithms/sampling.py"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a test imports in place of the book's modules is gone after it."""
    import sys

    finders, modules = sys.meta_path[:], dict(sys.modules)
    yield
    sys.meta_path[:] = finders
    for name, module in modules.items():
        if name.startswith("demos_py."):
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            setattr(sys.modules[parent], last, module)
    bridge.figures.clear()


def ask(files: dict[str, str] | None, demo: str = DEMO, key: str = "one", **request: Any) -> dict[str, Any]:
    """Open a figure, with the files if given."""
    request = {
        "type": "open", "key": key, "uid": demo, "demo": demo, "preset": "", "link": "", "lock": [], **request
    }  # fmt: skip
    answer = bridge.answer(json.dumps(request | ({"files": files} if files else {})))
    return json.loads(answer if isinstance(answer, str) else finished(answer))


def changed(path: str, old: str, new: str, demo: str = DEMO) -> dict[str, str]:
    """The figure's files with one place of one file changed."""
    files = files_of(demo)
    assert old in files[path]
    return files | {path: files[path].replace(old, new, 1)}


@pytest.mark.parametrize("demo", ids())
def test_unchanged_files_give_the_books_figure(demo: str) -> None:
    assert ask(files_of(demo), demo)["parts"] == ask(None, demo, "two")["parts"]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (MODULE, 'TITLE = "Next-token', 'LOGITS = tuple(0 for _ in LOGITS)\nTITLE = "'),
        (SAMPLING, "def softmax(", "def softmax(*_, **__):\n    return np.full(10, 0.1)\n\n\ndef _softmax("),
        (TEMPLATE, "<", "<b>Mine</b><"),
    ],
)
def test_an_edit_of_any_file_changes_the_figure(path: str, old: str, new: str) -> None:
    answer = ask(changed(path, old, new))
    assert "error" not in answer
    assert answer["parts"] != ask(None, key="two")["parts"]


MISTAKES = {
    "syntax": (MODULE, "TITLE = ", "TITLE == = ", "SyntaxError: invalid syntax"),
    "import": (MODULE, "TITLE = ", "1 / 0\nTITLE = ", "ZeroDivisionError: division by zero"),
    "deeper": (SAMPLING, "def softmax(", "nothing\n\n\ndef softmax(", "NameError: name 'nothing' is not defined"),
    "template": (TEMPLATE, "<", "{% unheard %}<", "TemplateSyntaxError: Encountered unknown tag 'unheard'."),
    "name": (TEMPLATE, "<", "{{ unheard }}<", "UndefinedError: 'unheard' is undefined"),
    "exit": (MODULE, "TITLE = ", "raise SystemExit(3)\nTITLE = ", "SystemExit: 3"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_costs_nothing(mistake: str) -> None:
    path, old, new, error = MISTAKES[mistake]
    before = ask(changed(MODULE, "Next-token", "My next-token"))
    line = files_of(DEMO)[path].partition(old)[0].count("\n") + 1
    answer = ask(changed(path, old, new))
    assert answer["error"].startswith(error)
    assert answer["at"] == {"file": path, "line": line}
    # and the controls go on with the program that ran last
    after = json.loads(
        bridge.answer(json.dumps({"type": "change", "key": "one", "values": {"top_k": ["9"]}}))  # type: ignore[arg-type]
    )
    assert set(after["parts"]) == set(before["parts"])
    assert after["parts"] != before["parts"]


def test_an_error_after_a_control_has_a_line_too() -> None:
    files = changed(MODULE, "def view(", "def view(params, state):\n    1 / (params.top_k - 9)\n    return _view(params, state)\n\n\ndef _view(")  # fmt: skip
    assert "error" not in ask(files)
    answer = json.loads(
        bridge.answer(json.dumps({"type": "change", "key": "one", "values": {"top_k": ["9"]}}))  # type: ignore[arg-type]
    )
    assert answer["error"] == "ZeroDivisionError: division by zero"
    assert answer["at"]["file"] == MODULE
    assert files[MODULE].splitlines()[answer["at"]["line"] - 1] == "    1 / (params.top_k - 9)"


def test_what_it_prints_comes_with_the_answer_up_to_a_limit() -> None:
    answer = ask(changed(MODULE, "TITLE = ", "print('hello')\nTITLE = "))
    assert answer["printed"] == "hello\n"
    answer = ask(changed(MODULE, "TITLE = ", "print('x' * 10**6)\nTITLE = "))
    assert answer["printed"] == "x" * edited.LONGEST


@pytest.mark.parametrize("part", ["TITLE", "Params", "view"])
def test_a_program_that_lost_a_part_says_which(part: str) -> None:
    files = files_of(DEMO) | {MODULE: f"{files_of(DEMO)[MODULE]}\ndel {part}\n"}
    assert f"has no {part}" in ask(files)["error"]


def test_more_than_a_page_can_take_is_refused() -> None:
    answer = ask(changed(TEMPLATE, "<", "{{ 'x' * 9000000 }}<"))
    assert "a page takes 5,000,000" in answer["error"]


def test_what_is_no_json_is_refused() -> None:
    files = changed(MODULE, "def view(", "def view(params, state):\n    import dataclasses\n    return dataclasses.replace(_view(params, state), charts={'a': {'b': float('nan')}})\n\n\ndef _view(")  # fmt: skip
    assert ask(files)["error"].startswith("ValueError")


@pytest.mark.parametrize("demo", ids())
def test_the_files_hold_all_that_the_demo_uses_but_core(demo: str) -> None:
    files = files_of(demo)
    first, second, *_ = files
    assert first == f"demos_py/{demo.replace('-', '_')}.py"
    assert second == first.replace(".py", edited.TEMPLATE)
    assert all(Path(path).read_text("utf-8") == text for path, text in files.items())
    assert not [path for path in files if path.startswith("demos_py/core/")]
