"""A module that is imported when it is first used, so that Python can begin before it has arrived.

In the page NumPy is five times larger than all other code together, and a figure that needs no arrays need not
wait for it. Nor can a memory snapshot hold it, as it is native code.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for these
            raise AttributeError(name)
        del sys.modules[self.__name__]
        try:
            module = importlib.import_module(self.__name__)
        except ImportError:
            sys.modules[self.__name__] = self
            raise
        # who imported this before keeps it, and finds all that the module has
        self.__dict__.update(vars(module))
        self.__class__ = ModuleType  # pyright: ignore[reportAttributeAccessIssue] - as this one has nothing left to do
        return getattr(self, name)


def import_later(name: str) -> None:
    """Let `import name` give a module that imports itself when something of it is used; not where it is imported already."""
    sys.modules.setdefault(name, _Later(name))


def is_waiting(name: str) -> bool:
    """Whether a module given to `import_later` was not used yet."""
    return isinstance(sys.modules.get(name), _Later)
