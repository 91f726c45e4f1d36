"""A figure's program as a reader rewrote it: its files, held in memory, imported in place of the book's.

The files are those that the page shows: the demo's module, its template, and the modules that they use, each by its
path, such as `demos_py/sampling/distribution.py`. What was imported before stays as it is where the new program
fails to import, so an edit with a mistake in it costs nothing.
"""

from __future__ import annotations

import ast
import importlib
import io
import sys
import time
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, ModuleType

from jinja2 import TemplateError, TemplateSyntaxError

from demos_py.core.demo import Demo, from_module

TEMPLATE = ".html.jinja"
LONGEST = 10_000  # characters of what a program printed


def module_name(path: str) -> str:
    """The name by which a file is imported: `demos_py.sampling` for `demos_py/sampling/__init__.py`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Files(MetaPathFinder, InspectLoader):
    """Finds modules in a reader's files, before anything else does."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.paths = {module_name(path): path for path in sources if path.endswith(".py")}
        self._sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module that is among the files."""
        if fullname not in self.paths:
            return None
        origin = self.paths[fullname]
        return spec_from_loader(fullname, self, origin=origin, is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        """Whether the module is the first file of a chapter's package."""
        return self.paths[fullname].endswith("/__init__.py")

    def get_source(self, fullname: str) -> str:
        """The text of a module."""
        return self._sources[self.paths[fullname]]

    def get_code(self, fullname: str) -> CodeType:
        """The text compiled, under the path that errors then name."""
        return compile(self.get_source(fullname), self.paths[fullname], "exec", dont_inherit=True)


@contextmanager
def _without(names: Sequence[str]) -> Generator[None]:
    """No module of these names imported; if the block raises, those that were there are again."""
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        for name in names:
            _leave_parent(name)
        yield
    except BaseException:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        for name, module in before.items():
            parent, _, last = name.rpartition(".")
            setattr(sys.modules[parent], last, module)
        raise


def _leave_parent(name: str) -> None:
    # `from package import module` looks at the package's attribute before it imports anything
    parent, _, last = name.rpartition(".")
    if parent in sys.modules:
        vars(sys.modules[parent]).pop(last, None)


def program(files: Mapping[str, str], demo_id: str) -> Demo:
    """The demo with this id as these files have it.

    Raises whatever they raise while they are imported, SyntaxError and jinja2.TemplateSyntaxError among it; then
    what was imported before still is.
    """
    from demos_py.core.render import environment

    for path, source in files.items():
        if path.endswith(".py"):
            ast.parse(source, path)  # each file's own mistakes, before any of them runs
        else:
            environment().parse(source, name=path)
    name = f"demos_py.{demo_id.replace('-', '_').replace('/', '.')}"
    finder = _Files(files)
    sys.meta_path[:] = [finder, *(one for one in sys.meta_path if not isinstance(one, _Files))]
    with _without(list(finder.paths)):
        module = importlib.import_module(name)
        return from_module(module, drawing=files.get(f"{name.replace('.', '/')}{TEMPLATE}"))


def place(error: BaseException, files: Mapping[str, str], template: str) -> tuple[str, int] | None:
    """The file and the line, from 1, of the reader's files where an error arose; None where it arose elsewhere.

    `template` is the path of the drawing's template, which Jinja2 does not name in what it raises.
    """
    if isinstance(error, SyntaxError) and error.filename and error.filename in files and error.lineno:
        return error.filename, error.lineno
    if isinstance(error, TemplateSyntaxError) and (error.name or template) in files:
        return error.name or template, error.lineno
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        path = template if frame.filename == "<template>" else frame.filename
        if path in files and frame.lineno:
            found = path, frame.lineno
    return found


def described(error: BaseException) -> str:
    """An error in one line, as Python says it."""
    if isinstance(error, TemplateError):
        return f"{type(error).__name__}: {error.message}"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Stopped(BaseException):
    """A reader's program ran for too long. No exception that `except Exception` in a loop could catch."""


_end = 0.0  # when the program that runs now is stopped, by time.monotonic
_left = 0.0  # seconds for each stretch between waits


def go_on() -> None:
    """Begin the time anew, after a wait for a model, which is not the program's own."""
    global _end
    _end = time.monotonic() + _left


@contextmanager
def limited(files: Mapping[str, str], seconds: float) -> Generator[None]:
    """Stop what runs in the block, where it is code of these files, by raising Stopped after so many seconds.

    Only where Python can watch for jumps and calls at little cost (PEP 669, from 3.12 on); elsewhere nothing is
    stopped. What loops inside of a library in C is not seen either: the page ends that with its worker.
    """
    global _left
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        yield
        return
    _left = seconds
    go_on()
    passed = 0

    def check(code: CodeType, *_: object) -> object:
        nonlocal passed
        if code.co_filename not in files and code.co_filename != "<template>":
            return monitoring.DISABLE
        passed += 1
        if passed % 128 == 0 and time.monotonic() > _end:
            raise Stopped(f"it did not end within {seconds:.0f} seconds")
        return None

    tool, events = monitoring.PROFILER_ID, monitoring.events
    monitoring.use_tool_id(tool, "cutaway")
    try:
        for event in (events.JUMP, events.PY_START):
            monitoring.register_callback(tool, event, check)
        monitoring.set_events(tool, events.JUMP | events.PY_START)
        yield
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


class Printed(io.StringIO):
    """What a program prints, up to `LONGEST` characters."""

    def write(self, text: str) -> int:
        """Keep as much of it as there is room for."""
        room = LONGEST - self.tell()
        super().write(text[:room])
        return len(text)
