"""Flakiness: what each iteration was run under, what checks found out, and what people set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATUSES = "('pass', 'partial', 'fail', 'error', 'skip')"


def upgrade() -> None:
    # Adding a column copies no table, so neither samples nor messages can get lost.
    op.add_column("signatures", sa.Column("scrubbed", sa.Text()))
    op.create_table(
        "iterations",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("feature_order", sa.LargeBinary()),
        sa.Column("further_features", sa.Text()),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_seconds", sa.Double()),
        sa.Column("load_average", sa.Double()),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_iterations"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_iterations_run_id_runs", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('plain', 'twin', 'perturbed', 'retry')", name=op.f("ck_iterations_kind")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flakiness_findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("inconsistency", sa.String(16), nullable=False),
        sa.Column("explanations", sa.Text(), nullable=False),
        sa.Column("usual_status", sa.String(16), nullable=False),
        sa.Column("usual_error_count", sa.Integer(), nullable=False),
        sa.Column("usual_warning_count", sa.Integer(), nullable=False),
        sa.Column("other_status", sa.String(16), nullable=False),
        sa.Column("other_error_count", sa.Integer(), nullable=False),
        sa.Column("other_warning_count", sa.Integer(), nullable=False),
        sa.Column("iterations", sa.Text(), nullable=False),
        sa.Column("replay_iteration", sa.Integer()),
        sa.Column("run_count", sa.Double(), nullable=False),
        sa.Column("deviating_count", sa.Double(), nullable=False),
        sa.Column("rate", sa.Double()),
        sa.Column("rate_low", sa.Double(), nullable=False),
        sa.Column("rate_high", sa.Double(), nullable=False),
        sa.Column("rate_not_excluded", sa.Double()),
        sa.Column("output_diff", sa.Text(), nullable=False),
        sa.Column("trial_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flakiness_findings"),
        sa.UniqueConstraint("feature_id", "run_id", name="uq_flakiness_findings_feature_id_run_id"),
        sa.ForeignKeyConstraint(["feature_id"], ["features.id"], name="fk_flakiness_findings_feature_id_features"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_flakiness_findings_run_id_runs", ondelete="CASCADE"),
        sa.CheckConstraint("inconsistency IN ('status', 'output')", name=op.f("ck_flakiness_findings_inconsistency")),
        sa.CheckConstraint(f"usual_status IN {STATUSES}", name=op.f("ck_flakiness_findings_usual_status")),
        sa.CheckConstraint(f"other_status IN {STATUSES}", name=op.f("ck_flakiness_findings_other_status")),
    )
    op.create_index("ix_flakiness_findings_run_id", "flakiness_findings", ["run_id"])
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("feature", name="uq_quarantine_feature"),
    )


def downgrade() -> None:
    for table in ("quarantine", "flakiness_findings", "iterations"):
        op.drop_table(table)
    op.drop_column("signatures", "scrubbed")
