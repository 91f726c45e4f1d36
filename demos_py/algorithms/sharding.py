"""A transformer's parameter tensors and activations, and how tensor and pipeline parallelism part them.

Sources: tensor parallelism, Shoeybi et al. 2019 (arXiv 1909.08053); activations, Korthikanti et al. 2022
(2205.05198), section 4.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Model:
    """A published configuration. `gated`: RMSNorm, SwiGLU, no biases (Llama); else LayerNorm, GeLU, biases (GPT-2)."""

    name: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    vocab: int
    context: int
    gated: bool
    tied: bool  # the output layer is the embedding

    @property
    def head_width(self) -> int:
        """Numbers in one head's query, key or value."""
        return self.width // self.heads


# GPT-2: Radford et al. 2019 and its released config. Llama 3: Grattafiori et al. 2024 (2407.21783), table 3;
# the vocabulary as released, 128,256. Its pre-training context is 8,192.
MODELS = {
    "gpt2-xl": Model("GPT-2 XL", 48, 1600, 25, 25, 6400, 50257, 1024, False, True),
    "llama-8b": Model("Llama 3 8B", 32, 4096, 32, 8, 14336, 128256, 8192, True, False),
    "llama-70b": Model("Llama 3 70B", 80, 8192, 64, 8, 28672, 128256, 8192, True, False),
    "llama-405b": Model("Llama 3 405B", 126, 16384, 128, 8, 53248, 128256, 8192, True, False),
}


@dataclass(frozen=True)
class Tensor:
    """A parameter tensor: `pieces` that tensor parallelism may part, each of `each` elements; 1 piece is never parted."""

    name: str
    pieces: int
    each: int

    @property
    def size(self) -> int:
        """Its elements."""
        return self.pieces * self.each


def parts(whole: int, n: int) -> list[tuple[int, int]]:
    """`whole` things in `n` runs as equal as can be: (first, past the last) of each; longer ones come first."""
    small, more = divmod(whole, n)
    ends = [rank * small + min(rank, more) for rank in range(n + 1)]
    return list(itertools.pairwise(ends))


def slice_of(pieces: int, rank: int, n: int) -> tuple[int, int]:
    """Which of a tensor's pieces rank `rank` of `n` holds: (first, past the last).

    Where there are fewer pieces than ranks, several ranks hold a copy of the same one, as with the
    key and value heads of grouped-query attention.
    """
    if pieces < n:
        return rank * pieces // n, rank * pieces // n + 1
    return parts(pieces, n)[rank]


def stages(layers: int, n: int) -> list[tuple[int, int]]:
    """The layers of each of `n` pipeline stages: (first, past the last).

    Where they do not divide evenly, the outer stages get one fewer, which also hold the embedding and
    the output layer (so did Llama 3 405B).
    """
    most = -(-layers // n)
    sizes = [most] * n
    outer_first = [i // 2 if i % 2 == 0 else n - 1 - i // 2 for i in range(n)]
    for stage in outer_first[: most * n - layers]:
        sizes[stage] -= 1
    ends = [sum(sizes[:i]) for i in range(n + 1)]
    return list(itertools.pairwise(ends))


@lru_cache(16)
def layer_tensors(model: Model) -> tuple[Tensor, ...]:
    """The parameter tensors of one layer."""
    h, d = model.width, model.head_width
    if model.gated:
        return (
            Tensor("norm 1", 1, h),
            Tensor("query", model.heads, d * h),
            Tensor("key", model.kv_heads, d * h),
            Tensor("value", model.kv_heads, d * h),
            Tensor("attention out", model.heads, d * h),
            Tensor("norm 2", 1, h),
            Tensor("gate", model.ffn, h),
            Tensor("up", model.ffn, h),
            Tensor("down", model.ffn, h),
        )
    return (
        Tensor("norm 1", 1, 2 * h),
        Tensor("query, key, value", model.heads, 3 * d * h),
        Tensor("their biases", model.heads, 3 * d),
        Tensor("attention out", model.heads, d * h),
        Tensor("its bias", 1, h),
        Tensor("norm 2", 1, 2 * h),
        Tensor("up", model.ffn, h),
        Tensor("its biases", model.ffn, 1),
        Tensor("down", model.ffn, h),
        Tensor("its bias", 1, h),
    )


def outer_tensors(model: Model, first: bool, last: bool) -> tuple[Tensor, ...]:
    """The tensors outside the layers that a stage holds: the first the embedding, the last the output.

    An output layer tied to the embedding is a copy of it, unless one stage is both.
    """
    found: tuple[Tensor, ...] = ()
    if first:
        found += (Tensor("embedding", model.vocab, model.width),)
        found += () if model.gated else (Tensor("positions", 1, model.context * model.width),)
    if last:
        found += (Tensor("final norm", 1, model.width * (1 if model.gated else 2)),)
        if not (model.tied and first):
            found += (Tensor("output", model.vocab, model.width),)
    return found


def parameters(model: Model) -> int:
    """How many parameters the model has."""
    layer = sum(tensor.size for tensor in layer_tensors(model))
    return model.layers * layer + sum(tensor.size for tensor in outer_tensors(model, True, True))


def held(tensors: tuple[Tensor, ...], rank: int, n: int) -> int:
    """Elements of these tensors on rank `rank` of `n` tensor-parallel ones."""
    total = 0
    for tensor in tensors:
        first, end = slice_of(tensor.pieces, rank, n)
        total += (end - first) * tensor.each
    return total


def layer_activations(model: Model, length: int, rank: int, n: int, recompute: str = "none") -> int:
    """Bytes that one layer keeps of one sequence for the backward pass, on rank `rank` of `n`.

    For GPT-2's layer, evenly divided, s h (10 + 24/n + 5 a s / (h n)) with s tokens, a heads and width h
    (Korthikanti et al., equation 2), without the last term where the scores are not kept, 2 s h where the
    input alone is. For Llama's the same list without dropout and biases, and a SwiGLU that keeps its three
    inner vectors.
    """
    s, h = length, model.width
    if recompute == "full":
        return 2 * s * h
    first, end = slice_of(model.heads, rank, n)
    heads = end - first
    first, end = slice_of(model.kv_heads, rank, n)
    own, keys = heads * model.head_width, (end - first) * model.head_width
    first, end = slice_of(model.ffn, rank, n)
    inner = end - first
    # whole on every rank: the input of each norm and of each block's first matrices; dropout masks of 1 byte
    kept = s * h * (2 * 4 + (0 if model.gated else 2))
    # in slices: query, key, value, the input of the output matrix; the inner vectors of the feed-forward
    kept += s * (2 * own + 4 * keys + 2 * own) + s * inner * 2 * (3 if model.gated else 2)
    if recompute == "none":
        # the softmax's output; with dropout its mask and its output too
        kept += heads * s * s * (2 if model.gated else 5)
    return kept
