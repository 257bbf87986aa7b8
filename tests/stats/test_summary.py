"""One number of a run's samples."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.summary import high_quantile, low_quantile

SAMPLES = st.lists(st.floats(0, 1e6), min_size=1, max_size=80)


@given(SAMPLES)
def test_quantiles_are_numpys_and_the_ends_of_few_samples(samples):
    few = len(samples) < 10
    assert low_quantile(samples) == pytest.approx(min(samples) if few else np.quantile(samples, 0.01), rel=1e-12)
    assert high_quantile(samples) == pytest.approx(max(samples) if few else np.quantile(samples, 0.9), rel=1e-12)


@pytest.mark.parametrize("quantile", [low_quantile, high_quantile])
def test_nothing_measured_has_no_quantile(quantile):
    with pytest.raises(ValueError, match="samples"):
        quantile([])


def test_the_low_quantile_does_not_see_a_busy_machine():
    rng = random.Random(1)
    calm = [0.1 + 0.001 * rng.random() for _ in range(30)]
    busy = [value * (3.0 if rng.random() < 0.7 else 1.0) for value in calm]
    assert low_quantile(busy) == pytest.approx(low_quantile(calm), rel=0.01)
    assert high_quantile(busy) > 2 * high_quantile(calm)


def test_more_samples_do_not_go_on_making_a_run_faster():
    rng = random.Random(2)
    samples = [rng.expovariate(1) for _ in range(20_000)]
    hundreds = [low_quantile(samples[start : start + 500]) for start in range(0, 20_000, 500)]
    assert low_quantile(samples) == pytest.approx(sum(hundreds) / len(hundreds), rel=0.2)
    assert min(samples) < 0.1 * low_quantile(samples)
