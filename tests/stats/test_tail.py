"""What a suite's past says of a value far out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.levels import Level
from aicmo_perf.stats.tail import SuiteTail

VALUES = st.lists(st.floats(-30, 30), min_size=1, max_size=12)
SUITES = st.lists(VALUES, min_size=1, max_size=6)


def level(residuals):
    return Level(
        location=0.0,
        location_variance=0.1,
        residuals=tuple(sorted(residuals)),
        own_spread=1.0,
        suite_spread=1.0,
        spread=1.0,
        degrees=10.0,
    )


def test_a_share_counts_the_others_and_the_value_itself():
    own, other = level([0.0, 9.0]), level([-1.0, 0.0, 1.0, 2.0])
    tail = SuiteTail.of([own, other])
    assert tail.share_beyond(own, 1.0) == pytest.approx(3 / 5)
    assert tail.share_beyond(own, 2.0) == pytest.approx(2 / 5)
    assert tail.share_beyond(own, 4.0) == pytest.approx((2 / 4) / 5)  # beyond all: Pareto
    assert tail.share_beyond(other, 1.0) == pytest.approx(2 / 3)


def test_what_a_feature_often_does_is_nothing_new():
    other = level([-1.0, 0.0, 1.0] * 30)
    now_and_then = level([*range(-5, 5), 20.0, 21.0])
    tail = SuiteTail.of([now_and_then, other])
    assert tail.p_value(now_and_then, 20.0) == pytest.approx(2 / 12)
    assert tail.p_value(now_and_then, 21.0) < 0.001  # its own share is 1 / 12: no more than the first run of a change


def test_without_others_there_is_no_share():
    own = level([0.0, 1.0])
    tail = SuiteTail.of([own])
    assert tail.share_beyond(own, 5.0) == 0
    assert tail.visible_t(own, 0.001, own_counts=False) == 0


def test_p_values_of_exchangeable_runs_are_conservative():
    """Runs of the heaviest tail there is, a Cauchy: as many as p lie so far out, or fewer."""
    rng = random.Random(1)
    p_values = []
    for _ in range(400):
        levels = [level([rng.gauss(0, 1) / abs(rng.gauss(0, 1)) for _ in range(10)]) for _ in range(10)]
        now = rng.gauss(0, 1) / abs(rng.gauss(0, 1))
        p_values.append(SuiteTail.of(levels).share_beyond(levels[0], now))
    for p in (0.005, 0.02, 0.05, 0.1, 0.5):
        assert sum(value <= p for value in p_values) / 400 <= p + 2.5 * (p * (1 - p) / 400) ** 0.5


@given(SUITES, st.lists(st.floats(-50, 50), min_size=2, max_size=6).map(sorted))
def test_farther_out_is_never_more_usual(suite, ascending):
    levels = [level(values) for values in suite]
    tail = SuiteTail.of(levels)
    p_values = [tail.p_value(levels[0], t) for t in ascending]
    assert all(0 <= p <= 1 for p in p_values)
    assert p_values == sorted(p_values, reverse=True)


@given(SUITES, st.floats(1e-4, 0.5), st.booleans())
def test_visible_is_where_the_p_value_gets_small(suite, critical, own_counts):
    levels = [level(values) for values in suite]
    tail, own = SuiteTail.of(levels), levels[0]
    p_value = tail.p_value if own_counts else tail.share_beyond
    visible = tail.visible_t(own, critical, own_counts=own_counts)
    assert p_value(own, visible * (1 + 1e-9) + 1e-9) <= critical * (1 + 1e-9)
    if visible > 1.001:
        assert p_value(own, visible * (1 - 1e-9) - 1e-9) >= critical * (1 - 1e-6)
