"""What people set aside: features whose failures do not gate, by name or glob, for a reason and a time."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import Quarantine
from aicmo_perf.store.models import quarantine
from aicmo_perf.store.writing import upsert


def write_entry(connection: Connection, entry: Quarantine) -> None:
    """Store an entry; one of the same feature is replaced.

    Raises: UsageError when it names no feature.
    """
    if not entry.feature.strip():
        raise UsageError("A quarantine needs the name of a feature.")
    row = {
        "feature": entry.feature,
        "reason": entry.reason,
        "until": entry.until,
        "added_at": entry.added_at,
        "added_by": entry.added_by,
    }
    connection.execute(upsert(connection.dialect.name, quarantine, ("feature",), ()), row)


def delete_entry(connection: Connection, feature: str) -> None:
    """Forget an entry.

    Raises: NotFoundError when there is none of these words.
    """
    if connection.execute(delete(quarantine).where(quarantine.c.feature == feature)).rowcount == 0:
        names = connection.execute(select(quarantine.c.feature).order_by(quarantine.c.feature)).scalars().all()
        hint = nearest_hint(feature, names, otherwise="`aicmo-perf flaky quarantine list` lists what is.")
        raise NotFoundError(f"{feature!r} is not in quarantine.", hint)


def read_entries(connection: Connection) -> tuple[Quarantine, ...]:
    """All entries by feature, those too that hold no longer."""
    statement = select(*quarantine.c).order_by(quarantine.c.feature)
    return tuple(
        Quarantine(
            feature=row.feature, reason=row.reason, until=row.until, added_at=row.added_at, added_by=row.added_by
        )
        for row in connection.execute(statement)
    )
