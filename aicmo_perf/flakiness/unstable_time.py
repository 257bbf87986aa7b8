"""A runtime that is one of two on unchanged code, now this, now that: unstable in time, which no noise is.

On ln(runtime) of the newest 40 runs of one setting, 20 at least, the runs are split where the gap between neighbouring
values is widest, with a fifth of them, and five, on either side at least. There are two levels if

- their centres, the medians, lie 30 % apart or more;
- Ashman's D = |m₁ - m₂| √2 / √(s₁² + s₂²) is above 6. Two components can be told apart above 2, but even one normal
  distribution has a D of 2.7 when it is cut in the middle, and of up to 5 when it is cut at its widest gap;
- it goes to and fro between them as often as chance would: not fewer alternations than the runs test (Wald and
  Wolfowitz, normal approximation) lets pass, one-sided at 5 %. A step, or a slow spell, is a change of level.

How many of 6,000 simulated features are called unstable, after

                                                          20 runs   30 runs   40 runs
    one level, log-normal noise of 3 and 10 %             0.0 %     0.0 %     0.0 %
    one level, log-normal noise of 30 %                   0.02 %    0.0 %     0.0 %
    one level, Student's t with 2.5 degrees, 10 and 30 %  0.02 %    0.0 %     0.0 %
    a fifth of the runs late, exponentially, by ×1.35     0.1 %     0.2 %     0.0 %
    a fifth of the runs late, by ×1 to ×2 uniformly       2.0 %     3.2 %     1.6 %
    a step of 50 %, or a spell, noise of 4 %              0.0 %     0.0 %     0.0 %
    two levels, ×1.35, half of the runs each, 3 %         92 %      95 %      96 %
    two levels, ×1.4, one run in two, 4 %                 99 %      100 %     100 %
    two levels, ×1.5, 30 % of the runs slow, 5 %          69 %      87 %      89 %
    two levels, ×2, 30 % of the runs slow, 10 %           59 %      75 %      79 %

References:
    Ashman, Bird, Zepf: Detecting Bimodality in Astronomical Datasets. Astronomical Journal 108 (1994), 2348-2361.
    Wald, Wolfowitz: On a Test Whether Two Samples are from the Same Population. Ann. Math. Statist. 11 (1940), 147-162.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_RUNS = 40
"""So many of the newest runs are looked at: levels of long ago are not the feature's any more."""

_LEAST_RUNS = 20
_LEAST_SHARE = 0.2
_LEAST_AT_A_LEVEL = 5
_LEAST_RATIO = 1.3
_LEAST_SEPARATION = 6.0
_RUNS_TEST_QUANTILE = -1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstableTime:
    """The two levels of a runtime.

    Attributes:
        fast_seconds, slow_seconds: median of either.
        slow_share: of the runs, 0 ... 1.
        run_count: runs that were looked at, the newest.
    """

    fast_seconds: float
    slow_seconds: float
    slow_share: float
    run_count: int


def unstable_time(seconds: Sequence[float]) -> UnstableTime | None:
    """Whether a runtime is one of two.

    Args:
        seconds: one a run of one setting, oldest first; what is not positive is passed over.

    Returns: the levels; None for a runtime that has one, or too few runs to tell.
    """
    newest = [value for value in seconds if value > 0][-MOST_RUNS:]
    if len(newest) < _LEAST_RUNS:
        return None
    ordered = sorted(newest)
    if ordered[-1] < _LEAST_RATIO * ordered[0]:
        return None
    logs = [math.log(value) for value in ordered]
    margin = max(_LEAST_AT_A_LEVEL, math.ceil(_LEAST_SHARE * len(logs)))
    cut = max(range(margin, len(logs) - margin + 1), key=lambda at: logs[at] - logs[at - 1])
    fast, slow = statistics.median(ordered[:cut]), statistics.median(ordered[cut:])
    if (
        slow < _LEAST_RATIO * fast
        or _separation(logs[:cut], logs[cut:]) <= _LEAST_SEPARATION
        or not _alternates([value >= ordered[cut] for value in newest])
    ):
        return None
    return UnstableTime(fast_seconds=fast, slow_seconds=slow, slow_share=1 - cut / len(newest), run_count=len(newest))


def _separation(lower: Sequence[float], upper: Sequence[float]) -> float:
    """Ashman's D."""
    distance = statistics.fmean(upper) - statistics.fmean(lower)
    spread = math.sqrt(statistics.variance(lower) + statistics.variance(upper))
    return distance * math.sqrt(2) / spread if spread else math.inf


def _alternates(is_slow: Sequence[bool]) -> bool:
    """Whether there are about as many stretches of either kind as if their order were random."""
    count, slow_count = len(is_slow), sum(is_slow)
    stretches = 1 + sum(one is not other for one, other in pairwise(is_slow))
    expected = 1 + 2 * slow_count * (count - slow_count) / count
    deviation = math.sqrt((expected - 1) * (expected - 2) / (count - 1))
    return stretches >= expected + _RUNS_TEST_QUANTILE * deviation
