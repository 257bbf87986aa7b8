"""What was common to all features of a run."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.comparison.relative import run_factors

SPEEDS = {"a": 1.0, "b": 2.0, "c": 0.5, "d": 1.0, "e": 1.0}


def rows(feature_seconds, speeds=SPEEDS):
    return [{run: seconds * speed for run, speed in speeds.items()} for seconds in feature_seconds]


def test_exact_factors_are_found():
    assert run_factors(rows([0.001, 3.0, 40.0])) == pytest.approx(SPEEDS)


def test_neither_a_feature_that_changed_nor_one_that_is_missing_pulls_the_others_along():
    table = rows([0.001, 0.2, 3.0, 40.0, 7.0])
    for run in "de":
        table[1][run] *= 3.0
    del table[2]["b"]
    table[3]["a"] = 0.0
    assert run_factors(table) == pytest.approx(SPEEDS)


@pytest.mark.parametrize("table", [[], [{}], [{"a": 0.0}]])
def test_nothing_measured_has_no_factors(table):
    assert run_factors(table) == {}


@given(
    st.lists(st.floats(1e-9, 1e5), min_size=1, max_size=6),
    st.lists(st.floats(0.01, 100), min_size=1, max_size=6),
    st.floats(1e-3, 1e3),
)
def test_factors_do_not_depend_on_the_unit(feature_seconds, speeds, unit):
    by_run = dict(enumerate(speeds))
    factors = run_factors(rows(feature_seconds, by_run))
    scaled = run_factors(rows([unit * seconds for seconds in feature_seconds], by_run))
    assert all(math.isfinite(value) and value > 0 for value in factors.values())
    assert scaled == pytest.approx(factors, rel=1e-6)
