"""Sparklines: scaled to the window, gaps kept, laws for any series."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aicmo_perf.report.sparkline import BLOCKS, GAP, sparkline

VALUES = st.lists(st.one_of(st.none(), st.floats(min_value=0, max_value=1e6)), max_size=20)


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((), ""),
        ((1, 2, 3, 4, 5, 6, 7, 8), BLOCKS),
        ((1.0, None, 2.0), "▁·█"),
        ((None, None), "··"),
        ((5.0, 5.0, 5.0), "▄▄▄"),
        ((0.0,), "▄"),
        ((1.0, math.nan, math.inf, 3.0), "▁··█"),
        ((-1.7e308, 1.7e308), "▁█"),
    ],
)
def test_examples(values, drawn):
    assert sparkline(values) == drawn


@given(VALUES)
def test_gaps_stand_where_values_miss(values):
    drawn = sparkline(values)
    assert [character == GAP for character in drawn] == [value is None for value in values]


@given(VALUES, st.integers(min_value=-20, max_value=20))
def test_the_unit_does_not_matter(values, exponent):
    present = {value for value in values if value}
    # scaling by a power of two is exact as long as nothing becomes subnormal
    assume(all(value > 1e-200 for value in present))
    assert sparkline([None if v is None else v * 2.0**exponent for v in values]) == sparkline(values)


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=2, max_size=20))
def test_larger_values_never_stand_lower(values):
    ranked = sorted(zip(values, sparkline(values), strict=True))
    heights = [BLOCKS.index(block) for _, block in ranked]
    assert heights == sorted(heights)


@given(VALUES.filter(bool), st.integers(min_value=1, max_value=8))
def test_long_series_are_drawn_in_the_width_given(values, width):
    assert len(sparkline(values * 9, width=width)) == min(width, len(values) * 9)


def test_neighbours_are_drawn_as_their_median():
    assert sparkline([1, 1, 1, 9, 9, 9], width=2) == "▁█"
    assert sparkline([None, None, 1, 1, 2, 2], width=3) == "·▁█"
