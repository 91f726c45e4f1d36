"""How many parameters a decoder has, matrix by matrix, and how many of them work on one token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Latent:
    """Ranks and head sizes of multi-head latent attention (DeepSeek-V2, 2024, section 2.1)."""

    query_rank: int
    key_rank: int
    plain: int  # numbers of a head that carry no position
    rotary: int  # numbers that do; their key is shared by all heads
    value: int


@dataclass(frozen=True)
class Decoder:
    """Sizes of a decoder. `experts` of 0 is a dense model, and the names after it then count for nothing."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    d_ff: int
    vocab: int
    gated: bool = True  # three matrices in an MLP; else two
    tied: bool = False  # the unembedding is the embedding
    biases: bool = False  # in every matrix inside the layers, and in the norms, as in GPT-2
    positions: int = 0  # learned position vectors; 0 where positions are rotations
    experts: int = 0
    active: int = 0  # routed experts that a token is sent to
    shared: int = 0  # experts that every token passes
    expert_ff: int = 0
    dense_layers: int = 0  # the first so many layers have one MLP of d_ff
    latent: Latent | None = None


@dataclass(frozen=True)
class Count:
    """Parameters of one part: all, and those that one token's arithmetic uses."""

    total: int
    active: int


def attention(d: Decoder) -> int:
    """Parameters of one layer's attention, with the norms that stand inside it."""
    if d.latent:
        m = d.latent
        query = d.width * m.query_rank + m.query_rank + m.query_rank * d.heads * (m.plain + m.rotary)
        key = d.width * (m.key_rank + m.rotary) + m.key_rank + m.key_rank * d.heads * (m.plain + m.value)
        return query + key + d.heads * m.value * d.width
    inside, shared = d.heads * d.head_dim, d.kv_heads * d.head_dim
    return 2 * d.width * inside + 2 * d.width * shared + (inside + 2 * shared + d.width) * d.biases


def mlp(d: Decoder, inner: int) -> int:
    """Parameters of one MLP of `inner` neurons."""
    into = 2 if d.gated else 1
    return (into + 1) * d.width * inner + (into * inner + d.width) * d.biases


def counts(d: Decoder) -> dict[str, Count]:
    """Parameters by part. An embedding is a table of which a token reads one row, so little of it is active."""
    norm = d.width * (2 if d.biases else 1)
    sparse = d.layers - d.dense_layers if d.experts else 0
    dense = (d.layers - sparse) * mlp(d, d.d_ff)

    def every(number: int) -> Count:
        return Count(number, number)

    found = {
        "embedding": Count(d.vocab * d.width, d.width),
        "positions": Count(d.positions * d.width, d.width if d.positions else 0),
        "attention": every(d.layers * attention(d)),
        "MLPs": every(dense),
        "experts": Count(
            sparse * (d.experts + d.shared) * mlp(d, d.expert_ff),
            sparse * (d.active + d.shared) * mlp(d, d.expert_ff),
        ),
        "routers": every(sparse * d.experts * (d.width + 1)),
        "norms": every((2 * d.layers + 1) * norm),
        # tied, the table is not stored twice, and works all the same
        "unembedding": Count(0 if d.tied else d.vocab * d.width, d.vocab * d.width),
    }
    return {name: count for name, count in found.items() if count.active or count.total}


def total(d: Decoder) -> Count:
    """All parts together."""
    parts = counts(d).values()
    return Count(sum(part.total for part in parts), sum(part.active for part in parts))
