"""A database, and the transactions on it: one way to read, one to write, one to migrate.

SQLite's own rules are gathered here. Its Python driver begins transactions late and leaves schema changes outside of
them, so BEGIN is taken over. A transaction that will write says so at once (BEGIN IMMEDIATE): one that reads first
and writes later fails as soon as another process wrote in between, however long it would have waited.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool, QueuePool

from aicmo_perf.errors import NotFoundError, StoreError, UsageError
from aicmo_perf.store.failures import LOCK_TIMEOUT_SECONDS, database_errors

# Larger pages than SQLite's usual 4 KiB waste less at their ends on rows of a few hundred samples.
_PAGE_SIZE_BYTES = 8192
_RETRY_SECONDS = 0.01
_BEGIN_OPTION = "aicmo_perf_begin"


class Database:
    """Where the history lies: a SQLite file, or a database server by its URL.

    Nothing is opened or created before the first transaction.

    Args:
        location: a path, or a SQLAlchemy URL.
        write: whether it may be written; if not, a missing file stays missing.

    Attributes:
        path: of the SQLite file, absolute; None for a server.
        name: what to call it in messages: the path as given, or the URL without its password.

    Raises: UsageError when the location is no usable URL.
    """

    def __init__(self, location: str | os.PathLike[str], *, write: bool = True) -> None:
        self.path, self.name, self._url = _located(os.fspath(location))
        self.write = write
        self._engine = self._engine_with(self._connect, QueuePool)
        self._writing_engine = self._engine.execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout.

        Raises: StoreError when the database cannot be read.
        """
        with database_errors(self.name), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; committed at the end, undone by an exception.

        Raises: StoreError when the database cannot be written.
        """
        if not self.write:
            raise StoreError(f"{self.name} was opened for reading only.")
        with database_errors(self.name), self._writing_engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A writing transaction in which tables may be rebuilt; creates a missing file with its folders.

        Rebuilding a table drops the old one, and with foreign keys on that deletes the rows that refer to it. They are
        off here, which SQLite allows outside a transaction only, and are checked as a whole before the commit.

        Raises: StoreError when the database cannot be written, or a migration left a dangling reference.
        """
        self._prepare_file()
        engine = self._engine_with(self._connect_for_migration, NullPool)
        immediate = engine.execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"})
        with database_errors(self.name), immediate.connect() as connection, connection.begin():
            yield connection
            if self.path is not None and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise StoreError(
                    f"The migration of {self.name} was undone, because it would have left rows without their parents.",
                    "See what `aicmo-perf db check` finds; the database is as it was.",
                )

    @contextmanager
    def sqlite(self) -> Iterator[sqlite3.Connection]:
        """The driver's own connection, outside any transaction, for what only SQLite knows: VACUUM, its checks.

        Raises: StoreError, also for a database that is not SQLite.
        """
        if self.path is None:
            raise StoreError(f"{self.name} is not a SQLite file.", "Use the tools of its database server.")
        with database_errors(self.name), closing(self._connect()) as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file or of the server."""
        self._engine.dispose()

    def require_file(self) -> None:
        """See that there is a file to read.

        Raises: NotFoundError when there is none; StoreError for a folder or one that may not be looked into.
        """
        if self.path is None:
            return
        try:
            if self.path.is_dir():
                raise StoreError(f"{self.name} is a folder, not a database.", "Name a file with --db.")
            is_missing = not self.path.exists()
        except OSError as error:
            raise _unusable(self.name, error) from error
        if is_missing:
            raise NotFoundError(
                f"There is no database at {self.name}.",
                "`aicmo-perf run` creates it; --db names another one.",
            )

    def _engine_with(self, connect: Callable[[], sqlite3.Connection], pool: type[NullPool] | type[QueuePool]) -> Engine:
        if self.path is None:
            try:
                return create_engine(self._url, poolclass=pool)
            except (ArgumentError, NoSuchModuleError) as error:
                raise UsageError(f"{self.name} names no known kind of database.", _URL_HINT) from error
            except ImportError as error:
                raise StoreError(
                    f"The driver for {self.name} is not installed.", f"Install it: pip install {error.name}."
                ) from error
        # Every transaction below ends in COMMIT or ROLLBACK, so the pool need not roll back once more.
        reset: dict[str, Any] = {} if pool is NullPool else {"pool_reset_on_return": None}
        engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=pool, **reset)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect(self) -> sqlite3.Connection:
        assert self.path is not None
        if not self.write:
            return _connect_for_reading(self.path, self.name)
        return _open(self.path, "mode=rwc", foreign_keys=True)

    def _connect_for_migration(self) -> sqlite3.Connection:
        assert self.path is not None
        return _open(self.path, "mode=rwc", foreign_keys=False)

    def _prepare_file(self) -> None:
        """See that folder and file exist, and that a new file has what can only be chosen while it is empty."""
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.name, error) from error
        with database_errors(self.name), closing(self._connect_for_migration()) as connection:
            connection.execute(f"PRAGMA page_size = {_PAGE_SIZE_BYTES}")
            _switch_to_wal(connection)


_URL_HINT = "Name a file, or write a URL like postgresql+psycopg://user@host/name."


def _located(location: str) -> tuple[Path | None, str, str]:
    """The path of a SQLite file (None for a server), the name for messages, and the URL of a server."""
    if "://" not in location:
        if not location:
            raise UsageError("The database has no name.", _URL_HINT)
        return Path(location).expanduser().absolute(), location, ""
    try:
        url = make_url(location)
    except (ArgumentError, ValueError) as error:
        raise UsageError(f"{location!r} is not a database URL.", _URL_HINT) from error
    if url.get_backend_name() != "sqlite":
        return None, url.render_as_string(hide_password=True), location
    if not url.database or url.database == ":memory:" or url.query:
        raise UsageError(f"{location!r} names no file to keep the history in.", _URL_HINT)
    return Path(url.database).expanduser().absolute(), url.database, ""


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Keep a log beside the file: readers go on while a run writes, and a commit needs no wait for the disk.

    Of several processes that switch a new file at once, each holds a lock that another needs; SQLite then gives up at
    once, whatever the time-out. One of them gets through, and the others find it done.
    """
    give_up = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # the low byte is the code itself, whatever extends it
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up:
                raise
            time.sleep(_RETRY_SECONDS)


