"""The wheels that the reader's Python loads, and what is made from them: archives and a memory snapshot."""

import base64
import gzip
import io
import json
import shutil
import sys
import tarfile
import zipfile
from hashlib import sha256
from importlib.metadata import PackagePath, distribution
from pathlib import Path
from typing import Any

from wasm.assets import BUILD, ROOT, AssetError, digest_files, run

NUMPY = ROOT / "wasm/runtime/numpy/numpy-2.4.6-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
WHEEL = b"Wheel-Version: 1.0\nGenerator: cutaway\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
# What an installer adds, and what we write anew.
NOT_PACKED = {"INSTALLER", "REQUESTED", "RECORD", "WHEEL", "direct_url.json"}


def demo_sources() -> list[tuple[str, Path]]:
    """The files that the demos wheel is made from."""
    paths = [p for p in (ROOT / "demos_py").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    paths += [ROOT / "pyproject.toml", ROOT / ".gitignore"]
    return [(str(path.relative_to(ROOT)), path) for path in paths]


def build_demos() -> Path:
    """Build the demos wheel by the repository's own build backend, unless its sources are unchanged."""
    wheels = BUILD / "wheels"
    folder = wheels / digest_files(demo_sources())[:12]
    if not list(folder.glob("*.whl")):
        shutil.rmtree(wheels, ignore_errors=True)
        command = [
            sys.executable,
            "-m",
            "build",
            "-qq",
            "--wheel",
            "--no-isolation",
            "--outdir",
            folder,
            ROOT,
        ]
        # The same sources give the same bytes: no file time gets into the wheel.
        run("the demos wheel does not build", command, SOURCE_DATE_EPOCH="1577836800")
    [wheel] = folder.glob("*.whl")
    return wheel


def _is_packed(path: PackagePath) -> bool:
    outside = path.parts[0] == ".." or "__pycache__" in path.parts
    return not outside and path.name not in NOT_PACKED and not path.name.startswith("_speedups")


def _checked(path: PackagePath) -> bytes:
    data = Path(str(path.locate())).read_bytes()
    recorded = path.hash
    if recorded is None or recorded.mode != "sha256" or recorded.value != _urlsafe(data):
        raise AssetError(f"{path} is not the file that was installed: reinstall its package")
    return data


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()


def repack(name: str, folder: Path) -> Path:
    """Make a pure-Python wheel of a distribution installed here.

    pip checked what it installed against the hashes of `requirements.txt`, and left a hash for each file;
    those are checked again. The compiled half (`_speedups`) stays out, as Pyodide cannot load it:
    the package falls back to Python.
    """
    installed = distribution(name)
    files = {str(path): _checked(path) for path in installed.files or [] if _is_packed(path)}
    info = next(path.partition("/")[0] for path in files if path.endswith(".dist-info/METADATA"))
    files[f"{info}/WHEEL"] = WHEEL
    record = [f"{path},sha256={_urlsafe(data)},{len(data)}" for path, data in sorted(files.items())]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, date_time=(2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
    wheel.write_bytes(packed.getvalue())
    return wheel


def compiled(wheels: list[Path], pyodide: Path) -> list[Path]:
    """The same wheels with their Python compiled by Pyodide; each is made again only when it changed."""
    script = ROOT / "wasm/runtime/compile.mjs"
    folder = BUILD / "compiled"
    made = [
        folder / digest_files([("wheel", wheel), ("script", script)])[:12] / wheel.name for wheel in wheels
    ]
    missing = [(wheel, out) for wheel, out in zip(wheels, made, strict=True) if not out.is_file()]
    if missing:
        run(
            "Pyodide does not compile the wheels",
            ["node", script, pyodide, *(path for pair in missing for path in pair)],
        )
    for old in set(folder.iterdir()) - {out.parent for out in made}:
        shutil.rmtree(old)
    return made


def pack(wheels: list[Path]) -> bytes:
    """One archive of everything in some wheels, which the page unpacks faster than Python would: a tar, by gzip.

    The same wheels give the same bytes.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as files:
                for name in sorted(files.namelist()):
                    entry = tarfile.TarInfo(name)
                    entry.size = files.getinfo(name).file_size
                    archive.addfile(entry, io.BytesIO(files.read(name)))
    return gzip.compress(packed.getvalue(), compresslevel=9, mtime=0)


def made_with(wheels: list[Path], pyodide: Path, library: Path, script: str, name: str) -> Path:
    """The file that a script of runtime/ makes with Pyodide from these wheels; made again only when something changed."""
    source = ROOT / "wasm/runtime" / script
    named = [(wheel.name, wheel) for wheel in wheels]
    runtime = [(path.name, path) for path in pyodide.iterdir() if path.suffix in (".mjs", ".wasm")]
    folder = BUILD / source.stem
    made = folder / digest_files([*named, *runtime, ("library", library), ("script", source)])[:12] / name
    if not made.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        made.parent.mkdir(parents=True)
        half = made.with_suffix(".half")
        # a Python asks for its zone and language while it starts, and its memory holds the answer
        run(
            f"{script} failed",
            ["node", source, pyodide, library, half, *wheels],
            TZ="UTC",
            LC_ALL="C",
            LANGUAGE="",
        )
        half.replace(made)
    return made


def lock(pyodide: Path) -> dict[str, Any]:
    """Pyodide's lock with its own facts and no package: the book's come as archives."""
    found = json.loads((pyodide / "pyodide-lock.json").read_text())["info"]
    version = json.loads((pyodide / "package.json").read_text())["version"]
    return {"info": found | {"version": version}, "packages": {}}
