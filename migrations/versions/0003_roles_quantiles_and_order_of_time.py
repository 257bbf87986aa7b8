"""What runs are judged by: their roles, low and high quantiles of their samples, and their order in time."""

from __future__ import annotations

import math
import statistics
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# An import may bring older runs later, so the newest are no longer found by number but by time.
COMPARABLE_ON_BRANCH = ["environment_id", "mode", "quick", "branch", "state"]
COMPARABLE = ["environment_id", "mode", "quick", "state"]
FILTERS = ("branch", "label", "state")

BATCH_SIZE = 1000


def upgrade() -> None:
    # A copy of the table would forget which numbers were given to runs that have been deleted since, so all of these
    # only add to its definition. That leaves SQLite no other way than to write the constraints inline. Of an inline
    # reference SQLAlchemy sees neither name nor ON DELETE; it does find them in the comment.
    op.add_column("runs", sa.Column("pull_request", sa.Text()))
    op.execute(
        "ALTER TABLE runs ADD COLUMN role VARCHAR(16) DEFAULT 'single' NOT NULL CONSTRAINT ck_runs_role "
        "CHECK (role IN ('single', 'paired_head', 'paired_base', 'rerun_head', 'rerun_base'))"
    )
    op.execute(
        "ALTER TABLE runs ADD COLUMN companion_of INTEGER "
        "/* CONSTRAINT fk_runs_companion_of_runs FOREIGN KEY(companion_of) REFERENCES runs (id) ON DELETE CASCADE */ "
        "CONSTRAINT fk_runs_companion_of_runs REFERENCES runs (id) ON DELETE CASCADE"
    )
    are_companions = sa.text("companion_of IS NOT NULL")
    op.create_index(
        "ix_runs_companion_of",
        "runs",
        ["companion_of"],
        sqlite_where=are_companions,
        postgresql_where=are_companions,
    )
    op.add_column("results", sa.Column("low_seconds", sa.Double()))
    op.add_column("results", sa.Column("high_seconds", sa.Double()))
    _fill_quantiles(op.get_bind())
    _order_indexes_by("id", "started_at")


def _order_indexes_by(before: str, after: str) -> None:
    op.drop_index("ix_runs_comparable_on_branch", "runs")
    op.create_index("ix_runs_comparable_on_branch", "runs", [*COMPARABLE_ON_BRANCH, after])
    op.drop_index("ix_runs_comparable", "runs")
    op.create_index("ix_runs_comparable", "runs", [*COMPARABLE, after])
    for name in FILTERS:
        op.drop_index(f"ix_runs_{name}_{before}", "runs")
        op.create_index(f"ix_runs_{name}_{after}", "runs", [name, after])


def _fill_quantiles(connection: sa.Connection) -> None:
    """Feature by feature, as results lie in the file: each page is then written once, however long the history."""
    update = sa.text(
        "UPDATE results SET low_seconds = :low_seconds, high_seconds = :high_seconds "
        "WHERE feature_id = :feature_id AND run_id = :run_id"
    )
    for feature_id in connection.execute(sa.text("SELECT id FROM features ORDER BY id")).scalars().all():
        rows = [
            {"feature_id": feature_id, "run_id": run_id, "low_seconds": low_seconds, "high_seconds": high_seconds}
            for run_id, low_seconds, high_seconds in _quantiles_of(connection, feature_id)
        ]
        for first in range(0, len(rows), BATCH_SIZE):
            connection.execute(update, rows[first : first + BATCH_SIZE])


def _quantiles_of(connection: sa.Connection, feature_id: int) -> Iterator[tuple[int, float, float]]:
    """Of each run with samples of a feature: the medians, over its iterations, of their low and high quantiles."""
    measured = connection.execute(
        sa.text(
            "SELECT signatures.run_id, samples.samples_seconds FROM signatures "
            "JOIN samples ON samples.signature_id = signatures.id "
            "WHERE signatures.feature_id = :feature_id ORDER BY signatures.run_id"
        ),
        {"feature_id": feature_id},
    )
    for run_id, iterations in groupby(measured, key=itemgetter(0)):
        samples = [struct.unpack(f"<{len(packed) // 8}d", packed) for _, packed in iterations]
        ascending = [sorted(of_one) for of_one in samples if of_one]
        if ascending:
            low_seconds = statistics.median(_quantile(of_one, 0.01) for of_one in ascending)
            high_seconds = statistics.median(_quantile(of_one, 0.90) for of_one in ascending)
            yield run_id, low_seconds, high_seconds


def _quantile(ascending: Sequence[float], share: float) -> float:
    """Linearly interpolated; under ten samples the extreme of that side."""
    if len(ascending) < 10:
        return ascending[0] if share < 0.5 else ascending[-1]
    position = share * (len(ascending) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])


def downgrade() -> None:
    _delete_companions()
    _order_indexes_by("started_at", "id")
    op.drop_column("results", "high_seconds")
    op.drop_column("results", "low_seconds")
    op.drop_index("ix_runs_companion_of", "runs")
    for name in ("companion_of", "role", "pull_request"):
        op.drop_column("runs", name)


def _delete_companions() -> None:
    """The revision before could not tell them from runs that stand for themselves, and would judge by them.

    Migrations run with foreign keys off, so nothing goes by itself.
    """
    companions = "SELECT id FROM runs WHERE companion_of IS NOT NULL"
    their_signatures = f"SELECT id FROM signatures WHERE run_id IN ({companions})"  # noqa: S608
    for table in ("result_messages", "samples"):
        op.execute(f"DELETE FROM {table} WHERE signature_id IN ({their_signatures})")  # noqa: S608
    for table in ("signatures", "results", "run_suites", "baselines"):
        op.execute(f"DELETE FROM {table} WHERE run_id IN ({companions})")  # noqa: S608
    op.execute("DELETE FROM runs WHERE companion_of IS NOT NULL")
