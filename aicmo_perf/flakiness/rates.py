"""How often a feature differs from itself, how sure that is, and what was not excluded.

With x deviating results of n and Jeffreys' prior Beta(½, ½), the rate is distributed as Beta(x + ½, n − x + ½)
afterwards. Its equal-tailed interval is the best known for a proportion on average, but for a given true rate it may
cover far less often than it says: at 95 % it covers 1/2 in 87.5 % of all cases when n is 4, and 1/100 in 87.8 % when
n is 250. So the ends are modified as Brown, Cai and DasGupta propose, and it is the interval of 97.5 %: the
true rates 1/2, 1/5, 1/10, 1/20, 1/50, 1/100 and 1/200 are covered in at least 95.4 % of all cases, at each n from 1 to
400, by the exact sum over the binomial distribution (``tests/flakiness/test_rates.py``). With the modified ends alone,
at 95 %, the worst of these is 90.8 %.

References:
    Brown, Cai, DasGupta (2001): Interval estimation for a binomial proportion. Statistical Science 16(2), 101–133;
    §4.1.1 and figure 10 (the modified ends). https://doi.org/10.1214/ss/1009213286
    Jovanovic, Levy (1997): A look at the rule of three. The American Statistician 51(2), 137–139 (no event in n).
    https://doi.org/10.1080/00031305.1997.10473947
"""

from __future__ import annotations

import math

from aicmo_perf.model import RateEstimate
from aicmo_perf.stats.distributions import beta_quantile

TAIL_PROBABILITY = 0.0125
"""What the interval leaves to either side: 2.5 % in all, so that it holds what it promises, 5 %, everywhere."""

EXCLUDED_RATE = 0.05
"""A feature is taken for healed, and a lone failure for forgotten, when this flake rate is excluded."""

MISSED_PROBABILITY = 0.05
"""A rate is excluded when not to have seen it would be as improbable as this."""

_JEFFREYS = 0.5


def estimate_rate(deviating_count: float, run_count: float) -> RateEstimate:
    """How often a feature differs from its usual self, from how often it did.

    A result more that does not differ never raises the rate nor an end of its interval.

    Args:
        deviating_count: results that differ; not necessarily whole, since older ones may weigh less.
        run_count: all results, weighted likewise.

    Returns: the share with its interval. The lower end is 0 as long as at most one differed, the upper end 1 as long
        as at most one did not, and is never below the exact bound that holds when none differs.

    Raises: ValueError: counts that are not finite, or not 0 ≤ deviating ≤ all.
    """
    if not (0 <= deviating_count <= run_count and math.isfinite(run_count)):
        raise ValueError(f"of {run_count} results, {deviating_count} cannot differ")
    agreeing_count = run_count - deviating_count
    low, high = 0.0, 1.0
    a, b = deviating_count + _JEFFREYS, agreeing_count + _JEFFREYS
    if deviating_count > 1:
        low = min(beta_quantile(TAIL_PROBABILITY, a, b), TAIL_PROBABILITY ** (1 / run_count))
    if agreeing_count > 1:
        high = max(1 - beta_quantile(TAIL_PROBABILITY, b, a), 1 - TAIL_PROBABILITY ** (1 / run_count))
    return RateEstimate(
        run_count=run_count,
        deviating_count=deviating_count,
        rate=deviating_count / run_count if run_count else None,
        low=low,
        high=high,
        not_excluded=_highest_missed_rate(run_count) if deviating_count == 0 else None,
    )


def _highest_missed_rate(run_count: float) -> float:
    """The highest rate of which n results show nothing with 5 % probability: (1 − p)ⁿ = 0.05."""
    return 1 - MISSED_PROBABILITY ** (1 / run_count) if run_count else 1.0


def runs_to_exclude(rate: float) -> int:
    """The least number of results, none of which differs, that excludes a rate: 59 for 5 %, 299 for 1 %.

    Raises: ValueError: a rate that is not above 0 and at most 1.
    """
    if not 0 < rate <= 1:
        raise ValueError(f"a rate that can be excluded lies above 0 and at most at 1, not at {rate}")
    if rate == 1:
        return 1
    return max(1, math.ceil(math.log(MISSED_PROBABILITY) / math.log1p(-rate)))


def showing_probability(rate: float, run_count: int) -> float:
    """How probable it is that both outcomes show in so many results: 1 − (1 − p)ⁿ − pⁿ, 0 for fewer than two.

    Raises: ValueError: a rate that is no probability.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate lies between 0 and 1, not at {rate}")
    return max(0.0, 1 - (1 - rate) ** run_count - rate**run_count) if run_count > 1 else 0.0
