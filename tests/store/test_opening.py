"""Opening what may be missing, old, new, broken, locked or forbidden: one sentence, a hint, and nothing damaged."""

from __future__ import annotations

import contextlib
import inspect
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy import event

from aicmo_perf.errors import NotFoundError, StoreError, UsageError
from aicmo_perf.model import (
    AcceptedChange,
    FeatureStatus,
    Iteration,
    Line,
    PlannedIteration,
    Quarantine,
    RunFilter,
    RunState,
)
from aicmo_perf.store import LineState, Store, check_database, open_store, stored_revision
from aicmo_perf.store import connection as connection_module
from aicmo_perf.store.analyses import Analyses
from aicmo_perf.store.migrate import head_revision


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_is_a_sentence(error: StoreError | NotFoundError | UsageError) -> None:
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert "sqlalche.me" not in error.message
    assert error.hint.endswith(".")


def test_writing_creates_the_file_with_its_folders(tmp_path):
    path = tmp_path / "new" / "folder" / "history.db"
    with open_store(path) as store:
        assert store.notices == ()
        assert store.runs(RunFilter()) == ()
    assert [item.name for item in path.parent.iterdir()] == ["history.db"]
    assert stored_revision(path) == head_revision()


def test_reading_creates_nothing(tmp_path):
    with pytest.raises(NotFoundError) as caught:
        open_store(tmp_path / "folder" / "history.db", write=False)
    assert "There is no database at" in caught.value.message
    assert "aicmo-perf run" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_reading_leaves_the_folder_as_it_was(history, store_path):
    history.add({"swot": 1.0})
    history.store.close()
    before = files_in(store_path.parent)
    with open_store(store_path, write=False) as store:
        store.result(store.find_run("latest"))
        with pytest.raises(StoreError, match="for reading only"):
            store.start_run(history.new_run())
        with pytest.raises(StoreError), store._database.reading() as connection:
            connection.exec_driver_sql("DELETE FROM runs")
    assert files_in(store_path.parent) == before


@pytest.mark.parametrize("name", ["100% sure?.db", "a#b&c=d.db", "ünï 🎉.db", "%41.db", "file:x.db", "semi;colon.db"])
def test_any_file_name_means_itself(tmp_path, name):
    path = tmp_path / name
    open_store(path).close()
    open_store(path, write=False).close()
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_a_sqlite_url_and_a_relative_path_mean_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_store(f"sqlite:///{tmp_path}/a.db").close()
    store = open_store("b.db")
    monkeypatch.chdir("/")
    assert store.runs(RunFilter()) == (), "a later change of the folder does not matter"
    store.close()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.db", "b.db"]


@pytest.mark.parametrize("location", ["", "sqlite://", "sqlite:///:memory:", "nonsense://x", "://", "http://[x"])
def test_what_names_no_database_is_a_mistake_of_usage(location):
    with pytest.raises(UsageError) as caught:
        open_store(location)
    assert_is_a_sentence(caught.value)


def test_a_missing_driver_is_named_and_the_password_is_not():
    try:
        import psycopg  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("the driver is installed")
    with pytest.raises(StoreError) as caught:
        open_store("postgresql+psycopg://user:secret@localhost/x")
    assert "pip install psycopg" in caught.value.hint
    assert "secret" not in caught.value.message


def foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


def newer(path: Path) -> None:
    open_store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def corrupt(path: Path) -> None:
    open_store(path).close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 8000 + content[8100:])


def garbage(path: Path) -> None:
    path.write_bytes(b"this is a text, not a database. " * 100)


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (foreign, "of another application"),
        (newer, f"at revision 9999, and this version of aicmo-perf knows them up to {head_revision()}"),
        (corrupt, "is damaged"),
        (garbage, "is not a SQLite database"),
        (Path.mkdir, "is a folder"),
    ],
)
def test_what_is_no_database_of_ours_is_refused_and_left_alone(tmp_path, make, words, write):
    path = tmp_path / "history.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        open_store(path, write=write)
    assert words in caught.value.message
    assert_is_a_sentence(caught.value)
    assert [item.name for item in tmp_path.iterdir()] == ["history.db"]
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_newer_database_asks_for_a_newer_tool(tmp_path):
    newer(tmp_path / "history.db")
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "history.db")
    assert "Upgrade the tool" in caught.value.hint


