"""Splits of a model over 16 GPUs, against brute force: every element placed, every ring's every byte sent."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms import parallelism
from demos_py.algorithms.parallelism import GPUS, Split, Work, crossing, group, mended, place, plan
from demos_py.algorithms.sharding import MODELS, Model, layer_activations, parameters, slice_of, stages

SPLITS = [
    Split(d, p, t, zero)
    for d, p, t in itertools.product((1, 2, 4, 8, 16), repeat=3)
    if d * p * t == 16
    for zero in range(4)
]
TINY = {
    "gated": Model("tiny Llama", 17, 8, 8, 4, 18, 19, 16, True, False),
    "tied": Model("tiny GPT", 19, 5, 5, 5, 17, 18, 8, False, True),
}


# ---------- every element of every tensor, placed on its devices ----------

Element = tuple[str, int, int]  # tensor with its layer, row or head, place within it


def matrices(model: Model) -> dict[str, tuple[int, int, int, str]]:
    """Each tensor by its shape: (layer, rows, columns, how it is parted). Rows are heads' or the inner vector's.

    The layer is -1 for the embedding's side and `layers` for the output's.
    """
    h, d = model.width, model.width // model.heads
    found: dict[str, tuple[int, int, int, str]] = {"embedding": (-1, model.vocab, h, "vocab")}
    if not model.gated:
        found["positions"] = (-1, model.context, h, "whole")
    for i in range(model.layers):
        for name in "qo":
            found[f"{i} {name}"] = (i, model.heads * d, h, "heads")
        for name in "kv":
            found[f"{i} {name}"] = (i, model.kv_heads * d, h, "keys")
        for name in ("up", "down", "gate")[: 2 + model.gated]:
            found[f"{i} {name}"] = (i, model.ffn, h, "inner")
        for name in ("norm 1", "norm 2"):
            found[f"{i} {name}"] = (i, 1, h, "whole")
        if not model.gated:
            for name in "qkv":
                found[f"{i} {name} bias"] = (i, model.heads * d, 1, "heads")
            found[f"{i} up bias"] = (i, model.ffn, 1, "inner")
            for name in ("o bias", "down bias", "norm 1 bias", "norm 2 bias"):
                found[f"{i} {name}"] = (i, 1, h, "whole")
    found["final norm"] = (model.layers, 1, h, "whole")
    if not model.gated:
        found["final norm bias"] = (model.layers, 1, h, "whole")
    found["output"] = (model.layers, model.vocab, h, "vocab")
    return found


def even(things: int, ranks: int) -> list[list[int]]:
    """Dealt out in runs: longer ones first. Where there are fewer things than ranks, each goes to several."""
    if things < ranks:
        return [[rank * things // ranks] for rank in range(ranks)]
    dealt: list[list[int]] = [[] for _ in range(ranks)]
    sizes = [things // ranks + (rank < things % ranks) for rank in range(ranks)]
    thing = iter(range(things))
    for rank, size in enumerate(sizes):
        dealt[rank] = list(itertools.islice(thing, size))
    return dealt


def placed(model: Model, split: Split) -> list[list[Element]]:
    """Every element's name on every GPU that computes with it, in the order of the tensors."""
    h = model.width
    d = h // model.heads
    rows_of = {
        "heads": [
            [head * d + i for head in own for i in range(d)] for own in even(model.heads, split.tensor)
        ],
        "keys": [
            [head * d + i for head in own for i in range(d)] for own in even(model.kv_heads, split.tensor)
        ],
        "inner": even(model.ffn, split.tensor),
        "vocab": even(model.vocab, split.tensor),
    }
    stage_of = {
        layer: i for i, (a, b) in enumerate(stages(model.layers, split.pipeline)) for layer in range(a, b)
    }
    stage_of |= {-1: 0, model.layers: split.pipeline - 1}
    gpus: list[list[Element]] = []
    # the slowest of the three degrees is the stage, the fastest the tensor slice
    for stage, _, tensor in itertools.product(range(split.pipeline), range(split.data), range(split.tensor)):
        own: list[Element] = []
        for name, (layer, rows, columns, by) in matrices(model).items():
            if stage_of[layer] != stage or (name == "output" and model.tied and split.pipeline == 1):
                continue
            kept = range(rows) if by == "whole" else rows_of[by][tensor]
            own += [(name, row, column) for row in kept for column in range(columns)]
        gpus.append(own)
    return gpus


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    "split", [one for one in SPLITS if one.zero == 3 or (one.zero == 0 and one.data == 2)], ids=str
)
def test_every_element_placed(name: str, split: Split) -> None:
    model = TINY[name]
    gpus = plan(model, split, Work(16, 8))
    everywhere = placed(model, split)
    assert [gpu.parameters for gpu in gpus] == [len(own) for own in everywhere]
    # ZeRO-3: the elements of a GPU and of its copies, dealt out among them
    stored: Counter[Element] = Counter()
    for gpu, own in zip(gpus, everywhere, strict=True):
        shards = even(len(own), split.data) if split.zero == 3 else [list(range(len(own)))] * split.data
        mine = [own[i] for i in shards[gpu.data]]
        assert gpu.memory.weights == 2 * len(mine)
        assert gpu.memory.gradients == 2 * len(mine)
        assert gpu.memory.optimizer == 12 * len(mine)
        stored.update(mine)
    tied_copy = model.tied and split.pipeline > 1
    whole = {
        (tensor, row, column)
        for tensor, (_, rows, columns, _) in matrices(model).items()
        if tensor != "output" or not model.tied or tied_copy
        for row in range(rows)
        for column in range(columns)
    }
    assert set(stored) == whole
    assert len(whole) == parameters(model) + (model.vocab * model.width if tied_copy else 0)
    copies = 1 if split.zero == 3 else split.data
    by = {tensor: how for tensor, (_, _, _, how) in matrices(model).items()}
    for (tensor, _, _), times in stored.items():
        held = split.tensor if by[tensor] == "whole" else 1
        if by[tensor] in ("keys", "heads"):
            heads = model.kv_heads if by[tensor] == "keys" else model.heads
            assert copies <= times <= copies * -(-split.tensor // min(heads, split.tensor))
        else:
            assert times == copies * held


@pytest.mark.parametrize("key", MODELS)
@pytest.mark.parametrize("split", SPLITS, ids=str)
def test_what_is_stored_adds_up_to_the_model(key: str, split: Split) -> None:
    model = MODELS[key]
    gpus = plan(model, split, Work(16, 1024))
    size = parameters(model)
    for part, each, stage in (("weights", 2, 3), ("gradients", 2, 2), ("optimizer", 12, 1)):
        total = sum(getattr(gpu.memory, part) for gpu in gpus)
        copies = 1 if split.zero >= stage else split.data
        if split.tensor == 1 and not (model.tied and split.pipeline > 1):
            assert total == each * copies * size
        else:  # norms and a few biases are held by every slice, key and value heads by some
            assert each * copies * size <= total < 1.4 * each * copies * size
    if split.tensor == split.pipeline == 1 and split.zero == 3:
        assert gpus[0].memory.state == pytest.approx(16 * size / 16, rel=1e-6)  # Rajbhandari et al., figure 1


def test_zero_by_its_paper() -> None:
    """Rajbhandari et al. 2020, section 5, of 7.5 B parameters on 64 GPUs: 120, 31.4, 16.6 and 1.9 GB. Here its
    formulas on 16: (2 + 2 + K) N, 4 N + K N / n, 2 N + (2 + K) N / n, (4 + K) N / n with K = 12."""
    model, n = MODELS["llama-8b"], parameters(MODELS["llama-8b"])
    for zero, expected in enumerate((16 * n, 4 * n + 12 * n / 16, 2 * n + 14 * n / 16, 16 * n / 16)):
        assert plan(model, Split(16, 1, 1, zero), Work(16, 1024))[0].memory.state == pytest.approx(expected)


# ---------- activations ----------


def test_all_activations_of_a_stage() -> None:
    model, work = MODELS["llama-8b"], Work(32, 4096)
    gpus = plan(model, Split(1, 4, 4, 0), work)
    one = layer_activations(model, 4096, 0, 4, "scores")
    logits = 4 * 4096 * 128256 / 4
    for gpu in gpus:
        flying = {0: 4, 1: 3, 2: 2, 3: 1}[gpu.rank // 4]  # 1F1B
        assert gpu.memory.activations == 8 * one * flying + (gpu.rank >= 12) * (logits + 4 * 4096 * 4096)
    few = plan(model, Split(8, 2, 1, 0), Work(8, 4096))
    assert few[0].in_flight == few[8].in_flight == 1
    full = plan(model, Split(16, 1, 1, 3), Work(16, 4096, "full"))[0].memory
    assert full.activations == 32 * 2 * 4096 * 4096 + logits * 4 + 4 * 4096 * 4096
    # the largest unit gathered is the embedding; one layer is computed again
    assert full.working == 2 * 128256 * 4096 + layer_activations(model, 4096, 0, 1, "scores")


# ---------- who is where, and what is sent ----------


@pytest.mark.parametrize("split", [one for one in SPLITS if not one.zero], ids=str)
def test_groups_are_those_that_differ_in_one_degree(split: Split) -> None:
    where = {rank: place(rank, split) for rank in range(GPUS)}
    assert len(set(where.values())) == GPUS
    for rank, by in itertools.product(range(GPUS), ("data", "pipeline", "tensor")):
        at = ("data", "pipeline", "tensor").index(by)
        others = [i for i in range(3) if i != at]
        same = [peer for peer in range(GPUS) if all(where[peer][i] == where[rank][i] for i in others)]
        assert list(group(rank, split, by)) == same
    if split.tensor <= 8:
        assert all(len({peer // 8 for peer in group(rank, split, "tensor")}) == 1 for rank in range(GPUS))


def all_reduced(members: tuple[int, ...], values: int) -> tuple[Counter[int], Counter[int]]:
    """A real all-reduce of `values` numbers on each member by rings, number by number; checks its sums.

    As many rings as a server has members, each with its share of the numbers; ring r goes through the first
    server's members, the r-th of them last, and then through the second's. Returns the numbers each GPU
    sent in all, and out of its server.
    """
    n = len(members)
    servers = [[m for m in members if m // 8 == 0], [m for m in members if m // 8 == 1]]
    servers = [one for one in servers if one]
    rings = len(servers[0]) if len(servers) == 2 else 1
    orders = []
    for r in range(rings):
        orders.append([m for one in servers for m in one[r + 1 :] + one[: r + 1]])
    data = {m: [(m + 1) * (i + 1) for i in range(values)] for m in members}
    total = [sum(data[m][i] for m in members) for i in range(values)]
    sent, out = Counter[int](), Counter[int]()
    for r, order in enumerate(orders):
        share = list(range(values))[r * values // rings : (r + 1) * values // rings]
        blocks = [share[i * len(share) // n : (i + 1) * len(share) // n] for i in range(n)]
        for step in range(2 * (n - 1)):
            adding = step < n - 1
            moves = []
            for i, m in enumerate(order):
                block = blocks[(i - step) % n] if adding else blocks[(i + 1 - (step - (n - 1))) % n]
                peer = order[(i + 1) % n]
                moves.append((peer, [(at, data[m][at]) for at in block]))
                sent[m] += len(block)
                out[m] += len(block) * (m // 8 != peer // 8)
            for peer, numbers in moves:
                for at, number in numbers:
                    data[peer][at] = data[peer][at] + number if adding else number
    assert all(data[m] == total for m in members)
    return sent, out


@pytest.mark.parametrize(
    "members",
    [
        tuple(range(16)),
        tuple(range(8)),
        (0, 8),
        (3, 7, 11, 15),
        (0, 2, 4, 6, 8, 10, 12, 14),
        (1, 5),
        (8, 9, 10, 11),
    ],
    ids=str,
)
def test_rings_number_by_number(members: tuple[int, ...]) -> None:
    n = len(members)
    values = 16 * 16 * 2
    sent, out = all_reduced(members, values)
    expected = parallelism.ring("data", "", members, 2, values, 1)
    assert set(sent.values()) == {expected.sent} == {2 * (n - 1) * values // n}
    assert {out[m] for m in members} == {expected.network}
    assert crossing(members) == expected.network / expected.sent


def test_bytes_sent_by_the_papers() -> None:
    """Rajbhandari et al. 2020, section 7: 2 N elements for data parallelism and ZeRO up to 2, 3 N for ZeRO-3, with
    one micro-batch. Shoeybi et al. 2019: four all-reduces of s b h in a layer."""
    model, n = MODELS["llama-8b"], parameters(MODELS["llama-8b"])
    for zero, times in ((0, 2), (1, 2), (2, 2), (3, 3)):
        (one,) = plan(model, Split(16, 1, 1, zero), Work(16, 1024))[5].traffic
        assert one.sent == pytest.approx(times * 15 / 16 * 2 * n)
    (four,) = plan(model, Split(16, 1, 1, 3), Work(64, 1024))[5].traffic
    assert four.sent == pytest.approx(4 * 3 * 15 / 16 * 2 * n)  # gathered anew for each micro-batch
    (two,) = plan(model, Split(16, 1, 1, 2), Work(64, 1024))[5].traffic
    assert two.sent == pytest.approx((4 + 1) * 15 / 16 * 2 * n)
    (tensor,) = plan(model, Split(1, 1, 16, 0), Work(16, 1024))[5].traffic
    reduces = 16 * (4 * 32 + 2)  # and one each for the parted embedding and output
    assert tensor.operations == reduces
    assert tensor.sent == pytest.approx(reduces * 2 * 15 / 16 * 2 * 1024 * 4096)
    (again,) = plan(model, Split(1, 1, 16, 0), Work(16, 1024, "full"))[5].traffic
    assert again.operations == 16 * (6 * 32 + 2)


@given(st.sampled_from([one for one in SPLITS if one.pipeline > 1]), st.sampled_from(list(MODELS)))
def test_what_stages_send_message_by_message(split: Split, key: str) -> None:
    model, work = MODELS[key], Work(32, 512)
    size = 2 * 512 * model.width
    total, out = Counter[int](), Counter[int]()
    for data, tensor in itertools.product(range(split.data), range(split.tensor)):
        line = [tensor + split.tensor * (data + split.data * i) for i in range(split.pipeline)]
        for _ in range(work.batch // split.data):
            for a, b in itertools.pairwise(line):
                for source in (a, b):  # the hidden vectors forward, their gradients back
                    total[source] += size
                    out[source] += size * (a // 8 != b // 8)
    for gpu in plan(model, split, work):
        (one,) = [traffic for traffic in gpu.traffic if traffic.why == "pipeline"]
        assert (one.sent, one.network) == (total[gpu.rank], out[gpu.rank])
        tied = [traffic for traffic in gpu.traffic if traffic.why == "tied"]
        assert len(tied) == (model.tied and gpu.stage in (0, split.pipeline - 1))
        for shared in tied:  # an all-reduce between two sends each's gradients once
            first, end = slice_of(model.vocab, gpu.tensor, split.tensor)
            assert shared.sent == 2 * (end - first) * model.width


def test_times() -> None:
    """450 GB/s in a server; 50 GB/s for each GPU between servers, with as many rings as there are ports."""
    model = MODELS["llama-8b"]
    (inside,) = plan(model, Split(1, 2, 8, 0), Work(16, 1024))[0].traffic[:1]
    assert inside.seconds == pytest.approx(inside.sent / 450e9)
    (wide,) = plan(model, Split(16, 1, 1, 0), Work(16, 1024))[0].traffic
    assert wide.seconds == pytest.approx(wide.sent / 400e9)
    (thin,) = [one for one in plan(model, Split(2, 1, 8, 0), Work(16, 1024))[0].traffic if one.why == "data"]
    assert thin.peers == (0, 8)
    assert thin.seconds == pytest.approx(thin.sent / 50e9)
    work = Work(32, 4096)
    assert parallelism.arithmetic_seconds(model, work) == pytest.approx(
        6 * 8_030_261_248 * 32 * 4096 / (16 * 989e12)
    )


# ---------- small parts ----------


@given(*[st.sampled_from([1, 2, 4, 8, 16])] * 3)
def test_mended_degrees(data: int, pipeline: int, tensor: int) -> None:
    d, p, t = mended(data, pipeline, tensor)
    assert d * p * t == GPUS
    if data * pipeline * tensor == GPUS:
        assert (d, p, t) == (data, pipeline, tensor)
    changed = [new for new, old in ((d, data), (p, pipeline), (t, tensor)) if new != old]
    if data * pipeline * tensor < GPUS:
        assert len(changed) == 1
    else:
        assert d <= data and p <= pipeline and t <= tensor


def test_what_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="multiply to 16"):
        plan(MODELS["llama-8b"], Split(2, 2, 2), Work(16, 8))
    with pytest.raises(ValueError, match="same number"):
        plan(MODELS["llama-8b"], Split(16), Work(17, 8))
