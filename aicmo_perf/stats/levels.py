"""Where a feature's runtime lies, how far its runs scatter, and what the suite adds to so few runs.

On z = ln(seconds), feature by feature:

    mu      median of the n runs of the level in force
    own     spread of all runs about their own levels' medians, in N runs of k levels with two runs or more:
            own² = (1 - a)·MAD'² + a·SS / (N - k),  MAD' = 1.4826·MAD·(1 + 0.8 / (N - k)),  a = (12 - N) / 8 in [0, 1]
            (of five runs and more, none counts in SS beyond 4·MAD')
    d       its degrees of freedom, (0.4·(1 - a) + a)·(N - k)
    suite   geometric mean of own over the F features
    spread² = (4·min(suite, (1 + 3.5/√d)·own)² + d·own²) / (4 + d), not under (0.75·own)²
    degrees = d + 1

The MAD shrugs off wild runs where there are many; of four runs it sees hardly more than two, and the standard
deviation takes over (the share a), within bounds: else the first slow run of a regression would hide those after it.
Few runs show a poor spread, so it is drawn towards the suite's, as Smyth's
moderated t does. Real suites have features far calmer and far wilder than their mean, so the prior's weight of 4 counts
as 1 only among the degrees of freedom, and it is bounded by what the feature's own runs leave possible. A feature by
itself (F = 1) has no prior: both are times 1 - 1/F.

A change of level is no spread: a step of 30 % half-way through twenty runs would hide any step after it.

References:
    Rousseeuw, Croux: Alternatives to the Median Absolute Deviation. JASA 88 (1993), 1273-1283.
    Smyth: Linear Models and Empirical Bayes Methods. Stat. Appl. Genet. Mol. Biol. 3 (2004) (moderated t).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aicmo_perf.stats.robust import MAD_EFFICIENCY, NORMAL_MAD_FACTOR, clock_step, median_variance_factor
from aicmo_perf.stats.runtimes import Measurement

_SPREAD_FLOOR = 0.005
"""No machine repeats itself better than this between processes, whatever a handful of runs suggests."""

_CLOCK_SECONDS = 1e-12
"""Under any clock's resolution; stands in for a runtime of 0 s, which has no logarithm."""

_FEW_RUNS, _MANY_RUNS = 4, 12
"""Up to the first the standard deviation speaks alone, from the second on the MAD."""

_WINSORISED_AT = 4.0
"""In units of MAD', from five runs on."""

_PRIOR_WEIGHT = 4.0
_PRIOR_DEGREES = 1.0
_OWN_UNCERTAINTY = 3.5
"""The suite draws a calm feature's spread up to 1 + this/√d times it at most."""

_LEAST_SHARE = 0.75
"""Nor does it make a wild one's spread smaller than this share."""


