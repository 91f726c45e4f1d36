"""Stage what the reader's browser loads, before the site generator runs: `python -m wasm.stage`.

Everything goes to `build/assets/`, each file under the first twelve digits of its own sha256, with one
manifest of all of them. The host script carries the manifest inside itself, so the one address that a
page names (`overrides/partials/cutaway.html`) pins everything that follows.
"""

import json
import re
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from wasm import tables
from wasm.assets import (
    ASSETS,
    BUILD,
    MANIFEST,
    ROOT,
    AssetError,
    digest,
    digest_files,
    load_manifest,
    put,
    run,
    verify,
    write,
)

NODE = ROOT / "node_modules"
PYODIDE = NODE / "pyodide"
PINS = ROOT / "wasm/runtime/pyodide.sha256"
HOST = ROOT / "wasm/host"
PARTIAL = ROOT / "overrides/partials/cutaway.html"
KEY = BUILD / "assets.key"
RUNTIME = [PYODIDE / "pyodide.asm.mjs", PYODIDE / "pyodide.asm.wasm", PYODIDE / "python_stdlib.zip"]
ORT_BUILDS = (  # with WebGPU for browsers with JSPI, with WebGPU for the others, and for the CPU alone
    "ort.jspi.bundle.min.mjs",
    "ort-wasm-simd-threaded.jspi.wasm",
    "ort.webgpu.bundle.min.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
    "ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm",
)
ORT = [NODE / "onnxruntime-web/dist" / name for name in ORT_BUILDS]
MODELS = ROOT / "wasm/models"
ENCODINGS = ("cl100k_base", "o200k_base")
LARGEST = 12_000_000  # bytes of a model's file: what a reader on a phone can wait for
PLOTLY = NODE / "plotly.js-basic-dist-min/plotly-basic.min.js"
KATEX = NODE / "katex/dist"
WORKER_NEEDS = ["pyodide.mjs", "pyodide-lock.json", "package.json"]
# An address that names a figure wants its worker before anything else of the page (wasm/host/places.js).
HTML = """\
{{# Written by `python -m wasm.stage`: the addresses of the browser side. #}}
<script>/[?&]figure=/.test(location.search)&&self.origin!="null"&&((window.cutawayWorker=new Worker("{{{{ 'assets/runtime/{worker}' | url }}}}",{{type:"module"}})).onerror=()=>cutawayWorker.lost=1)</script>
<script type="module" async src="{{{{ 'assets/runtime/{host}' | url }}}}"></script>
<link rel="stylesheet" href="{{{{ 'assets/runtime/{katex}' | url }}}}">
"""


