"""New levels that people took as they are: later runs are judged by the runs from the accepted one on."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import AcceptedChange, Feature
from aicmo_perf.store.models import accepted_changes, features, runs, suites
from aicmo_perf.store.run_rows import runs_of, select_runs
from aicmo_perf.store.series import FEATURE_COLUMNS, feature_ids_of, feature_of, stored_feature_ids
from aicmo_perf.store.writing import upsert


def write_accepted(connection: Connection, change: AcceptedChange) -> None:
    """Store an accepted change; one of the same feature and run is replaced.

    Raises: NotFoundError when the feature is not stored.
    """
    row = {
        "feature_id": stored_feature_ids(connection, (change.feature,))[change.feature.key],
        "run_id": change.run.id,
        "accepted_at": change.accepted_at,
        "accepted_by": change.accepted_by,
        "reason": change.reason,
    }
    connection.execute(upsert(connection.dialect.name, accepted_changes, ("feature_id", "run_id"), ()), row)


def read_accepted(connection: Connection) -> tuple[AcceptedChange, ...]:
    """All accepted changes, the oldest accepted first."""
    columns = (accepted_changes.c.accepted_at, accepted_changes.c.accepted_by, accepted_changes.c.reason)
    statement = (
        select_runs(*columns, *FEATURE_COLUMNS)
        .join(accepted_changes, accepted_changes.c.run_id == runs.c.id)
        .join(features, features.c.id == accepted_changes.c.feature_id)
        .join(suites, suites.c.id == features.c.suite_id)
        .order_by(accepted_changes.c.accepted_at, accepted_changes.c.id)
    )
    rows = connection.execute(statement).all()
    return tuple(
        AcceptedChange(
            feature=feature_of(row),
            run=run,
            accepted_at=row.accepted_at,
            accepted_by=row.accepted_by,
            reason=row.reason,
        )
        for row, run in zip(rows, runs_of(connection, rows), strict=True)
    )


def delete_accepted(connection: Connection, feature: Feature) -> None:
    """Forget all accepted changes of a feature.

    Raises: NotFoundError when there are none.
    """
    ids = feature_ids_of(connection, (feature,)).values()
    if connection.execute(delete(accepted_changes).where(accepted_changes.c.feature_id.in_(ids))).rowcount == 0:
        raise NotFoundError(
            f"No change of {feature.name} was ever accepted.", "`aicmo-perf baseline list` lists the accepted changes."
        )
