"""What a demo is: a module with `TITLE`, `Params`, `view`, and, where it needs them, `init` and `update`.

    TITLE: str                                       the figure's title
    Params                                           a frozen dataclass of controls (core.params)
    init(params) -> state                            the state to begin with; also after a control changed
    update(params, state, event) -> params, state    answers a named event, such as a pressed button
    view(params, state) -> View                      everything that the figure shows

A figure that *moves* has time: one step of it is the event `tick`. Its module also has

    ended(params, state) -> bool                     whether a further tick would change nothing
    mark(params, state) -> str                       if wanted: words for a moment worth a mark on the scrubber, or ""
    OPENS_AT, RATE, STEP                             the step that the page shows first; steps a second; what a step is

`init` and `update` may be `async def`, where they await a model or a file (core.sessions); `view` never is.

All three are pure: no globals, no clock, no randomness but from a seed in `Params`. The drawing is the
template beside the module, `<name>.html.jinja`.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import demos_py

ROOMS_WITHOUT_DEMOS = ("core", "algorithms", "models")


@dataclasses.dataclass(frozen=True)
class Event:
    """Something the reader did other than change a control: a button's name and its value."""

    name: str
    value: str = ""


TICK = Event("tick")


@dataclasses.dataclass(frozen=True)
class Table:
    """The data behind a figure: a caption, the columns' heads with their units, and rows of cells.

    The first cell of a row names it; numbers are given as strings, with the decimals they deserve.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclasses.dataclass(frozen=True)
class View:
    """What a demo shows for one state.

    `reading` is its computed sentence; in it, `**` marks what matters and backticks a token.
    `drawing` holds the names that the demo's template uses. `charts` maps a name to a Plotly figure, a
    plain dict. `facts` are named results, as strings, for the chapter's prose (see core.markdown).
    `notices` are sentences for the reader about what could not be done.
    """

    reading: str
    table: Table
    drawing: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    charts: Mapping[str, dict[str, Any]] = dataclasses.field(default_factory=dict[str, dict[str, Any]])
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    notices: tuple[str, ...] = ()


class UnknownDemo(LookupError):
    """No demo has this id."""


@dataclasses.dataclass(frozen=True)
class Demo:
    """A demo as the registry found it. `id` is `chapter/name`, with hyphens where the module has underscores."""

    id: str
    title: str
    params: Any  # the Params class
    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Event], Any]
    view: Callable[[Any, Any], View]
    template: str  # its path below demos_py
    source: ModuleType
    drawing: str | None = None  # the template's text, of a demo that a reader rewrote
    moves: bool = False  # whether time passes in it, by the event `tick`; what follows is of such a one only
    ended: Callable[[Any, Any], bool] = lambda _params, _state: True
    mark: Callable[[Any, Any], str] = lambda _params, _state: ""
    opens_at: int = 0  # the step that the page shows first
    rate: float = 4  # steps a second
    step: str = "step"  # what one step is, in the singular

    def first_view(self, params: Any) -> View:
        """The view of `params` before the reader did anything; of one that moves, at `opens_at`.

        Raises TypeError where the demo's `view` returns no View.
        """
        state = finished(self.init(params))
        for _ in range(self.opens_at):
            if self.ended(params, state):
                break
            params, state = finished(self.update(params, state, TICK))
        shown = self.view(params, state)
        if not isinstance(shown, View):  # pyright: ignore[reportUnnecessaryIsInstance] - an author may forget it
            raise TypeError(f"view returns {type(shown).__name__}, not a View")
        return shown

    @property
    def uses_numpy(self) -> bool:
        """Whether the demo's code, or code that it uses, works with arrays: if not, it need not wait for NumPy."""
        return _uses_numpy(self.source.__name__)

    @property
    def waits(self) -> bool:
        """Whether it may have to wait for a model or a file."""
        return inspect.iscoroutinefunction(self.init) or inspect.iscoroutinefunction(self.update)