def log_seconds(seconds: float) -> float:
    """ln(seconds), of 0 s as well."""
    return math.log(max(seconds, _CLOCK_SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A feature's level and spread, in ln(seconds).

    Attributes:
        location: the median of the runs of the level in force.
        location_variance: its variance, in units of the spread squared.
        residuals: all runs about their own levels' medians, in units of the scatter that residuals have.
        own_spread: the standard deviation of a run that the feature's own runs show.
        suite_spread: what it was drawn towards.
        spread: what is reckoned with.
        degrees: of freedom.
    """

    location: float
    location_variance: float
    residuals: tuple[float, ...]
    own_spread: float
    suite_spread: float
    spread: float
    degrees: float

    def mirrored(self) -> Level:
        """The same with slower and faster exchanged."""
        return replace(self, location=-self.location, residuals=tuple(-value for value in reversed(self.residuals)))

    @property
    def prediction_scale(self) -> float:
        """How far a further run scatters about the location: by its own spread, and by the location's uncertainty."""
        return self.spread * math.sqrt(1 + self.location_variance)


def feature_levels(measurements: Sequence[Measurement]) -> list[Level]:
    """The level of each feature, its spread drawn towards the suite's.

    Args:
        measurements: with at least one run of the level in force each.
    """
    found = [_Own.of(measurement) for measurement in measurements]
    known = [own for own in found if own.degrees]
    if not known:
        suite_spread = _SPREAD_FLOOR
    else:
        suite_spread = math.exp(math.fsum(math.log(own.spread) for own in known) / len(known))
    share = 1 - 1 / len(found) if found else 0.0
    return [own.moderated(suite_spread, share) for own in found]


@dataclass(frozen=True, slots=True)
class _Own:
    """What a feature's own runs say.

    Attributes:
        location: as in Level.
        location_variance: as in Level.
        residuals: of the levels with two runs or more, in ln(seconds).
        spread: as own_spread in Level.
        degrees: of freedom; 0 when no level has two runs.
        residual_scale: the standard deviation of a residual, in units of the spread.
    """

    location: float
    location_variance: float
    residuals: tuple[float, ...]
    spread: float
    degrees: float
    residual_scale: float

    @classmethod
    def of(cls, measurement: Measurement) -> _Own:
        current = measurement.baseline_seconds
        location = log_seconds(statistics.median(current))
        residuals: list[float] = []
        free = 0
        for level in (current, *measurement.earlier_levels):
            if len(level) > 1:
                middle = log_seconds(statistics.median(level))
                residuals.extend(log_seconds(value) - middle for value in level)
                free += len(level) - 1
        spread = max(_spread(residuals, free), _SPREAD_FLOOR, _half_clock_step(measurement))
        few = _few_share(len(residuals))
        return cls(
            location=location,
            location_variance=median_variance_factor(len(current)) / len(current),
            residuals=tuple(residuals),
            spread=spread,
            degrees=(MAD_EFFICIENCY * (1 - few) + few) * free,
            residual_scale=math.sqrt(free / len(residuals)) if residuals else 1.0,
        )

    def moderated(self, suite_spread: float, share: float) -> Level:
        """The level once the spread is drawn towards the suite's.

        Args:
            suite_spread: typical of the features.
            share: how much the suite is more than this feature, 0 for a feature by itself.
        """
        # without two runs of a level there is nothing of its own to weigh, nor to bound the suite's by
        spread = max(suite_spread, self.spread)
        if self.degrees:
            weight = _PRIOR_WEIGHT * share
            most = (1 + _OWN_UNCERTAINTY / math.sqrt(self.degrees)) * self.spread
            drawn = weight * min(suite_spread, most) ** 2 + self.degrees * self.spread**2
            spread = max(math.sqrt(drawn / (weight + self.degrees)), _LEAST_SHARE * self.spread)
        return Level(
            location=self.location,
            location_variance=self.location_variance,
            residuals=tuple(sorted(value / (self.residual_scale * spread) for value in self.residuals)),
            own_spread=self.spread,
            suite_spread=suite_spread,
            spread=spread,
            degrees=self.degrees + max(_PRIOR_DEGREES * share, 0.0 if self.degrees else 1.0),
        )


def _few_share(count: int) -> float:
    return min(1.0, max(0.0, (_MANY_RUNS - count) / (_MANY_RUNS - _FEW_RUNS)))


def _spread(residuals: Sequence[float], free: int) -> float:
    """The standard deviation of a run, by residuals about medians with so many degrees of freedom left."""
    if not free:
        return 0.0
    few = _few_share(len(residuals))
    # about their levels' medians already, so that their own median is zero or next to it
    mad = NORMAL_MAD_FACTOR * statistics.median(map(abs, residuals)) * (1 + 0.8 / free)
    bound = _WINSORISED_AT * max(mad, _SPREAD_FLOOR) if len(residuals) > _FEW_RUNS else math.inf
    squares = math.fsum(min(abs(value), bound) ** 2 for value in residuals)
    return math.sqrt((1 - few) * mad**2 + few * squares / free)


def _half_clock_step(measurement: Measurement) -> float:
    """Half a step of the clock in ln(seconds): one tick is no evidence."""
    runs = measurement.baseline_seconds
    median_seconds = max(statistics.median(runs), _CLOCK_SECONDS)
    step_seconds = clock_step([*runs, *(value for level in measurement.earlier_levels for value in level)])
    return 0.5 * math.log1p(step_seconds / median_seconds)
