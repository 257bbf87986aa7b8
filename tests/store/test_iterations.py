"""What iterations are run under is kept exactly, so that each can be repeated."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aicmo_perf.errors import StoreError
from aicmo_perf.model import Conditions, Iteration, IterationKind, OrderKind, PlannedIteration
from aicmo_perf.store import open_store
from aicmo_perf.store.columns import PackedIntegers

STARTED_AT = datetime(2025, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
EVERYTHING = Conditions(
    order=OrderKind.SHUFFLE_MODULES,
    judged_calls=3,
    hash_seed=2**32 - 1,
    random_seed=7,
    clock_shift_seconds=-0.1,
    time_zone="<+13>-13",
    locale="tr_TR.utf8",
    fresh_directory=True,
    earlier_process_count=1,
    cpu_count=1,
    worker_count=2,
    busy_process_count=4,
)


def iteration(number: int, order: tuple[str, ...] | None = None, **planned: object) -> Iteration:
    """One that took the features of those names in this order."""
    keys = None if order is None else tuple(("shop", f"shop.{name}") for name in order)
    return Iteration(planned=PlannedIteration(number=number, order=keys, **planned), started_at=STARTED_AT)


@pytest.fixture
def run(history):
    """A run with results of three features."""
    return history.add({"a": 1.0, "b": 1.0, "c": 1.0})


def test_every_field_comes_back_also_to_who_only_reads(history, store_path, run):
    ran = [
        replace(iteration(1), duration_seconds=2.5, load_average=0.25),
        iteration(2, ("c", "b", "a"), kind=IterationKind.PERTURBED, conditions=EVERYTHING, seed=2**63 - 1),
        iteration(3, kind=IterationKind.TWIN, seed=42),
        iteration(4, ("b",), kind=IterationKind.RETRY),
    ]
    for one in reversed(ran):
        history.store.record_iteration(run, one)

    with open_store(store_path, write=False) as reader:
        assert reader.result(run).iterations == tuple(ran)


def test_a_run_of_before_has_none(history, run):
    assert history.store.result(run).iterations == ()


def test_an_iteration_is_written_when_it_starts_and_again_when_it_ends(history, run):
    started = iteration(2, ("c", "a", "b"))
    ended = replace(started, duration_seconds=1.5, load_average=2.0)

    history.store.record_iteration(run, started)
    assert history.store.result(run).iterations == (started,)
    history.store.record_iteration(run, ended)

    assert history.store.result(run).iterations == (ended,)


def test_an_order_keeps_features_that_have_no_result_yet_and_is_not_confused_by_later_ones(history, make_iteration):
    run = history.store.start_run(history.new_run())
    history.record(run, make_iteration("a"))
    planned = iteration(2, ("late", "a", "never", "late"))
    history.store.record_iteration(run, planned)
    assert history.store.result(run).iterations == (planned,)

    for name in ("other", "late", "another"):
        history.record(run, make_iteration(name, iteration=2))
    assert history.store.result(run).iterations == (planned,)

    ended = replace(planned, duration_seconds=1.0)
    history.store.record_iteration(run, ended)
    assert history.store.result(run).iterations == (ended,)


def test_an_order_before_any_result(history):
    run = history.store.start_run(history.new_run())
    first = iteration(1, ("b", "a"))
    history.store.record_iteration(run, first)
    assert history.store.result(run).iterations == (first,)


def test_features_of_one_name_in_two_suites_are_told_apart(history, make_feature, make_iteration):
    run = history.store.start_run(history.new_run())
    for suite in ("shop", "billing"):
        history.record(run, make_iteration("total", feature=make_feature("total", suite=suite)))
    order = (("billing", "shop.total"), ("shop", "shop.total"))
    history.store.record_iteration(
        run, Iteration(planned=PlannedIteration(number=2, order=order), started_at=STARTED_AT)
    )
    assert history.store.result(run).iterations[0].planned.order == order


def test_statuses_say_which_iterations_they_merge_and_what_was_scrubbed(history, make_iteration):
    run = history.store.start_run(history.new_run())
    merged = history.record(
        run,
        make_iteration("swot", iteration=1, scrubbed=("uuid",)),
        make_iteration("swot", iteration=3),
        make_iteration("swot", iteration=7, scrubbed=("timestamp", 'regex:a,"b"', "uuid")),
    )

    (back,) = history.store.result(run).features

    assert back == merged
    assert back.iterations == (1, 3, 7)
    assert back.scrubbed == ("uuid", "timestamp", 'regex:a,"b"')


def test_iterations_go_with_their_run(history, store_path, run):
    history.store.record_iteration(run, iteration(1, ("a",)))
    with contextlib.closing(sqlite3.connect(store_path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM runs")
        assert connection.execute("SELECT count(*) FROM iterations").fetchone() == (0,)


def test_a_run_that_is_not_stored_has_no_iterations(history):
    with pytest.raises(ValueError, match="started in the store"):
        history.store.record_iteration(history.new_run(), iteration(1))
    with pytest.raises(StoreError):
        history.store.record_iteration(replace(history.new_run(), id=99), iteration(1))


def test_times_keep_their_microseconds_in_utc(history, run):
    elsewhere = STARTED_AT.astimezone(tz=None) + timedelta(microseconds=1)
    history.store.record_iteration(run, replace(iteration(1), started_at=elsewhere))
    (back,) = history.store.result(run).iterations
    assert back.started_at == elsewhere
    assert back.started_at.utcoffset() == timedelta(0)


@given(st.lists(st.integers(-(2**31), 2**31 - 1)).map(tuple))
@example((-(2**15), 2**15 - 1))
@example((2**15,))
@example((-(2**15) - 1,))
def test_packed_integers_come_back(numbers):
    packing = PackedIntegers()
    packed = packing.process_bind_param(numbers, None)
    assert packing.process_result_value(packed, None) == numbers
    if all(abs(number) < 2**15 for number in numbers):
        assert len(packed) == 1 + 2 * len(numbers)
