"""The installed wheel at work, from a directory of its own: ``wheel.py PROGRAM OLD_DATABASE``.

Run by the environment's own interpreter, which has nothing of the checkout on its path.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import aicmo_perf

DATA_TABLES = (
    "environments",
    "suites",
    "features",
    "runs",
    "run_suites",
    "results",
    "signatures",
    "samples",
    "messages",
    "result_messages",
)


def row_counts(path: Path) -> dict[str, int]:
    """Rows of each table of revision 0001."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return {name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in DATA_TABLES}


def main(program: str, old_database: Path) -> None:
    """Initialise a project, run it, gate it; then migrate an old database and go on with it."""

    def call(*arguments: str) -> str:
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    installed = Path(aicmo_perf.__file__).parent
    assert "site-packages" in installed.parts, installed
    assert (installed / "migrations/versions").is_dir(), "the wheel lacks its migrations"
    assert (installed / "py.typed").exists()

    call("init", "--example")
    call("run", "--deterministic")
    call("run", "--deterministic", "--flakiness-check")
    call("gate")
    assert len(json.loads(call("runs", "--format", "json"))["runs"]) == 2
    assert "sound" in call("db", "check")
    # The reference suite's packagers need libraries that are not installed here: skipped, with the reason.
    reference = json.loads(call("--db", "reference.db", "run", "aicmo", "--deterministic", "--json", "-"))
    statuses = {feature["name"]: feature["status"] for feature in reference["features"]}
    assert statuses["persona_generator"] == "pass", statuses
    assert statuses["generate_full_deck_pptx"] == "skip", statuses
    assert len(statuses) == 9, statuses

    before = row_counts(old_database)
    assert all(before.values()), before
    print(call("--db", str(old_database), "db", "upgrade").strip())
    assert row_counts(old_database) == before
    call("--db", str(old_database), "run", "--deterministic")
    assert row_counts(old_database)["runs"] == before["runs"] + 1
    assert "sound" in call("--db", str(old_database), "db", "check")
    print(f"the wheel works: aicmo-perf {aicmo_perf.__version__} in {installed.parent.name}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
