"""The chapter's figures against hand arithmetic, the model's own other graph, and whole runs."""

import numpy as np
import pytest

from demos_py.algorithms.paging import run
from demos_py.core.demo import Event, find, finished
from demos_py.core.transport import MOST_STEPS, Log, Run, moment
from demos_py.kv_cache import allocator, eviction, kv_quant, size_calculator, with_and_without
from demos_py.models import pocket_lm


def test_decode_with_a_cache_agrees_with_the_forward_graph() -> None:
    lm = finished(pocket_lm.load())
    ids, _ = lm.encode("When Zoe and Finn went to the market, Finn gave a lamp to")
    wanted = finished(lm.logits(ids))
    first = finished(lm.decode(ids[:5]))
    rest = finished(lm.decode(ids[5:], first.outputs))
    assert np.abs(first.outputs["logits"][0] - wanted[:5]).max() < 2e-3
    assert np.abs(rest.outputs["logits"][0] - wanted[5:]).max() < 2e-3
    assert rest.outputs["keys"].shape == (6, 1, 2, len(ids), 32)


def test_both_ways_write_what_greedy_decoding_writes() -> None:
    params = with_and_without.Params()
    state = finished(with_and_without.init(params))
    lm = finished(pocket_lm.load())
    ids = list(state.prompt)
    for token in state.written:
        assert int(finished(lm.logits(ids))[-1].argmax()) == token
        ids.append(token)
    assert state.difference < 1e-3 and not state.times


def test_measuring_times_every_token_in_both_ways() -> None:
    params = with_and_without.Params(tokens=12)
    state = finished(with_and_without.init(params))
    _, measured = finished(with_and_without.update(params, state, Event("measure")))
    assert len(measured.times) == 12 and all(a > 0 and b > 0 for a, b in measured.times)
    assert "Measured here, 12 tokens" in with_and_without.view(params, measured).reading


@pytest.mark.parametrize("prompt", ["", "🙂" * 300, "x" * 9000, "</script>"])
def test_any_prompt_is_written_on(prompt: str) -> None:
    params = with_and_without.Params(prompt=prompt, tokens=32)
    assert len(finished(with_and_without.init(params)).written) == 32


def test_eight_bits_lose_next_to_nothing_and_two_lose_much() -> None:
    def lost(bits: int) -> float:
        params = kv_quant.Params(bits=bits)
        return float(kv_quant.view(params, finished(kv_quant.init(params))).facts["divergence"])

    assert lost(8) < 0.005
    assert lost(2) > 0.05


def test_the_chapters_table() -> None:
    rows = size_calculator.view(size_calculator.Params(), None).table.rows
    assert [row[-2:] for row in rows] == [
        ("537 MB", "537 MB"),
        ("1.1 GB", "17.2 GB"),
        ("1.3 GB", "10.7 GB"),
        ("10.7 GB", "85.9 GB"),
        ("10.7 GB", "85.9 GB"),
        ("9.2 GB", "73.7 GB"),
    ]


def test_seventy_billion_in_eight_bits_do_not_fit_with_eight_requests() -> None:
    facts = size_calculator.view(size_calculator.Params(), None).facts
    assert (facts["all"], facts["fits"], facts["most"]) == ("81.3 GB", "does not fit", "7")
    deepseek = size_calculator.view(size_calculator.Params(model="deepseek-v3"), None).facts
    assert (deepseek["against mha"], deepseek["against gqa"]) == ("57", "3.6")


def test_the_allocators_end_is_the_whole_run() -> None:
    demo = find("kv-cache/allocator")
    for layout in ("contiguous", "paged", "shared"):
        params = allocator.Params(layout=layout)
        shown = moment(demo, params, Log(5000)).state
        assert shown == run(allocator.pool_of(params))
        assert len(allocator.view(params, shown).table.rows) == 3


def test_waste_and_concurrency_are_as_the_paper_reports() -> None:
    # Kwon et al., figure 2: of all memory for caches 20.4 to 38.2% held tokens in earlier systems, 96.3% in theirs
    def end(layout: str) -> tuple[float, int]:
        params = allocator.Params(layout=layout, trace=allocator.example("varied"))
        memory = run(allocator.pool_of(params))
        pool = allocator.pool_of(params)
        return memory.held / (memory.pressed * pool.slots), memory.most_at_once

    (contiguous, few), (paged, many) = end("contiguous"), end("paged")
    # a small pool: a gap of less than a request is a large share of it
    assert 0.15 < contiguous < 0.39 and paged > 0.88
    assert many > 3 * few


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "no numbers",
        "1 2\n3 4 5",
        "0 0 0 0",
        "0 5 9999999 1",
        "0 50 5 1 1 90",
        "٣ 4 5 6",
        "1 1 1 1\n" * 500,
    ],
)
def test_a_bad_trace_is_named_and_the_rest_runs(trace: str) -> None:
    params = allocator.Params(trace=trace)
    view = allocator.view(params, moment(find("kv-cache/allocator"), params, Log(50)).state)
    assert view.notices and view.reading


@pytest.mark.parametrize("layout", ["contiguous", "paged"])
@pytest.mark.parametrize("line", ["0 40 2000 2000", "2000 100 400 400", "2000 1 2000 2000"])
def test_every_trace_ends_within_the_steps_of_a_figure(line: str, layout: str) -> None:
    params = allocator.Params(layout=layout, blocks=32, block=64, trace="\n".join([line] * 40))
    requests, problems = allocator.read(params.trace)
    last = finished(Run.begin(find("kv-cache/allocator"), params))
    finished(last.seek(MOST_STEPS))
    assert allocator.ended(params, last.state) and len(last.state.done) == len(requests)
    # a pass in which somebody runs writes a token at least
    assert last.at <= max(r.arrival for r in requests) + sum(r.output for r in requests) <= MOST_STEPS
    assert (len(requests) < 40) == any("left out" in problem for problem in problems)


def test_a_chats_cache_costs_what_its_bytes_cost() -> None:
    facts = eviction.view(eviction.Params(), eviction.init(eviction.Params())).facts
    assert facts["size"] == "2.62 GB"  # 8,000 tokens of 327,680 bytes
    # a quarter over each of four links of 64 GB/s; all of it from one drive of 7 GB/s
    assert facts["dram"] == "10 ms" and facts["nvme"] == "374 ms"
    # on four GPUs at 40% of 989.5e12: 713 ms for 2 · 70.6e9 operations a token, and 53 ms for scores and mix, which
    # take 2 · 64 · 128 operations each for a pair of tokens in each of 80 layers, and half of the pairs are masked
    matrices = 2 * 70.6e9 * 8000 / (4 * 989.5e12 * 0.4)
    pairs = sum(range(1, 8001))
    attention = 80 * (2 + 2) * 64 * 128 * pairs / (4 * 989.5e12 * 0.4)
    assert f"{1000 * (matrices + attention):.0f} ms" == facts["again"] == "766 ms"
