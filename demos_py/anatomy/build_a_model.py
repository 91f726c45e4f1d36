"""A decoder on paper: its sizes, and the parameters that follow, matrix by matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demos_py.algorithms.parameter_count import Count, Decoder, Latent, counts, total
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, number, slider

TITLE = "Build a model, count its parameters"
LATENT = Latent(query_rank=1536, key_rank=512, plain=128, rotary=64, value=128)  # DeepSeek-V3's


@dataclass(frozen=True)
class Params:
    layers: int = slider(32, low=1, high=128, step=1, label="Layers", ticks=8)
    width: int = number(4096, low=64, high=32_768, step=64, label="Width", unit="numbers a position")
    heads: int = number(32, low=1, high=256, label="Heads")
    kv_heads: int = number(8, low=1, high=256, label="Key and value heads")
    head_dim: int = number(128, low=8, high=512, step=8, label="Head", unit="numbers")
    d_ff: int = number(14_336, low=64, high=131_072, step=64, label="MLP", unit="neurons")
    vocab: int = number(128_256, low=256, high=1_000_000, label="Vocabulary", unit="tokens")
    style: str = choice(
        "llama",
        label="Kind",
        options={
            "llama": "Llama: gated MLP, rotary positions",
            "gpt2": "GPT-2: plain MLP, learned positions, biases",
            "mla": "DeepSeek: latent attention",
        },
    )
    tied: str = choice(
        "no", label="Unembedding", options={"no": "a matrix of its own", "yes": "the embedding again"}
    )
    experts: int = number(0, low=0, high=1024, label="Experts a layer", unit="0: none")
    active: int = number(8, low=1, high=64, label="Experts a token uses")
    shared: int = number(1, low=0, high=16, label="Experts that all use")
    expert_ff: int = number(2048, low=64, high=65_536, step=64, label="Expert", unit="neurons")
    dense_layers: int = number(3, low=0, high=64, label="First layers without experts")


# Sizes as published, with the number of parameters that the weights have, or that the authors give.
# Sources: Radford et al. 2019 and its released weights; Llama 3 (2407.21783) and its weights;
# Mistral 7B (2310.06825) and its weights; DeepSeek-V3 (2412.19437).
PRESETS: dict[str, tuple[str, Params, str, str]] = {
    "gpt2": (
        "GPT-2",
        Params(12, 768, 12, 12, 64, 3072, 50_257, "gpt2", "yes"),
        "124,439,808",
        "Radford and others, 2019",
    ),
    "gpt2-xl": (
        "GPT-2 XL",
        Params(48, 1600, 25, 25, 64, 6400, 50_257, "gpt2", "yes"),
        "1,557,611,200",
        "Radford and others, 2019",
    ),
    "llama-8b": ("Llama 3 8B", Params(), "8,030,261,248", "arXiv:2407.21783"),
    "llama-70b": (
        "Llama 3 70B",
        Params(80, 8192, 64, 8, 128, 28_672, 128_256),
        "70,553,706,496",
        "arXiv:2407.21783",
    ),
    "mistral-7b": (
        "Mistral 7B",
        Params(32, 4096, 32, 8, 128, 14_336, 32_000),
        "7,241,732,096",
        "arXiv:2310.06825",
    ),
    "deepseek-v3": (
        "DeepSeek-V3",
        Params(61, 7168, 128, 128, 128, 18_432, 129_280, "mla", "no", 256, 8, 1, 2048, 3),
        "671 billion, 37 billion of them for a token",
        "arXiv:2412.19437",
    ),
}


def init(params: Params) -> None:
    return None


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """A preset's button puts its sizes into the controls; two others double one size."""
    if event.name == "preset" and event.value in PRESETS:
        params = PRESETS[event.value][1]
    if event.name == "double" and event.value == "width" and params.width * 2 <= 32_768:
        params = wider(params)
    if event.name == "double" and event.value == "layers" and params.layers * 2 <= 128:
        params = replace(params, layers=2 * params.layers)
    return params, state


def wider(params: Params) -> Params:
    """Twice the width, with twice the heads and twice the neurons, as models grow."""
    return replace(
        params,
        width=2 * params.width,
        heads=min(256, 2 * params.heads),
        kv_heads=min(256, 2 * params.kv_heads),
        d_ff=min(131_072, 2 * params.d_ff),
        expert_ff=min(65_536, 2 * params.expert_ff),
    )


