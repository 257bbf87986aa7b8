"""How noisy a series is about its levels, without knowing the levels.

Neighbours share a level nearly always, so their differences show the noise whatever the levels do; their median
absolute deviation is blind to the few differences that are steps or outliers. Real histories are besides dependent:
a warm room or a neighbour on the host lasts for several runs. Then n values say less of a level than n independent
ones would, by the factor 1 + 2·Σρ(k).

References:
    Hampel: The Influence Curve and its Role in Robust Estimation. JASA 69 (1974) (the median absolute deviation).
    von Neumann et al.: The Mean Square Successive Difference. Annals of Mathematical Statistics 12 (1941).
    Newey, West: A Simple, Positive Semi-Definite, Heteroskedasticity and Autocorrelation Consistent Covariance
    Matrix. Econometrica 55 (1987) (the weights of the lags).
"""

from __future__ import annotations

import math

import numpy as np

from aicmo_perf.stats.segmentation import Floats

_NORMAL_MAD_FACTOR = 1.4826
"""1 / Φ⁻¹(3/4): makes the MAD estimate the standard deviation of a normal distribution."""

_DEPENDENCE_LAGS = 2
"""Lags of the autocorrelation that count; some 80 values know of no more."""

_CLIP = 2.5
"""In standard deviations: beyond, a residual counts as one that far, lest two outliers make a dependence."""


def median(values: Floats) -> float:
    """The middle value, or the mean of the two middle ones; many times faster on few values than NumPy's.

    Args:
        values: finite, at least one.
    """
    ordered = np.sort(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return float(ordered[middle - 1] + (ordered[middle] / 2 - ordered[middle - 1] / 2))  # their sum could overflow


def difference_noise(values: Floats) -> float:
    """The standard deviation of one value about its level, 1.4826 · MAD(differences) / √2.

    A coarse clock makes most differences zero, and the deviation with them. The others then carry all the noise: their
    median square, times their share of the differences.

    Args:
        values: finite, in the order of time.

    Returns: in the values' unit; 0 when they are all alike, or fewer than two.
    """
    if len(values) < 2:
        return 0.0
    differences = np.diff(values)
    deviations = np.abs(differences - median(differences))
    deviation = median(deviations)
    if deviation == 0:
        moved = deviations[deviations > 0]
        if len(moved) == 0:
            return 0.0
        deviation = median(moved) * math.sqrt(len(moved) / len(deviations))
    return _NORMAL_MAD_FACTOR * deviation / math.sqrt(2)


def variance_inflation(residuals: Floats, noise: float) -> float:
    """By how much dependence raises the variance of a level: 1 + 2·Σ(1 - k/(K + 1))·ρ(k) over lags k = 1 ... K = 2.

    Args:
        residuals: values less their level, in the order of time.
        noise: standard deviation of one value, positive, in the same unit.

    Returns: 1 for independent values, 3 at most; never under 1, since what alternates by chance is no promise.
    """
    clipped = np.clip(residuals / noise, -_CLIP, _CLIP)
    square = float(clipped @ clipped)
    if square == 0:
        return 1.0
    inflation = 1.0
    for lag in range(1, _DEPENDENCE_LAGS + 1):
        weight = 1 - lag / (_DEPENDENCE_LAGS + 1)
        inflation += 2 * weight * float(clipped[lag:] @ clipped[:-lag]) / square
    return max(inflation, 1.0)
