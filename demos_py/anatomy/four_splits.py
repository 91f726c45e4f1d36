"""One model on sixteen GPUs: what each split leaves on a GPU, and what the GPUs then send each other."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

from demos_py.algorithms import parallelism
from demos_py.algorithms.parallelism import GPUS, MEMORY, PER_SERVER, Gpu, Memory, Split, Traffic, Work, plan
from demos_py.algorithms.sharding import MODELS, Model, parameters, parts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, slider

TITLE = "Four ways to split a model over 16 GPUs"
DEGREES = {str(n): str(n) for n in (1, 2, 4, 8, 16)}
# What the buttons set: data, pipeline, tensor, and what the data-parallel copies shard.
PRESETS: dict[str, tuple[str, str, tuple[int, int, int, int]]] = {
    "data": ("Data parallel", "data parallel", (16, 1, 1, 0)),
    "fsdp": ("FSDP, ZeRO-3", "FSDP", (16, 1, 1, 3)),
    "pipeline": ("Pipeline", "pipeline parallel", (1, 16, 1, 0)),
    "tensor": ("Tensor", "tensor parallel", (1, 1, 16, 0)),
    "mix": ("3D mix", "a 3D mix", (2, 2, 4, 1)),
}
PARTS = (
    ("weights", 1),
    ("gradients", 2),
    ("optimizer", 3),
    ("activations", 4),
    ("working", 5),
)  # of the memory, with the book's colours
WHY = {"data": "D", "pipeline": "P", "tensor": "T"}


@dataclass(frozen=True)
class Params:
    model: str = choice(
        "llama-8b",
        label="Model",
        options={key: f"{model.name} ({parameters(model) / 1e9:.3g} B)" for key, model in MODELS.items()},
    )
    data: str = choice("2", label="Data-parallel copies", options=DEGREES)
    pipeline: str = choice("2", label="Pipeline stages", options=DEGREES)
    tensor: str = choice("4", label="Tensor slices", options=DEGREES)
    shard: str = choice(
        "1",
        label="Sharded among the copies",
        options={
            "0": "nothing",
            "1": "ZeRO-1: optimizer",
            "2": "ZeRO-2: + gradients",
            "3": "ZeRO-3: + weights",
        },
    )
    length: str = choice(
        "4096",
        label="Sequence length, tokens",
        options={"1024": "1,024", "2048": "2,048", "4096": "4,096", "8192": "8,192"},
    )
    batch: int = slider(32, low=16, high=128, step=16, label="Batch", unit="sequences", ticks=7)
    keep: str = choice(
        "scores",
        label="Kept for the backward pass",
        options={
            "none": "all activations",
            "scores": "all but the scores",
            "full": "layer inputs only",
        },
    )
    gpu: int = slider(0, low=0, high=GPUS - 1, step=1, label="GPU to read", ticks=15)


def update(params: Params, state: None, event: Event) -> tuple[Params, None]:
    """A split's button sets the degrees; a pressed GPU is the one to read."""
    if event.name == "split" and event.value in PRESETS:
        data, pipeline, tensor, zero = PRESETS[event.value][2]
        params = replace(params, data=str(data), pipeline=str(pipeline), tensor=str(tensor), shard=str(zero))
    if event.name == "gpu" and event.value in map(str, range(GPUS)):
        params = replace(params, gpu=int(event.value))
    return params, state


def giga(size: float) -> str:
    """Bytes in GB of 10^9: one decimal below 100, none above."""
    return f"{size / 1e9:,.1f}" if size < 99.95e9 else f"{size / 1e9:,.0f}"


