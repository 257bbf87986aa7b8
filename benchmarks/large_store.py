"""A store with a long history, written in bulk: what the benchmarks and the tests of query plans read.

python benchmarks/large_store.py history.db --features 200 --runs 2000 --samples 10
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from aicmo_perf.model import (
    Category,
    Environment,
    Feature,
    Mode,
    Run,
    RunOptions,
    RunState,
    Status,
    high_quantile,
    low_quantile,
    time_ordered_uuid,
)
from aicmo_perf.store.connection import Database
from aicmo_perf.store.migrate import upgrade
from aicmo_perf.store.models import environments, features, results, run_suites, runs, samples, signatures, suites
from aicmo_perf.store.run_rows import row_of

SUITE = "shop"
BRANCHES = ("main", "main", "main", "topic")
MODES = (Mode.DETERMINISTIC, Mode.DETERMINISTIC, Mode.LIVE)
ENVIRONMENTS = tuple(
    Environment({"cpu_model": f"Processor {number}", "cpu_count": 8, "python_version": "3.12.1"}) for number in (1, 2)
)
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


def run_number(index: int) -> Run:
    """The run at an index: branches, modes and machines take turns, so that any filter has something to pass over."""
    started_at = _EPOCH + timedelta(hours=index)
    return Run(
        uuid=time_ordered_uuid(int(started_at.timestamp() * 1000), random.Random(index).randbytes(10)),
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=1),
        mode=MODES[index % len(MODES)],
        state=RunState.INTERRUPTED if index % 50 == 7 else RunState.COMPLETE,
        suites=(SUITE,),
        options=RunOptions(quick=index % 10 != 3),
        environment=ENVIRONMENTS[index // 12 % len(ENVIRONMENTS)],
        commit_sha=random.Random(-index).randbytes(20).hex(),
        branch=BRANCHES[index % len(BRANCHES)],
        dirty=False,
        tool_version="1.0",
    )


def feature_number(index: int) -> Feature:
    """The feature at an index."""
    name = f"feature_{index:04d}"
    return Feature(
        suite=SUITE,
        qualified_name=f"shop.generators.{name}",
        name=name,
        category=Category.GENERATOR,
        critical=index < 5,
    )


def build_large_store(
    path: Path,
    feature_count: int,
    run_count: int,
    sample_count: int,
    *,
    number_run: Callable[[int], Run] = run_number,
) -> None:
    """Write a store in which each run has each feature, with that many samples (none for zero).

    Args:
        number_run: the run at an index, in one of ENVIRONMENTS.
    """
    database = Database(path)
    upgrade(database)
    try:
        with database.writing() as connection:
            facts = [{"fingerprint": item.fingerprint, "facts": item} for item in ENVIRONMENTS]
            connection.execute(insert(environments), facts)
            connection.execute(insert(suites), [{"name": SUITE}])
            described = [feature_number(index) for index in range(feature_count)]
            connection.execute(
                insert(features),
                [
                    {
                        "suite_id": 1,
                        "qualified_name": feature.qualified_name,
                        "name": feature.name,
                        "category": feature.category,
                        "critical": feature.critical,
                    }
                    for feature in described
                ],
            )
    finally:
        database.close()
    for first in range(0, run_count, 100):
        append_runs(path, range(first, min(first + 100, run_count)), feature_count, sample_count, number_run=number_run)


def append_runs(
    path: Path,
    indices: Iterable[int],
    feature_count: int,
    sample_count: int,
    *,
    number_run: Callable[[int], Run] = run_number,
) -> None:
    """Write further runs into such a store, in one transaction; arguments as above."""
    database = Database(path)
    try:
        with database.writing() as connection:
            for index in indices:
                run = number_run(index)
                environment_id = ENVIRONMENTS.index(run.environment) + 1
                connection.execute(insert(runs), {**row_of(run), "id": index + 1, "environment_id": environment_id})
                connection.execute(insert(run_suites), {"suite_id": 1, "run_id": index + 1, "position": 0})
                rows = list(_rows(index, feature_count, sample_count))
                connection.execute(insert(results), [row for row, _, _ in rows])
                connection.execute(insert(signatures), [row for _, row, _ in rows])
                if sample_count:
                    connection.execute(insert(samples), [row for _, _, row in rows])
    finally:
        database.close()


def _rows(
    run_index: int, feature_count: int, sample_count: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """The rows of each feature's result, signature and samples in one run."""
    generator = random.Random(run_index)
    for index in range(feature_count):
        usual_seconds = 1e-4 * (1 + index)
        measured = [usual_seconds * generator.lognormvariate(0, 0.05) for _ in range(sample_count)]
        keys = {"feature_id": index + 1, "run_id": run_index + 1}
        outcome = {
            "status": Status.FAIL if generator.random() < 0.01 else Status.PASS,
            "error_count": 0,
            "warning_count": 0,
        }
        signature_id = run_index * feature_count + index + 1
        result = {
            **keys,
            **outcome,
            "position": index,
            "critical": index < 5,
            "scenario_count": 2,
            "sample_count": sample_count,
            "is_flaky": False,
            "output_varies": False,
            "runtime_seconds": statistics.median(measured) if measured else usual_seconds,
            "min_seconds": min(measured, default=None),
            "mean_seconds": statistics.fmean(measured) if measured else None,
            "stddev_seconds": statistics.stdev(measured) if len(measured) > 1 else None,
            "low_seconds": low_quantile(measured) if measured else usual_seconds,
            "high_seconds": high_quantile(measured) if measured else usual_seconds,
            "first_call_seconds": usual_seconds * 10,
            "cpu_seconds": usual_seconds,
            "peak_rss_bytes": 80_000_000,
        }
        signature = {**keys, **outcome, "id": signature_id, "iteration": 1, "output_digest": f"d1-{index:032x}"}
        yield result, signature, {"signature_id": signature_id, "loop_count": 1, "samples_seconds": measured}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=10)
    options = parser.parse_args()
    build_large_store(options.path, options.features, options.runs, options.samples)
