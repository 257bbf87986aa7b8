"""Noise about levels: right on noise, blind to steps and outliers, sensible on a coarse clock."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.noise import difference_noise, median, variance_inflation

NUMBERS = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30)


@given(NUMBERS)
def test_median_is_that_of_the_standard_library(values):
    assert median(np.array(values)) == pytest.approx(statistics.median(values), rel=1e-12, abs=1e-300)


def test_median_of_the_largest_numbers_does_not_overflow():
    assert median(np.array([-1.7e308, 1.7e308])) == 0
    assert median(np.array([1.7e308, 1.7e308])) == 1.7e308


def test_steps_and_outliers_are_no_noise():
    rng = np.random.default_rng(1)
    values = rng.normal(scale=0.02, size=2000)
    assert difference_noise(values) == pytest.approx(0.02, rel=0.1)
    values += np.repeat(rng.normal(size=10), 200)
    values[::50] += 3
    assert difference_noise(values) == pytest.approx(0.02, rel=0.15)


def test_a_coarse_clock_hides_no_noise():
    rng = np.random.default_rng(2)
    ticks = np.round(rng.normal(loc=5, scale=0.3, size=4000))  # ±1 tick now and then
    assert np.median(np.abs(np.diff(ticks))) == 0
    assert difference_noise(ticks) == pytest.approx(ticks.std(), rel=0.6)


@pytest.mark.parametrize("values", [[], [3.0], [2.0] * 40, [0.0, 0.0]])
def test_no_noise_where_nothing_differs(values):
    assert difference_noise(np.array(values)) == 0


def test_dependence_inflates():
    rng = np.random.default_rng(3)
    shocks = rng.normal(size=20_000)
    series = np.zeros_like(shocks)
    for index in range(1, len(shocks)):
        series[index] = 0.4 * series[index - 1] + shocks[index]
    # 1 + (4/3)·ρ + (2/3)·ρ², a little less since the largest values are clipped
    assert variance_inflation(series, series.std()) == pytest.approx(1 + 0.4 * 4 / 3 + 0.16 * 2 / 3, abs=0.05)
    assert variance_inflation(shocks, 1.0) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("residuals", [[], [0.0] * 9, [1.0, -1.0] * 20, [5.0]])
def test_inflation_is_never_under_one(residuals):
    assert variance_inflation(np.array(residuals), 1.0) == 1
