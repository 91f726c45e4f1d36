# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""TITLE: a figure of Cutaway, as a program of its own.

    uv run NAME                      what the figure shows, as text; uv installs what it needs
    python NAME                      the same, where that is installed: DEPENDENCIES
    python NAME name=value ...       with a control changed; the names are in what it prints

Its files are below, each as text: the figure's own come first. Change them, and run it again.
LINK
"""

import linecache
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

DEMO = ""
ADDRESSES: dict[str, tuple[str, str]] = {}
FILES: dict[str, str] = {}


class Files(MetaPathFinder, InspectLoader):
    """Imports modules from the texts above."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module that is among them."""
        file = self.file(fullname)
        inside = [] if file.endswith("/__init__.py") else None
        return (
            spec_from_file_location(fullname, file, loader=self, submodule_search_locations=inside)
            if file
            else None
        )

    def file(self, name: str) -> str:
        """The name of a module's text; empty where there is none."""
        files = (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py")
        return next((file for file in files if file in FILES), "")

    def get_source(self, fullname: str) -> str:
        """A module's text."""
        return FILES[self.file(fullname)]

    def get_code(self, fullname: str) -> CodeType:
        """A module's code, whose errors show their lines."""
        file, text = self.file(fullname), self.get_source(fullname)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        return compile(text, file, "exec", dont_inherit=True)


if __name__ == "__main__":
    sys.meta_path.insert(0, Files())
    from demos_py.core.standalone import main

    main(DEMO, sys.argv[1:], ADDRESSES)
