"""What databases complain of, in sentences that people can act upon.

This is the one place where an exception of SQLAlchemy or sqlite3 turns into a StoreError; every transaction of the
store runs inside ``database_errors``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from aicmo_perf.errors import StoreError

LOCK_TIMEOUT_SECONDS = 30.0
"""How long a transaction waits for another process to finish its own."""

_PERMISSIONS_HINT = "Check the permissions of the file and of its folder, or choose another file with --db."


@dataclass(frozen=True, slots=True)
class _Complaint:
    """A fragment of SQLite's wording (the result codes are lost in wrapped and older exceptions) and ours."""

    fragment: str
    sentence: str
    hint: str


_COMPLAINTS = (
    _Complaint(
        "file is not a database",
        "{database} is not a SQLite database.",
        "Choose another file with --db, or move this one away.",
    ),
    _Complaint(
        "malformed",
        "{database} is damaged.",
        "See what `aicmo-perf db check` finds, and restore a backup.",
    ),
    _Complaint(
        "disk is full",
        "There is no space left to write {database}.",
        "Free some space and try again; what was stored before is intact.",
    ),
    _Complaint(
        "is locked",
        f"Another process has kept {{database}} locked for {LOCK_TIMEOUT_SECONDS:.0f} seconds.",
        "Wait for it to finish, or end it, and try again.",
    ),
    _Complaint("readonly database", "{database} cannot be written.", _PERMISSIONS_HINT),
    _Complaint("unable to open database file", "{database} cannot be opened.", _PERMISSIONS_HINT),
    _Complaint(
        "disk i/o error",
        "The disk fails to read or write {database}.",
        "Check the disk, and whether the file lies on a network folder, where SQLite cannot lock it.",
    ),
)


def store_error(error: Exception, database: str) -> StoreError:
    """The sentence and the hint for what a database raised."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    detail = " ".join(str(cause).split("\n", 1)[0].split()).rstrip(".")
    for complaint in _COMPLAINTS:
        if complaint.fragment in detail.lower():
            return StoreError(complaint.sentence.format(database=database), complaint.hint)
    return StoreError(
        f"The database {database} cannot do what was asked: {detail}.",
        "See what `aicmo-perf db check` finds; --debug shows where it happened.",
    )


@contextmanager
def database_errors(database: str) -> Iterator[None]:
    """Turn what the database raises inside the block into a StoreError.

    Args:
        database: what to call it in the sentence: a path, or a URL without its password.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise store_error(error, database) from error
