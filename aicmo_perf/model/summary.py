"""What stands for a process's samples when runs are judged: a low quantile, and a high one for the tail.

Whatever disturbs a call makes it slower, never faster, so the low end of the samples repeats from one process to the
next far better than their middle. It is blind to calls that are slow now and then; the high quantile follows those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LOW_QUANTILE = 0.10
HIGH_QUANTILE = 0.90
LEAST_FOR_QUANTILES = 10
"""Fewer samples have no tenth; their extremes stand in."""


def low_quantile(samples: Sequence[float]) -> float:
    """The 10 % quantile, linearly interpolated (type 7 of Hyndman and Fan 1996); the minimum under ten samples.

    Raises: ValueError on no samples.
    """
    return _quantile(samples, LOW_QUANTILE) if len(samples) >= LEAST_FOR_QUANTILES else min(samples)


def high_quantile(samples: Sequence[float]) -> float:
    """The 90 % quantile, interpolated alike; the maximum under ten samples.

    Raises: ValueError on no samples.
    """
    return _quantile(samples, HIGH_QUANTILE) if len(samples) >= LEAST_FOR_QUANTILES else max(samples)


def _quantile(samples: Sequence[float], share: float) -> float:
    ascending = sorted(samples)
    position = share * (len(ascending) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])
