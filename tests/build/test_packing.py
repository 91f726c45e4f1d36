"""What is staged for the browser is whole, pinned and repeatable; what is finished runs under its policy."""

import base64
import csv
import hashlib
import json
import shutil
import sys
import tarfile
from importlib.metadata import version
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import pytest
import yaml

from wasm import finish, stage, wheels
from wasm.assets import ASSETS, ROOT, AssetError, digest, load_manifest, verify
from wasm.serve import at_address

SITE = ROOT / "site"
PAGE = """<!doctype html>
<html><head>
<meta charset="utf-8">
<script>one()</script><script type="application/json">{}</script><script src="two.js"></script>
</head><body>%s<script type="module">
  if (a < b && c) three("é")
</script></body></html>
"""


def write_page(folder: Path, body: str, name: str = "index.html") -> Path:
    """Write one page of a small site."""
    page = folder / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(PAGE % body, encoding="utf-8")
    return page


def book_pages() -> list[Path]:
    """The pages of the site, but for those that load nothing and stand alone."""
    return [path for path in sorted(SITE.rglob("*.html")) if path.name not in finish.ALONE]


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """The time and the content of each file in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, digest(path.read_bytes())) for path in files}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The manifest of what is staged."""
    return load_manifest()


def test_every_file_is_named_by_its_hash(manifest: dict[str, Any]) -> None:
    verify(ASSETS, manifest)
    for name, entry in manifest["files"].items():
        assert entry["path"] == f"{entry['sha256'][:12]}/{name}"
    on_disk = {str(path.relative_to(ASSETS)) for path in ASSETS.rglob("*") if path.is_file()}
    assert on_disk == {entry["path"] for entry in manifest["files"].values()} | {"manifest.json"}


def test_every_table_of_facts_is_staged_as_it_is_written(manifest: dict[str, Any]) -> None:
    for table in (ROOT / "docs/data").glob("*.yml"):
        staged = json.loads((ASSETS / manifest["files"][f"tables/{table.stem}.json"]["path"]).read_bytes())
        written = yaml.safe_load(table.read_text("utf-8"))
        assert staged == json.loads(json.dumps(written, default=str)) and staged["rows"]


def test_staging_again_touches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(ASSETS)
    stage.main()
    assert snapshot(ASSETS) == before
    assert capsys.readouterr().out == ""


def test_a_changed_runtime_file_fails_staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "pins"
    pins.write_text(stage.PINS.read_text().replace("a", "b"))
    monkeypatch.setattr(stage, "PINS", pins)
    with pytest.raises(AssetError, match="is not the pinned file"):
        stage.check_pins()


def test_every_runtime_file_is_pinned() -> None:
    pinned = {line.split()[1] for line in stage.PINS.read_text().splitlines()}
    assert {str(path.relative_to(ROOT)) for path in stage.RUNTIME} < pinned
    assert "node_modules/pyodide/pyodide.mjs" in pinned


@pytest.fixture(scope="module")
def archives(manifest: dict[str, Any]) -> dict[str, dict[str, bytes]]:
    """The files in the two archives that the reader's Python is given."""
    found: dict[str, dict[str, bytes]] = {}
    for name in ("numpy.tar.gz", "book.tar.gz"):
        with tarfile.open(ASSETS / manifest["files"][name]["path"]) as archive:
            found[name] = {
                entry.name: opened.read()
                for entry in archive
                if (opened := archive.extractfile(entry)) is not None
            }
    return found


def test_archives_hold_whole_and_pure_packages(archives: dict[str, dict[str, bytes]]) -> None:
    packages: set[tuple[str, str]] = set()
    for archive in archives.values():
        recorded: set[str] = set()
        for record in [path for path in archive if path.endswith(".dist-info/RECORD")]:
            for path, whole, size in csv.reader(archive[record].decode().splitlines()):
                recorded.add(path)
                data = archive[path]
                sha = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert path == record or (whole, int(size)) == (f"sha256={sha}", len(data))
            name, _, rest = record.partition("-")
            packages.add((name, rest.removesuffix(".dist-info/RECORD")))
        assert set(archive) == recorded
    assert packages == {(name, version(name)) for name in ("numpy", "markupsafe", "jinja2", "cutaway")}, (
        "the reader's versions are those that the tests ran with"
    )
    assert not [path for path in archives["book.tar.gz"] if path.endswith((".so", ".c", ".pyi"))]


def test_the_lock_is_pyodides_without_packages(manifest: dict[str, Any]) -> None:
    npm = json.loads((stage.PYODIDE / "pyodide-lock.json").read_text())["info"]
    assert manifest["lock"] == {"info": npm | {"version": "314.0.7"}, "packages": {}}


def test_the_book_holds_every_source(archives: dict[str, dict[str, bytes]]) -> None:
    packed = {path for path in archives["book.tar.gz"] if path.startswith("demos_py/")}
    sources = {
        path
        for path, _ in wheels.demo_sources()
        if path.startswith("demos_py/") and not path.startswith("demos_py/core/markdown/")
    }
    assert {path for path in packed if "/__pycache__/" not in path} == sources
    compiled = {path for path in packed if "/__pycache__/" in path}
    assert len(compiled) == sum(path.endswith(".py") for path in sources)


