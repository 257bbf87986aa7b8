"""Robust location and spread: SciPy's figures, and the laws."""

from __future__ import annotations

import math
import random

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.robust import Sample, clock_step, median_variance_factor, robust_level

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(VALUES)
def test_spread_is_scipys_mad_with_the_correction_for_few_values(values):
    correction = 1 + 0.8 / (len(values) - 1) if len(values) > 1 else 0
    expected = scipy.stats.median_abs_deviation(values) * 1.4826 * correction
    assert Sample(tuple(values)).scaled_mad == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.lists(st.integers(-(10**6), 10**6).map(float), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_level_ignores_the_order(values, rng):
    shuffled = rng.sample(values, len(values))
    assert robust_level(shuffled) == robust_level(values)


def test_a_minority_of_wild_values_moves_nothing_far():
    values = [10 + 0.1 * index for index in range(11)]
    wild = [*values[:-5], 1e9, 1e9, 1e9, 1e9, 1e9]
    assert 10 <= robust_level(wild).location <= 11
    assert robust_level(wild).spread < 2


@pytest.mark.parametrize("count", [5, 10, 20])
def test_spread_is_about_right_on_few_values(count):
    rng = random.Random(1)
    spreads = [Sample(tuple(rng.gauss(0, 1) for _ in range(count))).scaled_mad for _ in range(4000)]
    assert sum(spreads) / len(spreads) == pytest.approx(1, abs=0.06)


def test_spread_has_a_floor():
    assert robust_level([3.0] * 9, spread_floor=0.005).spread == 0.005
    assert robust_level([3.0]).spread == 0


def test_a_robust_spread_knows_less_than_its_values_could():
    assert robust_level([1.0, 2, 3]).effective_degrees == pytest.approx(0.8)


@pytest.mark.parametrize("values", [(), (1.0, math.nan), (math.inf,)])
def test_what_is_no_sample_is_refused(values):
    with pytest.raises(ValueError, match="sample"):
        robust_level(values)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1.0, 1.0, 1.0, 2.0], 1.0),
        ([0.003, 0.001, 0.001, 0.001, 0.001, 0.003], 0.002),
        ([1.0, 1.0, 1.0], 0),  # alike: nothing to tell the step by
        ([1.0, 1.1, 1.2, 1.2], 0),  # a fine clock may repeat a value
        ([], 0),
    ],
)
def test_repeated_values_betray_the_clock(values, step):
    assert clock_step(values) == pytest.approx(step)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 41])
def test_a_median_scatters_as_much_as_is_said(count):
    rng = random.Random(count)
    medians = [Sample(tuple(rng.gauss(0, 1) for _ in range(count))).median for _ in range(4000)]
    variance = sum(value**2 for value in medians) / len(medians)
    assert median_variance_factor(count) == pytest.approx(count * variance, rel=0.09)
