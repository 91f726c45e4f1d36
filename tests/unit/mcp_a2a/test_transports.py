"""The figure of the wires: its counts are the bytes that it shows."""

from demos_py.algorithms.mcp_transports import exchange
from demos_py.core.demo import View, find
from demos_py.core.transport import Log, moment
from demos_py.mcp_a2a.transports import FAULTS, Params, view

DEMO = find("mcp-a2a/transports")


def at(step: int, params: Params | None = None) -> View:
    params = params or Params()
    return view(params, moment(DEMO, params, Log(step)).state)


def test_the_bytes_are_those_of_the_frames_shown() -> None:
    frames = exchange("http", "2025-11-25", "search", "information theory").frames
    for step in range(len(frames) + 1):
        numbers = dict(at(step).drawing["numbers"])
        assert numbers["Bytes on the wire"] == f"{sum(len(frame.data) for frame in frames[:step]):,}"
        assert len(at(step).drawing["lanes"]) == step
    assert at(99).drawing["lanes"][0].body.startswith("POST /mcp HTTP/1.1\nHost: library.example\n")


def test_stdio_adds_a_byte_for_each_message() -> None:
    facts = at(99, Params(transport="stdio")).facts
    assert int(facts["wire"].replace(",", "")) - int(facts["inside"].replace(",", "")) == 8


def test_the_table_compares_all_wires_for_each_fault() -> None:
    for fault in FAULTS:
        rows = at(1, Params(fault=fault)).table.rows
        assert len(rows) == 4
        assert (rows[2][5] == "works") == (at(1, Params(fault=fault)).facts["outcome"] == "works")
