"""Benjamini and Hochberg's procedure against SciPy's."""

from __future__ import annotations

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.multiple import benjamini_hochberg, critical_p_value

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.floats(0, 1e-3), st.just(0.01)), min_size=1, max_size=60)


@given(P_VALUES)
def test_adjusted_values_are_scipys(p_values):
    expected = scipy.stats.false_discovery_control(p_values)
    assert benjamini_hochberg(p_values) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@given(P_VALUES)
def test_adjusting_never_makes_anything_more_certain(p_values):
    assert all(after >= before for before, after in zip(p_values, benjamini_hochberg(p_values), strict=True))


@given(P_VALUES, st.data())
def test_each_value_is_adjusted_alike_in_any_order(p_values, data):
    order = data.draw(st.permutations(range(len(p_values))))
    adjusted = benjamini_hochberg(p_values)
    assert benjamini_hochberg([p_values[index] for index in order]) == tuple(adjusted[index] for index in order)


@given(P_VALUES, st.floats(0.01, 0.5))
def test_critical_value_separates_the_called_from_the_rest(p_values, significance):
    called = [adjusted <= significance for adjusted in benjamini_hochberg(p_values)]
    for index, p_value in enumerate(p_values):
        critical = critical_p_value(significance, called=sum(called), total=len(called), is_called=called[index])
        if called[index]:
            assert p_value <= critical * (1 + 1e-12)
        else:
            assert p_value > critical * (1 - 1e-12)
            would_be = [*p_values[:index], critical * (1 - 1e-12), *p_values[index + 1 :]]
            assert benjamini_hochberg(would_be)[index] <= significance


def test_nothing_to_adjust():
    assert benjamini_hochberg([]) == ()


@pytest.mark.parametrize("p_values", [[-0.1], [0.5, 1.1], [float("nan")]])
def test_what_is_no_probability_is_refused(p_values):
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg(p_values)
