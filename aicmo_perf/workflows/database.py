"""Look after the database: its revision, its soundness, a copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aicmo_perf.config import Settings
from aicmo_perf.store import check_database, head_revision, open_store, stored_revision


@dataclass(frozen=True, slots=True)
class Revisions:
    """Where a database stands, and where this version of the tool wants it; current is None for an empty one."""

    current: str | None
    head: str


def revisions(settings: Settings) -> Revisions:
    """The database's revision beside the tool's."""
    return Revisions(stored_revision(settings.db_url), head_revision())


def upgrade_database(settings: Settings) -> tuple[str, ...]:
    """Create or upgrade the database; what was done, a sentence each."""
    with open_store(settings.db_url) as store:
        return store.notices


def problems_of_database(settings: Settings) -> tuple[str, ...]:
    """What is wrong with the database, a sentence each; nothing when it is sound."""
    return check_database(settings.db_url)


def backup_database(settings: Settings, target: Path) -> None:
    """Copy the database, also while runs write to it.

    Raises: StoreError when the target exists or cannot be written.
    """
    with open_store(settings.db_url, write=False) as store:
        store.backup(target)
