"""Reading all outcomes of a large store, for ``flaky``: ``python benchmarks/outcomes.py [FEATURES RUNS]``.

Against raw SQL for the same rows and building the same values, in the same process.
"""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from large_store import build_large_store
from paired import paired

from aicmo_perf.model import Outcome, Run, RunFilter, RunOutcomes
from aicmo_perf.store import Store, open_store

PASSED, FAILED = (Outcome(is_failing=False),), (Outcome(is_failing=True),)


def raw_outcomes(path: Path, runs: dict[int, Run]) -> dict[int, list[RunOutcomes]]:
    """What the rows of results say, for runs of one iteration that are known already."""
    found: dict[int, list[RunOutcomes]] = defaultdict(list)
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for feature_id, run_id, status, low_seconds in database.execute(
            "SELECT feature_id, run_id, status, low_seconds FROM results"
        ):
            outcomes = PASSED if status == "pass" else FAILED
            found[feature_id].append(RunOutcomes(run=runs[run_id], outcomes=outcomes, low_seconds=low_seconds))
    return found


def seconds_of(read: Callable[[], object]) -> Callable[[], float]:
    """A measure of one call, without what it takes to forget the values of the one before."""

    def measure() -> float:
        gc.collect()
        started = time.perf_counter()
        values = read()
        seconds = time.perf_counter() - started
        del values
        return seconds

    return measure


def compare(store: Store, path: Path) -> None:
    """Print the ratio."""
    runs = {run.id: run for run in store.runs(RunFilter()) if run.id is not None}
    result = paired(
        seconds_of(lambda: store.outcomes(RunFilter())), seconds_of(lambda: raw_outcomes(path, runs)), rounds=9
    )
    print(result.line("outcomes against raw SQL and the same values", "2"))


def main() -> None:
    """Build a store and compare."""
    feature_count, run_count = (int(part) for part in sys.argv[1:3]) if len(sys.argv) > 2 else (200, 2000)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "large.db"
        build_large_store(path, feature_count, run_count, 0)
        with open_store(path, write=False) as store:
            compare(store, path)


if __name__ == "__main__":
    main()
