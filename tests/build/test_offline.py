"""The lists of what a reader keeps: whole, true in size and hash, and the same twice."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from demos_py.core import native
from tests.build.test_site import SITE
from wasm import offline
from wasm.assets import load_manifest

PLAIN = ("host", "worker", "pyodide", "python", "numpy", "book", "snapshot", "plotly", "ort", "KaTeX", "katex")
LISTING = json.loads((SITE / "keep.json").read_text("utf-8"))


def test_every_file_has_its_size_and_hash() -> None:
    for path, (size, hashed) in LISTING["files"].items():
        file = SITE / path / "index.html" if path.endswith("/") or not path else SITE / path
        data = file.read_bytes()
        assert len(data) == size, path
        assert hashed == ("" if path == "sitemap.xml" else sha256(data).hexdigest()), path


def test_the_whole_book_is_all_that_a_page_can_ask_for() -> None:
    """What is left out is for other sites, for machines, and for the next visit's start."""
    every = set(LISTING["base"]) | set(LISTING["others"])
    for chapter in LISTING["chapters"].values():
        every |= set(chapter["files"])
    for files in LISTING["engines"].values():
        every |= set(files)
    runtime = {f"assets/runtime/{entry['path']}": name for name, entry in load_manifest()["files"].items()}
    # graphs that only tests and recipes run are shipped, and no figure asks for them
    left = {name for path, name in runtime.items() if path not in every and name.startswith(PLAIN)}
    assert left == {"katex.min.css", "snapshot.gz"}
    pages = {path.parent.relative_to(SITE).as_posix() + "/" for path in SITE.glob("*/**/index.html")}
    assert {page for page in pages if not page.startswith("embed/")} <= every


@pytest.mark.parametrize("page", sorted(LISTING["chapters"]))
def test_a_chapter_has_what_its_figures_open(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: set[str] = set()
    load = native.load

    async def noted(name: str) -> bytes:
        opened.add(name)
        return await load(name)

    monkeypatch.setattr(native, "load", noted)
    html = (SITE / page / "index.html").read_text("utf-8")
    from demos_py.core import sessions
    from demos_py.core.demo import find

    for demo_id in offline.DEMO.findall(html):
        sessions.forget()
        demo = find(demo_id)
        demo.first_view(demo.params())
    names = {Path(path).parent.name + "/" + Path(path).name for path in LISTING["chapters"][page]["files"]}
    assert opened <= names
    assert any(name.endswith(".onnx") for name in opened) <= LISTING["chapters"][page]["models"]


def test_the_list_is_the_same_twice() -> None:
    assert offline.listing(SITE) == LISTING


def test_the_switch_writes_a_worker_that_takes_itself_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keep.json").write_text("{}")
    monkeypatch.setenv(offline.WITHOUT, "1")
    offline.write_offline(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sw.js"]
    script = (tmp_path / "sw.js").read_text()
    assert "unregister" in script and "caches.delete" in script and '"fetch"' not in script
