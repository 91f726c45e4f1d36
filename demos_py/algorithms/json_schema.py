"""JSON Schema, as far as tools' arguments need it.

Source: JSON Schema 2020-12, *Validation*; the keywords `type`, `properties`, `required`, `additionalProperties`
(true or false), `items`, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`. Others are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"  # Python's bool is an int, JSON's is not
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types = {"string": str, "number": (int, float), "object": dict, "array": list, "null": type(None)}
    return isinstance(value, types.get(kind, ()))


def problems(schema: Mapping[str, Any], value: Any, at: str = "arguments") -> Iterator[str]:
    """What is wrong with a JSON value by its schema, a sentence each; nothing where it is valid.

    `at` names the value in the sentences.
    """
    kind = schema.get("type")
    if kind and not _is(kind, value):
        yield f"{at} must be of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} must be one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield f"{at} must be at least {schema['minimum']}"
        if value > schema.get("maximum", value):
            yield f"{at} must be at most {schema['maximum']}"
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield f"{at} must have at least {schema['minLength']} characters"
        if len(value) > schema.get("maxLength", len(value)):
            yield f"{at} must have at most {schema['maxLength']} characters"
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(cast("list[Any]", value)):
            yield from problems(schema["items"], item, f"{at}[{place}]")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{at} needs “{name}”"
        for name, item in cast("dict[str, Any]", value).items():
            if name in known:
                yield from problems(known[name], item, f"{at}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{at} takes no “{name}”"