@cache
def _uses_numpy(name: str) -> bool:
    """Whether a module or one that it took something from has NumPy's name in it."""
    values = vars(sys.modules[name]).values()
    names = {
        value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "") for value in values
    }
    if "numpy" in names:
        return True
    # sessions works only with the arrays that a demo gives it
    ours = {other for other in names if str(other).startswith("demos_py.")} - {name, "demos_py.core.sessions"}
    return any(_uses_numpy(other) for other in ours)


def finished(value: Any) -> Any:
    """What a coroutine returns that waits for nothing, as all do under CPython; any other value as it is.

    Raises RuntimeError for a coroutine that does wait.
    """
    if not inspect.iscoroutine(value):
        return value
    try:
        value.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("this coroutine waits, and there is no event loop to wake it")


async def settled(value: Any) -> Any:
    """What `init` or `update` gave, awaited where it is a coroutine."""
    return await value if inspect.isawaitable(value) else value


def _no_state(_params: Any) -> None:
    return None


def _no_change(params: Any, state: Any, _event: Event) -> tuple[Any, Any]:
    return params, state


def from_module(module: ModuleType, drawing: str | None = None) -> Demo:
    """The demo that a module is; with another template's text than the one beside it, if given.

    Raises AttributeError where the module lacks a part of a demo, and TypeError where its Params is no frozen
    dataclass.
    """
    for part in ("TITLE", "Params", "view"):
        if not hasattr(module, part):
            raise AttributeError(f"{module.__name__} has no {part}, which every demo has")
    _, chapter, name = module.__name__.split(".")
    made = getattr(module.Params, "__dataclass_params__", None)
    if made is None or not made.frozen:
        raise TypeError(f"{module.__name__}.Params must be a frozen dataclass")
    return Demo(
        id=f"{chapter}/{name}".replace("_", "-"),
        title=module.TITLE,
        params=module.Params,
        init=getattr(module, "init", _no_state),
        update=getattr(module, "update", _no_change),
        view=module.view,
        template=f"{chapter}/{name}.html.jinja",
        source=module,
        drawing=drawing,
        moves=hasattr(module, "ended"),
        ended=getattr(module, "ended", lambda _params, _state: True),
        mark=getattr(module, "mark", lambda _params, _state: ""),
        opens_at=getattr(module, "OPENS_AT", 0),
        rate=getattr(module, "RATE", 4),
        step=getattr(module, "STEP", "step"),
    )


@cache
def ids() -> tuple[str, ...]:
    """The id of every demo, sorted: each module of a chapter's package is one. Imports no demo.

    Kept, because a Python that starts from a memory snapshot has the modules but not their files.
    """
    found: list[str] = []
    for chapter in pkgutil.iter_modules(demos_py.__path__):
        if chapter.ispkg and chapter.name not in ROOMS_WITHOUT_DEMOS:
            folder = f"{demos_py.__path__[0]}/{chapter.name}"
            for module in pkgutil.iter_modules([folder]):
                found.append(f"{chapter.name}/{module.name}".replace("_", "-"))
    return tuple(sorted(found))


@cache
def find(demo_id: str) -> Demo:
    """The demo with this id. Raises UnknownDemo, with the nearest id that exists."""
    known = ids()
    if demo_id not in known:
        near = difflib.get_close_matches(demo_id, known, n=1, cutoff=0.5)
        hint = f"; did you mean “{near[0]}”?" if near else f"; there are {', '.join(known)}"
        raise UnknownDemo(f"no demo is called “{demo_id}”{hint}")
    chapter, name = demo_id.replace("-", "_").split("/")
    return from_module(importlib.import_module(f"demos_py.{chapter}.{name}"))


def chapter_number(demo: Demo) -> int | None:
    """The number of the demo's chapter, as its package gives it in `CHAPTER`."""
    package = importlib.import_module(demo.source.__name__.rpartition(".")[0])
    return getattr(package, "CHAPTER", None)