def _open(path: Path, mode: str, *, foreign_keys: bool) -> sqlite3.Connection:
    """Open a file: ``mode=rwc`` creates a missing one, ``mode=rw`` does not, ``immutable=1`` does without locks."""
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{mode}",
        uri=True,
        timeout=LOCK_TIMEOUT_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    try:
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        # With a write-ahead log this survives every crash but a power cut, which may cost the last commits.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_for_reading(path: Path, name: str) -> sqlite3.Connection:
    """Open a file that must exist, for reading only, wherever it lies.

    The mode is ``rw`` with ``query_only``: a connection in mode ``ro`` leaves the files of its write-ahead log lying
    about. Where even those cannot be made (a read-only folder) and nobody else has made them, SQLite may read the file
    as it lies.
    """
    try:
        connection = _open(path, "mode=rw", foreign_keys=True)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA schema_version")  # the first look into the file
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        is_refused = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not is_refused or _may(path.parent, os.W_OK) or not _may(path, os.R_OK):
            raise
    else:
        return connection
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise StoreError(
            f"{name} has results in {log.name} that cannot be read, because its folder is read-only.",
            "Copy both files into a folder that can be written, and name the copy with --db.",
        )
    return _open(path, "immutable=1", foreign_keys=True)


def _may(path: Path, access: int) -> bool:
    """Whether this process may do so to a file, as whom it acts now."""
    return os.access(path, access, effective_ids=os.access in os.supports_effective_ids)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN_OPTION, "BEGIN"))


def _unusable(name: str, error: OSError) -> StoreError:
    return StoreError(
        f"{name} cannot be used: {error.strerror}.",
        "Check the permissions of its folder, or choose another file with --db.",
    )