def test_an_empty_file_is_filled_by_writing_only(tmp_path):
    path = tmp_path / "history.db"
    path.touch()
    with pytest.raises(NotFoundError, match="is empty"):
        open_store(path, write=False)
    assert path.read_bytes() == b""
    open_store(path).close()
    assert stored_revision(path) == head_revision()


def test_a_folder_in_place_of_which_a_file_lies_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "file" / "history.db")
    assert_is_a_sentence(caught.value)


class TestPermissions:
    def test_a_read_only_folder_can_be_read(self, ordinary_folder, history_in):
        path = ordinary_folder / "history.db"
        with open_store(path) as store:
            run = history_in(store).add({"swot": 0.5})
        ordinary_folder.chmod(0o500)
        with open_store(path, write=False) as store:
            assert store.result(store.find_run("latest")).features[0].runtime_seconds == 0.5
            assert store.find_run("1") == run
        assert check_database(path) == ()
        assert [item.name for item in ordinary_folder.iterdir()] == ["history.db"]

    def test_results_that_lie_in_the_log_of_a_read_only_folder_are_not_passed_over(self, ordinary_folder, history_in):
        path = ordinary_folder / "history.db"
        store = open_store(path)
        history_in(store).add({"swot": 0.5})
        copy = ordinary_folder / "copy"
        copy.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", copy)
        store.close()
        copy.chmod(0o500)
        try:
            with pytest.raises(StoreError, match=r"history\.db-wal"):
                open_store(copy / "history.db", write=False)
        finally:
            copy.chmod(0o700)

    def test_a_read_only_folder_cannot_be_written(self, ordinary_folder):
        ordinary_folder.chmod(0o500)
        for name in ("history.db", "folder/history.db"):
            with pytest.raises(StoreError) as caught:
                open_store(ordinary_folder / name)
            assert_is_a_sentence(caught.value)
        assert list(ordinary_folder.iterdir()) == []

    @pytest.mark.parametrize("write", [True, False])
    def test_an_unreadable_file(self, ordinary_folder, write):
        path = ordinary_folder / "history.db"
        open_store(path).close()
        path.chmod(0)
        with pytest.raises(StoreError) as caught:
            open_store(path, write=write)
        assert "permissions" in caught.value.hint
        assert_is_a_sentence(caught.value)

    def test_a_read_only_file(self, ordinary_folder, history_in):
        path = ordinary_folder / "history.db"
        open_store(path).close()
        path.chmod(0o400)
        with pytest.raises(StoreError, match="cannot be written"), open_store(path) as store:
            history_in(store).add()
        open_store(path, write=False).close()

    def test_a_folder_that_may_not_be_entered(self, ordinary_folder):
        inner = ordinary_folder / "inner"
        inner.mkdir(mode=0)
        for write in (True, False):
            with pytest.raises(StoreError) as caught:
                open_store(inner / "history.db", write=write)
            assert_is_a_sentence(caught.value)


def test_a_full_disk_costs_the_result_at_hand_only(history, make_iteration):
    run = history.add({"swot": 1.0}, state=RunState.RUNNING)
    before = history.store.result(run)
    huge = make_iteration("deck", samples_seconds=(1.0,) * 20_000)

    @event.listens_for(history.store._database._engine, "checkout")
    def leave_no_space(dbapi_connection, *_: object) -> None:
        pages = dbapi_connection.execute("PRAGMA page_count").fetchone()[0]
        dbapi_connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(StoreError) as caught:
        history.record(run, huge)
    assert "no space left" in caught.value.message
    assert_is_a_sentence(caught.value)
    assert history.store.result(run) == before
    event.remove(history.store._database._engine, "checkout", leave_no_space)

    history.record(run, make_iteration("small"))
    assert [status.name for status in history.store.result(run).features] == ["swot", "small"]


