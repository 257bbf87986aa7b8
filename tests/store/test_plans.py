"""How the database goes about the statements of everyday commands, and how large its file gets.

The file's history is long enough for SQLite to choose as it would in years; what it must never choose is to walk
through results or runs that were not asked for.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from aicmo_perf.model import (
    Feature,
    FeatureStatus,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    Line,
    Mode,
    PlannedIteration,
    RateEstimate,
    RunFilter,
    RunState,
    Signature,
    Status,
)
from aicmo_perf.store import LineState, Store, open_store

FEATURE_COUNT, RUN_COUNT = 20, 240
FEATURE = Feature(suite="shop", qualified_name="shop.generators.feature_0007", name="feature_0007")
FINDING = FlakinessFinding(
    feature=FEATURE,
    inconsistency=Inconsistency.OUTPUT,
    usual=Signature(Status.PASS, 0, 0),
    other=Signature(Status.PASS, 0, 0),
    rate=RateEstimate(run_count=3, deviating_count=1, rate=0.3, low=0.0, high=0.9),
)
PLANNED = (
    PlannedIteration(number=2, kind=IterationKind.PERTURBED, order=(FEATURE.key,)),
    PlannedIteration(number=3, kind=IterationKind.RETRY),
)
COMPARABLE = {"suite": "shop", "mode": Mode.DETERMINISTIC, "quick": True, "state": RunState.COMPLETE}


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory, large_store) -> Path:
    path: Path = tmp_path_factory.mktemp("long") / "history.db"
    large_store.build_large_store(path, FEATURE_COUNT, RUN_COUNT, 2)
    with open_store(path) as opened:
        findings = [replace(FINDING, feature=feature) for feature in opened.features()]
        for run in opened.runs(RunFilter(last=60)):
            for planned in PLANNED:
                opened.record_iteration(run, Iteration(planned=planned, started_at=run.started_at, duration_seconds=1))
            opened.add_findings(run, findings)
    return path


@pytest.fixture(params=["fresh", "analyzed"])
def store(request: pytest.FixtureRequest, long_history: Path, tmp_path: Path) -> Iterator[Store]:
    """The store as it grew, and as it is after somebody ran ANALYZE, which lets SQLite choose otherwise."""
    path = Path(shutil.copy(long_history, tmp_path / "history.db"))
    if request.param == "analyzed":
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("ANALYZE")
    with open_store(path, write=False) as opened:
        yield opened


def plans_of(store: Store, read: Callable[[], object], clause: str = "SELECT") -> list[str]:
    """The steps of all statements with a clause that a call runs."""
    steps: list[str] = []

    def explain(_connection, cursor, statement, parameters, *_: object) -> None:
        if statement.startswith("SELECT") and clause in statement:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(row[3] for row in rows)

    engine = store._database._engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        read()
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    return steps


def comparable(store: Store, **more: object) -> RunFilter:
    environment = store.environments()[0].fingerprint
    before = store.find_run("200").moment
    return RunFilter(**{**COMPARABLE, "environment": environment, "before": before, "last": 20, **more})


def covered(store: Store) -> LineState:
    """The line of a run, as if ten of its runs had been analysed."""
    return replace(store.analyses.state_of(Line.of(store.find_run("17")), "any"), covered_count=10)


READS: dict[str, Callable[[Store], object]] = {
    "the gate's baseline": lambda store: store.runs(comparable(store, branch="main")),
    "the baseline on any branch": lambda store: store.runs(comparable(store)),
    "the series of the gate": lambda store: store.all_series(store.runs(comparable(store, branch="main"))),
    "series of some features": lambda store: store.all_series(
        store.runs(comparable(store)), store.features(["feature_0001", "feature_0002"])
    ),
    "a feature's newest": lambda store: store.feature_series(FEATURE, RunFilter(last=20)),
    "a feature's whole history": lambda store: store.feature_series(FEATURE, RunFilter()),
    "a feature in comparable runs": lambda store: store.feature_series(FEATURE, comparable(store)),
    "a feature on a branch": lambda store: store.feature_series(FEATURE, RunFilter(branch="main", last=20)),
    "a feature in a mode": lambda store: store.feature_series(FEATURE, RunFilter(mode=Mode.LIVE, last=20)),
    "a feature's failures": lambda store: store.feature_series(
        FEATURE, RunFilter(last=5), statuses=frozenset({Status.FAIL})
    ),
    "a feature of late": lambda store: store.feature_series(
        FEATURE, RunFilter(since=store.runs(RunFilter(last=3))[0].started_at)
    ),
    "runs of late": lambda store: store.runs(RunFilter(since=store.runs(RunFilter(last=3))[0].started_at)),
    "runs of a branch": lambda store: store.runs(RunFilter(branch="main", last=20)),
    "runs of an environment": lambda store: store.runs(
        RunFilter(environment=store.environments()[0].fingerprint, last=20)
    ),
    "running": lambda store: store.running(),
    "latest": lambda store: store.find_run("latest~3"),
    "a commit": lambda store: store.find_run((store.find_run("17").commit_sha or "")[:9]),
    "a uuid": lambda store: store.find_run(store.find_run("17").uuid),
    "a run in full": lambda store: store.result(store.find_run("17")),
    "counts": lambda store: store.status_counts([7, 8, 9]),
    "failures": lambda store: store.failure_counts([store.find_run("17"), store.find_run("18")]),
    "samples": lambda store: store.samples(store.find_run("17"), FEATURE),
    "all samples of a run": lambda store: store.iteration_samples(store.find_run("17")),
    "companions": lambda store: store.companions(store.find_run("17")),
    "accepted changes": lambda store: store.accepted_changes(),
    "outcomes": lambda store: store.outcomes(RunFilter()),
    "outcomes of a feature": lambda store: store.outcomes(RunFilter(), [FEATURE]),
    "outcomes before a run": lambda store: store.outcomes(comparable(store)),
    "latest findings": lambda store: store.latest_findings(),
    "a feature's findings": lambda store: store.findings_of(FEATURE),
    "a line": lambda store: store.analyses.state_of(Line.of(store.find_run("17")), "any"),
    "what a line measured": lambda store: store.analyses.measured(covered(store), store.features(), 0),
    "what a line measured of late": lambda store: store.analyses.measured(covered(store), [FEATURE], 20),
    "kept change points": lambda store: store.analyses.shifts(covered(store)),
    "kept change points of a feature": lambda store: store.analyses.shifts(covered(store), [FEATURE]),
    "kept analyses": lambda store: store.analyses.series(covered(store)),
}
"""What commands read, over and over."""

GROWING_TABLES = {
    "runs",
    "run_suites",
    "results",
    "signatures",
    "samples",
    "messages",
    "result_messages",
    "iterations",
    "flakiness_findings",
    "analysed_series",
    "change_points",
}
"""Those that grow with every run; the names of features and suites, and the machines, are few."""

WALKED_BACKWARDS = {
    "a feature's newest",
    "a feature's whole history",
    "a feature in a mode",
    "a feature's failures",
    "a feature of late",
    "runs of late",
    "runs of an environment",
    "latest",
    "outcomes",
    "outcomes of a feature",
}
"""Those that look at all runs, or at the newest whichever they are: SQLite calls a walk that a LIMIT ends a scan as
well. That an environment has many of them is what SQLite knows after ANALYZE."""

WANTED_SCANS = dict.fromkeys(WALKED_BACKWARDS, "SCAN runs USING INDEX ix_runs_started_at_id") | {
    "latest findings": "SCAN flakiness_findings USING COVERING INDEX sqlite_autoindex_flakiness_findings_1"
}
"""What is walked through because it was asked for."""


@pytest.mark.parametrize("name", READS)
def test_no_read_walks_through_what_was_not_asked_for(store, name):
    steps = plans_of(store, lambda: READS[name](store))

    assert steps
    scans = [step for step in steps if step.startswith("SCAN") and step.split()[1] in GROWING_TABLES]
    assert set(scans) <= {WANTED_SCANS.get(name)}


@pytest.mark.parametrize("store", ["fresh"], indirect=True)  # ANALYZE would tell that there are but a few here
def test_a_feature_is_found_by_its_names_without_looking_at_others(store):
    steps = plans_of(store, lambda: store.features(["feature_0001", "shop:shop.feature_0002"]))
    assert steps
    assert not [step for step in steps if step.startswith("SCAN")]


@pytest.mark.parametrize("name", ["a feature's newest", "a feature's failures", "a feature in comparable runs"])
def test_the_newest_are_found_without_sorting_all(store, name):
    steps = plans_of(store, lambda: READS[name](store), "LIMIT")
    assert steps
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


def test_every_reference_can_be_followed_backwards(long_history):
    """Deleting a run looks for what refers to it: without an index, through all results."""
    with contextlib.closing(sqlite3.connect(long_history)) as connection:
        references = connection.execute(
            """
            SELECT tables.name, keys."from" FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys
            WHERE tables.type = 'table' AND keys.seq = 0
            """
        ).fetchall()
        assert len(references) > 10
        for table, column in references:
            plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1").fetchone()[3]
            assert plan.startswith("SEARCH"), (table, column, plan)


@pytest.mark.parametrize("sample_count", [10, 20, 100])
def test_a_sample_costs_ten_bytes_at_most_in_the_file(tmp_path, history_in, make_iteration, sample_count):
    """Measured from outside: a file against another one that lacks the samples, and nothing else."""
    sizes_bytes = {}
    for keeps_samples in (True, False):
        path = tmp_path / f"{keeps_samples}.db"
        with open_store(path) as opened:
            for _ in range(5):
                run = opened.start_run(history_in(opened).new_run(uuid=str(uuid.uuid4())))
                for number in range(100):
                    values = tuple(1e-3 / (1 + number + position) for position in range(sample_count))
                    result = make_iteration(f"f{number}", samples_seconds=values)
                    merged = FeatureStatus.from_iterations([result])
                    opened.record(run, result if keeps_samples else replace(result, samples_seconds=()), merged)
        sizes_bytes[keeps_samples] = path.stat().st_size
    cost_bytes = (sizes_bytes[True] - sizes_bytes[False]) / (5 * 100 * sample_count)
    assert 8 <= cost_bytes <= 10
