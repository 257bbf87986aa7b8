"""Change points of a failure rate: likelihoods against SciPy, partitions against trying them all, outages by hand."""

from __future__ import annotations

import math
import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaln

from aicmo_perf.flakiness.segments import (
    Attempts,
    failing_stretches,
    is_set_apart,
    log_likelihood,
    outages,
    rate_segments,
)

PASSED = Attempts(0, 1)
FAILED = Attempts(1, 1)
FAILED_TWICE = Attempts(1, 1, 1, 1)
RETRIED = Attempts(1, 1, 0, 1)
KINDS = [PASSED, FAILED, FAILED_TWICE, RETRIED]


def some_attempts(largest=40):
    counts = st.integers(0, largest).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))
    return st.tuples(counts, counts).map(lambda both: Attempts(*both[0], *both[1]))


@given(some_attempts())
def test_likelihood_is_that_of_the_beta_binomial(attempts):
    failed, count, refailed, retries = (
        attempts.failed_count,
        attempts.count,
        attempts.failed_retry_count,
        attempts.retry_count,
    )
    expected = betaln(failed + 0.3, count - failed + 0.5) - betaln(0.3, 0.5)
    expected += betaln(refailed + 0.5, retries - refailed + 0.5) - betaln(0.5, 0.5)
    assert log_likelihood(attempts) == pytest.approx(expected, abs=1e-9)


def boundaries(segments):
    return [segment.start for segment in segments[1:]]


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], []),
        ([FAILED], []),
        ([PASSED] * 30 + [FAILED] * 2, []),
        ([PASSED] * 30 + [FAILED] * 4, [30]),
        ([PASSED] * 30 + [FAILED] * 15 + [PASSED] * 30, [30, 45]),
        ([PASSED] * 30 + [RETRIED] + [PASSED] * 30, []),
        ([RETRIED, PASSED, PASSED] * 20 + [PASSED] * 100, [58]),  # healed
        ([RETRIED, PASSED, PASSED] * 20 + [FAILED_TWICE] * 8, [60]),  # broken
    ],
)
def test_segments_of_known_histories(attempts, expected):
    assert boundaries(rate_segments(attempts)) == expected


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=9).map(lambda few: [its for its in few for _ in range(4)]))
def test_no_partition_is_better(attempts):
    def score(cuts):
        edges = [0, *cuts, len(attempts)]
        parts = (sum(attempts[start:end], Attempts()) for start, end in pairwise(edges))
        return sum(map(log_likelihood, parts)) + len(cuts) * math.log(1e-4)

    changes = [at for at in range(1, len(attempts)) if attempts[at] != attempts[at - 1]]
    best = max(score(cuts) for count in range(len(changes) + 1) for cuts in combinations(changes, count))
    assert score(boundaries(rate_segments(attempts))) >= best - 1e-9


def test_segments_cover_everything_even_of_long_histories():
    rng = random.Random(1)
    attempts = [rng.choice(KINDS) for _ in range(3_000)]
    segments = rate_segments(attempts)
    assert [position for segment in segments for position in segment] == list(range(3_000))


def test_stretches_run_on_in_their_own_setting():
    attempts = [FAILED, PASSED, FAILED_TWICE, Attempts(), PASSED, FAILED, FAILED]
    settings = ["linux", "mac", "linux", "linux", "linux", "linux", "mac"]
    stretches = failing_stretches(attempts, settings, [frozenset()] * len(attempts))
    assert [stretch.positions for stretch in stretches] == [(0, 2), (5,), (6,)]
    assert stretches[0].attempts == Attempts(2, 2, 1, 1)
    assert [stretch.is_confirmed for stretch in stretches] == [True, False, False]


def outages_of(attempts):
    stretches = failing_stretches(attempts, [None] * len(attempts), [frozenset()] * len(attempts))
    found = outages(stretches, sum(attempts, Attempts()))
    return [position for stretch in found for position in stretch.positions]


def test_what_fails_nowhere_else_is_out_as_soon_as_a_second_outcome_says_so():
    attempts = [PASSED] * 9 + [FAILED_TWICE] + [PASSED] + [FAILED] * 2
    assert outages_of(attempts) == [9, 11, 12]
    assert outages_of([FAILED, PASSED, *attempts]) == [], "it may as well have bad luck"


def test_bad_luck_of_a_flaky_feature_is_no_outage():
    unlucky = [PASSED, RETRIED] * 20 + [FAILED_TWICE] * 2
    assert outages_of(unlucky) == []
    assert outages_of(unlucky + [FAILED_TWICE] * 8) == list(range(40, 50))


def test_outages_do_not_excuse_each_other():
    attempts = [PASSED] * 20 + [RETRIED] + [FAILED_TWICE] * 10 + [PASSED] * 20 + [FAILED_TWICE] * 4 + [PASSED]
    short = Attempts(4, 4, 4, 4)
    assert not is_set_apart(short, sum(attempts, Attempts()) - short), "beside ten more failures"
    assert outages_of(attempts) == [*range(21, 31), *range(51, 55)]


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=60),
    st.lists(st.integers(0, 59), max_size=30),
)
def test_more_passes_never_turn_an_outage_into_flakes(attempts, where):
    more = list(attempts)
    for position in where:
        if position < len(more) and more[position].all_passed_count:
            more[position] += PASSED
    more += [PASSED] * len(where)
    assert set(outages_of(attempts)) <= set(outages_of(more))
