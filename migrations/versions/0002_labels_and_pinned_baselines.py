"""Names that people give: a label on a run, and runs pinned as baselines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Adding a column needs no copy of the table, so SQLite is spared one.
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("label", sa.Text()))
        runs.create_index("ix_runs_label_id", ["label", "id"])
    op.create_table(
        "baselines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("pinned_at", sa.BigInteger(), nullable=False),
        sa.Column("pinned_by", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_baselines"),
        sa.UniqueConstraint("name", name="uq_baselines_name"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_baselines_run_id_runs"),
    )
    op.create_index("ix_baselines_run_id", "baselines", ["run_id"])


def downgrade() -> None:
    op.drop_table("baselines")
    # SQLite gets a copy of the table here, which is why migrations run with foreign keys off: dropping the
    # original would else delete every result through its cascades.
    with op.batch_alter_table("runs", table_kwargs={"sqlite_autoincrement": True}) as runs:
        runs.drop_index("ix_runs_label_id")
        runs.drop_column("label")
