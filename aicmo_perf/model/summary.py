"""One process, one number: how the samples of a process become the observation that is judged.

Whatever disturbs a call makes it slower: another process, a cold cache, a lower clock. So the low end of the samples
says most about the code, and agrees best between processes of the same code. Measured on fresh processes (spread of
ln(runtime) between them, median over the features, per cent: 1.4826 MAD / standard deviation), with 10 Python
workloads x 60 processes x 20 samples on a shared machine, the same on an overloaded one (x 40 x 30), and 293 JMH
benchmarks x 10 forks x 30 samples:

    summary          shared machine   overloaded     JMH
    minimum          2.2 / 4.3        10.0 / 28.1    1.23 / 1.80
    2.5 % quantile   2.6 / 5.2        11.3 / 32.8    1.21 / 1.83
    5 % quantile     2.8 / 6.1        12.5 / 36.9    1.25 / 1.81
    10 % quantile    3.5 / 8.9        17.4 / 40.3    1.25 / 1.78
    median           10.1 / 30.4      56.1 / 51.7    1.32 / 2.04
    mean             27.4 / 26.5      38.9 / 40.5    2.61 / 3.74
    90 % quantile    38.7 / 40.0      39.2 / 41.2    3.17 / 6.31

The lower the better, down to the minimum itself. But a minimum goes on falling with the number of samples, and a run
of 5000 would look faster than one of 500. The 1 % quantile is next to the minimum for the few dozen samples that most
features have, and stands still for those that have thousands. It is blind to calls that are slow now and then, which
is why the high quantile is there to be followed apart.

Reference:
    Hyndman, Fan: Sample Quantiles in Statistical Packages. The American Statistician 50 (1996), 361-365 (type 7).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LOW_QUANTILE = 0.01
HIGH_QUANTILE = 0.90
LEAST_FOR_QUANTILES = 10
"""Of fewer samples a quantile near the end is the end."""


def low_quantile(samples: Sequence[float]) -> float:
    """The 1 % quantile, linearly interpolated; the minimum under ten samples.

    Raises: ValueError on no samples.
    """
    return _quantile(samples, LOW_QUANTILE) if len(samples) >= LEAST_FOR_QUANTILES else min(samples)


def high_quantile(samples: Sequence[float]) -> float:
    """The 90 % quantile, interpolated alike; the maximum under ten samples.

    Raises: ValueError on no samples.
    """
    return _quantile(samples, HIGH_QUANTILE) if len(samples) >= LEAST_FOR_QUANTILES else max(samples)


def median(samples: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle.

    Raises: ValueError on no samples.
    """
    if not samples:
        raise ValueError("no median of no samples")
    ascending = sorted(samples)
    return (ascending[(len(ascending) - 1) // 2] + ascending[len(ascending) // 2]) / 2


def _quantile(samples: Sequence[float], share: float) -> float:
    ascending = sorted(samples)
    position = share * (len(ascending) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])