def inputs() -> list[tuple[str, Path]]:
    """Every file that what is staged depends on."""
    paths = [*RUNTIME, *ORT, *(PYODIDE / name for name in WORKER_NEEDS), PLOTLY, KATEX / "katex.min.css"]
    paths += KATEX.glob("fonts/*.woff2")
    paths += [NODE / f"gpt-tokenizer/data/{name}.tiktoken" for name in ENCODINGS]
    for folder in (ROOT / "wasm", ROOT / "demos_py", tables.TABLES):
        paths += [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    paths += [ROOT / "package-lock.json", ROOT / "pyproject.toml", ROOT / ".gitignore"]
    named = [(str(path.relative_to(ROOT)), path) for path in paths]
    for name in ("jinja2", "markupsafe", "tiktoken"):
        named += [
            (str(p), Path(str(p.locate()))) for p in distribution(name).files or [] if p.name == "RECORD"
        ]
    return named


def check_pins() -> None:
    """Hold Pyodide's files against the committed sums: its core is not covered by any Pyodide lock."""
    for line in PINS.read_text().splitlines():
        pinned, name = line.split()
        actual = digest((ROOT / name).read_bytes())
        if actual != pinned:
            raise AssetError(f"{name} is not the pinned file: sha256 {actual}, expected {pinned}")


def bundle(entry: Path, *options: str) -> bytes:
    """One minified ES module made from an entry point, by esbuild."""
    # `node:*` and `ws` are what Pyodide's loader imports when it runs under Node, never in a browser.
    command = [NODE / ".bin/esbuild", entry, "--bundle", "--format=esm", "--minify", "--target=es2022"]
    command += ["--external:node:*", "--external:ws", "--charset=utf8", "--log-level=warning", *options]
    return run(f"esbuild cannot bundle {entry.name}", command).encode()


def katex() -> dict[str, dict[str, Any]]:
    """KaTeX's stylesheet and fonts; of each font only the format that every browser we serve reads."""
    entries = {font.name: put(font.name, font.read_bytes()) for font in sorted(KATEX.glob("fonts/*.woff2"))}

    def hashed(face: re.Match[str]) -> str:
        return f'src:url(../{entries[face[1]]["path"]}) format("woff2")'

    css = (KATEX / "katex.min.css").read_text()
    css, faces = re.subn(r'src:url\(fonts/([\w-]+\.woff2)\) format\("woff2"\)[^;}]*', hashed, css)
    if faces != len(entries) or "fonts/" in css:
        raise AssetError("katex.min.css names its fonts in a way that staging does not know")
    return entries | {"katex.min.css": put("katex.min.css", css.encode())}


def models() -> dict[str, dict[str, Any]]:
    """What the models' sessions load, each under `<model>/<file>`; fetched only when a figure asks."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(MODELS.glob("*/*")):
        if path.suffix in (".onnx", ".bin", ".json") and path.name != "measured.json":
            if path.stat().st_size > LARGEST:
                raise AssetError(
                    f"{path} has {path.stat().st_size:,} bytes; a model's file may have {LARGEST:,}"
                )
            name = f"{path.parent.name}/{path.name}"
            found[name] = put(name, path.read_bytes())
    return found


def stage() -> dict[str, Any]:
    """Stage everything; the answer is the manifest."""
    from wasm import (  # here, because a run with nothing to do need not wait for its libraries
        inside,
        stdlib,
        tokenizers,
        wheels,
    )

    check_pins()
    sources = [wheels.NUMPY, *(wheels.repack(name, BUILD / "pure") for name in ("markupsafe", "jinja2"))]
    sources.append(wheels.build_demos())
    packed = wheels.compiled(sources, PYODIDE)
    files = {path.name: put(path.name, path.read_bytes()) for path in [*RUNTIME, PLOTLY, *ORT]}
    trimmed = BUILD / "trimmed/python_stdlib.zip"
    write(trimmed, stdlib.trimmed((PYODIDE / trimmed.name).read_bytes()))
    library = wheels.made_with(packed, PYODIDE, trimmed, "library.mjs", trimmed.name)
    files[library.name] = put(library.name, library.read_bytes())
    # NumPy apart, as half of the figures need none
    numpy, *book = packed
    for name, wheel_list in (("numpy.tar.gz", [numpy]), ("book.tar.gz", book)):
        files[name] = put(name, wheels.pack(wheel_list))
    snapshot = wheels.made_with(packed, PYODIDE, library, "snapshot.mjs", "snapshot.gz")
    files["snapshot.gz"] = put("snapshot.gz", snapshot.read_bytes())
    files |= models()
    for path in (*tokenizers.write_all(), *tables.write_all(), *inside.write_all()):
        name = f"{path.parent.name}/{path.name}"
        files[name] = put(name, path.read_bytes())
    files["worker.js"] = put("worker.js", bundle(HOST / "worker.js"))
    # a plain script, which a page that was opened from disk can load too
    files["inside.js"] = put("inside.js", bundle(HOST / "inside.js", "--format=iife"))
    return with_host({"files": files, "lock": wheels.lock(PYODIDE)})


def with_host(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with the page's script, which carries it inside itself, and what only the pages themselves name."""
    host = bundle(
        HOST / "main.js", f"--define:__MANIFEST__={json.dumps(manifest)}", "--define:__DISK__=false"
    )
    files = manifest["files"] | {"host.js": put("host.js", host)} | katex()
    return manifest | {"files": dict(sorted(files.items()))}


def remove_old(manifest: dict[str, Any]) -> None:
    """Remove the folders of files that are no longer in the manifest."""
    current = {entry["path"].partition("/")[0] for entry in manifest["files"].values()}
    for folder in ASSETS.iterdir():
        if folder.is_dir() and folder.name not in current:
            shutil.rmtree(folder)


def is_current(key: str) -> bool:
    """Whether what is staged was made from these inputs, and is all still there."""
    if not KEY.is_file() or KEY.read_text() != key or not PARTIAL.is_file():
        return False
    try:
        verify(ASSETS, load_manifest())
    except AssetError:
        return False
    return True


def main() -> None:
    """Stage what changed, and nothing when nothing did."""
    key = digest_files(inputs())
    if is_current(key):
        return
    write_manifest(stage())
    write(KEY, key.encode())


def write_manifest(manifest: dict[str, Any]) -> None:
    """Make these files the staged ones, and no others; and tell the pages' template where they are."""
    verify(ASSETS, manifest)
    remove_old(manifest)
    write(ASSETS / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    files = manifest["files"]
    names = {"worker": "worker.js", "host": "host.js", "katex": "katex.min.css"}
    html = HTML.format(**{part: files[name]["path"] for part, name in names.items()})
    write(PARTIAL, html.encode())


if __name__ == "__main__":
    try:
        main()
    except AssetError as error:
        sys.exit(f"stage: {error}")
