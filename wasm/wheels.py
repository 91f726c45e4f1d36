"""The wheels that the reader's Python loads, and the lock that names them."""

import base64
import io
import json
import shutil
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import PackagePath, distribution
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename
from pyodide_lock import InfoSpec, PackageSpec, PyodideLockSpec, parse_top_level_import_name

from wasm.assets import BUILD, ROOT, AssetError, digest, digest_files, run

NUMPY = ROOT / "wasm/runtime/numpy/numpy-2.4.6-cp314-cp314-pyemscripten_2026_0_wasm32.whl"
DEPENDS = {"jinja2": ["markupsafe"], "cutaway": ["jinja2", "markupsafe"]}
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


def lock(wheels: list[Path], sources: list[Path], pyodide: Path, paths: dict[str, str]) -> dict[str, Any]:
    """Pyodide's lock for exactly these wheels; `paths` says where each file name is served.

    `sources` are the same wheels before they were compiled: what they are imported as is read from those.
    """
    info = json.loads((pyodide / "pyodide-lock.json").read_text())["info"]
    version = json.loads((pyodide / "package.json").read_text())["version"]
    packages: dict[str, PackageSpec] = {}
    for wheel, source in zip(wheels, sources, strict=True):
        name, wheel_version, _, _ = parse_wheel_filename(wheel.name)
        packages[name] = PackageSpec(
            name=name,
            version=str(wheel_version),
            file_name=wheel.name,
            install_dir="site",
            sha256=digest(wheel.read_bytes()),
            imports=parse_top_level_import_name(source) or [],
            depends=DEPENDS.get(name, []),
        )
    spec = PyodideLockSpec(info=InfoSpec(version=version, **info), packages=packages)
    spec.check_wheel_filenames()
    for package in spec.packages.values():
        package.file_name = paths[package.file_name]
    return spec.model_dump()
