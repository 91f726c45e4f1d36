"""pocket-draft: a model of 185 thousand parameters that guesses what pocket-lm says (wasm/models/pocket-draft/README.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from demos_py.core import sessions

LAYERS, KV_HEADS, HEAD = 2, 1, 32


async def decode(ids: Sequence[int], past: Mapping[str, np.ndarray] | None = None) -> sessions.Run:
    """One pass over T more tokens of pocket-lm's vocabulary, after the cache `past` of an earlier run.

    Outputs: `logits` [1, T, vocabulary], in nat; `keys` (rotated) and `values` [layers, 1, KV heads, past + T,
    head]. Raises sessions.SessionError.
    """
    empty = np.zeros((LAYERS, 1, KV_HEADS, 0, HEAD), np.float32)
    keys, values = (past["keys"], past["values"]) if past else (empty, empty)
    before = keys.shape[3]
    feeds = {
        "ids": np.array([ids], np.int32),
        "positions": np.arange(before, before + len(ids), dtype=np.int32),
        "key_positions": np.arange(before + len(ids), dtype=np.int32),
        "past_keys": np.ascontiguousarray(keys, np.float32),
        "past_values": np.ascontiguousarray(values, np.float32),
    }
    return await sessions.run("pocket-draft/decode.onnx", feeds, ["logits", "keys", "values"])
