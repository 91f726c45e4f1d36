"""What the reference is made of: each public name says what it is, and which errors it raises."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import demos_py

ROOT = Path(demos_py.__path__[0])
MODULES = sorted(
    path
    for room in ("algorithms", "core")
    for path in (ROOT / room).glob("*.py")
    if path.name != "__init__.py"
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    """The functions and classes of a body that others may use."""
    for node in body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            yield node


def inherited(tree: ast.Module, node: ast.ClassDef) -> set[str]:
    """The methods that a class takes over from classes of its module, and that are described there."""
    classes = {other.name: other for other in tree.body if isinstance(other, ast.ClassDef)}
    bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    return {
        name
        for base in bases
        for name in inherited(tree, base) | {method.name for method in public(base.body)}
    }


def raised(body: list[ast.stmt], caught: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of the errors that these statements raise and do not catch again; not those of inner functions."""
    for node in body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(error, ast.Name) and error.id not in caught:
                yield error.id
        more = {
            name.id
            for handler in getattr(node, "handlers", [])
            for name in ast.walk(handler.type or ast.Name("BaseException"))
            if isinstance(name, ast.Name)
        }
        yield from raised(getattr(node, "body", []), caught | more)
        for part in ("orelse", "finalbody"):
            yield from raised(getattr(node, part, []), caught)
        for branch in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from raised(branch.body, caught)


def missing(source: str) -> list[str]:
    """What the docstrings of a module leave out, a line each."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["the module says nothing of itself"]

    def look(body: list[ast.stmt], before: str, known: set[str]) -> None:
        for node in public(body):
            said = ast.get_docstring(node)
            name = f"{before}{node.name}"
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{name}.", inherited(tree, node))
            if said is None and node.name not in known:
                found.append(f"line {node.lineno}: {name} has no docstring")
            elif said is not None and not isinstance(node, ast.ClassDef):
                errors = set(raised(node.body)) - {"NotImplementedError"}
                found.extend(
                    f"line {node.lineno}: {name} raises {error} and does not say so"
                    for error in sorted(errors)
                    if error not in said
                )

    look(tree.body, "", set())
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_public_name_is_described(module: Path) -> None:
    assert missing(module.read_text("utf-8")) == []


def test_what_is_left_out_is_found() -> None:
    source = """
class Base:
    "A base."
    def one(self):
        "Does one thing."

class Child(Base):
    "A child."
    def one(self): ...
    def two(self): ...

def loud(x):
    "Says nothing of its error."
    if x:
        raise ValueError("x")

def quiet(x):
    "Catches its own."
    try:
        raise ValueError("x")
    except (ValueError, TypeError):
        return x

def again(x):
    "Raises KeyError in the handler."
    try:
        return x
    except ValueError:
        raise LookupError from None
"""
    assert missing(source) == [
        "the module says nothing of itself",
        "line 10: Child.two has no docstring",
        "line 12: loud raises ValueError and does not say so",
        "line 24: again raises LookupError and does not say so",
    ]
