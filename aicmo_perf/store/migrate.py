"""Which revision a database is at, and how it gets to the newest.

The check runs on every command, so it costs one small query and no import of Alembic. A new database comes about
through the same migrations as an old one, so that there is one way to the schema.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from aicmo_perf.errors import NotFoundError, StoreError
from aicmo_perf.store.connection import Database
from aicmo_perf.store.failures import database_errors

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""All revisions, oldest first. A constant, because reading the scripts would need Alembic."""

_VERSION_TABLE = "alembic_version"
_BACKUP_HINT = "Name another file for the backup."


def head_revision() -> str:
    """The revision that this version of the tool reads and writes."""
    return REVISIONS[-1]


def current_revision(database: Database) -> str | None:
    """The revision a database is at; None for an empty one.

    Raises: NotFoundError when there is no database; StoreError when it cannot be read or is not ours.
    """
    database.require_file()
    with database.reading() as connection:
        return _revision(connection, database)


def _revision(connection: Connection, database: Database) -> str | None:
    if connection.dialect.has_table(connection, _VERSION_TABLE):
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION_TABLE}").scalar()  # noqa: S608
        if revision is not None:
            return str(revision)
    # On a server, other applications may have their tables beside ours; a file is ours or somebody else's.
    if database.path is not None and set(inspect(connection).get_table_names()) - {_VERSION_TABLE}:
        raise StoreError(
            f"{database.name} is a SQLite database of another application.",
            "Choose another file with --db.",
        )
    return None


def require_head(database: Database) -> None:
    """See that a database can be read as it is.

    Raises: NotFoundError when there is none or it is empty; StoreError when its revision is not the newest.
    """
    revision = current_revision(database)
    if revision == head_revision():
        return
    if revision is None:
        raise NotFoundError(f"The database {database.name} is empty.", "`aicmo-perf run` fills it.")
    _refuse_newer(revision, database)
    raise StoreError(
        f"{database.name} is at revision {revision}, and this version of aicmo-perf reads {head_revision()}.",
        "`aicmo-perf db upgrade` brings it up to date and keeps the file as it was.",
    )


def upgrade(database: Database) -> str:
    """Create a database, or bring an old one to the newest revision; an older file is backed up beside itself.

    Returns: one sentence that says what was upgraded; empty when there was nothing, or the database is new.

    Raises: StoreError when the database is newer, not ours, or cannot be written. It is then as it was.
    """
    try:
        revision = current_revision(database)
    except NotFoundError:
        revision = None
    if revision == head_revision():
        return ""
    if revision is not None:
        _refuse_newer(revision, database)
    # imported before the lock is taken, so that others wait for the work only
    from alembic import command
    from alembic.util import CommandError

    backup_path: Path | None = None
    try:
        with database.migrating() as connection:
            revision = _revision(connection, database)  # another process may have been faster
            if revision == head_revision():
                return ""
            if revision is not None:
                _refuse_newer(revision, database)
                backup_path = _back_up_beside(database, revision)
            command.upgrade(alembic_config(connection), "head")
    except BaseException as error:
        if backup_path is not None:
            backup_path.unlink(missing_ok=True)
        if isinstance(error, CommandError):
            raise StoreError(
                f"{database.name} cannot be migrated: {error}.", "Install aicmo-perf anew; the database is as it was."
            ) from error
        raise
    if revision is None:
        return ""
    upgraded = f"Upgraded {_short_name(database)} from revision {revision} to {head_revision()}"
    return f"{upgraded}; the file as it was is kept as {backup_path.name}." if backup_path else f"{upgraded}."


def backup(database: Database, target: Path) -> None:
    """Write a compact copy of a SQLite database, as it is at this moment, even while a run writes to it.

    Raises: StoreError when the target exists or cannot be written, or the database is not a file.
    """
    if target.exists():
        raise StoreError(f"{target} exists already and is not overwritten.", _BACKUP_HINT)
    if not target.absolute().parent.is_dir():
        raise StoreError(f"{target} cannot be written, for its folder does not exist.", _BACKUP_HINT)
    database.require_file()
    # a name of its own until it is whole, so that a half-written copy is never taken for a backup
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with database.sqlite() as connection, database_errors(str(target)):
            connection.execute("PRAGMA query_only = OFF")  # which would forbid VACUUM, though it writes the copy only
            connection.execute("VACUUM INTO ?", (str(partial),))
        partial.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: {error.strerror}.", "Name another file for the backup."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection; no file is read and no logger touched."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def script_location() -> Path:
    """The folder of the migrations: inside the installed package, else at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def _back_up_beside(database: Database, revision: str) -> Path | None:
    """Copy the file beside itself under its revision's number; None for a database that is not a file."""
    if database.path is None:
        return None
    target = database.path.with_name(f"{database.path.name}.{revision}.bak")
    number = 1
    while target.exists():  # an earlier backup is never overwritten
        number += 1
        target = database.path.with_name(f"{database.path.name}.{revision}-{number}.bak")
    backup(database, target)
    return target


def _refuse_newer(revision: str, database: Database) -> None:
    if revision not in REVISIONS:
        raise StoreError(
            f"{database.name} is at revision {revision}, and this version of aicmo-perf knows them up to "
            f"{head_revision()}.",
            "Upgrade the tool: pip install --upgrade aicmo-perf.",
        )


def _short_name(database: Database) -> str:
    return database.name if database.path is None else database.path.name
