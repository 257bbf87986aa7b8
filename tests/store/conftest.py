"""Stores in temporary folders, and runs to put into them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aicmo_perf.model import (
    Category,
    Environment,
    Feature,
    FeatureStatus,
    IterationResult,
    Mode,
    Run,
    RunState,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.store import Store, open_store
from aicmo_perf.store.connection import Database
from aicmo_perf.store.migrate import alembic_config

CHECKOUT = Path(__file__).resolve().parents[2]
BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)


class History:
    """A store and short words to fill it: the tests say only what matters to them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._count = 0

    def new_run(self, **facts: Any) -> Run:
        """A run an hour after the one before, not stored yet."""
        self._count += 1
        started_at = BEGINNING + timedelta(hours=self._count)
        usual: dict[str, Any] = {
            "uuid": time_ordered_uuid(int(started_at.timestamp() * 1000), self._count.to_bytes(10, "big")),
            "started_at": started_at,
            "state": RunState.RUNNING,
            "mode": Mode.DETERMINISTIC,
            "suites": ("shop",),
            "environment": Environment({"cpu_model": "Processor 1", "python_version": "3.12.1"}),
            "branch": "main",
            "tool_version": "1.0",
        }
        return Run(**{**usual, **facts})

    def record(self, run: Run, *iterations: IterationResult) -> FeatureStatus:
        """Store a feature's iterations one after the other, as a workflow does."""
        for count, iteration in enumerate(iterations, start=1):
            merged = FeatureStatus.from_iterations(iterations[:count])
            self.store.record(run, iteration, merged)
        return merged

    def add(self, seconds: dict[str, float] | None = None, **facts: Any) -> Run:
        """A finished run in which the named features took so many seconds."""
        state = facts.pop("state", RunState.COMPLETE)
        run = self.store.start_run(self.new_run(**facts))
        for name, value in (seconds or {}).items():
            self.record(run, iteration_of(name, samples_seconds=(value,)))
        return run if state is RunState.RUNNING else self.store.finish_run(run, state, run.started_at)


def feature_of(name: str, *, suite: str = "shop", **facts: Any) -> Feature:
    """A feature whose qualified name tells its module."""
    return Feature(suite=suite, qualified_name=f"shop.{name}", name=name, **{"category": Category.GENERATOR, **facts})


def iteration_of(name: str, **facts: Any) -> IterationResult:
    """What an iteration said of a feature; it passed if nothing else is said."""
    feature = facts.pop("feature", None) or feature_of(name)
    return IterationResult(feature=feature, **{"status": Status.PASS, **facts})


@pytest.fixture
def make_feature() -> Callable[..., Feature]:
    return feature_of


@pytest.fixture
def make_iteration() -> Callable[..., IterationResult]:
    return iteration_of


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without runs, to copy: migrating anew for each test would take most of their time."""
    path = tmp_path_factory.mktemp("empty") / "history.db"
    open_store(path).close()
    return path


@pytest.fixture
def store_path(tmp_path: Path, empty_store: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path / "history.db"))


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


@pytest.fixture
def history(store: Store) -> History:
    return History(store)


@pytest.fixture
def history_in() -> type[History]:
    return History


@pytest.fixture(scope="session")
def large_store() -> ModuleType:
    """The builder of large stores that the benchmarks use."""
    spec = importlib.util.spec_from_file_location("large_store", CHECKOUT / "benchmarks" / "large_store.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def old_path(tmp_path: Path) -> Path:
    """A populated database of revision 0001: the rows are written in SQL, as today's models know later columns."""
    from alembic import command

    path = tmp_path / "old" / "history.db"
    with Database(path).migrating() as connection:
        command.upgrade(alembic_config(connection), "0001")
    script = (Path(__file__).parent / "populate_0001.sql").read_text()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of an ordinary user's, who the test is from here on: to root, nothing is read-only."""
    folder = Path(tempfile.mkdtemp(prefix="aicmo-perf-"))
    user_id = os.geteuid()
    if user_id == 0:
        os.chown(folder, 65534, -1)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(user_id)
        folder.chmod(0o700)
        shutil.rmtree(folder)
