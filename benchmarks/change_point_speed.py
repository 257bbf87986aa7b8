"""Change points of a large store: ``python benchmarks/change_point_speed.py [FEATURES RUNS]``.

``history --changes`` when nothing is kept yet; then what a run does, which may write: from scratch, and after one
further run; then ``history --changes`` again, which reads what was kept. Each is a process of its own, beside one that
imports SQLAlchemy and reads the same values by raw SQL. All runs are of one machine, mode and branch, so that each
feature is one series of full length; one feature in ten got slower by a fifth on the way.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from large_store import BRANCHES, ENVIRONMENTS, MODES, append_runs, build_large_store, run_number
from paired import command_seconds

from aicmo_perf.model import Run, RunOptions, RunState

RAW = """\
import sqlite3
import sys

import sqlalchemy

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
series = {}
for feature, value in database.execute(
    "SELECT x.feature_id, x.low_seconds FROM results x JOIN runs r ON r.id = x.run_id "
    "WHERE r.state = 'complete' AND x.status = 'pass' ORDER BY r.started_at, r.id"
):
    series.setdefault(feature, []).append(value)
print(len(series))
"""
KEEP = """\
import sys

from aicmo_perf.model import RunFilter
from aicmo_perf.store import open_store
from aicmo_perf.workflows.change_points import all_change_points

with open_store(sys.argv[1]) as store:
    print(len(all_change_points(store, RunFilter())))
"""
FROM_SCRATCH, KEPT_ANEW, ONE_MORE, ASKED = (
    "history --changes, nothing kept",
    "a run that keeps all",
    "a run more",
    "history --changes, all kept",
)
ROUNDS = 3
LIMIT_SECONDS = 10
SLOWED_RATIO = 1.2


def run_of_one_line(index: int) -> Run:
    """The run at an index: all are comparable, and all are complete."""
    return replace(
        run_number(index),
        mode=MODES[0],
        state=RunState.COMPLETE,
        options=RunOptions(),
        environment=ENVIRONMENTS[0],
        branch=BRANCHES[0],
    )


def slow_some(path: Path, run_count: int) -> None:
    """Make every tenth feature slower from three fifths of the runs on."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "UPDATE results SET low_seconds = low_seconds * ? WHERE feature_id % 10 = 0 AND run_id > ?",
            (SLOWED_RATIO, run_count * 3 // 5),
        )


def main() -> None:
    """Print medians, and their ratios to raw SQL."""
    feature_count, run_count = (int(part) for part in sys.argv[1:3]) if len(sys.argv) > 2 else (1000, 500)
    ours = str(Path(sys.executable).with_name("aicmo-perf"))
    seconds: dict[str, list[float]] = {title: [] for title in ("raw SQL", FROM_SCRATCH, KEPT_ANEW, ONE_MORE, ASKED)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "aicmo-perf.toml").touch()
        fresh = folder / "fresh.db"
        build_large_store(fresh, feature_count, run_count, 0, number_run=run_of_one_line)
        slow_some(fresh, run_count)
        for script, text in (("raw.py", RAW), ("keep.py", KEEP)):
            (folder / script).write_text(text, encoding="utf-8")
        for round_number in range(ROUNDS):
            path = folder / f"history_{round_number}.db"
            shutil.copyfile(fresh, path)
            raw, keep = (
                command_seconds([sys.executable, script, str(path)], cwd=name) for script in ("raw.py", "keep.py")
            )
            history = command_seconds(
                [ours, "history", "--changes", "--last", str(run_count)],
                cwd=name,
                env={**os.environ, "AICMO_PERF_DB": str(path)},
            )
            seconds["raw SQL"].append(raw())
            seconds[FROM_SCRATCH].append(history())
            seconds[KEPT_ANEW].append(keep())
            append_runs(path, [run_count], feature_count, 0, number_run=run_of_one_line)
            seconds[ONE_MORE].append(keep())
            seconds[ASKED].append(history())
    median = {title: statistics.median(values) for title, values in seconds.items()}
    print(f"{feature_count} series x {run_count} runs; raw SQL: {median.pop('raw SQL'):.2f} s")
    for title, value in median.items():
        limit = f" (limit {LIMIT_SECONDS} s)" if title in (FROM_SCRATCH, KEPT_ANEW) else ""
        print(f"{title}: {value:.2f} s, {value / statistics.median(seconds['raw SQL']):.2f} x{limit}")


if __name__ == "__main__":
    main()
