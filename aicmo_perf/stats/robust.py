"""Location and spread that a minority of wild values cannot move.

Between runs of the same code a value now and then lies far off (another process took the core, a cold disk). The
median and the median absolute deviation keep half of the values' say whatever the rest does; the price is a less
certain spread, which the caller pays in degrees of freedom (`effective_degrees`).

Plain Python on purpose: a baseline has some twenty values, and NumPy's import would cost more than all of it.

References:
    Rousseeuw, Croux: Alternatives to the Median Absolute Deviation. JASA 88 (1993), 1273-1283.
    Croux, Rousseeuw: Time-efficient algorithms for two highly robust estimators of scale. COMPSTAT 1992
    (corrections for small samples).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL_MAD_FACTOR = 1.4826
"""1 / Φ⁻¹(3/4): makes the MAD estimate the standard deviation of a normal distribution."""

_MEDIAN_VARIANCE_FACTORS = (1.0, 1.0, 1.346, 1.193, 1.434, 1.288, 1.473)
"""n · Var(median) / σ² of n = 1, 2, ... normal values, by numerical integration."""

_MEDIAN_VARIANCE_FACTOR = 1.57
"""π/2: the variance of a median is that of the mean, times this; what the above tends to."""

MAD_EFFICIENCY = 0.4
"""The MAD knows the spread about as well as a standard deviation of 0.37 times as many values does."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Values to summarise.

    Attributes:
        values: finite, at least one, in any order.

    Raises: ValueError when a value is not finite, or there is none.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a sample has at least one value")
        if not all(math.isfinite(value) for value in self.values):
            raise ValueError("the values of a sample are finite")

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def median(self) -> float:
        """The middle value, or the mean of the two middle ones."""
        return statistics.median(self.values)

    @property
    def scaled_mad(self) -> float:
        """The median absolute deviation as an estimate of the standard deviation; 0 for a single value.

        1.4826 · MAD · (1 + 0.8 / (n - 1)): on few values the bare MAD comes out too small.
        """
        if self.count < 2:
            return 0.0
        middle = self.median
        deviation = statistics.median(abs(value - middle) for value in self.values)
        return NORMAL_MAD_FACTOR * deviation * (1 + 0.8 / (self.count - 1))


@dataclass(frozen=True, slots=True)
class Level:
    """Where values lie and how far they scatter, in the values' own unit.

    Attributes:
        location: the median.
        spread: the robust standard deviation of one value, not under the floor it was asked for.
        count: values behind both.
    """

    location: float
    spread: float
    count: int

    @property
    def effective_degrees(self) -> float:
        """Degrees of freedom of the spread, 0.4 · (n - 1): a MAD wastes most of them."""
        return MAD_EFFICIENCY * (self.count - 1)


def median_variance_factor(count: int) -> float:
    """How much more the median of so many normal values scatters than their mean does, as a ratio of variances."""
    exact = _MEDIAN_VARIANCE_FACTORS
    return exact[count - 1] if count <= len(exact) else _MEDIAN_VARIANCE_FACTOR


def robust_level(values: Sequence[float], *, spread_floor: float = 0.0) -> Level:
    """Median and scaled MAD of the values.

    Args:
        values: finite, at least one.
        spread_floor: the least spread to believe; identical values prove a coarse clock, not a perfect machine.

    Raises: ValueError on no values, or one that is not finite.
    """
    sample = Sample(tuple(values))
    return Level(sample.median, max(sample.scaled_mad, spread_floor), sample.count)


def clock_step(values: Sequence[float]) -> float:
    """The step of the clock that the values betray, in their unit; 0 when they betray none.

    A fine clock repeats hardly a value. Where at most half of the values are distinct, the clock is coarse, and its
    step is the smallest gap between two of them. Values that are all alike say nothing of the step.
    """
    distinct = sorted(set(values))
    if len(distinct) < 2 or 2 * len(distinct) > len(values):
        return 0.0
    return min(later - earlier for earlier, later in itertools.pairwise(distinct))
