"""``db``: sound, unsound, copied; and databases that cannot be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.project import Invoke


def test_a_sound_database(project: Path, invoke: Invoke) -> None:
    assert invoke("db", "upgrade").exit_code == 0
    assert "up to date" in invoke("db", "current").stdout
    answer = invoke("db", "check")
    assert answer.exit_code == 0
    assert "sound" in answer.stdout


def test_backup_never_overwrites(project: Path, invoke: Invoke) -> None:
    invoke("db", "upgrade")
    assert invoke("db", "backup", "copy.db").exit_code == 0
    before = (project / "copy.db").read_bytes()
    answer = invoke("db", "backup", "copy.db")
    assert answer.exit_code == 3
    assert "copy.db" in answer.stderr
    assert (project / "copy.db").read_bytes() == before
    assert invoke("--db", "copy.db", "db", "check").exit_code == 0


def test_check_finds_what_is_wrong(project: Path, invoke: Invoke) -> None:
    invoke("run")
    with sqlite3.connect(project / ".aicmo-perf/history.db") as database:
        database.execute("DELETE FROM runs")
    database.close()
    answer = invoke("db", "check")
    assert answer.exit_code == 3
    assert answer.stdout.strip()


@pytest.mark.parametrize("command", [["run"], ["runs"], ["db", "upgrade"]])
def test_a_newer_database_is_left_alone(project: Path, invoke: Invoke, command: list[str]) -> None:
    invoke("db", "upgrade")
    path = project / ".aicmo-perf/history.db"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = path.read_bytes()
    answer = invoke(*command)
    assert answer.exit_code == 3
    assert "9999" in answer.stderr
    assert "Hint:" in answer.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", [["run"], ["runs"], ["db", "check"]])
def test_a_file_that_is_no_database_is_left_alone(project: Path, invoke: Invoke, command: list[str]) -> None:
    (project / "notes.db").write_text("these are my notes, not a database\n" * 100)
    before = (project / "notes.db").read_bytes()
    answer = invoke("--db", "notes.db", *command)
    assert answer.exit_code == 3
    assert "notes.db" in answer.stderr + answer.stdout
    assert "Traceback" not in answer.stderr
    assert (project / "notes.db").read_bytes() == before
