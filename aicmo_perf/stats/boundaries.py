"""Which boundaries of a segmentation deserve to be called shifts, and where exactly each lies.

A segmentation pays for the series as a whole; a person asks of each boundary by itself whether it is certain and
whether it matters. So the weakest is dropped and the rest judged anew, until every one stands: backward elimination.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from aicmo_perf.stats.distributions import student_t_sf
from aicmo_perf.stats.noise import median
from aicmo_perf.stats.segmentation import Floats

_MEDIAN_VARIANCE_FACTOR = math.pi / 2
"""The variance of a median is that of the mean, times this."""

_MAD_EFFICIENCY = 0.4
"""A spread from the MAD knows about as much as a standard deviation of so many times the values does."""

_WILD_DEGREES = 3.0
"""Of Student's t, as which single values scatter when a boundary is placed: wild ones hardly pull it."""

_RELOCATION_REACH = 25
"""How far a boundary may be moved, in values; the segmentation is not farther off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How values lie about their level.

    Attributes:
        noise: standard deviation of one value, positive, in the values' unit.
        inflation: by how much dependence raises the variance of a level; 1 when the values are independent.
    """

    noise: float
    inflation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """A series and its boundaries: adjacent stretches, each with a level of its own.

    Attributes:
        values: finite, in the order of time.
        boundaries: the first index of every stretch but the first, ascending.
    """

    values: Floats
    boundaries: tuple[int, ...]

    @property
    def edges(self) -> tuple[int, ...]:
        """The first index of every stretch, and the count of values."""
        return (0, *self.boundaries, len(self.values))

    @property
    def levels(self) -> list[float]:
        """The median of each stretch."""
        edges = self.edges
        return [median(self.values[start:end]) for start, end in itertools.pairwise(edges)]

    @property
    def residuals(self) -> Floats:
        """The values less their stretch's level."""
        residuals: Floats = self.values - np.repeat(self.levels, np.diff(self.edges))
        return residuals

    def t_statistics(self, scatter: Scatter) -> list[float]:
        """For each boundary |Δ median| / (σ·√(f·(π/2)·(1/n₁ + 1/n₂))): how clearly the levels beside it differ."""
        edges, levels = self.edges, self.levels
        variance = scatter.noise**2 * scatter.inflation * _MEDIAN_VARIANCE_FACTOR
        return [
            abs(levels[place + 1] - levels[place])
            / math.sqrt(variance * (1 / (edges[place + 1] - edges[place]) + 1 / (edges[place + 2] - edges[place + 1])))
            for place in range(len(self.boundaries))
        ]

    def confidences(self, scatter: Scatter) -> list[float]:
        """For each boundary 1 - n·P(|T| > t), at least 0: that chance alone has no such boundary at any of n places.

        T is Student's with 0.4·(n₁ + n₂ - 2)/f degrees: a robust spread wastes some, dependence the more.
        """
        edges, count = self.edges, len(self.values)
        found = []
        for place, t in enumerate(self.t_statistics(scatter)):
            beside = edges[place + 2] - edges[place]
            degrees = max(_MAD_EFFICIENCY * (beside - 2) / scatter.inflation, 1.0)
            found.append(max(1 - 2 * count * student_t_sf(t, degrees), 0.0))
        return found


def without_weak(stretches: Stretches, scatter: Scatter, least_change: float, fixed: int) -> Stretches:
    """Drop the weakest boundary until each is both evident and large enough to matter.

    Evident is t ≥ (√(2·ln n) + 1) / √(π/2): the largest of n normal values is about √(2·ln n), and the t of two medians
    is smaller than that of two means.

    Args:
        stretches: as a segmentation found them.
        scatter: of the values.
        least_change: by how much the levels beside each have to differ, in the values' unit.
        fixed: so many boundaries, the first ones, stay whatever they are worth.
    """
    least_t = (math.sqrt(2 * math.log(len(stretches.values))) + 1) / math.sqrt(_MEDIAN_VARIANCE_FACTOR)
    while len(stretches.boundaries) > fixed:
        levels = stretches.levels
        strengths = [
            min(t / least_t, abs(after - before) / least_change if least_change else math.inf)
            for t, before, after in zip(stretches.t_statistics(scatter), levels, levels[1:], strict=False)
        ][fixed:]
        weakest = int(np.argmin(strengths))
        if strengths[weakest] >= 1:
            break
        kept = (*stretches.boundaries[: fixed + weakest], *stretches.boundaries[fixed + weakest + 1 :])
        stretches = Stretches(values=stretches.values, boundaries=kept)
    return stretches


def relocated(stretches: Stretches, noise: float, shortest: int, first_from: int, fixed: int) -> Stretches:
    """Move each boundary to where the values beside it are most likely, the levels being what they are.

    Maximum likelihood with Student's t of three degrees: a kernel sees that two stretches differ, but is less exact
    about where the one ends. The levels are those between the neighbouring boundaries as moved so far.

    Args:
        stretches: to start from.
        noise: standard deviation of one value.
        shortest: how many values a stretch has at least.
        first_from: no boundary that is free to move goes before this index.
        fixed: so many boundaries, the first ones, stay where they are.
    """
    edges = list(stretches.edges)
    for place in range(fixed + 1, len(edges) - 1):
        start, boundary, end = edges[place - 1 : place + 2]
        before = median(stretches.values[start:boundary])
        after = median(stretches.values[boundary:end])
        low = max(start + shortest, first_from, boundary - _RELOCATION_REACH)
        high = min(end - shortest, boundary + _RELOCATION_REACH)
        window = stretches.values[low:high]
        edges[place] = low + _best_split(_misfit(window, before, noise) - _misfit(window, after, noise))
    return Stretches(values=stretches.values, boundaries=tuple(edges[1:-1]))


def _misfit(values: Floats, level: float, noise: float) -> Floats:
    """The negative log-likelihood of each value about the level, but for a constant and a factor."""
    misfit: Floats = np.log1p(((values - level) / noise) ** 2 / _WILD_DEGREES)
    return misfit


def _best_split(excess: Floats) -> int:
    """How many of the values to count to the stretch before, given how much worse each fits there than after."""
    return int(np.argmin(np.concatenate(([0.0], np.cumsum(excess)))))
