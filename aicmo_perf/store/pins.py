"""Baselines that people pinned: a name for a run, with who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import Run
from aicmo_perf.store.models import baselines, runs
from aicmo_perf.store.run_rows import runs_of, select_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A run that people named as what to compare with. A pinned run cannot be deleted.

    Attributes:
        name: unique; ``--baseline name:NAME`` means it.
        run: which run.
        pinned_at: when, aware UTC.
        pinned_by: who; None when unknown.
        reason: why; may be empty.
    """

    name: str
    run: Run
    pinned_at: datetime
    pinned_by: str | None = None
    reason: str = ""


def write_pin(connection: Connection, pin: Pin) -> None:
    """Store a pin; one of the same name moves.

    Raises: UsageError when it has no name.
    """
    if not pin.name.strip():
        raise UsageError("A pinned baseline needs a name.")
    connection.execute(delete(baselines).where(baselines.c.name == pin.name))
    row = {"name": pin.name, "run_id": pin.run.id, "pinned_at": pin.pinned_at}
    connection.execute(insert(baselines), {**row, "pinned_by": pin.pinned_by, "reason": pin.reason})


def delete_pin(connection: Connection, name: str) -> None:
    """Forget a pin; its run stays.

    Raises: NotFoundError when there is none of that name.
    """
    if connection.execute(delete(baselines).where(baselines.c.name == name)).rowcount == 0:
        raise _no_such_pin(connection, name)


def read_pins(connection: Connection) -> tuple[Pin, ...]:
    """All pins by name."""
    columns = (baselines.c.name, baselines.c.pinned_at, baselines.c.pinned_by, baselines.c.reason)
    statement = select_runs(*columns).join(baselines, baselines.c.run_id == runs.c.id).order_by(baselines.c.name)
    rows = connection.execute(statement).all()
    return tuple(
        Pin(name=row.name, run=run, pinned_at=row.pinned_at, pinned_by=row.pinned_by, reason=row.reason)
        for row, run in zip(rows, runs_of(connection, rows), strict=True)
    )


def read_pinned_run(connection: Connection, name: str) -> Run:
    """The run that a pin names.

    Raises: NotFoundError when there is none of that name.
    """
    statement = select_runs().join(baselines, baselines.c.run_id == runs.c.id).where(baselines.c.name == name)
    found = runs_of(connection, connection.execute(statement).all())
    if not found:
        raise _no_such_pin(connection, name)
    return found[0]


def _no_such_pin(connection: Connection, name: str) -> NotFoundError:
    names = connection.execute(select(baselines.c.name).order_by(baselines.c.name)).scalars().all()
    hint = nearest_hint(name, names, otherwise="`aicmo-perf baseline list` lists the pinned baselines.")
    return NotFoundError(f"No baseline is pinned as {name!r}.", hint)