def built(params: Params) -> Decoder:
    """The decoder that the controls describe; what cannot be is put right, and `view` says so."""
    gpt2 = params.style == "gpt2"
    return Decoder(
        layers=params.layers,
        width=params.width,
        heads=params.heads,
        kv_heads=min(params.kv_heads, params.heads),
        head_dim=params.head_dim,
        d_ff=params.d_ff,
        vocab=params.vocab,
        gated=not gpt2,
        tied=params.tied == "yes",
        biases=gpt2,
        positions=1024 if gpt2 else 0,
        experts=params.experts,
        active=min(params.active, params.experts),
        shared=params.shared if params.experts else 0,
        expert_ff=params.expert_ff,
        dense_layers=min(params.dense_layers, params.layers) if params.experts else 0,
        latent=LATENT if params.style == "mla" else None,
    )


def short(parameters: int) -> str:
    """A count in words: 8.03 billion."""
    for size, word in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if parameters >= size:
            return f"{parameters / size:.3g} {word}"
    return f"{parameters:,}"


def view(params: Params, state: None) -> View:
    decoder = built(params)
    parts, whole = counts(decoder), total(decoder)
    largest = max(parts, key=lambda name: parts[name].total)
    preset = next((key for key, (_, sizes, _, _) in PRESETS.items() if sizes == params), "")
    reading = f"**{whole.total:,}** parameters, {short(whole.total)}"
    if decoder.experts:
        reading += f", of which one token uses **{short(whole.active)}**"
    reading += f". {parts[largest].total / whole.total:.0%} are in the {largest}."
    if preset:
        name, _, published, _ = PRESETS[preset]
        reading += f" {name} has {published}."
    notices: list[str] = []
    if params.kv_heads > params.heads:
        notices.append("There cannot be more key and value heads than heads; they are counted as equal.")
    if params.experts and params.active > params.experts:
        notices.append(f"A token cannot use more than the {params.experts} experts there are.")
    if params.style == "mla":
        notices.append(
            "Latent attention has its own ranks and head sizes, DeepSeek-V3’s: the head controls do not count."
        )
    per_layer = Count(
        (whole.total - parts["embedding"].total - parts["unembedding"].total) // decoder.layers,
        (whole.active - parts["embedding"].active - parts["unembedding"].active) // decoder.layers,
    )
    twice_wide = total(built(wider(params))).total / whole.total
    twice_deep = total(replace(decoder, layers=2 * decoder.layers)).total / whole.total
    table = Table(
        caption="Parameters by part; bytes in 16-bit numbers",
        columns=("Part", "Parameters", "Share", "Used by one token", "MB"),
        rows=tuple(
            (
                name,
                f"{c.total:,}",
                f"{c.total / whole.total:.2%}",
                f"{c.active:,}",
                f"{2 * c.total / 1e6:,.1f}",
            )
            for name, c in parts.items()
        )
        + (("all", f"{whole.total:,}", "100%", f"{whole.active:,}", f"{2 * whole.total / 1e6:,.1f}"),),
    )
    drawing = {
        "presets": [(key, name, key == preset) for key, (name, _, _, _) in PRESETS.items()],
        "parts": [
            {
                "name": name,
                "share": f"{100 * c.total / whole.total:.2f}",
                "used": f"{100 * c.active / whole.total:.2f}",
                "total": short(c.total) if c.total else "the embedding’s",
                "percent": f"{c.total / whole.total:.1%}",
            }
            for name, c in parts.items()
        ],
        "sparse": bool(decoder.experts),
        "numbers": [
            ("all", short(whole.total)),
            ("for one token", short(whole.active)),
            ("a layer", short(per_layer.total)),
            ("in 16 bits", f"{2 * whole.total / 1e9:,.3g} GB"),
            ("twice as wide", f"{twice_wide:.2f} ×"),
            ("twice as deep", f"{twice_deep:.2f} ×"),
        ],
    }
    facts = {
        "total": f"{whole.total:,}",
        "short": short(whole.total),
        "active": f"{whole.active:,}",
        "active short": short(whole.active),
        "active share": f"{whole.active / whole.total:.1%}",
        "GB": f"{2 * whole.total / 1e9:,.3g}",
        "largest": largest,
        "largest share": f"{parts[largest].total / whole.total:.0%}",
        "attention share": f"{parts['attention'].total / whole.total:.0%}",
        "embedding share": f"{parts['embedding'].total / whole.total:.0%}",
        "twice wide": f"{twice_wide:.1f}",
        "twice deep": f"{twice_deep:.1f}",
        "layers": str(decoder.layers),
        "width": f"{decoder.width:,}",
        "head numbers": f"{decoder.heads * decoder.head_dim:,}",
        "published": PRESETS[preset][2] if preset else "–",
    }
    return View(reading=reading, table=table, drawing=drawing, facts=facts, notices=tuple(notices))
