"""``history FEATURE`` and ``gate`` on a large store: ``python benchmarks/reading.py [FEATURES RUNS]``.

Against a process that imports SQLAlchemy and runs the equivalent raw SQL by ``sqlite3``, in the same run.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from large_store import build_large_store
from paired import command_seconds, paired

from aicmo_perf.model import RunFilter
from aicmo_perf.store import open_store
from aicmo_perf.workflows.change_points import all_change_points

RAW_HISTORY = """\
import sqlite3

import sqlalchemy

database = sqlite3.connect("file:{path}?mode=ro", uri=True)
rows = database.execute(
    "SELECT r.id, r.started_at, r.commit_sha, r.branch, r.mode, x.status, x.runtime_seconds "
    "FROM results x JOIN runs r ON r.id = x.run_id "
    "WHERE x.feature_id = (SELECT id FROM features WHERE name = '{feature}') ORDER BY x.run_id DESC LIMIT 50"
).fetchall()
for row in reversed(rows):
    print(*row)
"""

RAW_GATE = """\
import sqlite3
import statistics

import sqlalchemy

database = sqlite3.connect("file:{path}?mode=ro", uri=True)
(latest,) = database.execute("SELECT MAX(id) FROM runs").fetchone()
facts = database.execute(
    "SELECT environment_id, mode, quick, branch, state FROM runs WHERE id = ?", (latest,)
).fetchone()
runs = [row[0] for row in database.execute(
    "SELECT id FROM runs WHERE environment_id = ? AND mode = ? AND quick = ? AND branch = ? AND state = ? "
    "AND id < ? ORDER BY id DESC LIMIT 30", (*facts, latest)
)]
marks = ",".join("?" * len(runs))
past = {{}}
for feature, runtime in database.execute(
    f"SELECT feature_id, runtime_seconds FROM results WHERE run_id IN ({{marks}})", runs
):
    past.setdefault(feature, []).append(runtime)
for feature, runtime in database.execute(
    "SELECT feature_id, runtime_seconds FROM results WHERE run_id = ?", (latest,)
):
    print(feature, runtime / statistics.median(past[feature]))
"""


def main() -> None:
    """Print both ratios."""
    feature_count, run_count = (int(part) for part in sys.argv[1:3]) if len(sys.argv) > 2 else (200, 2000)
    ours = str(Path(sys.executable).with_name("aicmo-perf"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "aicmo-perf.toml").touch()
        path = folder / "large.db"
        build_large_store(path, feature_count, run_count, 10)
        with open_store(path) as store:
            # each run keeps what it finds out, so that reading commands need not
            all_change_points(store, RunFilter())
        with sqlite3.connect(path) as database:
            (feature,) = database.execute("SELECT name FROM features ORDER BY id LIMIT 1").fetchone()
        print(f"{feature_count} features x {run_count} runs, {path.stat().st_size / 1e6:.0f} MB")
        for title, script, arguments in (
            (f"history {feature}", RAW_HISTORY, ["history", feature]),
            ("gate", RAW_GATE, ["gate"]),
        ):
            raw = folder / "raw.py"
            raw.write_text(script.format(path=path, feature=feature), encoding="utf-8")
            environment = {**os.environ, "AICMO_PERF_DB": str(path)}
            # The gate's exit code is an answer, not a failure of the command.
            command = ["sh", "-c", '"$@" || test $? -eq 1', "sh", ours, *arguments]
            result = paired(
                command_seconds(command, cwd=name, env=environment),
                command_seconds([sys.executable, str(raw)], cwd=name),
                rounds=15,
            )
            print(result.line(f"{title} against import sqlalchemy + raw SQL", "2"))


if __name__ == "__main__":
    main()
