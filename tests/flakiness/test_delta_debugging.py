"""All that are necessary, few trials, and no harm from what is not monotone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.delta_debugging import minimal_features

COUNT = 500
LIMIT = 2 * math.log2(COUNT) + 4


def ordered_positions(count, *, of=COUNT):
    return st.lists(st.integers(0, of - 1), min_size=count, max_size=count, unique=True).map(sorted)


@given(st.one_of(ordered_positions(1), ordered_positions(2)))
def test_one_or_two_among_five_hundred_take_few_trials(polluters):
    found = minimal_features(range(COUNT), set(polluters).issubset)
    assert list(found.features) == polluters
    assert found.trial_count <= LIMIT


@given(st.data(), st.integers(1, 30), st.integers(1, 6))
def test_all_necessary_are_found_however_many(data, count, necessary_count):
    necessary = data.draw(ordered_positions(min(count, necessary_count), of=count))
    assert list(minimal_features(range(count), set(necessary).issubset).features) == necessary


@given(ordered_positions(3, of=60))
def test_a_polluter_counts_again_after_what_cleans_up(places):
    first, cleaner, last = places

    def shows(features):
        return any(
            polluter in features and (polluter > cleaner or cleaner not in features) for polluter in (first, last)
        )

    found = minimal_features(range(60), shows)
    assert found.features == (last,)
    assert found.trial_count <= 2 * math.log2(60) + 4


@given(st.sets(st.frozensets(st.integers(0, 11), min_size=1), min_size=1), st.sets(st.integers(0, 4095), max_size=800))
def test_whatever_the_effect_is_none_of_those_found_can_be_left_out(enough, exceptions):
    """Any set may be an exception, so that a larger one need not show what a smaller one does."""

    def shows(features):
        number = sum(1 << feature for feature in features)
        return len(features) == 12 or (
            bool(features) and any(map(set(features).issuperset, enough)) is not (number in exceptions)
        )

    found = minimal_features(range(12), shows).features
    assert shows(found)
    assert not any(shows(found[:index] + found[index + 1 :]) for index in range(len(found)) if len(found) > 1)


@pytest.mark.parametrize("candidates", [(), ("only",)])
def test_what_needs_no_search_is_not_tried(candidates):
    found = minimal_features(candidates, lambda features: pytest.fail("tried"))
    assert found.features == candidates
    assert found.trial_count == 0
