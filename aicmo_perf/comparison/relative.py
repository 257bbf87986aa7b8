"""Runs of different machines, made comparable: each one relative to what was common to all its features.

A machine that is half as fast makes every feature take twice as long, and that says nothing of the code. On
z = ln(runtime), Tukey's median polish splits z = feature + run + rest: in turn each feature's and each run's median of
what is left is taken out, until nothing moves. A median on either side lets neither a feature that changed nor a run
that had a bad day pull the others along. What all features have in common is lost with it, and has to be said.

Reference:
    Tukey: Exploratory Data Analysis. Addison-Wesley 1977, chapter 11.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

LEAST_FOR_COMMON_FACTOR = 5
"""With fewer features the common factor would be mostly the one feature that is to be judged by it."""

_MOST_SWEEPS = 10
_STILL = 1e-6
"""A thousandth of what any clock repeats."""

RunKey = TypeVar("RunKey", bound=Hashable)


def run_factors(runtimes: Sequence[Mapping[RunKey, float]]) -> dict[RunKey, float]:
    """How slow each run was beside the others, whatever it measured; the median over the runs is 1.

    Args:
        runtimes: one mapping a feature, from the runs that have it to its runtime in seconds. Those that are no times
            above zero are passed over; features may be in some runs only.

    Returns: a factor above zero for each run; a runtime divided by its run's factor is comparable with the others.
    """
    logs = [{run: math.log(seconds) for run, seconds in row.items() if 0 < seconds < math.inf} for row in runtimes]
    features_of: dict[RunKey, list[int]] = defaultdict(list)
    for number, row in enumerate(logs):
        for run in row:
            features_of[run].append(number)
    of_run = dict.fromkeys(features_of, 0.0)
    for _ in range(_MOST_SWEEPS):
        of_feature = [
            statistics.median(value - of_run[run] for run, value in row.items()) if row else 0.0 for row in logs
        ]
        next_of_run = {
            run: statistics.median(logs[number][run] - of_feature[number] for number in numbers)
            for run, numbers in features_of.items()
        }
        moved = max((abs(next_of_run[run] - of_run[run]) for run in of_run), default=0.0)
        of_run = next_of_run
        if moved < _STILL:
            break
    middle = statistics.median(of_run.values()) if of_run else 0.0
    return {run: math.exp(value - middle) for run, value in of_run.items()}
