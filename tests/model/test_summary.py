"""The quantiles that stand for a process's samples."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.model import high_quantile, low_quantile

durations = st.lists(st.floats(1e-9, 1e5), min_size=1, max_size=60)


@given(durations)
def test_the_quantiles_are_those_of_numpy_from_ten_samples_on(samples: list[float]) -> None:
    if len(samples) >= 10:
        assert low_quantile(samples) == pytest.approx(numpy.quantile(samples, 0.01), rel=1e-12)
        assert high_quantile(samples) == pytest.approx(numpy.quantile(samples, 0.9), rel=1e-12)
    else:
        assert (low_quantile(samples), high_quantile(samples)) == (min(samples), max(samples))


@given(durations, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(samples: list[float], random) -> None:
    shuffled = list(samples)
    random.shuffle(shuffled)

    assert low_quantile(shuffled) == low_quantile(samples)
    assert high_quantile(shuffled) == high_quantile(samples)


def test_no_samples_have_no_quantile() -> None:
    with pytest.raises(ValueError):
        low_quantile([])
    with pytest.raises(ValueError):
        high_quantile([])
