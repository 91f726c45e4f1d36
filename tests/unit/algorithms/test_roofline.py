"""Knees, floors and prices against figures computed by hand from data sheets."""

import pytest

from demos_py.algorithms.roofline import Server


@pytest.mark.parametrize(
    ("bandwidth", "compute", "knee"),
    [(2.039e12, 312e12, 153), (3.35e12, 989.5e12, 295), (4.8e12, 989.5e12, 206), (8e12, 2250e12, 281)],
)
def test_the_knee_of_the_weights_alone(bandwidth: float, compute: float, knee: float) -> None:
    server = Server(70.55e9, 2 * 70.55e9, 0, bandwidth, compute)
    found = server.knee()
    assert found == pytest.approx(knee, abs=1)
    assert server.reading(found) == pytest.approx(server.computing(found))  # type: ignore[arg-type]


def test_seventy_billion_cannot_be_read_faster_than_its_bandwidth() -> None:
    assert Server(70e9, 140e9, 0, 3.35e12, 989.5e12).pass_time(1) == pytest.approx(0.0418, abs=1e-4)
    assert Server(70e9, 140e9, 0, 6.7e12, 2 * 989.5e12).pass_time(1) == pytest.approx(0.0209, abs=1e-4)


def test_caches_move_the_knee_and_may_take_it_away() -> None:
    def knee(cache: float) -> float | None:
        return Server(70.55e9, 141.1e9, cache, 3.35e12, 989.5e12).knee()

    assert knee(0.1e9) > knee(0)  # type: ignore[operator]
    assert knee(1.34e9) is None  # 4,096 tokens each: memory for ever
