"""The signed-rank test, exactly: are values that should scatter around zero too often, and too far, above it?

Under the null hypothesis each value is as likely positive as negative, however far from zero it lies and whatever the
others do. So the ranks of the positive ones are any subset of all ranks, each as likely as the next, and the chance of
a sum as large as the observed one is counted.

Reference:
    Wilcoxon: Individual Comparisons by Ranking Methods. Biometrics Bulletin 1 (1945), 80-83.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache


def signed_rank_sf(differences: Sequence[float]) -> float:
    """How often values whose signs are thrown by a coin have positive ranks that add up to as much.

    Zeros are left out, and ties share their mean rank. It takes time in proportion to the cube of the count.

    Args:
        differences: finite, in any order; 1 is returned when there is none but zeros.
    """
    values = sorted((abs(value), value > 0) for value in differences if value)
    # twice the mean rank is a whole number
    doubled_ranks: list[int] = []
    observed = 0
    for _, group in itertools.groupby(values, key=lambda item: item[0]):
        tied = [is_positive for _, is_positive in group]
        doubled_rank = 2 * len(doubled_ranks) + len(tied) + 1
        doubled_ranks += [doubled_rank] * len(tied)
        observed += doubled_rank * sum(tied)
    return _subset_sum_tail(tuple(doubled_ranks))[observed]


@lru_cache(maxsize=256)
def _subset_sum_tail(ranks: tuple[int, ...]) -> tuple[float, ...]:
    """By every sum from 0 up, the share of the subsets of the ranks that add up to as much or more."""
    subsets = [1]
    for rank in ranks:
        subsets = [without + within for without, within in zip(subsets + [0] * rank, [0] * rank + subsets, strict=True)]
    from_above = list(itertools.accumulate(reversed(subsets)))
    return tuple(count / 2 ** len(ranks) for count in reversed(from_above))
