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
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.util import spec_from_file_location

DEMO = ""
ADDRESSES = {}
FILES = {}


class Files(MetaPathFinder, InspectLoader):
    """Imports modules from the texts above."""

    def find_spec(self, name, path=None, target=None):
        """The spec of a module that is among them."""
        file = self.path(name)
        inside = [] if file and self.is_package(name) else None
        return file and spec_from_file_location(name, file, loader=self, submodule_search_locations=inside)

    def path(self, name):
        """The name of a module's text."""
        files = (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py")
        return next((file for file in files if file in FILES), None)

    def is_package(self, name):
        """Whether a module holds others."""
        return self.path(name).endswith("/__init__.py")

    def get_source(self, name):
        """A module's text."""
        return FILES[self.path(name)]

    def get_code(self, name):
        """A module's code, whose errors show their lines."""
        file, text = self.path(name), self.get_source(name)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        return compile(text, file, "exec", dont_inherit=True)


if __name__ == "__main__":
    sys.meta_path.insert(0, Files())
    from demos_py.core.standalone import main

    main(DEMO, sys.argv[1:], ADDRESSES)
