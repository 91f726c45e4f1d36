"""The figure's sentences, presets and mended settings."""

import dataclasses

import pytest

from demos_py.anatomy.build_a_model import PRESETS, Params, update, view
from demos_py.core.demo import Event


@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_is_what_was_published(key: str) -> None:
    params, _ = update(Params(layers=3), None, Event("preset", key))
    shown = view(params, None)
    assert shown.facts["published"] == PRESETS[key][2]
    if "billion" not in PRESETS[key][2]:
        assert shown.facts["total"] == PRESETS[key][2]
    assert int(shown.table.rows[-1][1].replace(",", "")) == sum(
        int(row[1].replace(",", "")) for row in shown.table.rows[:-1]
    )


def test_twice_as_wide_is_nearly_four_times_as_large() -> None:
    once, twice = (
        int(view(p, None).facts["total"].replace(",", ""))
        for p in (Params(), update(Params(), None, Event("double", "width"))[0])
    )
    assert 3.5 < twice / once < 4
    deep = update(Params(), None, Event("double", "layers"))[0]
    assert int(view(deep, None).facts["total"].replace(",", "")) / once < 2


def test_what_cannot_be_is_mended_and_said() -> None:
    odd = dataclasses.replace(Params(), heads=4, kv_heads=9, experts=2, active=5)
    assert len(view(odd, None).notices) == 2
    assert (
        view(odd, None).facts["total"]
        == view(dataclasses.replace(odd, kv_heads=4, active=2), None).facts["total"]
    )
