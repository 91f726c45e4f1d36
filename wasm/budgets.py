"""Hold a finished site against its budgets: `python -m wasm.budgets site [ARCHIVE]`, after `wasm.finish`; the build ends where one is over.

Sizes are those that a reader downloads: by gzip, as GitHub Pages sends text and WebAssembly; what is compressed already
goes as it is. `BUDGETS` says how much each part may have; a larger one needs a reason, and a change here.
"""

import gzip
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wasm.assets import ASSETS, AssetError, load_manifest
from wasm.hashing import OURS, SCRIPT

KB, MB = 1000, 1_000_000
COMPRESSED = (".gz", ".zip", ".woff2", ".png", ".ranks")
CORE = ("worker.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
FONT = re.compile(rf'<link rel="preload" href="[^"]*({OURS}/[^"]+\.woff2)"')
LESS = "Make it smaller, or say in wasm/budgets.py why it may be larger."


@dataclass(frozen=True)
class Budget:
    """At most so many bytes for each thing of a kind, and what to do about one that has more."""

    what: str
    most: int
    advice: str = LESS


PAGE = Budget("HTML", 60 * KB, "Split the page, or draw its figures with fewer elements.")
SHEET = Budget("style sheet", 55 * KB)
FONTS = Budget(
    "fonts that a page asks for at once", 130 * KB, "Preload fewer faces, or cut their characters."
)
BEFORE = Budget(
    "HTML, CSS and JavaScript before Python", 250 * KB, "Load it later, when something asks for it."
)
LIVE = Budget(
    "all that is fetched before a figure with NumPy is live",
    10 * MB,
    "See which part grew: wasm/stdlib.py and wasm/runtime/compile.mjs cut what no page uses.",
)
MODEL = Budget("a model's file", 12 * MB, "Quantize it, or train a smaller one (wasm/models).")
OFFLINE = Budget("the copy that is read from disk", 60 * MB)
PARTS = {  # of the manifest
    "host.js": Budget("the page's script", 40 * KB, "Import what few pages need only when they need it."),
    "worker.js": Budget("the worker", 20 * KB),
    "pyodide.asm.wasm": Budget("Python", int(3.7 * MB)),
    "python_stdlib.zip": Budget("the standard library", int(2.3 * MB), "Cut it in wasm/stdlib.py."),
    "numpy.tar.gz": Budget("NumPy", int(2.8 * MB), "Cut it in wasm/runtime/compile.mjs."),
    "book.tar.gz": Budget("the demos and Jinja2", int(1.5 * MB), "Large data belongs into files of its own."),
    "snapshot.gz": Budget("Python's memory", int(8.5 * MB), "See what demos_py makes while it is imported."),
    "plotly-basic.min.js": Budget("Plotly", 420 * KB),
    "inside.js": Budget("the editor", 200 * KB),
}


@dataclass(frozen=True)
class Size:
    """A file, or some files together, against a budget."""

    name: str
    bytes: int
    budget: Budget


def sent(path: Path) -> int:
    """How many bytes of a file a host sends."""
    data = path.read_bytes()
    return len(data) if path.suffix in COMPRESSED else len(gzip.compress(data, compresslevel=6, mtime=0))


def of_pages(site: Path, size: Callable[[Path], int]) -> Iterator[Size]:
    """Each page by itself, and with what it loads before any figure starts."""
    for path in sorted(site.rglob("*.html")):
        page, name = path.read_text("utf-8"), str(path.relative_to(site))
        loaded = [site / file for file in dict.fromkeys(SCRIPT.findall(page))]
        yield Size(name, size(path), PAGE)
        yield Size(f"{name} with what it loads", sum(map(size, [path, *loaded])), BEFORE)
        yield Size(f"{name}, its fonts", sum(size(site / font) for font in FONT.findall(page)), FONTS)
    for path in sorted((site / OURS).rglob("*.css")):
        yield Size(str(path.relative_to(site)), size(path), SHEET)


def of_parts(assets: Path, manifest: dict[str, Any], size: Callable[[Path], int]) -> Iterator[Size]:
    """Each file of the manifest that has a budget, and every model."""
    for name, entry in manifest["files"].items():
        budget = MODEL if name.endswith((".onnx", ".bin")) else PARTS.get(name)
        if budget:
            yield Size(name, size(assets / entry["path"]), budget)


def sizes(site: Path, assets: Path, archive: Path | None = None) -> list[Size]:
    """Everything that has a budget; the copy that is read from disk only where it is given."""
    manifest = load_manifest(assets)
    known: dict[Path, int] = {}

    def size(path: Path) -> int:
        if path not in known:
            known[path] = sent(path)
        return known[path]

    pages = list(of_pages(site, size))
    cold = [*CORE, "numpy.tar.gz", "book.tar.gz"]
    page = sum(max(one.bytes for one in pages if one.budget is budget) for budget in (BEFORE, FONTS))
    live = page + sum(size(assets / manifest["files"][name]["path"]) for name in cold)
    found = [
        *pages,
        *of_parts(assets, manifest, size),
        Size(f"a page with its fonts, {', '.join(cold)}", live, LIVE),
    ]
    if archive:
        found.append(Size(archive.name, archive.stat().st_size, OFFLINE))
    return found


def check(found: list[Size]) -> None:
    """End the build with a sentence for each size that is over its budget."""
    over = [
        f"{size.name} has {size.bytes:,} bytes to download; {size.budget.what} may have {size.budget.most:,}. "
        f"{size.budget.advice}"
        for size in found
        if size.bytes > size.budget.most
    ]
    if over:
        raise AssetError("\n".join(over))


def table(found: list[Size]) -> str:
    """For each budget the largest of what it holds for."""
    worst: dict[Budget, Size] = {}
    for size in found:
        worst[size.budget] = max(worst.get(size.budget, size), size, key=lambda one: one.bytes)
    return "\n".join(
        f"{size.bytes / KB:9,.1f} of {budget.most / KB:8,.0f} kB  {budget.what}: {size.name}"
        for budget, size in worst.items()
    )


def main(site: Path, archive: Path | None) -> None:
    """Check a finished site; with the archive, print how much of each budget is used."""
    found = sizes(site, ASSETS, archive)
    check(found)
    if archive:
        print(table(found))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    except AssetError as error:
        sys.exit(f"budgets: {error}")
