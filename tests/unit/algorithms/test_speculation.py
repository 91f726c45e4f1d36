"""The rule against enumeration of all that can happen, against chi-square, and the formula against published cases."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos_py.algorithms import speculation as sp

TINY = st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any).map(lambda w: np.array(w) / sum(w))


def comes_out(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The exact distribution of one position, by summing over drafted tokens and their chances."""
    out = np.zeros(p.size)
    for token in range(p.size):
        if q[token] == 0:
            continue
        stays = min(1.0, p[token] / q[token])
        out[token] += q[token] * stays
        out += q[token] * (1 - stays) * sp.instead(p, q, "ratio")
    return out


@given(TINY, TINY)
def test_one_position_has_the_targets_distribution(p: np.ndarray, q: np.ndarray) -> None:
    assert np.allclose(comes_out(p, q), p, atol=1e-12)
    assert sp.acceptance(p, q) == pytest.approx(sum(q[t] * min(1, p[t] / q[t]) for t in range(3) if q[t]))


def languages(seed: int, length: int, size: int = 3) -> dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]]:
    """A target and a draft, unlike each other, that both depend on all that came before."""
    rng = np.random.default_rng(seed)
    paths = [path for n in range(length) for path in product(range(size), repeat=n)]
    return {path: (rng.dirichlet(np.ones(size)), rng.dirichlet(np.ones(size))) for path in paths}


def cycles(
    tree: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]], drafted: int, length: int, rule: str
) -> Counter[tuple[int, ...]]:
    """The exact distribution of texts of `length` tokens, by summing over all that can happen in each cycle.

    Written as decoding is: first the whole guess is drafted, then it is judged from the left.
    """
    out: Counter[tuple[int, ...]] = Counter()
    waiting = Counter({(): 1.0})
    while waiting:
        text, chance = waiting.popitem()
        if len(text) == length:
            out[text] += chance
            continue
        k = min(drafted, length - len(text))
        for guess in product(range(3), repeat=k):
            # the chance that the draft writes this guess, and that all of it before i stays
            reach = chance * np.prod([tree[(*text, *guess[:i])][1][guess[i]] for i in range(k)])
            for i, token in enumerate(guess):
                p, q = tree[(*text, *guess[:i])]
                if rule == "ratio":  # a token that the draft never writes has no part, whatever its ratio
                    stays = min(1.0, p[token] / max(q[token], 1e-300))
                else:
                    stays = float(sp.accepted(p, q, token, 0.5, rule))
                for other, share in enumerate(sp.instead(p, q, rule)):
                    waiting[(*text, *guess[:i], other)] += reach * (1 - stays) * share
                reach *= stays
            whole = (*text, *guess)
            if len(whole) == length:
                out[whole] += reach
            else:  # the bonus token
                for token, share in enumerate(tree[whole][0]):
                    waiting[(*whole, token)] += reach * share
    return out