def test_all_python_is_compiled_for_the_readers_python(archives: dict[str, dict[str, bytes]]) -> None:
    magic = set()
    for archive in archives.values():
        made = [path for path in archive if path.endswith(".pyc")]
        assert made
        assert all(path.startswith("demos_py/") for path in archive if path.endswith(".py")), (
            "the book's own sources are kept, for a reader who wants to see them"
        )
        for path in made:
            head = archive[path][:8]
            magic.add(head[:4])
            assert head[4:] == b"\x01\0\0\0", "by hash, and never checked against a source (PEP 552)"
    assert len(magic) == 1
    assert (magic == {MAGIC_NUMBER}) == (sys.version_info[:2] == (3, 14)), "Pyodide 314 is Python 3.14"


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_harmed_file_fails_the_build(manifest: dict[str, Any], tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "assets"
    shutil.copytree(ASSETS, folder)
    victim = folder / manifest["files"]["worker.js"]["path"]
    data = victim.read_bytes()
    victim.write_bytes({"changed": b"x" + data[1:], "cut": data[:-1], "gone": b""}[harm])
    if harm == "gone":
        victim.unlink()
    with pytest.raises(AssetError, match="worker.js"):
        verify(folder, manifest)


def test_formulas_are_rendered_and_twice_is_once(tmp_path: Path) -> None:
    page = write_page(
        tmp_path,
        r'<span class="arithmatex">\(a &lt; \frac{1}{2}\)</span><div class="arithmatex">\['
        "\n"
        r"x^2 \ne 3"
        "\n"
        r"\]</div><code>\(kept\)</code>",
    )
    write_page(tmp_path, "", "deep/er/index.html")
    finish.finish(tmp_path)
    html = page.read_text(encoding="utf-8")
    assert html.count("<math") == 2 and html.count('class="katex-display"') == 1
    assert r"\(a" not in html and r"<code>\(kept\)</code>" in html
    before = snapshot(tmp_path)
    finish.finish(tmp_path)
    after = snapshot(tmp_path)
    assert {path: sha for path, (_, sha) in after.items()} == {path: sha for path, (_, sha) in before.items()}


def test_a_wrong_formula_names_its_page(tmp_path: Path) -> None:
    write_page(tmp_path, r'<span class="arithmatex">\(\frac{1\)</span>', "chapter/index.html")
    with pytest.raises(AssetError, match=r"chapter/index\.html: the formula '\\\\frac\{1' is not valid"):
        finish.finish(tmp_path)


def test_policy_allows_the_inline_scripts_and_no_other(tmp_path: Path) -> None:
    pages = {write_page(tmp_path, ""): PAGE % ""}
    allowed = [b"one()", '\n  if (a < b && c) three("é")\n'.encode()]
    hashes = sorted(base64.b64encode(hashlib.sha256(script).digest()).decode() for script in allowed)
    policy = finish.policy(pages)
    assert f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{hashes[0]}' 'sha256-{hashes[1]}';" in policy
    assert policy.count("sha256-") == 2 and "'unsafe-eval'" not in policy


def test_site_has_one_policy_before_everything_that_loads() -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in book_pages()}
    pages = {path: page for path, page in pages.items() if path.relative_to(SITE).parts[0] != "embed"}
    tag = finish.POLICY.format(finish.policy(pages))
    for path, html in pages.items():
        head = html.partition(tag)[0]
        assert html.count("Content-Security-Policy") == 1 and tag in html, path
        assert "<link" not in head and "<script" not in head and "<style" not in head, path
        assert not finish.FORMULA.search(html), path


def test_site_serves_what_was_staged(manifest: dict[str, Any]) -> None:
    verify(SITE / "assets/runtime", manifest)
    host = (ASSETS / manifest["files"]["host.js"]["path"]).read_text(encoding="utf-8")
    for name, staged in manifest["files"].items():
        page_only = name.startswith(("KaTeX", "katex")) or name == "host.js"
        assert page_only or staged["path"] in host, f"the host does not know where {name} is"
    for path in book_pages():
        assert manifest["files"]["host.js"]["path"] in path.read_text(encoding="utf-8"), path


def test_files_that_name_the_sites_address_name_the_one_they_are_served_from(tmp_path: Path) -> None:
    pages = ["https://example.org/book/", "https://example.org/book/part/chapter/"]
    (tmp_path / "sitemap.xml").write_text("".join(f"<loc>{page}</loc>" for page in reversed(pages)))
    (tmp_path / "embed/some/figure").mkdir(parents=True)
    (tmp_path / "embed/some/figure/index.html").write_text(f"'self' {pages[0]}")
    (tmp_path / "index.html").write_text(pages[0])
    here = "http://127.0.0.1:8001/"
    assert at_address(tmp_path, "/sitemap.xml", here) == f"<loc>{here}part/chapter/</loc><loc>{here}</loc>"
    assert at_address(tmp_path, "/embed/some/figure/", here) == f"'self' {here}"
    assert at_address(tmp_path, "/", here) is None
    assert at_address(tmp_path, "/embed/some/other/", here) is None
    assert at_address(tmp_path, "/embed/../../etc/passwd", here) is None
