"""Levels of runtimes: where they shifted, as analysed and kept, and which new ones people accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_by", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accepted_changes"),
        sa.UniqueConstraint("feature_id", "run_id", name="uq_accepted_changes_feature_id_run_id"),
        sa.ForeignKeyConstraint(["feature_id"], ["features.id"], name="fk_accepted_changes_feature_id_features"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_accepted_changes_run_id_runs", ondelete="CASCADE"),
    )
    op.create_index("ix_accepted_changes_run_id", "accepted_changes", ["run_id"])
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("quick", sa.Boolean(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("pull_request", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("run_count", sa.Integer(), nullable=False),
        sa.Column("runs_digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
        sa.UniqueConstraint(
            "environment_id",
            "mode",
            "quick",
            "branch",
            "pull_request",
            name="uq_analyses_environment_id_mode_quick_branch_pull_request",
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_analyses_environment_id_environments"
        ),
        sa.CheckConstraint("mode IN ('deterministic', 'live')", name=op.f("ck_analyses_mode")),
    )
    op.create_table(
        "analysed_series",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("scenario_count", sa.Integer(), nullable=False),
        sa.Column("first_needed", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("analysis_id", "feature_id", name="pk_analysed_series"),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name="fk_analysed_series_analysis_id_analyses", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["feature_id"], ["features.id"], name="fk_analysed_series_feature_id_features"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_analysed_series_feature_id", "analysed_series", ["feature_id"])
    op.create_table(
        "change_points",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("previous_run_id", sa.Integer(), nullable=False),
        sa.Column("before_seconds", sa.Double(), nullable=False),
        sa.Column("after_seconds", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("analysis_id", "feature_id", "run_id", name="pk_change_points"),
        sa.ForeignKeyConstraint(
            ["analysis_id", "feature_id"],
            ["analysed_series.analysis_id", "analysed_series.feature_id"],
            name="fk_change_points_analysis_id_analysed_series",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_change_points_run_id_runs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["previous_run_id"], ["runs.id"], name="fk_change_points_previous_run_id_runs", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_change_points_run_id", "change_points", ["run_id"])
    op.create_index("ix_change_points_previous_run_id", "change_points", ["previous_run_id"])


def downgrade() -> None:
    for table in ("change_points", "analysed_series", "analyses", "accepted_changes"):
        op.drop_table(table)
