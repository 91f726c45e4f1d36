"""Build what has changed since the site was built, and little else, into a copy of it: `build/draft`.

The copy is read while the book is written, and for nothing else. Its Python starts from its sources, without a memory
snapshot; the pages that list others (indexes, the gallery, the meanings of terms) stay as they were until the next whole build.
"""

from __future__ import annotations

import gzip
import io
import logging
import os
import re
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.commands.build import build
from mkdocs.config import load_config

from demos_py.core.demo import ids
from wasm import inside, stage, tables
from wasm.assets import ASSETS, BUILD, ROOT, load_manifest, put
from wasm.finish import finish

DRAFT = BUILD / "draft"
NEXT, OLD = BUILD / "draft-next", BUILD / "draft-old"
SMALL = "use/save.md"  # a page that is soon built
BORROWERS = ("index.md", "contribute/components.md")  # show figures of chapters once more
TEMPLATES = BUILD / "templates"
BOOK = "book.tar.gz"
SHARED = re.compile(r"assets/(runtime/[0-9a-f]{12}/host\.js|cutaway/[0-9a-f]{12}/book\.css)")
WHOLE = ("overrides/", "mkdocs.yml", "docs/book.yml")  # what every page is made with
PACKED = ("demos_py/", "docs/data/")  # what a reader's Python is made from


class _Heard(logging.Handler):
    """Keeps what the site generator warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if "'dirty' build" not in said:
            self.said.append(said)


def _with_compiled_templates(env: Environment, **_: object) -> Environment:
    """Keep the theme's templates compiled from one build to the next: a third of a small build's time."""
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(TEMPLATES))
    return env


def rebuild(changed: list[str]) -> list[str]:
    """Build what follows from these files, by their paths from the root. Returns what is wrong, one text for each."""
    heard = _Heard()
    logging.getLogger("mkdocs").addHandler(heard)
    try:
        if any(path.startswith("wasm/") for path in changed):
            stage.main()
        elif any(path.startswith(PACKED) for path in changed):
            stage_sources()
        whole = any(path.startswith(WHOLE) for path in changed)
        # a whole build begins by emptying its folder, which readers look at
        folder = NEXT if whole else DRAFT
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
        if not whole:
            for page in pages_of(changed):
                address = (
                    Path(page).with_suffix("") / "index.html"
                    if Path(page).stem != "index"
                    else Path(page).with_suffix(".html")
                )
                if (DRAFT / address).is_file():
                    os.utime(DRAFT / address, (0, 0))  # older than its source, so built again
        config.plugins.events["env"].append(_with_compiled_templates)
        config.plugins.on_startup(command="build", dirty=not whole)
        build(config, dirty=not whole)
        finish(folder)
        if whole:
            DRAFT.rename(OLD)
            NEXT.rename(DRAFT)
            shutil.rmtree(OLD)
        share(DRAFT / SMALL.replace(".md", "/index.html"))
    except Exception as error:  # noqa: BLE001 what the author just wrote may raise anything
        said = _said(error)
        return [*(one for one in heard.said if str(error) not in one), said]
    finally:
        logging.getLogger("mkdocs").removeHandler(heard)
    return heard.said


def _said(error: Exception) -> str:
    """An error in one line, with the file and the line where it says so."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: is not Python: {error.msg}"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is not there: a figure is a module and, beside it, a template of its name"
    return str(error) or type(error).__name__


def pages_of(changed: Iterable[str]) -> set[str]:
    """The pages, by their paths below docs/, that show something of these files."""
    texts = {
        str(path.relative_to(ROOT / "docs")): path.read_text("utf-8")
        for path in (ROOT / "docs").rglob("*.md")
    }
    found = {SMALL}  # from which the others learn what all share
    for path in changed:
        if path.startswith("docs/data/"):
            words = {f"| {Path(path).stem}\n"}
        elif path.startswith("demos_py/"):
            used = [demo for demo in ids() if inside.is_core(path) or path in inside.files_of(demo)]
            words = {
                mark + demo for demo in used for mark in ("| ", "{{ ")
            }  # placed, or a fact of it in the prose
        else:
            words = set[str]()
        found |= {
            name
            for name, text in texts.items()
            if name not in BORROWERS and any(word in text for word in words)
        }
        found |= {path.removeprefix("docs/")} & set(texts)
    return found


def stage_sources() -> None:
    """Put the figures' sources as they are into what the reader's Python unpacks, and leave the snapshot out."""
    manifest = load_manifest()
    files = manifest["files"]
    packed = io.BytesIO()
    with (
        tarfile.open(
            fileobj=io.BytesIO(gzip.decompress((ASSETS / files[BOOK]["path"]).read_bytes()))
        ) as before,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for entry in before.getmembers():
            if not entry.name.startswith("demos_py/"):
                archive.addfile(entry, before.extractfile(entry))
        for path in sorted((ROOT / "demos_py").rglob("*")):
            if path.is_file() and not {"__pycache__", "markdown"} & set(path.parts):
                archive.add(path, str(path.relative_to(ROOT)))
    files[BOOK] = put(BOOK, gzip.compress(packed.getvalue(), compresslevel=1))
    files.pop("snapshot.gz", None)
    for path in (*tables.write_all(), *inside.write_all()):
        name = f"{path.parent.name}/{path.name}"
        files[name] = put(name, path.read_bytes())
    del files["host.js"]
    stage.write_manifest(stage.with_host(manifest))
    stage.KEY.unlink(missing_ok=True)  # so that the next whole build stages anew


def share(page: Path) -> None:
    """Give every page of the draft the script and the style sheet that this one, just built, has."""
    now = {Path(name).name: name for name in SHARED.findall(page.read_text("utf-8"))}
    for path in DRAFT.rglob("*.html"):
        text = path.read_text("utf-8")
        shared = SHARED.sub(lambda found: "assets/" + now.get(Path(found[1]).name, found[1]), text)
        if shared != text:
            times = path.stat()
            path.write_text(shared, "utf-8")
            os.utime(path, (times.st_atime, times.st_mtime))


def begin() -> None:
    """Copy the finished site, to be built on."""
    for folder in (DRAFT, NEXT, OLD):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "site", DRAFT)
