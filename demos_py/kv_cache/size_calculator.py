"""How large a cache is: by tokens, requests, heads and bits, beside the weights on a GPU."""

from __future__ import annotations

from dataclasses import dataclass

from demos_py.algorithms.kv_cache import Shape, cache_bytes
from demos_py.core.demo import Table, View
from demos_py.core.params import choice, slider

TITLE = "How large a cache is"
# name: shape, parameters, kind of attention. Sizes: the models’ published configurations.
MODELS: dict[str, tuple[str, Shape, float, str]] = {
    "llama2-7b": ("Llama 2 7B", Shape(32, 4096, 32, 32, 128, 11008, 32000), 6.74e9, "MHA"),
    "mistral-7b": ("Mistral 7B", Shape(32, 4096, 32, 8, 128, 14336, 32000), 7.24e9, "GQA"),
    "llama3-8b": ("Llama 3 8B", Shape(32, 4096, 32, 8, 128, 14336, 128256), 8.03e9, "GQA"),
    "llama3-70b": ("Llama 3 70B", Shape(80, 8192, 64, 8, 128, 28672, 128256), 70.55e9, "GQA"),
    "llama3-70b-mha": (
        "Llama 3 70B, if it had MHA", Shape(80, 8192, 64, 64, 128, 28672, 128256), 70.55e9, "MHA",
    ),
    "deepseek-v3": (
        "DeepSeek-V3", Shape(61, 7168, 128, 128, 128, 18432, 129280, latent=576), 671.03e9, "MLA",
    ),
}  # fmt: skip
GPUS = {"h100": ("H100, 80 GB", 80e9), "h200": ("H200, 141 GB", 141e9), "b200": ("B200, 192 GB", 192e9)}
LENGTHS = {str(2**i): f"{2**i // 1024}K" for i in range(10, 21)}
BITS = {"16": "16", "8": "8", "4": "4"}
# the rows of the chapter’s table: model, tokens, requests
ROWS = (
    ("mistral-7b", 4096, 1),
    ("llama3-8b", 8192, 16),
    ("llama3-70b", 4096, 8),
    ("llama3-70b", 32768, 8),
    ("llama3-70b-mha", 4096, 8),
    ("deepseek-v3", 131072, 8),
)


@dataclass(frozen=True)
class Params:
    model: str = choice("llama3-70b", label="Model", options={key: value[0] for key, value in MODELS.items()})
    length: str = choice("4096", label="Tokens in each", options=LENGTHS)
    batch: int = slider(8, low=1, high=64, step=1, label="Requests at once", ticks=9)
    bits: str = choice("16", label="Bits of a number in the cache", options=BITS)
    weights: str = choice("8", label="Bits of a weight", options=BITS)
    gpu: str = choice("h100", label="GPU", options={key: value[0] for key, value in GPUS.items()})
    gpus: int = slider(1, low=1, high=16, step=1, label="GPUs", ticks=15)


def gigabytes(count: float) -> str:
    """Bytes in GB (10^9), or MB below one."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def view(params: Params, state: None) -> View:
    name, shape, parameters, kind = MODELS[params.model]
    length, bits = int(params.length), int(params.bits)
    one = cache_bytes(shape, length, bits)
    pool = one * params.batch
    weights = parameters * int(params.weights) / 8
    room = GPUS[params.gpu][1] * params.gpus
    most = max(0, int((room - weights) // one))
    if shape.latent:
        formula = f"{shape.layers} layers × {shape.latent} numbers × {bits / 8:g} bytes"
    else:
        formula = f"2 × {shape.layers} layers × {shape.kv_heads} KV heads × {shape.head} × {bits / 8:g} bytes"
    token = cache_bytes(shape, 1, bits)
    fits = weights + pool <= room
    reading = (
        f"{name} stores {formula} = **{token:,.0f} bytes** for a token. {params.batch} "
        f"request{'s' * (params.batch > 1)} of {length:,} tokens take **{gigabytes(pool)}**; with "
        f"{gigabytes(weights)} of weights that is {gigabytes(weights + pool)}, and "
        f"{'fits' if fits else 'does not fit'} into {gigabytes(room)}. **{most:,}** such requests would fit."
    )
    scale = max(room, weights + pool)
    bars = [
        {
            "name": words,
            "bytes": gigabytes(count),
            "from": 100 * start / scale,
            "wide": 100 * count / scale,
            "c": c,
        }
        for words, count, start, c in (("weights", weights, 0.0, 1), ("cache", pool, weights, 2))
    ]
    rows = []
    for key, tokens, batch in ROWS:
        row_name, row_shape, _, row_kind = MODELS[key]
        each = cache_bytes(row_shape, tokens, 16)
        heads = str(row_shape.kv_heads) if not row_shape.latent else f"latent {row_shape.latent}"
        rows.append(
            (row_name, row_kind, str(row_shape.layers), heads, f"{tokens // 1024}K", str(batch), gigabytes(each),
             gigabytes(each * batch))
        )  # fmt: skip
    kinds = {
        words: cache_bytes(other, length, bits)
        for words, other in (
            ("every head its own (MHA)", Shape(shape.layers, 0, shape.heads, shape.heads, shape.head, 0, 0)),
            ("8 heads shared (GQA)", Shape(shape.layers, 0, shape.heads, 8, shape.head, 0, 0)),
            ("a latent of 576 (MLA)", Shape(shape.layers, 0, 0, 0, 0, 0, 0, latent=576)),
        )
    }
    largest = max(kinds.values())
    return View(
        reading=reading,
        table=Table(
            caption="Caches at 16 bits a number",
            columns=("Model", "Attention", "Layers", "KV heads", "Tokens", "Requests", "Cache each", "All"),
            rows=tuple(rows),
        ),
        drawing={
            "bars": bars,
            "limit": 100 * room / scale,
            "room": gigabytes(room),
            "kinds": [(words, gigabytes(count), 100 * count / largest) for words, count in kinds.items()],
            "kind": kind,
            "name": name,
        },
        facts={
            "token": f"{token:,.0f}",
            "each": gigabytes(one),
            "pool": gigabytes(pool),
            "weights": gigabytes(weights),
            "all": gigabytes(weights + pool),
            "most": f"{most:,}",
            "fits": "fits" if fits else "does not fit",
            "against mha": f"{kinds['every head its own (MHA)'] / kinds['a latent of 576 (MLA)']:.0f}",
            "against gqa": f"{kinds['8 heads shared (GQA)'] / kinds['a latent of 576 (MLA)']:.1f}",
        },
    )
