"""The history: what runs found, kept in one SQLite file or a database server.

``open_store`` is the door; ``stored_revision``, ``head_revision`` and ``check_database`` look at a database that may
not be fit to be opened.
"""

from __future__ import annotations

import os

from aicmo_perf.store.analyses import KeptSeries, KeptShift, LineState, MeasuredSeries
from aicmo_perf.store.check import check_database
from aicmo_perf.store.connection import Database
from aicmo_perf.store.migrate import current_revision, head_revision
from aicmo_perf.store.pins import Pin
from aicmo_perf.store.store import Store, open_store

__all__ = [
    "KeptSeries",
    "KeptShift",
    "LineState",
    "MeasuredSeries",
    "Pin",
    "Store",
    "check_database",
    "head_revision",
    "open_store",
    "stored_revision",
]


def stored_revision(location: str | os.PathLike[str]) -> str | None:
    """The revision that a database is at, whatever it is; None for an empty one.

    Raises: NotFoundError when there is no database; StoreError when it cannot be read or is not ours.
    """
    database = Database(location, write=False)
    try:
        return current_revision(database)
    finally:
        database.close()
