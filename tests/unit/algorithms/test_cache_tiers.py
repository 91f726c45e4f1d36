"""Tiers against reuse distances: a session lies as deep as others have come since."""

from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms.cache_tiers import Tiers, visit, visitor

ROOMS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


@given(st.lists(st.integers(0, 9), max_size=60), ROOMS)
def test_where_a_visit_finds_its_cache(sessions: list[int], rooms: tuple[int, int, int]) -> None:
    state = Tiers(((), (), ()))
    for at, session in enumerate(sessions):
        state = visit(state, session, rooms)
        before = sessions[:at]
        if session not in before:
            wanted = -1
        else:
            since = before[len(before) - before[::-1].index(session) :]
            depth = len(set(since))
            ends = [sum(rooms[: i + 1]) for i in range(3)]
            wanted = next((i for i, end in enumerate(ends) if depth < end), -1)
        assert state.visits[-1] == (session, wanted)
        held = [other for tier in state.tiers for other in tier]
        assert len(held) == len(set(held)) and all(
            len(t) <= r for t, r in zip(state.tiers, rooms, strict=True)
        )


def test_visits_follow_zipfs_law() -> None:
    n = 4000
    counts = [0] * 5
    for at in range(n):
        counts[visitor(3, at, 5, 1.0)] += 1
    total = sum(1 / (k + 1) for k in range(5))
    for k, count in enumerate(counts):
        p = 1 / (k + 1) / total
        assert abs(count - n * p) < 4 * (n * p * (1 - p)) ** 0.5
