"""What a reader can set. One declaration gives the form control, its validation, the link and the docs.

    @dataclass(frozen=True)
    class Params:
        temperature: float = slider(1.0, low=0.0, high=2.0, step=0.05, label="Temperature")

A *control* turns the strings that a form or a link carries into a value (`parse`), and back (`write`).
Values travel as `{name: [string, ...]}`, the shape of a submitted HTML form.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import parse_qs, urlencode

P = TypeVar("P")
Values = Mapping[str, Sequence[str]]
LINK_VERSION = "1"  # of the query's meaning; a later version must go on reading this one
LONGEST_QUERY = 150_000  # characters; a longer link is refused whole


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Control:
    """What every control has: its label, its unit, and the default from which its type follows."""

    kind: ClassVar[str]
    default: Any
    label: str
    unit: str = ""
    help: str = ""

    def parse(self, raw: Sequence[str]) -> Any:
        """The value that the strings stand for. Raises ValueError, worded for the reader."""
        raise NotImplementedError

    def write(self, value: Any) -> list[str]:
        """The strings that stand for a value; `parse` takes them back."""
        return [str(value)]

    def accepts(self) -> str:
        """What the control takes, in words, for messages and the reference."""
        raise NotImplementedError

    def one(self, raw: Sequence[str]) -> str:
        """The single string of `raw`. Raises ValueError where there is none or more than one."""
        if len(raw) != 1:
            raise ValueError(f"takes one value, not {len(raw)}")
        return raw[0]


@cache
def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Number(Control):
    """A number between `low` and `high` in steps, typed in; whole where the default is an int."""

    kind: ClassVar[str] = "number"
    low: float
    high: float
    step: float = 1

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return isinstance(self.default, int)

    def read(self, text: str) -> float | int:
        """One number, put on the nearest step, as the browser's own control does. Raises ValueError outside the ends."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:  # NaN fails too
            raise ValueError(f"takes {self.accepts()}, not “{text[:40]}”")
        value = self.low + round((value - self.low) / self.step) * self.step
        value = min(value, self.high)
        return round(value) if self.whole else round(value, _decimals(self.step))

    def parse(self, raw: Sequence[str]) -> float | int:
        return self.read(self.one(raw))

    def show(self, value: float) -> str:
        """The value as the form shows it, with as many decimals as the step has."""
        return f"{value:.{_decimals(self.step)}f}"

    def write(self, value: float) -> list[str]:
        return [self.show(value)]

    def accepts(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:,g} to {self.high:,g}"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Slider(Number):
    """The same, dragged. `words` name the values that mean something else, such as 10 for "off"."""

    kind: ClassVar[str] = "slider"
    words: Mapping[float, str] = dataclasses.field(default_factory=dict[float, str])
    ticks: int = 10

    def reads(self, value: float) -> str:
        """The value as the read-out says it: a word where one is given."""
        return self.words.get(value, self.show(value))

    def ends(self) -> tuple[str, str, str]:
        """What stands under the slider's two ends and its middle; a middle between two steps stays blank."""
        middle = (self.low + self.high) / 2
        low, high = (self.words.get(end, f"{end:g}") for end in (self.low, self.high))
        return low, "" if self.whole and middle % 1 else f"{middle:g}", high


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Numbers(Number):
    """A fixed list of numbers, each with a name of its own; the default is a tuple."""

    kind: ClassVar[str] = "numbers"
    names: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return False

    # where Number has one number, this has several
    def parse(self, raw: Sequence[str]) -> tuple[float, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        if len(raw) != len(self.names):
            raise ValueError(f"takes {len(self.names)} numbers, not {len(raw)}")
        return tuple(float(self.read(text)) for text in raw)

    def write(self, value: Iterable[float]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return [self.show(number) for number in value]

    def accepts(self) -> str:
        return f"{len(self.names)} numbers from {self.low:,g} to {self.high:,g}"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Text(Control):
    """Free text up to `limit` characters. Anything that can be pasted is taken as it is."""

    kind: ClassVar[str] = "text"
    limit: int = 10_000
    rows: int = 2

    def parse(self, raw: Sequence[str]) -> str:
        text = self.one(raw).replace("\r\n", "\n")
        if len(text) > self.limit:
            raise ValueError(f"takes at most {self.limit:,} characters, not {len(text):,}")
        # half a surrogate pair, which a browser's string may hold, fits in no link
        return text.encode("utf-8", "replace").decode()

    def accepts(self) -> str:
        return f"text of at most {self.limit:,} characters"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Control):
    """One of a few named options: `options` maps each value to its label."""

    kind: ClassVar[str] = "choice"
    options: Mapping[str, str]

    def parse(self, raw: Sequence[str]) -> str:
        value = self.one(raw)
        if value not in self.options:
            raise ValueError(f"takes {self.accepts()}, not “{value[:40]}”")
        return value

    def accepts(self) -> str:
        return "one of " + ", ".join(self.options)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Arrangement(Control):
    """All of the options, in an order that the reader chooses; the value is a tuple of their keys.

    Its buttons send the event `move` with the value `<key>:<places>`; `moved` answers it.
    """

    kind: ClassVar[str] = "arrangement"
    options: Mapping[str, str]

    def parse(self, raw: Sequence[str]) -> tuple[str, ...]:
        if sorted(raw) != sorted(self.options):
            raise ValueError(f"takes {self.accepts()}")
        return tuple(raw)

    def write(self, value: Iterable[str]) -> list[str]:
        return list(value)

    def accepts(self) -> str:
        return "each of " + ", ".join(self.options) + " once, in any order"


def _field(control: Control) -> Any:
    return dataclasses.field(default=control.default, metadata={"control": control})


def slider(default: float, *, low: float, high: float, step: float, label: str, **more: Any) -> Any:
    """A dataclass field shown as a slider; see `Slider` for `unit`, `words`, `ticks`, `help`."""
    return _field(Slider(default=default, low=low, high=high, step=step, label=label, **more))


def number(default: float, *, low: float, high: float, label: str, **more: Any) -> Any:
    """A dataclass field typed in as a number; see `Number` for `step`, `unit`, `help`."""
    return _field(Number(default=default, low=low, high=high, label=label, **more))


def numbers(
    default: tuple[float, ...],
    *,
    names: tuple[str, ...],
    low: float,
    high: float,
    step: float,
    label: str,
    **more: Any,
) -> Any:
    """A dataclass field holding one number for each name."""
    return _field(Numbers(default=default, names=names, low=low, high=high, step=step, label=label, **more))


def text(default: str, *, label: str, **more: Any) -> Any:
    """A dataclass field of free text; see `Text` for `limit`, `rows`, `help`."""
    return _field(Text(default=default, label=label, **more))


def choice(default: str, *, options: Mapping[str, str], label: str, **more: Any) -> Any:
    """A dataclass field with one of `options`, a mapping from value to label."""
    return _field(Choice(default=default, options=options, label=label, **more))


def arrangement(default: tuple[str, ...], *, options: Mapping[str, str], label: str, **more: Any) -> Any:
    """A dataclass field with the keys of `options` in the reader's order."""
    return _field(Arrangement(default=default, options=options, label=label, **more))


def moved(order: tuple[str, ...], value: str) -> tuple[str, ...]:
    """`order` with one key moved, as the event `move` asks: `"top_p:-1"` is one place earlier.

    An unknown key or a move past either end leaves the order as it is.
    """
    key, _, by = value.partition(":")
    if key not in order or by not in ("-1", "1"):
        return order
    rest = [other for other in order if other != key]
    rest.insert(min(max(order.index(key) + int(by), 0), len(rest)), key)
    return tuple(rest)


def controls(params: Any) -> dict[str, Control]:
    """The controls of a Params class or value, by parameter name, in the order they were declared."""
    return {field.name: field.metadata["control"] for field in dataclasses.fields(params)}


def read(base: P, values: Values) -> tuple[P, list[str]]:
    """`base` with each parameter that `values` names, and the problems met, worded for the reader.

    A name that is no parameter, or a value that its control refuses, changes nothing and is reported.
    """
    known = controls(base)
    found: dict[str, Any] = {}
    problems = [f"“{name[:40]}” is no parameter of this figure" for name in values if name not in known]
    for name, control in known.items():
        if name in values:
            try:
                found[name] = control.parse(list(values[name]))
            except ValueError as error:
                problems.append(f"{control.label} {error}")
    return dataclasses.replace(cast("Any", base), **found), problems


@lru_cache(200)
def write(params: Any) -> dict[str, list[str]]:
    """Every parameter as the strings that its form control carries."""
    return {name: control.write(getattr(params, name)) for name, control in controls(params).items()}


def to_query(params: Any, base: Any) -> str:
    """The link's query for `params`: a version, then what differs from `base`; UTF-8, percent-encoded."""
    values, usual = write(params), write(base)
    changed = {name: strings for name, strings in values.items() if strings != usual[name]}
    return urlencode({"v": LINK_VERSION, **changed}, doseq=True)


def from_query(base: P, query: str) -> tuple[P, list[str]]:
    """The parameters that a link's query describes, on top of `base`, and the problems met.

    A query that is too long, or of a version this book does not know, gives `base` and says so.
    """
    if len(query) > LONGEST_QUERY:
        return base, [f"this link is {len(query):,} characters long; at most {LONGEST_QUERY:,} are read"]
    values = parse_qs(query, keep_blank_values=True)
    version = values.pop("v", [LINK_VERSION])
    if version != [LINK_VERSION]:
        return base, [f"this link is of version {version[0][:10]}, which this book does not know"]
    return read(base, values)
