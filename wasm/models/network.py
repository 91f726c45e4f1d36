"""The decoder in PyTorch: RMSNorm, RoPE, grouped-query attention and SwiGLU, as in Llama, without dropout."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Config:
    """Sizes: layers, width of the residual stream, heads and their size, MLP width (0: none), tokens, context."""

    layers: int = 6
    width: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    d_ff: int = 384
    vocab: int = 1536
    context: int = 256
    base: float = 10_000.0  # of RoPE
    eps: float = 1e-5  # of RMSNorm


def rope_table(config: Config) -> Tensor:
    """Cosines and sines of each position's angles, [2, context, head_dim / 2]. Su et al. 2021, eq. 34."""
    half = config.head_dim // 2
    frequency = config.base ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(config.context, dtype=torch.float64)[:, None] * frequency
    return torch.stack([angle.cos(), angle.sin()]).float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (i, i + half) of the last dimension by the position's angle."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class Norm(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.width))
        self.eps = config.eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


class Layer(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        c = self.config = config
        self.norm_attention = Norm(c)
        self.q = nn.Linear(c.width, c.heads * c.head_dim, bias=False)
        self.k = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=False)
        self.v = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=False)
        self.o = nn.Linear(c.heads * c.head_dim, c.width, bias=False)
        if c.d_ff:
            self.norm_mlp = Norm(c)
            self.gate = nn.Linear(c.width, c.d_ff, bias=False)
            self.up = nn.Linear(c.width, c.d_ff, bias=False)
            self.down = nn.Linear(c.d_ff, c.width, bias=False)

    def attend(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        c, (batch, time, _) = self.config, x.shape
        q = rotate(self.q(x).view(batch, time, c.heads, c.head_dim).transpose(1, 2), cos, sin)
        k = rotate(self.k(x).view(batch, time, c.kv_heads, c.head_dim).transpose(1, 2), cos, sin)
        v = self.v(x).view(batch, time, c.kv_heads, c.head_dim).transpose(1, 2)
        shared = c.heads // c.kv_heads
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(mixed.transpose(1, 2).reshape(batch, time, -1))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.attend(self.norm_attention(x), cos, sin)
        if not self.config.d_ff:
            return x
        y = self.norm_mlp(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y))


class Decoder(nn.Module):
    """Token ids [batch, time] to logits [batch, time, vocab]; the unembedding is the embedding (tied)."""

    rope: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = Norm(config)
        self.register_buffer("rope", rope_table(config), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                # what writes to the residual stream starts smaller, since all layers add to it
                writes = name.endswith(("o.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 if name.startswith("embed") else weight.shape[1] ** -0.5)
                if writes:
                    weight.data /= (2 * config.layers) ** 0.5

    def run(self, x: Tensor, first: int, last: int) -> Tensor:
        """The residual stream x [batch, time, width] after the layers first to last - 1."""
        cos, sin = self.rope[:, : x.shape[1]]
        for layer in self.layers[first:last]:
            x = layer(x, cos, sin)
        return x

    def unembed(self, x: Tensor) -> Tensor:
        """The logits that the final norm and the unembedding make of a residual stream."""
        return functional.linear(self.norm(x), self.embedding.weight)

    def forward(self, ids: Tensor) -> Tensor:
        return self.unembed(self.run(self.embedding(ids), 0, self.config.layers))

    def parameter_count(self) -> int:
        return sum(weight.numel() for weight in self.parameters())

    @torch.no_grad()
    def round_to_half(self) -> None:
        """Make every weight one that float16 holds exactly: what is stored is then what was measured."""
        for weight in self.parameters():
            weight.copy_(weight.half().float())
