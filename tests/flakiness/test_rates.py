"""Rates: the interval covers what it should, by the exact sum; more passes never raise anything."""

from __future__ import annotations

import math
from functools import cache

import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from aicmo_perf.flakiness.rates import TAIL_PROBABILITY, estimate_rate, runs_to_exclude, showing_probability

TRUE_RATES = (1 / 2, 1 / 5, 1 / 10, 1 / 20, 1 / 50, 1 / 100, 1 / 200)
COUNTS = st.floats(0, 50) | st.integers(0, 50).map(float)

ends = cache(lambda x, n: (estimate_rate(x, n).low, estimate_rate(x, n).high))


@pytest.mark.parametrize("true_rate", TRUE_RATES)
def test_the_interval_covers_the_true_rate_in_94_percent_of_all_cases_at_any_number_of_runs(true_rate):
    first = last = 0
    for n in range(1, 401):
        # both ends rise with x and fall with n, so that what covers the rate only moves upwards
        while ends(first, n)[1] < true_rate:
            first += 1
        while last < n and ends(last + 1, n)[0] <= true_rate:
            last += 1
        covering = scipy.stats.binom.pmf(range(first, last + 1), n, true_rate).sum()
        assert covering >= 0.954, n


@given(st.integers(2, 398), st.data())
def test_between_its_ends_it_is_jeffreys_interval(n, data):
    x = data.draw(st.integers(2, n)) if n > 2 else 2
    assume(n - x >= 2)
    estimate = estimate_rate(x, n)
    a, b = x + 0.5, n - x + 0.5
    exact = scipy.stats.beta.ppf([TAIL_PROBABILITY, 1 - TAIL_PROBABILITY], a, b)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(exact), rel=1e-9)


def test_ends_where_nothing_or_everything_differs_are_exact():
    assert estimate_rate(0, 10).high == pytest.approx(1 - 0.0125 ** (1 / 10))
    assert estimate_rate(0, 10).low == estimate_rate(1, 10).low == 0
    assert estimate_rate(10, 10).low == pytest.approx(0.0125 ** (1 / 10))
    assert estimate_rate(10, 10).high == estimate_rate(9, 10).high == 1


@given(COUNTS, COUNTS, st.floats(0, 30))
def test_more_passes_never_raise_the_rate(deviating, agreeing, more):
    assume(deviating + agreeing > 1e-6)
    before = estimate_rate(deviating, deviating + agreeing)
    after = estimate_rate(deviating, deviating + agreeing + more)
    assert after.rate <= before.rate * (1 + 1e-12)
    assert after.low <= before.low + 1e-12
    assert after.high <= before.high + 1e-12
    if deviating == 0:
        assert after.not_excluded <= before.not_excluded + 1e-12


@given(COUNTS, COUNTS)
def test_the_interval_holds_the_share(deviating, agreeing):
    assume(deviating + agreeing > 0)
    estimate = estimate_rate(deviating, deviating + agreeing)
    assert 0 <= estimate.low <= estimate.rate + 1e-12
    assert estimate.rate <= estimate.high + 1e-12 <= 1 + 1e-9


@given(COUNTS, COUNTS)
def test_differing_and_agreeing_mirror_each_other(deviating, agreeing):
    estimate = estimate_rate(deviating, deviating + agreeing)
    mirrored = estimate_rate(deviating + agreeing - deviating, deviating + agreeing)
    if deviating + agreeing - deviating == agreeing:
        assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((estimate.low, estimate.high), abs=1e-9)


def test_what_was_not_excluded_is_said_while_nothing_differs():
    assert estimate_rate(0, 10).not_excluded == pytest.approx(0.259, abs=5e-4)
    assert estimate_rate(0, 100).not_excluded == pytest.approx(0.0295, abs=5e-5)
    assert estimate_rate(1, 10).not_excluded is None


def test_nothing_is_known_without_results():
    estimate = estimate_rate(0, 0)
    assert (estimate.rate, estimate.low, estimate.high, estimate.not_excluded) == (None, 0, 1, 1)


@pytest.mark.parametrize(("deviating", "all_results"), [(-1, 3), (4, 3), (math.nan, 3), (0, math.inf)])
def test_counts_that_cannot_be_are_refused(deviating, all_results):
    with pytest.raises(ValueError, match="cannot differ"):
        estimate_rate(deviating, all_results)


@pytest.mark.parametrize(("rate", "count"), [(0.05, 59), (0.01, 299), (0.1, 29), (0.5, 5), (0.96, 1), (1.0, 1)])
def test_runs_to_exclude_are_the_least_that_do(rate, count):
    assert runs_to_exclude(rate) == count
    assert estimate_rate(0, count).not_excluded <= rate
    assert count == 1 or estimate_rate(0, count - 1).not_excluded > rate


@pytest.mark.parametrize("rate", [0, -0.1, 1.1, math.nan])
def test_no_rate_below_everything_can_be_excluded(rate):
    with pytest.raises(ValueError, match="excluded"):
        runs_to_exclude(rate)


@given(st.just(0.0) | st.floats(1e-9, 1), st.integers(0, 40))
def test_both_outcomes_show_as_often_as_not_all_are_alike(rate, count):
    alike = scipy.stats.binom.pmf(0, count, rate) + scipy.stats.binom.pmf(count, count, rate)
    assert showing_probability(rate, count) == pytest.approx(max(0, 1 - alike) if count else 0, abs=1e-12)


def test_a_probability_is_one():
    with pytest.raises(ValueError, match="between 0 and 1"):
        showing_probability(1.5, 10)
