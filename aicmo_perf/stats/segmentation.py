"""Where a sequence of points is best cut into stretches that each look alike: exact, in a handful of matrix passes.

A stretch costs what its points differ among themselves, seen through a Gaussian kernel k: with φ the kernel's feature
map, Σ‖φ(x) − mean φ‖² = n − (1/n) Σ k(x, y). A wild point is as far from the others as a point can be, and no
farther, so it cannot buy a stretch of its own; and stretches that differ in spread or shape differ too.

The kernel is spelled out as features, so that a stretch costs two look-ups in sums from the start. A Gaussian is what
two Gaussians of half its variance overlap; the overlap's integral is summed over centres a fixed step apart, which is
exact to 3e-7 at the step taken here (Poisson's summation formula), and only centres near a point contribute.

The best cut minimises the sum of the costs plus a penalty for each boundary: optimal partitioning, the minimum that
PELT reaches too. It goes forward by slices of starts: within a slice the best of each prefix is improved until nothing
gains, and with the slice all that lies before the next is final. Every stretch is so weighed hardly more than once,
in operations on matrices; on some hundred points that is faster than pruning one start after another in Python.

References:
    Jackson et al.: An Algorithm for Optimal Partitioning of Data on an Interval. IEEE Signal Proc. Lett. 12 (2005).
    Killick, Fearnhead, Eckley: Optimal Detection of Changepoints With a Linear Computational Cost. JASA 107 (2012).
    Arlot, Celisse, Harchaoui: A Kernel Multiple Change-point Algorithm via Model Selection. JMLR 20 (2019).
    Celisse, Marot, Pierre-Jean, Rigaill: New efficient algorithms for multiple change-point detection with
    reproducing kernels. Computational Statistics & Data Analysis 128 (2018).
    Garreau, Arlot: Consistent change-point detection with kernels. Electronic Journal of Statistics 12 (2018).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEP = 0.56
"""Between centres, in standard deviations of the kernel, 1/√(2γ)."""

_REACH = 5
"""Centres on either side of a point that are kept; those farther off would add under 1e-6 to any product."""

_UNTHREADED_MULTIPLICATIONS = 200_000
"""In one product of matrices: OpenBLAS uses one core up to some 260,000; beyond, on busy cores, its threads slow it."""

_PRODUCT_WIDTH = 64
"""Most features in one product; only values scattered over many scales have more."""

_CACHED_ROWS = 64
"""Of a matrix worked on at once, so that they stay in the processor's cache from step to step."""

_GAIN = 1e-9
"""What a further boundary has to gain beyond its penalty; rounding gains less."""


def kernel_costs(points: Floats, sharpness: float, *, first_from: int = 1) -> Floats:
    """What every stretch of the points costs, under the kernel exp(-γ·(x - y)²).

    Args:
        points: finite, in the order of time, shape (n,), at least one.
        sharpness: γ, positive, per squared unit of the points.
        first_from: where the first boundary may lie at the earliest; costs from earlier starts are not reckoned.

    Returns: shape (n + 1, n + 1): at [start, end] the cost of the points from start up to before end. What lies below
        the diagonal, or in rows that were not asked for, means nothing.
    """
    count = len(points) + 1
    features = _features(points, sharpness)
    sums = np.zeros((count, features.shape[1]))
    np.cumsum(features, axis=0, out=sums[1:])
    squares = np.einsum("ij,ij->i", sums, sums)
    places = np.arange(count, dtype=np.float64)
    costs = np.zeros((count, count))
    costs[0, 1:] = places[1:] - squares[1:] / places[1:]
    width = min(features.shape[1], _PRODUCT_WIDTH)
    top = first_from
    while top < count:
        rows = max(min(_UNTHREADED_MULTIPLICATIONS // ((count - top) * width), _CACHED_ROWS), 2)
        starts, ends = slice(top, top + rows), slice(top, None)
        of_sums = sums[starts, :width] @ sums[ends, :width].T
        for left in range(width, features.shape[1], width):
            of_sums += sums[starts, left : left + width] @ sums[ends, left : left + width].T
        of_sums *= -2
        of_sums += squares[starts, None]
        of_sums += squares[ends]  # now ‖sum over the stretch‖²
        lengths = places[ends] - places[starts, None]
        of_sums /= np.maximum(lengths, 1)
        np.subtract(lengths, of_sums, out=costs[starts, ends])
        top += rows
    return costs


def _features(points: Floats, sharpness: float) -> Floats:
    """φ with φ(x)·φ(y) = exp(-γ·(x - y)²), a column a centre."""
    step = _STEP / np.sqrt(2 * sharpness)
    occupied = np.unique(np.rint(points / step))
    centres = np.unique(occupied[:, None] + np.arange(-_REACH, _REACH + 1)) * step
    distances = points[:, None] - centres
    distances *= distances
    distances *= -2 * sharpness
    np.exp(distances, out=distances)
    distances *= np.sqrt(step * np.sqrt(4 * sharpness / np.pi))
    features: Floats = distances
    return features


def optimal_boundaries(costs: Floats, penalty: float, *, shortest: int = 1, first_from: int = 1) -> list[int]:
    """The boundaries that minimise Σ costs + penalty · (number of boundaries), exactly.

    Args:
        costs: of every stretch, as of `kernel_costs`; any costs that are finite will do.
        penalty: for each boundary, in the costs' unit.
        shortest: how many points a stretch has at least.
        first_from: where the first boundary may lie at the earliest.

    Returns: the first index of every stretch but the first, ascending; empty when one stretch is best.
    """
    count = len(costs) - 1
    earliest = max(shortest, first_from)
    if count < earliest + shortest:
        return []
    places = np.arange(count + 1)
    # the best of each prefix, from where a boundary may lie on
    best = np.array(costs[0])
    previous = np.zeros(count + 1, dtype=np.intp)
    last = count - shortest
    for top in range(earliest, last + 1, _CACHED_ROWS):
        starts = places[top : min(top + _CACHED_ROWS, last + 1)]
        final = starts[-1]
        while len(starts):
            ends = places[starts[0] + shortest :]
            candidates = costs[starts, ends[0] :]
            candidates += (best[starts] + penalty)[:, None]
            near = starts[-1] - starts[0]  # beyond so many ends no stretch is too short
            candidates[:, :near][ends[:near] < (starts + shortest)[:, None]] = np.inf
            better = np.flatnonzero(candidates.min(axis=0) < best[ends] - _GAIN)
            chosen = candidates[:, better].argmin(axis=0)
            best[ends[better]] = candidates[chosen, better]
            previous[ends[better]] = starts[chosen]
            starts = ends[better[: np.searchsorted(ends[better], final, side="right")]]
    return _traced_back(previous, count)


def _traced_back(previous: npt.NDArray[np.intp], end: int) -> list[int]:
    boundaries: list[int] = []
    while previous[end]:
        end = int(previous[end])
        boundaries.append(end)
    return boundaries[::-1]
