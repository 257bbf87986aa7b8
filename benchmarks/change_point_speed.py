"""``history --changes`` on a large store: ``python benchmarks/change_point_speed.py [FEATURES RUNS]``.

From scratch, after one further run, and asked again; each beside a process that imports SQLAlchemy and reads the same
values by raw SQL, in turn with it. All runs are of one machine, mode and branch, so that each feature is one series of
full length; one feature in ten got slower by a fifth on the way.
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
    seconds: dict[str, list[float]] = {"from scratch": [], "after one run more": [], "asked again": [], "raw SQL": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "aicmo-perf.toml").touch()
        fresh, raw = folder / "fresh.db", folder / "raw.py"
        build_large_store(fresh, feature_count, run_count, 0, number_run=run_of_one_line)
        slow_some(fresh, run_count)
        raw.write_text(RAW, encoding="utf-8")
        for round_number in range(ROUNDS):
            path = folder / f"history_{round_number}.db"
            shutil.copyfile(fresh, path)
            environment = {**os.environ, "AICMO_PERF_DB": str(path)}
            measure = command_seconds([ours, "history", "--changes"], cwd=name, env=environment)
            seconds["raw SQL"].append(command_seconds([sys.executable, str(raw), str(path)], cwd=name)())
            seconds["from scratch"].append(measure())
            append_runs(path, [run_count], feature_count, 0, number_run=run_of_one_line)
            seconds["after one run more"].append(measure())
            seconds["asked again"].append(measure())
    median = {title: statistics.median(values) for title, values in seconds.items()}
    print(f"{feature_count} series x {run_count} runs; raw SQL: {median['raw SQL']:.2f} s")
    for title in ("from scratch", "after one run more", "asked again"):
        limit = f" (limit {LIMIT_SECONDS} s)" if title == "from scratch" else ""
        print(f"{title}: {median[title]:.2f} s, {median[title] / median['raw SQL']:.2f} x{limit}")


if __name__ == "__main__":
    main()
