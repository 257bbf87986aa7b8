"""Whether a database is sound: its pages, its references, its revision, its schema."""

from __future__ import annotations

import os

from aicmo_perf.errors import StoreError
from aicmo_perf.store.connection import Database
from aicmo_perf.store.migrate import current_revision, head_revision


def check_database(location: str | os.PathLike[str]) -> tuple[str, ...]:
    """What is wrong with a database, one sentence a problem; empty when it is sound.

    Raises: NotFoundError when there is no database.
    """
    database = Database(location, write=False)
    try:
        database.require_file()
        try:
            problems = _file_problems(database) or _schema_problems(database)
        except StoreError as error:  # too damaged for SQLite to look into
            problems = (error.message,)
    finally:
        database.close()
    return problems


def _file_problems(database: Database) -> tuple[str, ...]:
    if database.path is None:
        return ()
    with database.sqlite() as connection:
        damages = [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    problems = [f"The file is damaged: {' '.join(str(damage).split())}." for damage in damages]
    for table, parent in sorted({(row[0], row[2]) for row in orphans}):
        count = sum(1 for row in orphans if (row[0], row[2]) == (table, parent))
        problems.append(f"{count} rows of {table} refer to rows of {parent} that do not exist.")
    return tuple(problems)


def _schema_problems(database: Database) -> tuple[str, ...]:
    revision = current_revision(database)
    if revision is None:
        return ("The database is empty.",)
    if revision != head_revision():
        return (f"The database is at revision {revision}, not at {head_revision()}.",)
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from aicmo_perf.store.models import metadata

    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    return tuple(f"The schema differs from that of revision {revision}: {difference}." for difference in differences)
