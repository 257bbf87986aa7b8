"""What goes into the store comes out again."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import (
    Category,
    Environment,
    FeatureStatus,
    IterationResult,
    Mode,
    Owner,
    Run,
    RunFilter,
    RunOptions,
    RunState,
    Status,
)
from aicmo_perf.store import open_store
from aicmo_perf.store.columns import storable_text


def count_rows(path: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def rich_run(history) -> Run:
    return history.new_run(
        started_at=datetime(2025, 3, 1, 14, 30, 15, 123457, tzinfo=timezone(timedelta(hours=2))),
        mode=Mode.LIVE,
        suites=("zebra", "shop"),
        options=RunOptions(quick=False, iterations=3, seed=7, selection=("swot*", "déck"), timeout_seconds=1.5),
        environment=Environment({"cpu_model": "Ünïcode", "cpu_count": 8, "load": 0.1, "libc": None}),
        commit_sha="a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
        branch="feature/ünï",
        dirty=True,
        ci_provider="github",
        ci_url="https://example.org/1?a=b%20c",
        label="before the rewrite",
        owner=Owner(hostname="host", pid=4321, process_started="55123"),
    )


def test_every_field_of_a_run_comes_back(history):
    run = history.store.start_run(rich_run(history))
    finished_at = datetime(2025, 3, 1, 13, tzinfo=UTC)

    finished = history.store.finish_run(run, RunState.INTERRUPTED, finished_at)

    assert finished == replace(run, state=RunState.INTERRUPTED, finished_at=finished_at)
    assert finished.started_at.utcoffset() == timedelta(0)
    assert history.store.find_run(str(run.id)) == finished
    assert history.store.environments() == (run.environment,)


def test_every_field_of_a_result_comes_back_also_in_another_process_of_reading(history, store_path, make_feature):
    run = history.store.start_run(rich_run(history))
    swot = make_feature("swot", category=Category.VALIDATOR, critical=True)
    iterations = (
        IterationResult(
            feature=swot,
            iteration=1,
            status=Status.PASS,
            warnings=("once", "twice", "twice"),
            scenario_count=3,
            samples_seconds=(0.1, 5e-324, 1.7e308),
            loop_count=1000,
            first_call_seconds=2.5,
            cpu_seconds=0.05,
            peak_rss_bytes=2**40,
            output_digest="c1-sha256:aa",
        ),
        IterationResult(
            feature=swot, iteration=2, status=Status.FAIL, errors=("b", "a", "b"), warnings=("once",), scenario_count=3
        ),
        IterationResult(feature=swot, iteration=3, status=Status.FAIL, errors=("c",), output_digest="c1-sha256:bb"),
    )
    skipped = IterationResult(feature=make_feature("deck"), status=Status.SKIP, skip_reason="no python-pptx")

    merged = history.record(run, *iterations)
    merged_skip = history.record(run, skipped)

    assert merged.errors == ("b", "a", "b")
    with open_store(store_path, write=False) as reader:
        result = reader.result(run)
        assert result.features == (merged, merged_skip)
        assert result.flakiness_check_results == {
            "swot": ["pass, 0 errors, 3 warnings", "fail, 3 errors, 1 warning", "fail, 1 error, 0 warnings"]
        }
        assert reader.samples(run, swot) == ((0.1, 5e-324, 1.7e308), (), ())
        assert reader.features() == (swot, make_feature("deck"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    errors=st.lists(st.text(st.characters(exclude_categories=[])), max_size=3),
    reason=st.none() | st.text(),
    samples=st.lists(st.floats(min_value=0, allow_infinity=False), max_size=30),
    first_call=st.none() | st.floats(min_value=0, allow_infinity=False),
)
def test_any_text_and_any_float_comes_back(history, make_iteration, errors, reason, samples, first_call):
    run = history.store.start_run(history.new_run())
    result = make_iteration(
        "odd",
        errors=tuple(errors),
        skip_reason=reason,
        samples_seconds=tuple(samples),
        first_call_seconds=first_call,
    )
    # averages of huge samples overflow, which is another matter
    merged = replace(FeatureStatus.from_iterations([replace(result, samples_seconds=())]), sample_count=len(samples))

    history.store.record(run, result, merged)

    (back,) = history.store.result(run).features
    assert back == replace(
        merged,
        errors=tuple(map(storable_text, errors)),
        skip_reason=None if reason is None else storable_text(reason),
    )
    assert history.store.samples(run, result.feature) == (tuple(samples),)


@pytest.mark.parametrize(
    ("text", "stored"),
    [("plain – ünï 🎉", "plain – ünï 🎉"), ("file \udc80", r"file \udc80"), ("a\0b", r"a\x00b")],
)
def test_only_what_databases_refuse_is_written_out(text, stored):
    assert storable_text(text) == stored


def test_a_message_is_stored_once_however_often_it_comes(history, store_path, make_iteration):
    for _ in range(3):
        run = history.store.start_run(history.new_run())
        history.record(run, make_iteration("swot", status=Status.FAIL, errors=("boom at 0x1", "boom at 0x1")))
        history.record(run, make_iteration("deck", status=Status.FAIL, errors=("boom at 0x2",)))

    assert count_rows(store_path, "messages") == 2
    assert count_rows(store_path, "result_messages") == 9
    with contextlib.closing(sqlite3.connect(store_path)) as connection:
        fingerprints = {row[0] for row in connection.execute("SELECT fingerprint FROM messages")}
    assert len(fingerprints) == 1, "alike failures share a fingerprint"


def test_features_come_in_the_order_of_their_first_results_of_this_run(history, make_iteration):
    history.add({"a": 1.0, "b": 1.0, "c": 1.0})
    run = history.store.start_run(history.new_run())
    first = [make_iteration(name) for name in ("c", "new", "a")]
    for result in first:
        history.record(run, result)
    again = replace(first[2], iteration=2)
    history.store.record(run, again, FeatureStatus.from_iterations([first[2], again]))

    assert [status.name for status in history.store.result(run).features] == ["c", "new", "a"]


def test_a_feature_is_known_as_the_newest_run_describes_it_but_a_result_keeps_what_was_critical(
    history, make_feature, make_iteration
):
    ordinary, critical = make_feature("swot"), make_feature("swot", critical=True)
    before = history.store.start_run(history.new_run())
    history.record(before, make_iteration("swot", feature=ordinary))
    now = history.store.start_run(history.new_run())
    history.record(now, make_iteration("swot", feature=critical))

    assert history.store.features() == (critical,)
    assert [history.store.result(run).features[0].critical for run in (before, now)] == [False, True]


def test_suites_found_on_the_way_are_the_runs_too(history, make_feature, make_iteration):
    run = history.store.start_run(history.new_run(suites=("shop",)))
    history.record(run, make_iteration("invoice", feature=make_feature("invoice", suite="billing")))

    finished = history.store.finish_run(run, RunState.COMPLETE, run.started_at)

    assert finished.suites == ("shop", "billing")
    assert history.store.runs(RunFilter(suite="billing")) == (finished,)


def test_one_environment_is_stored_once(history):
    history.add()
    history.add(environment=Environment({"cpu_model": "Processor 1", "python_version": "3.12.9", "load": 3}))
    history.add(environment=Environment({"cpu_model": "Processor 2", "python_version": "3.12.1"}))

    assert [environment.facts["cpu_model"] for environment in history.store.environments()] == [
        "Processor 1",
        "Processor 2",
    ]


def test_status_counts(history, make_iteration):
    run = history.add({"a": 1.0, "b": 1.0})
    history.record(run, make_iteration("c", status=Status.ERROR))
    empty = history.add()

    assert history.store.status_counts([run.id, empty.id]) == {
        run.id: {Status.PASS: 2, Status.ERROR: 1},
        empty.id: {},
    }


def test_only_running_runs_are_marked_as_interrupted(history):
    complete, running = history.add(), history.add(state=RunState.RUNNING)
    assert history.store.running() == (running,)

    history.store.mark_interrupted([complete.id, running.id])

    assert [run.state for run in history.store.runs(RunFilter())] == [RunState.COMPLETE, RunState.INTERRUPTED]
    assert history.store.running() == ()


def test_a_run_that_is_not_stored_can_be_neither_recorded_nor_finished(history, make_iteration):
    with pytest.raises(ValueError, match="started in the store"):
        history.record(history.new_run(), make_iteration("swot"))
    with pytest.raises(NotFoundError):
        history.store.finish_run(replace(history.new_run(), id=99), RunState.COMPLETE, datetime.now(UTC))


def test_after_a_result_that_was_refused_the_next_is_recorded(history, store_path, make_iteration):
    run = history.store.start_run(history.new_run())
    result = make_iteration("swot")
    broken = replace(FeatureStatus.from_iterations([result]), runtime_seconds="no number", stddev_seconds=object())
    with pytest.raises(Exception, match="cannot do what was asked"):
        history.store.record(run, result, broken)
    assert count_rows(store_path, "features") == 0, "the feature was undone with its result"

    merged = history.record(run, result)

    assert history.store.result(run).features == (merged,)
