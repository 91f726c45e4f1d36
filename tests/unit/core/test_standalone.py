"""A figure at a terminal."""

import hashlib
from pathlib import Path

import pytest

from demos_py.core import native, standalone
from demos_py.core.demo import Table, find, finished, ids
from demos_py.core.sessions import SessionError


@pytest.mark.parametrize("demo", ids())
def test_a_figures_text_holds_its_reading_and_its_table(demo: str) -> None:
    found = find(demo)
    text = standalone.text_of(found, "")
    view = found.first_view(found.params())
    assert view.reading.replace("**", "").replace("`", "") in text
    for row in view.table.rows:
        assert all(cell in text for cell in row)


def test_a_control_is_set_by_name() -> None:
    found = find("sampling/distribution")
    assert "    temperature=0.50" in standalone.text_of(found, "temperature=0.5")
    assert standalone.text_of(found, "temperature=0.5") != standalone.text_of(found, "")


@pytest.mark.parametrize(("query", "said"), [("nothing=1", "nothing"), ("temperature=cold", "not “cold”")])
def test_what_means_nothing_is_said(query: str, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        standalone.text_of(find("sampling/distribution"), query)


def test_columns_stand_in_line() -> None:
    table = Table("Two rows", ("name", "value"), (("a", "10"), ("longer", "2")))
    assert standalone.as_text(table).splitlines() == [
        "Two rows",
        "",
        "name    value",
        "a       10",
        "longer  2",
    ]


def test_files_are_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(native, "MODELS", tmp_path / "nothing")
    monkeypatch.setattr(native, "load", native.load)
    there = tmp_path / "there.bin"
    there.write_bytes(b"weights")
    good = (there.as_uri(), hashlib.sha256(b"weights").hexdigest())
    standalone.use_files({"tiny/weights.bin": good, "tiny/bad.bin": (there.as_uri(), "0" * 64)})
    assert finished(native.load("tiny/weights.bin")) == b"weights"
    there.unlink()
    assert finished(native.load("tiny/weights.bin")) == b"weights"
    there.write_bytes(b"others")
    with pytest.raises(SystemExit, match="another content"):
        finished(native.load("tiny/bad.bin"))
    with pytest.raises(SessionError, match="no file tiny/none.bin"):
        finished(native.load("tiny/none.bin"))
