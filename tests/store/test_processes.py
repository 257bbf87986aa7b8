"""Several processes on one database, and processes that die: real ones."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from aicmo_perf.model import (
    Feature,
    FeatureStatus,
    IterationResult,
    Run,
    RunFilter,
    RunState,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.store import check_database, open_store

PROCESS_COUNT = 10
NOW = datetime(2025, 3, 1, tzinfo=UTC)

# Records results, tells that they are safe, and stops in the middle of a transaction until its input is closed.
WRITER = """
import os, sys, time
from datetime import UTC, datetime
from aicmo_perf.model import Feature, FeatureStatus, IterationResult, Run, RunState, Status, time_ordered_uuid
from aicmo_perf.store import open_store

with open_store(sys.argv[1]) as store:
    uuid = time_ordered_uuid(time.time_ns() // 10**6, os.urandom(10))
    run = store.start_run(Run(uuid=uuid, started_at=datetime.now(UTC), state=RunState.RUNNING, suites=("shop",)))
    for number in range(20):
        feature = Feature(suite="shop", qualified_name=f"shop.f{number}", name=f"f{number}")
        result = IterationResult(feature=feature, status=Status.PASS, samples_seconds=(0.5,))
        store.record(run, result, FeatureStatus.from_iterations([result]))
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM results")
        connection.exec_driver_sql("UPDATE runs SET state = 'complete'")
        print("recorded", flush=True)
        sys.stdin.read()
"""


@contextlib.contextmanager
def writer_in_mid_transaction(path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "recorded\n"
        try:
            yield writer
        finally:
            writer.kill()


def kill(writer: subprocess.Popen[str]) -> None:
    writer.send_signal(signal.SIGKILL)
    assert writer.wait(timeout=300) == -signal.SIGKILL


def write_whole_run(path: Path, start: Barrier, notices: Queue[tuple[str, ...]]) -> None:
    """What a process does: wait for the others, open the store, and store a run with three features."""
    start.wait(timeout=300)
    with open_store(path) as store:
        uuid = time_ordered_uuid(os.getpid(), os.urandom(10))
        run = store.start_run(Run(uuid=uuid, started_at=NOW, state=RunState.RUNNING, suites=("shop",)))
        for number in range(3):
            feature = Feature(suite="shop", qualified_name=f"shop.f{number}", name=f"f{number}")
            result = IterationResult(feature=feature, status=Status.FAIL, errors=("boom",), samples_seconds=(0.5,))
            store.record(run, result, FeatureStatus.from_iterations([result]))
        store.finish_run(run, RunState.COMPLETE, NOW)
        notices.put(store.notices)


def write_whole_runs_at_once(path: Path) -> list[tuple[str, ...]]:
    """Ten processes that open the store at the same moment; what each was told."""
    # forked, so that they really start at once instead of importing for seconds
    processes = multiprocessing.get_context("fork")
    start, notices = processes.Barrier(PROCESS_COUNT), processes.Queue()
    started = [processes.Process(target=write_whole_run, args=(path, start, notices)) for _ in range(PROCESS_COUNT)]
    for process in started:
        process.start()
    told = [notices.get(timeout=300) for _ in started]
    for process in started:
        process.join(timeout=300)
    assert [process.exitcode for process in started] == [0] * PROCESS_COUNT
    return told


def test_ten_processes_at_once_create_one_database_and_lose_nothing(tmp_path):
    path = tmp_path / "new" / "history.db"

    told = write_whole_runs_at_once(path)

    assert told == [()] * PROCESS_COUNT
    with open_store(path, write=False) as store:
        runs = store.runs(RunFilter(state=RunState.COMPLETE))
        assert len(runs) == PROCESS_COUNT
        for run in runs:
            statuses = store.result(run).features
            assert [(status.name, status.errors) for status in statuses] == [
                (f"f{number}", ("boom",)) for number in range(3)
            ]
        assert len(store.features()) == 3
    assert check_database(path) == ()


def test_ten_processes_at_once_upgrade_one_database_once(old_path):
    told = write_whole_runs_at_once(old_path)

    assert sorted(len(notices) for notices in told) == [0] * (PROCESS_COUNT - 1) + [1]
    with open_store(old_path, write=False) as store:
        assert len(store.runs(RunFilter())) == 2 + PROCESS_COUNT
    assert check_database(old_path) == ()
    assert [item.name for item in old_path.parent.glob("*.bak*")] == ["history.db.0001.bak"]


def test_a_killed_process_loses_no_finished_result(store_path):
    with writer_in_mid_transaction(store_path) as writer:
        kill(writer)

    with open_store(store_path, write=False) as store:
        assert len(store.result(store.find_run("1")).features) == 20, "read without writing"
    with open_store(store_path) as store:
        (run,) = store.running()
        assert store.status_counts([run.id]) == {run.id: {Status.PASS: 20}}
        store.mark_interrupted([run.id])
        assert store.find_run("1").state is RunState.INTERRUPTED
    assert check_database(store_path) == ()


def test_a_copy_taken_while_a_run_writes_is_whole(store_path, tmp_path):
    with writer_in_mid_transaction(store_path) as writer:
        with open_store(store_path, write=False) as store:
            store.backup(tmp_path / "backup.db")
        # what people do: the file without its log, so the newest results lack, but nothing is torn
        shutil.copy(store_path, tmp_path / "copy.db")
        kill(writer)

    with open_store(tmp_path / "backup.db", write=False) as copy:
        assert len(copy.result(copy.find_run("1")).features) == 20
        assert copy.find_run("1").state is RunState.RUNNING
    assert check_database(tmp_path / "backup.db") == ()
    assert check_database(tmp_path / "copy.db") == ()
