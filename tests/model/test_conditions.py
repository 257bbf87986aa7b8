"""What an iteration changes: whole, in parts, and there and back through JSON."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.model import FACTOR_FIELDS, PLAIN, Conditions, Factor, IterationKind, OrderKind, PlannedIteration

conditions = st.builds(
    Conditions,
    order=st.sampled_from(OrderKind),
    judged_calls=st.integers(1, 50),
    hash_seed=st.none() | st.integers(0, 2**32 - 1),
    random_seed=st.none() | st.integers(0, 2**32 - 1),
    clock_shift_seconds=st.floats(-1e8, 1e8),
    time_zone=st.none() | st.text(),
    locale=st.none() | st.text(),
    fresh_directory=st.booleans(),
    earlier_process_count=st.integers(0, 3),
    cpu_count=st.none() | st.integers(1, 64),
    worker_count=st.integers(1, 8),
    busy_process_count=st.integers(0, 8),
)


def test_every_field_is_a_factors():
    assert sorted(FACTOR_FIELDS.values()) == sorted(field.name for field in fields(Conditions))
    assert set(FACTOR_FIELDS) == set(Factor)


@given(conditions)
def test_json_there_and_back(some):
    assert Conditions.from_dict(json.loads(json.dumps(some.to_dict()))) == some


def test_what_a_later_version_adds_is_passed_over():
    assert Conditions.from_dict({"hash_seed": 3, "phase_of_the_moon": "full"}) == Conditions(hash_seed=3)


@given(conditions, st.sets(st.sampled_from(Factor)))
def test_parts_add_up(some, factors):
    assert some.only(factors).changed == some.changed & factors
    assert some.without(factors).changed == some.changed - factors
    assert some.only(some.changed) == some
    assert some.without(some.changed) == PLAIN


def test_the_plain_conditions_change_nothing():
    assert PLAIN.changed == frozenset()
    assert PLAIN.to_dict() == {}


@pytest.mark.parametrize("name", ["judged_calls", "worker_count", "cpu_count"])
def test_nothing_runs_on_nothing(name):
    with pytest.raises(ValueError, match="at least one"):
        Conditions(**{name: 0})


def test_only_what_is_unperturbed_is_measured_or_counts_as_the_same():
    measured = {kind for kind in IterationKind if PlannedIteration(number=1, kind=kind).is_measured}
    assert measured == {IterationKind.PLAIN, IterationKind.TWIN}
    assert {kind for kind in IterationKind if kind.is_unperturbed} == measured | {IterationKind.RETRY}
