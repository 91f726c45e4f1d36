"""What may import what: the design's rules, read off the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import demos_py

ROOT = Path(demos_py.__path__[0])
MODULES = {
    ".".join(("demos_py", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
CARRIED = {"numpy", "jinja2", "markupsafe"}  # what the browser has beside the standard library
BUILD = "demos_py.core.markdown"  # the Markdown extension, which alone may import these
AT_BUILD = {"markdown", "pymdownx", "yaml"}
# the two ends of core.sessions, one for each place; nothing imports them but by that choice
ENDS = {"demos_py.core.native": {"onnxruntime"}, "demos_py.core.browser": {"pyodide"}}


def imports(module: str) -> Iterator[str]:
    """Every module that this one imports, at any depth of its code."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides the rule"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in MODULES else str(node.module)


def room(module: str) -> str:
    return (module.split(".") + [""])[1]


def outside(module: str) -> set[str]:
    """Top names of what comes neither from here nor from the standard library."""
    tops = {name.split(".")[0] for name in imports(module)}
    return tops - set(sys.stdlib_module_names) - {"demos_py"}


def ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.split(".")[0] == "demos_py"}


def test_the_rules_see_something() -> None:
    assert {
        "",
        "core",
        "algorithms",
        "anatomy",
        "guide",
        "kv_cache",
        "mcp_a2a",
        "models",
        "rate_limits",
        "sampling",
        "speculative_decoding",
        "transformer",
    } == {room(module) for module in MODULES}
    assert "demos_py.algorithms.sampling" in ours("demos_py.sampling.draws")
    assert outside("demos_py.algorithms.sampling") == {"numpy"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_what_may_import_what(module: str) -> None:
    here = room(module)
    rooms = {
        "": set(),
        "algorithms": {"algorithms"},
        "core": {"", "core"},
        "models": {"core", "algorithms", "models"},
    }.get(here, {"core", "algorithms", "models", here})
    assert {room(name) for name in ours(module)} <= rooms
    if here == "algorithms":
        assert outside(module) <= {"numpy"}
    else:
        allowed = AT_BUILD if module.startswith(BUILD) else ENDS.get(module, set())
        assert outside(module) <= CARRIED | allowed


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"demos_py.core.browser"}))
def test_only_one_module_knows_the_browser(module: str) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & {
        "js",
        "cutaway_host",
        "pyodide",
        "pyodide_js",
        "micropip",
    }


def test_the_browser_needs_nothing_that_it_does_not_have() -> None:
    """All that the bridge and the demos reach, over any number of imports."""
    reached, todo = set(), [module for module in MODULES if room(module) != "core"] + ["demos_py.core.bridge"]
    while todo:
        module = todo.pop()
        if module not in reached:
            reached.add(module)
            todo += [name for name in ours(module) if name in MODULES]
    assert not any(module.startswith(BUILD) for module in reached)
    assert "demos_py.core.render" in reached
    assert set().union(*(outside(module) for module in reached)) <= CARRIED
