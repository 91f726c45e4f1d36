"""What training a transformer on many GPUs puts on each of them, and what each then has to send.

A model is split by three degrees whose product is the number of GPUs: `data` copies, each with its own
part of the batch; `pipeline` stages, each with its own layers; `tensor` slices of every matrix. `zero`
says what the data-parallel copies shard among themselves: 0 nothing, 1 the optimizer's state, 2 also the
gradients, 3 also the weights (FSDP).

Sources: ZeRO and its 16 bytes a parameter, Rajbhandari et al. 2020 (arXiv 1910.02054); what tensor
parallelism sends, Shoeybi et al. 2019 (1909.08053); the order of the ranks and 1F1B, Narayanan et al. 2021
(2104.04473). Sequence, context and expert parallelism, which are combined with these, are left out. Bytes are counted, GB are 10^9 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from demos_py.algorithms.sharding import (
    Model,
    held,
    layer_activations,
    layer_tensors,
    outer_tensors,
    parameters,
    parts,
    slice_of,
    stages,
)

GPUS, PER_SERVER = 16, 8
# NVIDIA H100 SXM data sheet: 80 GB; 900 GB/s NVLink, which is 450 each way; 989 TFLOP/s dense in bf16.
# DGX H100 data sheet: a network port of 400 Gb/s for each GPU.
MEMORY, NVLINK, NETWORK, PEAK = 80e9, 450e9, 50e9, 989e12
WEIGHT, GRADIENT, OPTIMIZER = 2, 2, 12  # bytes a parameter: bf16, bf16, fp32 master copy and Adam's moments


@dataclass(frozen=True)
class Split:
    """The degrees of a split; see the module."""

    data: int = 1
    pipeline: int = 1
    tensor: int = 1
    zero: int = 0


@dataclass(frozen=True)
class Work:
    """One step: `batch` sequences of `length` tokens in all, in micro-batches of one sequence.

    `recompute`: "none", everything is kept for the backward pass; "scores", all but the attention scores
    (selective recomputation; FlashAttention keeps as little); "full", each layer's input alone.
    """

    batch: int
    length: int
    recompute: str = "scores"


@dataclass(frozen=True)
class Memory:
    """Bytes on one GPU. `working`: one layer gathered (ZeRO-3) and one computed again (full recomputation)."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    working: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.working

    @property
    def state(self) -> float:
        """What stays from step to step: weights, gradients and the optimizer's numbers."""
        return self.weights + self.gradients + self.optimizer


@dataclass(frozen=True)
class Traffic:
    """What one GPU sends in a step for one reason. `network` is the part of `sent` that leaves its server."""

    why: str  # "data", "pipeline", "tensor", "tied"
    what: str
    peers: tuple[int, ...]
    operations: int
    sent: float
    network: float

    @property
    def seconds(self) -> float:
        """At the links' full rate, both at once, without latency."""
        return max((self.sent - self.network) / NVLINK, self.network / NETWORK)


@dataclass(frozen=True)
class Gpu:
    """What one GPU holds, and what it sends in a step."""

    rank: int
    data: int  # its place in each of the three degrees
    stage: int
    tensor: int
    layers: tuple[int, int]
    first: bool  # it holds the embedding
    last: bool  # it holds the output layer
    parameters: int  # of its stage and slice, before ZeRO shards them
    in_flight: int  # micro-batches whose activations it keeps at once
    memory: Memory
    traffic: tuple[Traffic, ...]

    @property
    def server(self) -> int:
        """The server that it is in, from 0."""
        return self.rank // PER_SERVER


def place(rank: int, split: Split) -> tuple[int, int, int]:
    """A rank's (data, stage, tensor): tensor runs fastest, so that its groups stay in a server, then data."""
    return rank // split.tensor % split.data, rank // (split.tensor * split.data), rank % split.tensor


def group(rank: int, split: Split, by: str) -> tuple[int, ...]:
    """The ranks, `rank` among them, that differ from it in `by` alone: "data", "pipeline" or "tensor"."""
    data, stage, tensor = place(rank, split)
    t, d = split.tensor, split.data
    if by == "tensor":
        return tuple(i + t * (data + d * stage) for i in range(t))
    if by == "data":
        return tuple(tensor + t * (i + d * stage) for i in range(d))
    return tuple(tensor + t * (data + d * i) for i in range(split.pipeline))


