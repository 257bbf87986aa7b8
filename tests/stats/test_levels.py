"""Levels and spreads of baselines: worked examples, laws, and the spread held against simulation."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.stats.levels import feature_levels
from aicmo_perf.stats.runtimes import Measurement

RUNTIMES = st.floats(1e-4, 100)


def level_of(*past, earlier=(), among=()):
    """The level of one feature, in a suite with these other baselines."""
    others = [Measurement(1.0, tuple(other)) for other in among]
    return feature_levels([Measurement(1.0, tuple(past), tuple(earlier)), *others])[0]


def simulated(rng, count, spread=0.05, seconds=0.1):
    return tuple(seconds * math.exp(rng.gauss(0, spread)) for _ in range(count))


@pytest.mark.parametrize("count", [4, 5, 8, 12, 20, 30])
def test_own_spread_is_about_right(count):
    rng = random.Random(count)
    found = [level_of(*simulated(rng, count)).own_spread for _ in range(600)]
    assert math.sqrt(statistics.fmean(value**2 for value in found)) == pytest.approx(0.05, rel=0.12)


@pytest.mark.parametrize("count", [5, 20])
def test_degrees_tell_how_well_a_spread_is_known(count):
    """A variance of so many degrees of freedom has a relative variance of 2 / degrees."""
    rng = random.Random(count)
    levels = [level_of(*simulated(rng, count)) for _ in range(600)]
    variances = [level.own_spread**2 for level in levels]
    relative = statistics.variance(variances) / statistics.fmean(variances) ** 2
    assert levels[0].degrees == pytest.approx(2 / relative, rel=0.35)


def test_a_change_of_level_is_no_spread():
    rng = random.Random(3)
    before, after = simulated(rng, 10, seconds=0.1), simulated(rng, 10, seconds=0.2)
    apart, together = level_of(*after, earlier=[before]), level_of(*before, *after)
    assert apart.own_spread < 0.1 < together.own_spread
    assert apart.location == pytest.approx(math.log(statistics.median(after)))


def test_a_level_of_one_run_is_where_it_is_and_less_certain():
    rng = random.Random(4)
    past = simulated(rng, 12)
    fresh, settled = level_of(0.3, earlier=[past]), level_of(*past)
    assert fresh.location == pytest.approx(math.log(0.3))
    assert fresh.own_spread == pytest.approx(settled.own_spread)
    assert fresh.location_variance == 1
    assert fresh.prediction_scale > settled.prediction_scale


def test_levels_of_single_runs_have_the_suites_spread():
    rng = random.Random(5)
    among = [simulated(rng, 20) for _ in range(10)]
    level = level_of(0.1, earlier=[(0.2,), (0.3,), (0.15,), (0.4,)], among=among)
    assert level.spread == pytest.approx(level.suite_spread)
    assert level.suite_spread == pytest.approx(0.05, rel=0.3)


def test_a_wild_run_moves_a_long_baselines_spread_little():
    rng = random.Random(6)
    past = simulated(rng, 20)
    assert level_of(*past[:-1], 500.0).own_spread < 1.5 * level_of(*past).own_spread


def test_spreads_are_drawn_towards_the_suites_with_limits():
    rng = random.Random(7)
    calm, rough = simulated(rng, 20, 0.01), simulated(rng, 20, 0.1)
    alone_calm, alone_rough = level_of(*calm), level_of(*rough)
    assert alone_calm.spread == alone_calm.own_spread
    drawn = level_of(*calm, among=[rough] * 20)
    assert alone_calm.spread < drawn.spread < 0.3 * drawn.suite_spread
    assert 0.75 * alone_rough.spread <= level_of(*rough, among=[calm] * 20).spread < alone_rough.spread


def test_few_runs_are_drawn_more():
    rng = random.Random(8)
    rough = [simulated(rng, 20, 0.3) for _ in range(20)]
    pattern = (0.09, 0.095, 0.1, 0.105, 0.11)
    few, many = (level_of(*pattern * times, among=rough) for times in (1, 6))
    assert few.spread / few.own_spread > many.spread / many.own_spread > 1


def test_a_coarse_clock_has_half_a_step_of_spread():
    assert level_of(*(0.003,) * 8, 0.004, 0.004).own_spread == pytest.approx(0.5 * math.log1p(1 / 3))


@given(
    st.lists(RUNTIMES, min_size=1, max_size=20),
    st.lists(RUNTIMES, min_size=1, max_size=9),
    st.randoms(use_true_random=False),
)
def test_order_within_levels_does_not_matter(past, earlier, rng):
    straight = level_of(*past, earlier=[earlier])
    shuffled = level_of(*rng.sample(past, len(past)), earlier=[rng.sample(earlier, len(earlier))])
    assert shuffled.spread == pytest.approx(straight.spread)
    assert shuffled.residuals == pytest.approx(straight.residuals)
    assert shuffled.location == straight.location


@given(st.lists(RUNTIMES, min_size=1, max_size=20), st.lists(RUNTIMES, min_size=2, max_size=20))
def test_mirrored_twice_is_the_same(past, other):
    level = level_of(*past, among=[other])
    assert level.mirrored().mirrored() == level