def lasting(seconds: float) -> str:
    """A time with its unit."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2f} ms"


def listed(ranks: tuple[int, ...]) -> str:
    """Ranks in words: a run as its ends, even steps by their first two and the last."""
    step = ranks[1] - ranks[0] if len(ranks) > 1 else 1
    if len(ranks) > 3 and all(b - a == step for a, b in itertools.pairwise(ranks)):
        return f"{ranks[0]}–{ranks[-1]}" if step == 1 else f"{ranks[0]}, {ranks[1]}, … {ranks[-1]}"
    return ", ".join(map(str, ranks))


def layers(gpu: Gpu, model: Model) -> str:
    """The layers of a GPU, counted from 1."""
    first, end = gpu.layers
    return f"{first + 1}–{end}" if end - first > 1 else f"{end}"


def link(traffic: Traffic) -> str:
    if not traffic.network:
        return "NVLink"
    return "network" if traffic.network == traffic.sent else "both"


def seconds(gpu: Gpu) -> float:
    """All that a GPU sends, one after the other."""
    return sum(traffic.seconds for traffic in gpu.traffic)


def sent(gpu: Gpu) -> float:
    return sum(traffic.sent for traffic in gpu.traffic)


def view(params: Params, state: None) -> View:
    model = MODELS[params.model]
    asked = int(params.data), int(params.pipeline), int(params.tensor)
    degrees = parallelism.mended(*asked)
    split = Split(*degrees, int(params.shard))
    work = Work(params.batch, min(int(params.length), model.context), params.keep)
    gpus = plan(model, split, work)
    fullest, busiest = max(gpus, key=lambda gpu: gpu.memory.total), max(gpus, key=seconds)
    fits = fullest.memory.total <= MEMORY
    known = next((key for key, (_, _, preset) in PRESETS.items() if preset == (*degrees, split.zero)), None)
    arithmetic = parallelism.arithmetic_seconds(model, work)

    reading = (
        f"{model.name}, {degrees[0]} × {degrees[1]} × {degrees[2]} (data × pipeline × tensor): the fullest GPU needs "
        f"**{giga(fullest.memory.total)} GB** of {MEMORY / 1e9:.0f}, so the model **{'fits' if fits else 'does not fit'}**. "
        f"Each step, a GPU sends up to **{giga(sent(busiest))} GB**, "
        f"{lasting(seconds(busiest))} at the links’ full rate; the arithmetic takes at least {lasting(arithmetic)}."
    )
    if split.pipeline > 1:
        reading += f" The pipeline idles {idle(split, work):.0%} of the step."

    chosen = gpus[params.gpu]
    drawing = {
        "presets": [(key, preset[0], key == known) for key, preset in PRESETS.items()],
        "servers": [
            (
                f"Server {server + 1}",
                [tile(gpu, chosen, split, model) for gpu in gpus if gpu.server == server],
            )
            for server in range(GPUS // PER_SERVER)
        ],
        "split": split,
        "chosen": chosen.rank,
        "bar": bar(chosen.memory),
        "total": giga(chosen.memory.total),
        "over": chosen.memory.total > MEMORY,
        "held": [
            (name, colour, giga(size)) for name, colour in PARTS if (size := getattr(chosen.memory, name))
        ],
        "holds": holds(chosen, split, model, work),
        "talks": [talk(traffic) for traffic in chosen.traffic],
        "talk_sum": (giga(sent(chosen)), lasting(seconds(chosen))),
        "compared": compared(model, work, split, known),
        "arithmetic": lasting(arithmetic),
        "model": model.name,
        "limit": f"{MEMORY / 1e9:.0f}",
    }
    return View(
        reading=reading,
        table=data_table(gpus, model, split),
        drawing=drawing,
        facts=facts(model, split, work, gpus, chosen),
        notices=notices(params, model, split, asked),
    )


def idle(split: Split, work: Work) -> float:
    """The pipeline's bubble, (p-1)/(m+p-1) with m micro-batches."""
    return (split.pipeline - 1) / (work.batch // split.data + split.pipeline - 1)


def notices(params: Params, model: Model, split: Split, asked: tuple[int, int, int]) -> tuple[str, ...]:
    found = []
    product = math.prod(asked)
    if product != GPUS:
        found.append(
            f"{asked[0]} × {asked[1]} × {asked[2]} is {product:,} GPUs, and there are {GPUS}: mended to "
            f"{split.data} data-parallel × {split.pipeline} pipeline × {split.tensor} tensor."
        )
    if int(params.length) > model.context:
        found.append(f"{model.name} reads at most {model.context:,} tokens: the sequences were cut to that.")
    if model.heads % split.tensor:
        most, least = -(-model.heads // split.tensor), model.heads // split.tensor
        found.append(
            f"{model.heads} heads do not divide by {split.tensor}: some GPUs hold {most}, others {least}, "
            "and these wait. Most programs refuse such a split."
        )
    if model.kv_heads < split.tensor and model.kv_heads < model.heads:
        found.append(
            f"There are {model.kv_heads} key and value heads for {split.tensor} tensor slices, "
            f"so each is held {split.tensor // model.kv_heads} times."
        )
    if split.zero and split.data == 1:
        found.append("With one data-parallel copy there is nobody to shard with.")
    return tuple(found)


def tile(gpu: Gpu, chosen: Gpu, split: Split, model: Model) -> dict[str, Any]:
    """What the drawing shows of one GPU."""
    peers = [letter for by, letter in WHY.items() if gpu is not chosen and gpu.rank in talks_to(chosen, by)]
    lines = [("layers", "L", f"{gpu.layers[0] + 1}–{gpu.layers[1]}")]
    if gpu.layers[1] - gpu.layers[0] == 1:
        lines = [("layer", "L", str(gpu.layers[1]))]
    if split.tensor > 1:
        lines.append(("slice", "T", f"{gpu.tensor + 1}/{split.tensor}"))
    if split.zero and split.data > 1:
        lines.append(("shard", "Z", f"{gpu.data + 1}/{split.data}"))
    lines.append(("batch", "B", f"{gpu.data + 1}/{split.data}" if split.data > 1 else "all"))
    return {
        "rank": gpu.rank,
        "pressed": gpu is chosen,
        "peers": peers,
        "lines": lines,
        "cell": cell(gpu, split, model),
        "batch": (f"{100 * gpu.data / split.data:.2f}", f"{100 / split.data:.2f}"),
        "bar": bar(gpu.memory),
        "total": giga(gpu.memory.total),
        "over": gpu.memory.total > MEMORY,
    }


def talks_to(gpu: Gpu, by: str) -> set[int]:
    return {peer for traffic in gpu.traffic if traffic.why == by for peer in traffic.peers}


def cell(gpu: Gpu, split: Split, model: Model) -> tuple[str, str]:
    """The part of the model that a GPU computes with, and the part it stores: boxes in a square of 100.

    Down are the layers, across the slices of their matrices.
    """
    top, end = (100 * at / model.layers for at in gpu.layers)
    left, wide = 100 * gpu.tensor / split.tensor, 100 / split.tensor
    computes = f"M{left:.2f} {top:.2f}h{wide:.2f}V{end:.2f}h-{wide:.2f}z"
    if split.zero < 3:
        return computes, computes
    left, wide = left + wide * gpu.data / split.data, wide / split.data
    return computes, f"M{left:.2f} {top:.2f}h{wide:.2f}V{end:.2f}h-{wide:.2f}z"


def bar(memory: Memory) -> dict[str, Any]:
    """The memory as boxes (colour, left, width) and the limit, in percent of the larger of what is needed and 80 GB."""
    scale = max(memory.total, MEMORY) / 100
    boxes, at = [], 0.0
    for name, colour in PARTS:
        size = getattr(memory, name) / scale
        if size:
            boxes.append((colour, f"{at:.2f}", f"{size:.2f}"))
        at += size
    return {"boxes": boxes, "limit": f"{MEMORY / scale:.2f}"}


def holds(gpu: Gpu, split: Split, model: Model, work: Work) -> str:
    """What one GPU holds, in words."""
    span = gpu.layers[1] - gpu.layers[0]
    words = f"GPU {gpu.rank} works on layer{'s' * (span > 1)} {layers(gpu, model)} of {model.layers}"
    extra = [name for name, there in (("the embedding", gpu.first), ("the output layer", gpu.last)) if there]
    words += f" and {' and '.join(extra)}" if extra else ""
    if split.tensor > 1:
        words += f", slice {gpu.tensor + 1} of {split.tensor} of their matrices"
    words += f": {gpu.parameters / 1e9:.3g} B of {parameters(model) / 1e9:.3g} B parameters"
    if split.zero and split.data > 1:
        what = ("the optimizer’s state", "the gradients and the optimizer’s state", "all of it")[
            split.zero - 1
        ]
        words += f"; of {what} it stores 1/{split.data}"
    first, end = parts(work.batch, split.data)[gpu.data]
    words += f". It takes sequences {first + 1}–{end} of {work.batch}, one at a time"
    if split.pipeline > 1:
        words += f", and keeps the activations of up to {gpu.in_flight} at once (1F1B)"
    return words + "."


def talk(traffic: Traffic) -> dict[str, str]:
    return {
        "letter": WHY.get(traffic.why, "P"),
        "what": traffic.what,
        "peers": listed(traffic.peers),
        "operations": f"{traffic.operations:,}",
        "sent": giga(traffic.sent),
        "link": link(traffic),
        "time": lasting(traffic.seconds),
    }


def summary(gpus: tuple[Gpu, ...], split: Split, work: Work) -> dict[str, str]:
    """A split in a row: its fullest GPU, and the one that sends longest."""
    fullest, busiest = max(gpu.memory.total for gpu in gpus), max(gpus, key=seconds)
    return {
        "memory": giga(fullest),
        "fits": "yes" if fullest <= MEMORY else "no",
        "sent": giga(sent(busiest)),
        "time": lasting(seconds(busiest)),
        "idle": f"{idle(split, work):.0%}" if split.pipeline > 1 else "–",
    }


def compared(model: Model, work: Work, split: Split, known: str | None) -> list[dict[str, Any]]:
    """Every preset, and the split that is set where it is none of them."""
    rows: list[dict[str, Any]] = []
    for key, (name, _, degrees) in PRESETS.items():
        other = Split(*degrees)
        rows.append({"name": name, "now": key == known, **summary(plan(model, other, work), other, work)})
    if known is None:
        name = f"{split.data} × {split.pipeline} × {split.tensor}, ZeRO-{split.zero}"
        rows.append({"name": name, "now": True, **summary(plan(model, split, work), split, work)})
    return rows


def data_table(gpus: tuple[Gpu, ...], model: Model, split: Split) -> Table:
    return Table(
        caption="Each GPU’s part, the GB in its memory, and the GB that it sends in a step (10⁹ bytes)",
        columns=(
            "GPU",
            "Server",
            "Layers",
            "Slice",
            "Batch part",
            *(name.capitalize() for name, _ in PARTS),
            "All",
            "Fits",
            "Sent by NVLink",
            "Sent by network",
        ),
        rows=tuple(
            (
                str(gpu.rank),
                str(gpu.server + 1),
                layers(gpu, model),
                f"{gpu.tensor + 1} of {split.tensor}",
                f"{gpu.data + 1} of {split.data}",
                *(f"{getattr(gpu.memory, name) / 1e9:,.2f}" for name, _ in PARTS),
                f"{gpu.memory.total / 1e9:,.2f}",
                "yes" if gpu.memory.total <= MEMORY else "no",
                f"{sum(one.sent - one.network for one in gpu.traffic) / 1e9:,.2f}",
                f"{sum(one.network for one in gpu.traffic) / 1e9:,.2f}",
            )
            for gpu in gpus
        ),
    )


def facts(model: Model, split: Split, work: Work, gpus: tuple[Gpu, ...], chosen: Gpu) -> dict[str, str]:
    """The results by name, for the prose."""
    fullest, busiest = max(gpus, key=lambda gpu: gpu.memory.total), max(gpus, key=seconds)
    size = parameters(model)
    found = {
        "model": model.name,
        "parameters": f"{size:,}",
        "parameters B": f"{size / 1e9:.3g}",
        "layers": str(model.layers),
        "width": f"{model.width:,}",
        "state GB": giga(16 * size),
        "least GPUs": f"{math.ceil(16 * size / MEMORY):,}",
        "state share GB": giga(16 * size / GPUS),
        "weights GB": giga(2 * size),
        "tokens a step": f"{work.batch * work.length:,}",
        "degrees": f"{split.data} × {split.pipeline} × {split.tensor}",
        "GB": giga(fullest.memory.total),
        "fits": "fits" if fullest.memory.total <= MEMORY else "does not fit",
        "sent GB": giga(sent(busiest)),
        "time": lasting(seconds(busiest)),
        "arithmetic time": lasting(parallelism.arithmetic_seconds(model, work)),
        "pipeline idle": f"{idle(split, work):.0%}",
        "tensor peers": listed(parallelism.group(chosen.rank, split, "tensor")),
        "data peers": listed(parallelism.group(chosen.rank, split, "data")),
        "pipeline peers": listed(parallelism.group(chosen.rank, split, "pipeline")),
        "memory limit GB": f"{MEMORY / 1e9:.0f}",
        "NVLink rate": f"{parallelism.NVLINK / 1e9:.0f}",
        "network rate": f"{parallelism.NETWORK / 1e9:.0f}",
    }
    for name, _ in PARTS:
        found[f"{name} GB on GPU"] = giga(getattr(chosen.memory, name))
    for why, name in (("tensor", "tensor"), ("data", "data"), ("pipeline", "pipeline")):
        one = next((traffic for traffic in chosen.traffic if traffic.why == why), None)
        found[f"{name} operations"] = f"{one.operations:,}" if one else "–"
        found[f"{name} GB"] = giga(one.sent) if one else "–"
    for key, (_, _, degrees) in PRESETS.items():
        other = Split(*degrees)
        for name, value in summary(plan(model, other, work), other, work).items():
            found[f"{key} preset {name}"] = value
    return found
