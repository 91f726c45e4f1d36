"""Pass@k: how likely at least one of k answers is right. Source: Chen et al. 2021 (arXiv 2107.03374), eq. 1."""

from __future__ import annotations

from math import comb


def pass_at_k(n: int, right: int, k: int) -> float:
    """The probability, no unit, that k of n answers hold a right one, where `right` of the n are right.

    The k are drawn without putting back, so this is 1 - C(n - right, k) / C(n, k). Over many samples of n it is
    the model's own pass@k on average; 1 - (1 - right / n)^k is below it.
    Raises ValueError unless 0 <= right <= n and 1 <= k <= n.
    """
    if not (0 <= right <= n and 1 <= k <= n):
        raise ValueError(f"{right} right answers and groups of {k} do not fit {n} answers")
    return 1 - comb(n - right, k) / comb(n, k)
