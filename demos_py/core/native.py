"""Sessions under CPython, at build and in tests: onnxruntime, and the files of this repository."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs] - it has none

from demos_py.core.sessions import SessionError

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "wasm/models"
DATA = ROOT / "build/data"  # what staging packs from packages


async def load(name: str) -> bytes:
    """A file's bytes, from this repository or from what staging packed. Raises SessionError."""
    for path in (MODELS / name, DATA / name):
        if path.is_file():
            return path.read_bytes()
    raise SessionError(f"There is no file {name}.")


@cache
def _session(graph: str) -> Any:
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = (
        1  # the order of sums, and so the page's digits, must not depend on the machine
    )
    return runtime.InferenceSession(MODELS / graph, options)


async def run(
    graph: str, feeds: Mapping[str, np.ndarray], fetches: Sequence[str]
) -> tuple[dict[str, np.ndarray], str, float, str]:
    """Outputs by name, where the graph ran, milliseconds, a notice or "". Raises SessionError."""
    await load(graph)
    began = time.perf_counter()
    try:
        found = _session(graph).run(list(fetches), dict(feeds))
    except Exception as error:  # onnxruntime's own classes differ from release to release
        raise SessionError(f"The model {graph} could not run: {error}") from error
    ms = 1000 * (time.perf_counter() - began)
    return {name: np.asarray(array) for name, array in zip(fetches, found, strict=True)}, "CPU", ms, ""
