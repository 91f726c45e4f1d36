"""pocket-lm: 1.4 M parameters that know a small invented world (wasm/models/pocket-lm/README.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from demos_py.algorithms.bpe import Tokenizer
from demos_py.core import sessions
from demos_py.models.pieces import shown

LONGEST = 1500  # characters: more than the context holds, and a single endless word stays quick to cut
START = "‹start›"


@dataclass(frozen=True)
class PocketLM:
    """The tokenizer and the sizes; ask `load` for it."""

    tokenizer: Tokenizer
    end: int  # the token that parts documents, and begins every text
    config: dict[str, Any]

    def encode(self, text: str) -> tuple[list[int], bool]:
        """The ids of a text, the start token first, and whether the text's beginning had to be left out."""
        clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        ids = self.tokenizer.encode(clean[-LONGEST:])
        most = self.config["context"] - 1
        return [self.end, *ids[-most:]], len(clean) > LONGEST or len(ids) > most

    def piece(self, token: int) -> str:
        """A token as the book shows it."""
        return START if token == self.end else shown(self.tokenizer.tokens[token])

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every token of the vocabulary as the book shows it, by id."""
        return tuple(self.piece(token) for token in range(self.end + 1))

    async def logits(self, ids: list[int]) -> np.ndarray:
        """The logits after each of T tokens, in nat, [T, vocabulary]. Raises sessions.SessionError."""
        return (await self.forward(ids, ["logits"]))["logits"]

    async def forward(
        self, ids: list[int], fetches: Sequence[str], **changes: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        """One pass over T tokens: the named outputs of the forward graph.

        `changes` replace neutral inputs of the graph, e.g. `head_mask=` or `residual_patch=` (shapes in
        `neutral`). Raises sessions.SessionError.
        """
        feeds = {"ids": np.array(ids, np.int32), "positions": np.arange(len(ids), dtype=np.int32)}
        return (
            await sessions.run("pocket-lm/forward.onnx", feeds | self.neutral() | changes, fetches)
        ).outputs

    async def decode(self, ids: Sequence[int], past: Mapping[str, np.ndarray] | None = None) -> sessions.Run:
        """One pass over T more tokens, after the cache `past` of an earlier run's `keys` and `values`.

        Outputs: `logits` [1, T, vocabulary], in nat; `keys` (rotated) and `values` [layers, 1, KV heads, past + T,
        head]. Raises sessions.SessionError.
        """
        c = self.config
        empty = np.zeros((c["layers"], 1, c["kv_heads"], 0, c["head_dim"]), np.float32)
        keys, values = (past["keys"], past["values"]) if past else (empty, empty)
        before = keys.shape[3]
        feeds = {
            "ids": np.array([ids], np.int32),
            "positions": np.arange(before, before + len(ids), dtype=np.int32),
            "key_positions": np.arange(before + len(ids), dtype=np.int32),
            "past_keys": np.ascontiguousarray(keys, np.float32),
            "past_values": np.ascontiguousarray(values, np.float32),
        }
        feeds |= {name: array for name, array in self.neutral().items() if name.startswith("clamp_")}
        return await sessions.run("pocket-lm/decode.onnx", feeds, ["logits", "keys", "values"])

    async def lens(self, residual: np.ndarray) -> np.ndarray:
        """The logits, in nat, that residual vectors [N, width] would give at the top, [N, vocabulary].

        The logit lens (nostalgebraist 2020): final norm and unembedding, whatever the layer. Raises
        sessions.SessionError.
        """
        feeds = {"residual": np.ascontiguousarray(residual, np.float32)}
        return (await sessions.run("pocket-lm/lens.onnx", feeds, ["logits"])).outputs["logits"]

    async def weight(self, name: str) -> np.ndarray:
        """A weight by its name in the sizes' layout, float32; the layers' matrices are [in, out].

        Raises sessions.SessionError.
        """
        offset, shape = self.config["weights"][name]
        data = await sessions.load("pocket-lm/weights.bin")
        return np.frombuffer(data, np.float16, math.prod(shape), offset).reshape(shape).astype(np.float32)

    def neutral(self) -> dict[str, np.ndarray]:
        """Masks, patches and clamp of the forward graph that change nothing."""
        c = self.config
        points = 2 * c["layers"] + 1
        ones = {
            "head_mask": (c["layers"], c["heads"], 1, 1),
            "block_mask": (c["layers"], 2),
            "residual_mask": (points, 1, 1),
        }
        zeros = {
            "head_patch": (c["layers"], c["heads"], 1, c["head_dim"]),
            "residual_patch": (points, 1, c["width"]),
            "clamp_read": (c["width"],),
            "clamp_write": (c["width"],),
            "clamp_bias": (1,),
            "clamp_value": (1,),
            "clamp_on": (1,),
        }
        made = {name: np.ones(shape, np.float32) for name, shape in ones.items()}
        return made | {name: np.zeros(shape, np.float32) for name, shape in zeros.items()}


async def load() -> PocketLM:
    """The model's tokenizer and sizes, fetched once a visit. Raises sessions.SessionError."""
    return _read(await sessions.load("pocket-lm/tokenizer.json"), await sessions.load("pocket-lm/model.json"))


@cache
def _read(tokenizer: bytes, sizes: bytes) -> PocketLM:
    stored, config = json.loads(tokenizer), json.loads(sizes)
    tokens = tuple(token.encode("latin-1") for token in stored["tokens"])
    return PocketLM(Tokenizer(tokens, stored["pattern"]), stored["end"], config)
