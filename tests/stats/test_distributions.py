"""Student's t and the beta distribution against SciPy over a wide grid."""

from __future__ import annotations

import math

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.distributions import beta_quantile, student_t_isf, student_t_sf

DEGREES = (0.3, 0.5, 1, 1.6, 2, 3.3, 7.6, 11.6, 19, 50, 120, 1_000, 30_000, 99_999, 100_001, 1e6, 1e9)
VALUES = (0, 1e-6, 1e-3, 0.1, 0.5, 0.8, 1, 1.5, 2, 3, 4, 6, 9, 12, 20, 40, 100, 1e4, 1e8)


@pytest.mark.parametrize("degrees", DEGREES)
def test_survival_function_is_scipys(degrees):
    for value in VALUES:
        for t in (value, -value):
            assert student_t_sf(t, degrees) == pytest.approx(scipy.stats.t.sf(t, degrees), abs=1e-10, rel=0)


@pytest.mark.parametrize("degrees", [1.6, 4, 7.6, 11.6, 19, 200])
def test_small_probabilities_keep_their_digits(degrees):
    for t in (5, 10, 20, 40):
        assert student_t_sf(t, degrees) == pytest.approx(scipy.stats.t.sf(t, degrees), rel=1e-10)


@pytest.mark.parametrize("probability", [0.999, 0.6, 0.5, 0.4, 0.02, 2e-4, 1e-8])
@pytest.mark.parametrize("degrees", [1.6, 7.6, 19, 1e6])
def test_inverse_is_scipys(probability, degrees):
    expected = scipy.stats.t.isf(probability, degrees)
    assert student_t_isf(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-10)


@given(st.floats(0.5, 500), st.floats(1e-6, 1 - 1e-6))
def test_inverse_undoes_the_survival_function(degrees, probability):
    assert student_t_sf(student_t_isf(probability, degrees), degrees) == pytest.approx(probability, rel=1e-9, abs=1e-11)


def test_what_is_infinite_is_certain():
    assert student_t_sf(math.inf, 5) == 0
    assert student_t_sf(-math.inf, 5) == 1
    assert student_t_sf(1e200, 0.5) == 0


@pytest.mark.parametrize(("t", "degrees"), [(1.0, 0), (1.0, -3), (math.nan, 5), (1.0, math.nan)])
def test_survival_function_refuses_nonsense(t, degrees):
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_t_sf(t, degrees)


@pytest.mark.parametrize("probability", [0, 1, -0.1, math.nan])
def test_inverse_refuses_what_is_no_probability(probability):
    with pytest.raises(ValueError, match="between 0 and 1"):
        student_t_isf(probability, 5)


@pytest.mark.parametrize("a", [0.5, 0.7, 1, 1.5, 3, 12.5, 100, 4_000.5])
@pytest.mark.parametrize("b", [0.5, 1, 2.5, 40, 399.5, 10_000])
def test_beta_quantile_is_scipys(a, b):
    for probability in (1e-6, 0.0125, 0.025, 0.5, 0.9, 0.9875):
        expected = scipy.stats.beta.ppf(probability, a, b)
        assert beta_quantile(probability, a, b) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("probability", "a", "b"), [(0, 1, 1), (1, 1, 1), (0.5, 0, 1), (0.5, 1, -1), (0.5, math.inf, 1), (math.nan, 1, 1)]
)
def test_beta_quantile_refuses_nonsense(probability, a, b):
    with pytest.raises(ValueError, match="no beta distribution"):
        beta_quantile(probability, a, b)
