"""The rule against enumeration of all that can happen, against chi-square, and the formula against published cases."""

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


def test_several_positions_have_the_targets_distribution() -> None:
    """All sequences of 3 tokens over a vocabulary of 2, with p and q that depend on what came before."""
    rng = np.random.default_rng(0)
    after: dict[tuple[int, ...], np.ndarray] = {
        prefix: rng.dirichlet(np.ones(2), size=2) for n in range(4) for prefix in product((0, 1), repeat=n)
    }
    wanted: dict[tuple[int, ...], float] = {
        s: np.prod([after[s[:i]][0][s[i]] for i in range(3)]) for s in product((0, 1), repeat=3)
    }
    found = dict.fromkeys(wanted, 0.0)
    for drafts in product((0, 1), repeat=2):  # K = 2, and a bonus
        reach = 1.0
        for i, token in enumerate(drafts):
            p, q = after[drafts[:i]]
            reach_token = reach * q[token]
            stays = min(1.0, p[token] / q[token])
            for other in (0, 1):
                chance = reach_token * (1 - stays) * sp.instead(p, q, "ratio")[other]
                # what this token decides; the rest of the sequence is drawn from the target in later cycles
                share = chance * np.prod([after[drafts[j]][1].sum() for j in ()])
                prefix = (*drafts[:i], other)
                for rest in product((0, 1), repeat=3 - len(prefix)):
                    s = (*prefix, *rest)
                    tail = np.prod([after[s[:j]][0][s[j]] for j in range(len(prefix), 3)])
                    # later drafts of a refused cycle were drawn and thrown away: sum over them is one
                    weight = 1.0 if drafts[i + 1 :] == (0,) * (2 - i - 1) else 0.0
                    found[s] += share * tail * weight
            reach = reach_token * stays
        for bonus in (0, 1):
            found[(*drafts, bonus)] += reach * after[drafts][0][bonus]
    assert found == pytest.approx(wanted)


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


def test_many_runs_pass_a_chi_square_test_and_wrong_rules_do_not() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.dirichlet(np.ones(30)), rng.dirichlet(np.ones(30))
    statistic, freedom = sp.chi_square(sp.many(p, q, "ratio", 20_000, 1), p)
    assert 20 <= freedom <= 29 and statistic < 58.3  # 99.9% of a chi-square law with 29 degrees of freedom
    for rule in ("favourite", "always"):
        assert sp.chi_square(sp.many(p, q, rule, 20_000, 1), p)[0] > 1000


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
