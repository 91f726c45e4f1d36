"""Files and ONNX models for demos, by one async call: onnxruntime under CPython, onnxruntime-web in the page.

A demo's `init` or `update` may be `async def` and await these. Nothing is fetched before it is asked for.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

REMEMBERED = 8  # runs


class SessionError(Exception):
    """A file or a model could not be had or run; its message is a sentence for the reader."""


@dataclass(frozen=True)
class Run:
    """What a graph answered: its outputs by name, read-only, and how it ran."""

    outputs: Mapping[str, np.ndarray]
    provider: str  # "WebGPU (its adapter)" or "WASM" in the page, "CPU" under CPython
    ms: float
    notice: str = ""  # what the reader should know of how it ran
    model: str = ""
    parameters: int = 0


@cache
def _platform() -> Any:
    """The one module that knows where we are; named here in words, so that neither is imported elsewhere."""
    return importlib.import_module(f"demos_py.core.{'browser' if sys.platform == 'emscripten' else 'native'}")


_files: dict[str, bytes] = {}
_runs: OrderedDict[Any, Run] = OrderedDict()
_ran: list[Run] = []


async def load(name: str) -> bytes:
    """The bytes of a data file such as `pocket-lm/tokenizer.json`, kept for the visit. Raises SessionError."""
    if name not in _files:
        _files[name] = await _platform().load(name)
    return _files[name]


async def run(graph: str, feeds: Mapping[str, np.ndarray], fetches: Sequence[str]) -> Run:
    """Run a graph such as `pocket-lm/forward.onnx`: inputs and the wanted outputs by name.

    The same question asked again soon is answered from memory, so a control that does not touch a model's
    inputs need not wait for it. Raises SessionError.
    """
    key = (
        graph,
        tuple(fetches),
        tuple((name, a.shape, str(a.dtype), a.tobytes()) for name, a in feeds.items()),
    )
    found = _runs.pop(key, None)
    if found is None:
        model = graph.partition("/")[0]
        sizes = json.loads(await load(f"{model}/model.json"))
        outputs, provider, ms, notice = await _platform().run(graph, feeds, fetches)
        for array in outputs.values():
            array.setflags(write=False)
        found = replace(
            Run(outputs, provider, ms, notice), model=sizes["name"], parameters=sizes["parameters"]
        )
    _runs[key] = found
    if len(_runs) > REMEMBERED:
        _runs.popitem(last=False)
    _ran.append(found)
    return found


def forget() -> None:
    """Let go of every file and run, so that the next question asks for its files again."""
    _files.clear()
    _runs.clear()


def held() -> list[str]:
    """The names of the files that were loaded, and of the graphs that were run, since `forget`."""
    return sorted({*_files, *(graph for graph, *_ in _runs)})


def runs_since() -> list[Run]:
    """The runs since this was last asked, for the figure's badge."""
    runs, _ran[:] = list(_ran), []
    return runs
