"""What a coincidence is, and what an iteration says of a first call."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from aicmo_perf.flakiness.evidence import association, coincidence, follows_load, inconsistent, observations
from aicmo_perf.model import (
    Conditions,
    Feature,
    Inconsistency,
    Iteration,
    IterationResult,
    PlannedIteration,
    Signature,
    Status,
)

FEATURE = Feature(suite="shop", qualified_name="swot", name="swot")
KEYS = tuple(("shop", name) for name in ("a", "b", "swot", "c", "d"))
PASSES = Signature(Status.PASS, 0, 0)


def result_of(status=Status.PASS, **values):
    return IterationResult(feature=FEATURE, status=status, **values)


def iteration_of(number=1, order=None, **conditions):
    planned = PlannedIteration(number=number, order=order, conditions=Conditions(**conditions))
    return Iteration(planned=planned, started_at=datetime(2026, 1, 1, tzinfo=UTC))


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0, 1))
def test_no_rate_makes_agreement_more_probable_than_the_bound(usual_count, other_count, rate):
    assert (1 - rate) ** usual_count * rate**other_count <= coincidence(usual_count, other_count) + 1e-12


def test_five_each_way_are_one_in_a_thousand():
    assert coincidence(5, 5) == 1 / 1024


@given(*[st.integers(0, 16)] * 4)
def test_association_is_fishers_exact_test(usual_plain, other_plain, usual_changed, other_changed):
    table = [[other_changed, usual_changed], [other_plain, usual_plain]]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert association(usual_plain, other_plain, usual_changed, other_changed) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("deviating", "usual", "follows"),
    [
        # 3 of 10 are the busiest by chance once in 120, 2 of them once in 45
        ([3.0] * 3, [0.5] * 7, True),
        ([3.0] * 2, [0.5] * 8, False),
        ([3.0] * 7, [0.5] * 3, True),
        ([3.0], [0.5] * 9, False),
        ([3.0] * 6, [0.5] * 6 + [3.0], False),
        ([], [0.5], False),
        ([3.0], [], False),
    ],
)
def test_load_explains_only_what_it_separates_beyond_chance(deviating, usual, follows):
    assert follows_load(deviating, usual) is follows


def test_inconsistent_are_signatures_and_where_these_agree_outputs():
    assert inconsistent(
        {
            KEYS[0]: [result_of(output_digest="x"), result_of(output_digest="x")],
            KEYS[1]: [result_of(output_digest="x"), result_of(output_digest="y")],
            KEYS[2]: [result_of(output_digest="x"), result_of(Status.FAIL, errors=("no",), output_digest="y")],
            KEYS[3]: [result_of()],
        }
    ) == {KEYS[1]: Inconsistency.OUTPUT, KEYS[2]: Inconsistency.STATUS}


@pytest.mark.parametrize(
    ("result", "first", "is_repeated_call"),
    [
        (result_of(), PASSES, False),
        (result_of(Status.PARTIAL, errors=("in a repeated call: no",)), PASSES, True),
        (
            result_of(Status.PARTIAL, errors=("scenario 1 (small): no", "scenario 2 (large): in a repeated call: no")),
            Signature(Status.PARTIAL, 1, 0),
            True,
        ),
        (result_of(Status.FAIL, errors=("no",), warnings=("odd",)), Signature(Status.FAIL, 1, 1), False),
        (
            result_of(
                Status.FAIL, errors=("OSError: in a repeated call: no", "scenario 3: OSError: in a repeated call: no")
            ),
            Signature(Status.FAIL, 2, 0),
            False,
        ),
        (result_of(Status.PARTIAL, errors=("scenario 12: in a repeated call: in a repeated call: no",)), PASSES, True),
    ],
)
def test_what_repeated_calls_add_is_not_the_first_calls(result, first, is_repeated_call):
    (seen,) = observations(FEATURE.key, Inconsistency.STATUS, [iteration_of()], [result], KEYS)
    assert (seen.first.signature, seen.is_repeated_call) == (first, is_repeated_call)


def test_before_a_feature_came_what_was_in_its_worker():
    order = KEYS[::-1]
    iterations = [iteration_of(2, order, worker_count=2), iteration_of(1), iteration_of(3, order)]
    seen = observations(
        FEATURE.key, Inconsistency.STATUS, iterations, [result_of(iteration=number) for number in (1, 2)], KEYS
    )
    assert [(one.iteration.number, one.before, one.line) for one in seen] == [
        (1, KEYS[:2], KEYS),
        (2, (KEYS[4],), (KEYS[4], KEYS[2], KEYS[0])),
    ]
