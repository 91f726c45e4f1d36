"""What readers download stays within its budgets, and what was cut from it is not missed."""

import json
import random
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from wasm import budgets
from wasm.assets import ASSETS, ROOT, AssetError, load_manifest, put
from wasm.stage import PYODIDE

SITE = ROOT / "site"
LIBRARY = PYODIDE / "python_stdlib.zip"
NOISE = random.Random(1).randbytes(140_000)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the site without its runtime."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("*.zip", "*.map", "*.gz", "*.wasm", "*.onnx", "*.bin"))
    return site


def over(site: Path, assets: Path = ASSETS) -> str:
    """What the check says."""
    with pytest.raises(AssetError) as error:
        budgets.check(budgets.sizes(site, assets))
    return str(error.value)


def test_the_site_is_within_its_budgets() -> None:
    budgets.check(budgets.sizes(SITE, ASSETS))


def test_every_part_with_a_budget_is_there_and_measured_as_it_is_sent() -> None:
    found = {size.name: size.bytes for size in budgets.sizes(SITE, ASSETS)}
    manifest = load_manifest()["files"]
    assert set(budgets.PARTS) <= set(found)
    assert found["numpy.tar.gz"] == manifest["numpy.tar.gz"]["bytes"], "compressed already"
    assert found["pyodide.asm.wasm"] < manifest["pyodide.asm.wasm"]["bytes"] / 2, "the host compresses it"
    assert {name for name in manifest if name.endswith((".onnx", ".bin"))} <= set(found)
    assert {str(page.relative_to(SITE)) for page in SITE.rglob("*.html")} <= set(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["page", "sheet", "script", "fonts"])
def test_what_is_too_big_ends_the_build_by_name(copy: Path, kind: str) -> None:
    page = copy / "glossary/index.html"
    text = NOISE.hex()
    if kind == "page":
        page.write_text(f"{page.read_text()}<!--{text}-->")
        expected = "glossary/index.html has [0-9,]+ bytes to download; HTML may have 60,000. Split the page"
    elif kind == "sheet":
        [sheet] = copy.glob("assets/cutaway/*/book.css")
        sheet.write_text(f"/*{text * 2}*/")
        expected = r"assets/cutaway/\w+/book.css has [0-9,]+ bytes to download; style sheet may have 55,000"
    elif kind == "script":
        (copy / "assets/javascripts/more.js").write_text(text * 3)
        page.write_text(page.read_text().replace("</body>", '<script src="../assets/javascripts/more.js"></script>'))
        expected = "glossary/index.html with what it loads has [0-9,]+ bytes .* before Python may have 250,000"
    else:
        [font] = copy.glob("assets/cutaway/*/plex-sans-condensed-400.woff2")
        font.write_bytes(NOISE)
        expected = "its fonts has [0-9,]+ bytes to download; fonts that a page asks for at once may have 130,000"
    assert re.search(expected, over(copy))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numpy.tar.gz", "pocket-lm/weights.bin", "python_stdlib.zip"])
def test_a_part_that_grows_ends_the_build(tmp_path: Path, name: str) -> None:
    def entry(part: str, path: str) -> dict[str, Any]:
        data = (ASSETS / path).read_bytes()
        return put(part, data + NOISE * (100 if part == name else 0), tmp_path)

    wanted = {*budgets.PARTS, *budgets.CORE, name}
    manifest = load_manifest()
    files = {part: entry(part, one["path"]) for part, one in manifest["files"].items() if part in wanted}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    said = over(SITE, tmp_path)
    assert f"{name} has " in said
    if name in ("numpy.tar.gz", "python_stdlib.zip"):
        assert "all that is fetched before a figure with NumPy is live may have 10,000,000" in said


def test_the_archive_has_a_budget(tmp_path: Path) -> None:
    archive = tmp_path / "cutaway-offline.zip"
    with archive.open("wb") as file:
        file.truncate(60_000_001)
    with pytest.raises(AssetError, match="cutaway-offline.zip has 60,000,001 bytes .* may have 60,000,000"):
        budgets.check(budgets.sizes(SITE, ASSETS, archive))


def test_make_checks_the_budgets_after_each_build() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"wasm\.finish site\n(\t.*\n)?\t\$\(PYTHON\) -m wasm\.budgets site\n", makefile)
    assert "wasm.disk site\n\t$(PYTHON) -m wasm.budgets site $@\n" in makefile


@pytest.mark.slow
def test_what_is_left_of_the_standard_library_imports() -> None:
    """Nothing that stays needs what went: each module either imports, or does not in the whole library either."""
    ours = ASSETS / load_manifest()["files"][LIBRARY.name]["path"]
    failed = []
    for library in (LIBRARY, ours):
        command = ["node", str(ROOT / "wasm/runtime/imports.mjs"), str(PYODIDE), str(library)]
        failed.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert set(failed[1]) <= set(failed[0]), failed[1]
    left = set(zipfile.ZipFile(ours).namelist())
    assert {"json/__init__.pyc", "statistics.py", "unittest/mock.py", "pydoc.py"} <= left
    assert not {name.removesuffix("c") for name in left} & {"multiprocessing/__init__.py", "encodings/cp1250.py", "pdb.py"}


# What a Python that has just started has read as source of its library.
SOURCES = """
const [folder, library] = process.argv.slice(1);
const { loadPyodide } = await import(folder + "/pyodide.mjs");
const pyodide = await loadPyodide({ stdLibURL: library });
console.log(pyodide.runPython(`
import json, sys
origins = [str(getattr(module.__spec__, "origin", "")) for module in list(sys.modules.values())]
json.dumps(sorted(name for name in origins if ".zip/" in name and name.endswith(".py")))
`));
"""


def test_a_start_compiles_nothing_of_the_standard_library() -> None:
    ours = ASSETS / load_manifest()["files"][LIBRARY.name]["path"]
    found = []
    for library in (LIBRARY, ours):
        command = ["node", "--input-type=module", "-e", SOURCES, str(PYODIDE), str(library)]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert len(found[0]) > 30 and found[1] == []