def test_a_disk_that_fills_up_while_the_database_is_created_leaves_nothing_half_done(tmp_path, monkeypatch):
    path = tmp_path / "history.db"
    original = connection_module._open

    def with_limit(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = original(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 5")
        return connection

    monkeypatch.setattr(connection_module, "_open", with_limit)
    with pytest.raises(StoreError, match="no space left"):
        open_store(path)
    monkeypatch.undo()
    assert stored_revision(path) is None
    open_store(path).close()
    assert check_database(path) == ()


def test_a_lock_that_is_held_too_long(history, store_path, monkeypatch, make_iteration):
    run = history.add(state=RunState.RUNNING)
    result = make_iteration("swot")
    status = FeatureStatus.from_iterations([result])
    monkeypatch.setattr(connection_module, "LOCK_TIMEOUT_SECONDS", 0.01)
    with open_store(store_path) as other, contextlib.closing(sqlite3.connect(store_path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as caught:
            other.record(run, result, status)
        assert_is_a_sentence(caught.value)
        assert other.find_run(str(run.id)) == run, "reading goes on"
        holder.execute("ROLLBACK")
        other.record(run, result, status)


def calls(store: Store, run, result) -> dict[str, object]:
    """Every public method, with arguments that make it go to the database."""
    status = FeatureStatus.from_iterations([result])
    state = LineState(line=Line.of(run), algorithm="any", run_ids=(1,), covered_count=1)
    iteration = Iteration(planned=PlannedIteration(number=1), started_at=run.started_at)
    entry = Quarantine(feature="x", reason="", until=run.started_at.date(), added_at=run.started_at)
    return {
        "start_run": lambda: store.start_run(run),
        "record": lambda: store.record(run, result, status),
        "record_iteration": lambda: store.record_iteration(run, iteration),
        "add_findings": lambda: store.add_findings(run, []),
        "finish_run": lambda: store.finish_run(run, RunState.COMPLETE, run.started_at),
        "mark_interrupted": lambda: store.mark_interrupted([1]),
        "running": store.running,
        "companions": lambda: store.companions(run),
        "find_run": lambda: store.find_run("latest"),
        "runs": lambda: store.runs(RunFilter()),
        "result": lambda: store.result(run),
        "status_counts": lambda: store.status_counts([1]),
        "failure_counts": lambda: store.failure_counts([run]),
        "features": store.features,
        "all_series": lambda: store.all_series([run]),
        "feature_series": lambda: store.feature_series(result.feature, RunFilter()),
        "outcomes": lambda: store.outcomes(RunFilter()),
        "latest_findings": store.latest_findings,
        "findings_of": lambda: store.findings_of(result.feature),
        "environments": store.environments,
        "samples": lambda: store.samples(run, result.feature),
        "iteration_samples": lambda: store.iteration_samples(run),
        "accept": lambda: store.accept(AcceptedChange(feature=result.feature, run=run, accepted_at=run.started_at)),
        "accepted_changes": store.accepted_changes,
        "withdraw": lambda: store.withdraw(result.feature),
        "set_quarantine": lambda: store.set_quarantine(entry),
        "remove_quarantine": lambda: store.remove_quarantine("x"),
        "quarantine": store.quarantine,
        "pin": lambda: store.pin("x", run, pinned_at=run.started_at, pinned_by=None, reason=""),
        "unpin": lambda: store.unpin("x"),
        "pins": store.pins,
        "pinned": lambda: store.pinned("x"),
        "Analyses.state_of": lambda: store.analyses.state_of(state.line, "any"),
        "Analyses.shifts": lambda: store.analyses.shifts(state),
        "Analyses.series": lambda: store.analyses.series(state),
        "Analyses.measured": lambda: store.analyses.measured(state, [result.feature], 0),
        "Analyses.keep": lambda: store.analyses.keep(state, []),
        "Analyses.runs": lambda: store.analyses.runs([1]),
        "backup": lambda: store.backup("/proc/nowhere/x.db"),
    }


@pytest.mark.parametrize(
    "failure",
    [
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.DatabaseError("database disk image is malformed"),
        sqlite3.OperationalError("something\nnobody thought of"),
        sqlalchemy.exc.InvalidRequestError("a mistake of ours"),
    ],
    ids=str,
)
def test_no_exception_of_the_database_leaves_the_store(history, make_iteration, failure):
    run = history.add({"swot": 1.0})
    store = history.store
    methods = {
        member.__qualname__.removeprefix("Store.")
        for door in (Store, Analyses)
        for name, member in inspect.getmembers(door, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }
    attempts = calls(store, run, make_iteration("deck"))
    assert set(attempts) == methods

    def fail(*_: object) -> None:
        raise failure

    event.listen(store._database._engine, "before_cursor_execute", fail)
    for name, attempt in attempts.items():
        with pytest.raises(StoreError) as caught:
            attempt()
        assert_is_a_sentence(caught.value), name


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="shows open files in Linux only")
def test_the_connection_is_let_go_of_when_opening_fails(tmp_path):
    path = tmp_path / "history.db"
    newer(path)
    with pytest.raises(StoreError):
        open_store(path)
    descriptors = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [name for name in descriptors if str(tmp_path) in str(name)]