@pytest.mark.parametrize("drafted", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_texts_over_several_cycles_have_the_targets_joint_distribution(drafted: int, seed: int) -> None:
    tree = languages(seed, 4)
    wanted = sp.ends(tree, 0, 0.0)
    assert len(wanted) == 81 and sum(wanted.values()) == pytest.approx(1)
    text = (2, 0, 1, 1)
    assert wanted[text] == pytest.approx(np.prod([tree[text[:i]][0][text[i]] for i in range(4)]))
    assert cycles(tree, drafted, 4, "ratio") == pytest.approx(wanted, abs=1e-12)
    for wrong in ("favourite", "always"):
        found = cycles(tree, drafted, 4, wrong)
        assert sum(abs(found[path] - wanted[path]) for path in wanted) > 0.2


@pytest.mark.parametrize("drafted", [1, 2, 3])
@pytest.mark.parametrize("rule", sp.RULES)
def test_many_runs_come_out_as_the_enumeration_says(drafted: int, rule: str) -> None:
    tree = languages(2, 4)
    exact = cycles(tree, drafted, 4, rule)
    chances = dict(sorted(((k, v) for k, v in exact.items() if v > 0), key=lambda item: -item[1]))
    statistic, freedom = sp.chi_square(sp.many(tree, drafted, rule, 50_000, 5), chances)
    assert statistic < sp.most_by_chance(freedom)
    target = sp.ends(tree, 0, 0.0)
    statistic, freedom = sp.chi_square(sp.many(tree, drafted, rule, 50_000, 5), target)
    assert (statistic < sp.most_by_chance(freedom)) == (rule == "ratio")


def test_a_draft_of_one_certain_token_is_exact_too() -> None:
    """Prompt lookup: q is 1 at the copied token, and 0 elsewhere."""
    tree = {path: (p, np.eye(3)[q.argmax()]) for path, (p, q) in languages(3, 4).items()}
    assert cycles(tree, 3, 4, "ratio") == pytest.approx(sp.ends(tree, 0, 0.0), abs=1e-12)


def test_joint_chances_see_what_each_place_alone_would_not() -> None:
    """Both places are right on their own here; only together are they wrong."""
    half = np.array([0.5, 0.5])
    tree = {(): (half, half), (0,): (half, half), (1,): (half, half)}
    counts = {(0, 0): 400, (0, 1): 100, (1, 0): 100, (1, 1): 400}
    statistic, freedom = sp.chi_square(counts, sp.ends(tree, 0, 0.0))
    assert freedom == 3 and statistic == pytest.approx(360) and statistic > sp.most_by_chance(3)


def test_a_tree_may_end_early() -> None:
    tree = {
        (): (np.array([0.6, 0.4]), np.array([0.5, 0.5])),
        (0,): (np.array([0.1, 0.9]), np.array([0.5, 0.5])),
    }
    assert sp.ends(tree, 0, 0.0) == pytest.approx({(0, 1): 0.54, (1,): 0.4, (0, 0): 0.06})
    assert sp.ends(tree, 1, 0.3) == pytest.approx({(1,): 0.5})
    assert list(sp.ends(tree, 0, 0.1)) == [(0, 1), (1,)]
    # what is expected less than 5 times is one class, and takes in the rarest cell until it is expected 5 times
    assert sp.chi_square({(0, 1): 54, (1,): 46}, sp.ends(tree, 0, 0.0))[1] == 2
    statistic, freedom = sp.chi_square({(0, 1): 27, (1,): 23}, sp.ends(tree, 0, 0.0))
    assert freedom == 1 and statistic == pytest.approx(0)


@pytest.mark.parametrize(("freedom", "table"), [(1, 10.828), (5, 20.515), (20, 45.315), (60, 99.607)])
def test_the_bound_is_that_of_printed_tables(freedom: int, table: float) -> None:
    assert sp.most_by_chance(freedom) == pytest.approx(table, rel=0.031)


@given(st.lists(st.integers(0, 3), max_size=12))
def test_lookup_against_a_search_of_strings(ids: list[int]) -> None:
    text = "".join(map(str, ids))
    wanted = None
    for n in (3, 2, 1):
        at = text[:-1].rfind(text[-n:]) if len(text) > n else -1
        if at >= 0:
            wanted = int(text[at + n])
            break
    assert sp.lookup(ids) == wanted


@given(TINY, TINY, st.floats(0, 0.999), st.integers(0, 2))
def test_a_token_stays_with_the_probability_of_the_ratio(
    p: np.ndarray, q: np.ndarray, u: float, token: int
) -> None:
    if q[token] > 0:
        assert sp.accepted(p, q, token, u, "ratio") == (
            u < p[token] / q[token] or np.isclose(u * q[token], p[token]) and u * q[token] < p[token]
        )
    assert sp.accepted(p, q, token, u, "always")
    assert sp.accepted(p, q, token, u, "favourite") == (token == int(p.argmax()))


def test_the_sources_cases() -> None:
    # K = 4 at 2 ms each against 30 ms: 2 or 3 of 4 accepted, and the target's own token besides
    cost = 4 * 2 / 30
    assert (2 + 1) / (1 + cost) == pytest.approx(2.37, abs=0.005)
    assert (3 + 1) / (1 + cost) == pytest.approx(3.16, abs=0.005)
    assert sp.break_even(4, 2 / 30) == pytest.approx(0.21, abs=0.005)


@given(st.floats(0, 0.99), st.integers(1, 12), st.floats(0, 0.5))
def test_the_formula_is_the_expectation(alpha: float, k: int, cost: float) -> None:
    # exactly n tokens: n − 1 accepted, then a refusal; k + 1 if all stay
    mean = sum(n * alpha ** (n - 1) * (1 - alpha) for n in range(1, k + 1)) + (k + 1) * alpha**k
    assert sp.tokens_a_pass(alpha, k) == pytest.approx(mean)
    assert sp.speed_up(alpha, k, cost) == pytest.approx(mean / (1 + k * cost))


@given(st.floats(0.01, 0.9))
def test_one_drafted_token_gains_where_it_is_accepted_more_often_than_it_costs(cost: float) -> None:
    assert sp.break_even(1, cost) == pytest.approx(cost, abs=1e-6)


def test_never_is_said() -> None:
    assert sp.break_even(1, 0.5, verify=3.0) is None