def crossing(members: tuple[int, ...]) -> float:
    """The part of a ring's bytes that leaves the server, for each of its GPUs.

    Members in both servers form as many rings as each server has of them, every ring with its own share of
    the data and crossing at another GPU, so that all their network ports are used, as NCCL does.
    """
    inside = sum(member // PER_SERVER == members[0] // PER_SERVER for member in members)
    return 0.0 if inside == len(members) else 1 / min(inside, len(members) - inside)


def ring(
    why: str, what: str, members: tuple[int, ...], passes: float, size: float, operations: int
) -> Traffic:
    """Ring collectives over `members`: each pass over `size` bytes sends (n-1)/n of them; an all-reduce is two."""
    n = len(members)
    sent = passes * (n - 1) / n * size
    return Traffic(why, what, members, operations, sent, sent * crossing(members))


def _memory(
    model: Model,
    split: Split,
    work: Work,
    at: tuple[int, int, int],
    span: tuple[int, int],
    own: int,
    flying: int,
) -> Memory:
    data, stage, tensor = at
    t, first, last = split.tensor, stage == 0, stage == split.pipeline - 1
    start, end = parts(own, split.data)[data]
    shard = end - start
    a_layer = layer_activations(model, work.length, tensor, t, work.recompute)
    activations = (span[1] - span[0]) * a_layer * flying
    if first and not model.gated:
        activations += work.length * model.width * flying  # the mask of the embedding's dropout
    if last:  # the inputs of the final norm and the output layer, and the logits in fp32
        start, end = slice_of(model.vocab, tensor, t)
        activations += work.length * (4 * model.width + 4 * (end - start))
    working = 0
    if split.zero == 3 and split.data > 1:
        units = [held(layer_tensors(model), tensor, t)]
        units += [held((unit,), tensor, t) for unit in outer_tensors(model, first, last)]
        working += WEIGHT * max(units)
    if work.recompute == "full":
        working += layer_activations(model, work.length, tensor, t, "scores")
    return Memory(
        WEIGHT * (shard if split.zero >= 3 else own),
        GRADIENT * (shard if split.zero >= 2 else own),
        OPTIMIZER * (shard if split.zero >= 1 else own),
        activations,
        working,
    )


def _traffic(
    model: Model, split: Split, work: Work, rank: int, span: tuple[int, int], own: int
) -> tuple[Traffic, ...]:
    _, stage, tensor = place(rank, split)
    t, first, last = split.tensor, stage == 0, stage == split.pipeline - 1
    batches, layers = work.batch // split.data, span[1] - span[0]
    vector = 2 * work.length * model.width  # bytes of one micro-batch's hidden vectors in bf16
    found: list[Traffic] = []
    if t > 1:
        # two forward and two backward in a layer, two more where the forward pass is done again; one after
        # the parted embedding, one for the gradient before the parted output layer
        each = layers * (6 if work.recompute == "full" else 4) + first + last
        count = each * batches
        found.append(
            ring(
                "tensor",
                "hidden vectors, all-reduced",
                group(rank, split, "tensor"),
                2 * count,
                vector,
                count,
            )
        )
    if split.pipeline > 1:
        line = group(rank, split, "pipeline")
        peers = ([] if first else [line[stage - 1]]) + ([] if last else [line[stage + 1]])
        out = [peer for peer in peers if peer // PER_SERVER != rank // PER_SERVER]
        found.append(
            Traffic(
                "pipeline",
                "hidden vectors on, their gradients back",
                tuple(sorted((rank, *peers))),
                len(peers) * batches,
                len(peers) * batches * vector,
                len(out) * batches * vector,
            )
        )
        if model.tied and (first or last):
            start, end = slice_of(model.vocab, tensor, t)
            size = GRADIENT * (end - start) * model.width
            found.append(ring("tied", "gradients of the shared embedding", (line[0], line[-1]), 2, size, 1))
    if split.data > 1:
        members, size = group(rank, split, "data"), WEIGHT * own
        units = layers + len(outer_tensors(model, first, last))
        passes, count, what = {
            0: (2, 1, "gradients, all-reduced"),
            1: (2, 2, "gradients scattered, weights gathered"),
            2: (batches + 1, batches + 1, "gradients scattered each micro-batch, weights gathered"),
            3: (
                3 * batches,
                3 * batches * units,
                "weights gathered twice, gradients scattered, each micro-batch",
            ),
        }[split.zero]
        found.append(ring("data", what, members, passes, size, count))
    return tuple(found)


@lru_cache(64)
def plan(model: Model, split: Split, work: Work) -> tuple[Gpu, ...]:
    """Every GPU of the split. Raises ValueError where the degrees do not multiply to GPUS or the batch does not divide."""
    if split.data * split.pipeline * split.tensor != GPUS:
        raise ValueError(f"the degrees must multiply to {GPUS}")
    if work.batch % split.data or not work.batch:
        raise ValueError("every data-parallel copy needs the same number of sequences")
    spans = stages(model.layers, split.pipeline)
    found: list[Gpu] = []
    for rank in range(GPUS):
        data, stage, tensor = place(rank, split)
        span, first, last = spans[stage], stage == 0, stage == split.pipeline - 1
        own = (span[1] - span[0]) * held(layer_tensors(model), tensor, split.tensor)
        own += held(outer_tensors(model, first, last), tensor, split.tensor)
        flying = min(work.batch // split.data, split.pipeline - stage)  # 1F1B's most
        memory = _memory(model, split, work, (data, stage, tensor), span, own, flying)
        traffic = _traffic(model, split, work, rank, span, own)
        found.append(Gpu(rank, data, stage, tensor, span, first, last, own, flying, memory, traffic))
    return tuple(found)


def arithmetic_seconds(model: Model, work: Work) -> float:
    """One step at every GPU's peak rate: 6 operations for each parameter and token, 8 with the forward pass done twice."""
    each = 8 if work.recompute == "full" else 6
    return each * parameters(model) * work.batch * work.length / (GPUS * PEAK)


def mended(data: int, pipeline: int, tensor: int) -> tuple[int, int, int]:
    """Degrees, powers of two up to GPUS, whose product is GPUS, near those asked for.

    Too many: data gives way first, then pipeline, then tensor. Too few: the first that is 1 of data,
    tensor, pipeline is raised, or data where none is.
    """
    while data * pipeline * tensor > GPUS:
        if data > 1:
            data //= 2
        elif pipeline > 1:
            pipeline //= 2
        else:
            tensor //= 2
    missing = GPUS // (data * pipeline * tensor)
    if data == 1 or (tensor > 1 and pipeline > 1):
        data *= missing
    elif tensor == 1:
        tensor *= missing
    else:
        pipeline *= missing
    return data, pipeline, tensor
