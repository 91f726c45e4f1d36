"""Sessions in the page: the worker's JavaScript loads files and runs onnxruntime-web. See wasm/host/models.js.

The only module under demos_py that knows the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pyodide.ffi import JsException, to_js  # pyright: ignore[reportMissingModuleSource] - Pyodide’s own

from demos_py.core.edited import go_on
from demos_py.core.sessions import SessionError

host: Any = None  # put here by the worker: a memory snapshot holds nothing of JavaScript's
KINDS = {"float32": "f32", "int32": "i32"}


async def load(name: str) -> bytes:
    """A file's bytes, fetched by the worker. Raises SessionError."""
    try:
        return (await host.load(name)).to_bytes()
    except JsException as error:
        raise SessionError(str(error.message)) from None
    finally:
        go_on()


async def run(
    graph: str, feeds: Mapping[str, np.ndarray], fetches: Sequence[str]
) -> tuple[dict[str, np.ndarray], str, float, str]:
    """Outputs by name, where the graph ran, milliseconds, a notice or "". Raises SessionError."""
    arrays = [np.ascontiguousarray(array) for array in feeds.values()]
    about = [[name, KINDS[str(array.dtype)], list(array.shape)] for name, array in feeds.items()]
    try:
        done = await host.run(graph, to_js(about), arrays, to_js(list(fetches)))
    except JsException as error:
        raise SessionError(f"The model {graph} could not run: {error.message}") from None
    finally:
        go_on()
    outputs: dict[str, np.ndarray] = {}
    for name, tensor in zip(fetches, done.tensors, strict=True):
        outputs[name] = array = np.empty(tuple(tensor.dims), np.float32)
        if array.size:
            tensor.data.assign_to(array.reshape(-1))
    return outputs, str(done.provider), float(done.ms), str(done.notice)
