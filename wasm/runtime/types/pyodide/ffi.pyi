"""What we use of Pyodide, for pyright: Pyodide itself is only in the browser."""

from typing import Any

class JsException(Exception):
    message: str

def to_js(obj: object) -> Any: ...
