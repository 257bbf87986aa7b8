"""What ``db check`` and ``db backup`` stand on."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from aicmo_perf.errors import NotFoundError, StoreError
from aicmo_perf.store import check_database, open_store


def spoil(path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_sound_database_has_no_problems(history, store_path):
    history.add({"swot": 1.0})
    assert check_database(store_path) == ()
    assert check_database(f"sqlite:///{store_path}") == ()


def test_orphans_are_counted(history, store_path):
    history.add({"swot": 1.0, "deck": 1.0})
    spoil(store_path, "PRAGMA foreign_keys = OFF", "DELETE FROM features")
    assert check_database(store_path) == ("2 rows of results refer to rows of features that do not exist.",)


def test_a_schema_that_somebody_changed_is_noticed(store_path):
    spoil(store_path, "DROP INDEX ix_results_run_id", "ALTER TABLE runs ADD COLUMN mood TEXT")
    problems = check_database(store_path)
    assert len(problems) == 2
    assert any("mood" in problem for problem in problems)
    assert any("ix_results_run_id" in problem for problem in problems)


def test_damage_is_reported_not_raised(history, store_path):
    history.add({f"feature {number}": 1.0 for number in range(50)})
    history.store.close()
    content = bytearray(store_path.read_bytes())
    page_size_bytes = int.from_bytes(content[16:18], "big")
    with contextlib.closing(sqlite3.connect(store_path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'results'").fetchone()[0]
    content[(page - 1) * page_size_bytes + 100 : page * page_size_bytes] = b"\x55" * (page_size_bytes - 100)
    store_path.write_bytes(content)
    problems = check_database(store_path)
    assert problems
    assert all("damaged" in problem for problem in problems)


def test_what_cannot_be_opened_is_a_problem(tmp_path, old_path):
    (tmp_path / "text.db").write_text("no database " * 100)
    (tmp_path / "empty.db").touch()
    assert check_database(tmp_path / "text.db") == (f"{tmp_path}/text.db is not a SQLite database.",)
    assert check_database(tmp_path / "empty.db") == ("The database is empty.",)
    assert check_database(old_path) == ("The database is at revision 0001, not at 0005.",)
    with pytest.raises(NotFoundError):
        check_database(tmp_path / "missing.db")


def test_a_backup_is_a_whole_store_and_overwrites_nothing(history, tmp_path):
    run = history.add({"swot": 1.0})
    target = tmp_path / "backup 100%.db"

    history.store.backup(target)

    with open_store(target, write=False) as copy:
        assert copy.result(run) == history.store.result(run)
    assert check_database(target) == ()
    before = target.read_bytes()
    with pytest.raises(StoreError, match="not overwritten"):
        history.store.backup(target)
    assert target.read_bytes() == before


@pytest.mark.parametrize("name", ["folder/that/is/missing.db", "history.db/child.db"])
def test_a_backup_that_cannot_be_written_names_the_target(history, tmp_path, name):
    with pytest.raises(StoreError, match=name):
        history.store.backup(tmp_path / name)
    assert not list(tmp_path.glob("**/*.partial"))
