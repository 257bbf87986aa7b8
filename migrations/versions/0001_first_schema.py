"""First schema: runs, their results, signatures, samples and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATUSES = "('pass', 'partial', 'fail', 'error', 'skip')"


def upgrade() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(32), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("fingerprint", name="uq_environments_fingerprint"),
    )
    op.create_table(
        "suites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suites"),
        sa.UniqueConstraint("name", name="uq_suites_name"),
    )
    op.create_table(
        "features",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("suite_id", sa.Integer(), nullable=False),
        sa.Column("qualified_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_features"),
        sa.UniqueConstraint("suite_id", "qualified_name", name="uq_features_suite_id_qualified_name"),
        sa.ForeignKeyConstraint(["suite_id"], ["suites.id"], name="fk_features_suite_id_suites"),
        sa.CheckConstraint(
            "category IN ('generator', 'packager', 'gateway', 'validator', 'workflow', 'test', 'other')",
            name=op.f("ck_features_category"),
        ),
    )
    op.create_index("ix_features_name", "features", ["name"])
    op.create_index("ix_features_qualified_name", "features", ["qualified_name"])
    _create_runs()
    op.create_table(
        "run_suites",
        sa.Column("suite_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("suite_id", "run_id", name="pk_run_suites"),
        sa.ForeignKeyConstraint(["suite_id"], ["suites.id"], name="fk_run_suites_suite_id_suites"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_suites_run_id_runs", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_suites_run_id", "run_suites", ["run_id"])
    _create_results()
    _create_messages()


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("quick", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("commit_sha", sa.Text()),
        sa.Column("branch", sa.Text()),
        sa.Column("dirty", sa.Boolean()),
        sa.Column("ci_provider", sa.Text()),
        sa.Column("ci_url", sa.Text()),
        sa.Column("tool_version", sa.Text(), nullable=False),
        sa.Column("owner_hostname", sa.Text()),
        sa.Column("owner_pid", sa.Integer()),
        sa.Column("owner_process_started", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("uuid", name="uq_runs_uuid"),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"], name="fk_runs_environment_id_environments"),
        sa.CheckConstraint("state IN ('running', 'complete', 'interrupted')", name=op.f("ck_runs_state")),
        sa.CheckConstraint("mode IN ('deterministic', 'live')", name=op.f("ck_runs_mode")),
        sqlite_autoincrement=True,
    )
    comparable = ["environment_id", "mode", "quick", "branch", "state", "id"]
    op.create_index("ix_runs_comparable_on_branch", "runs", comparable)
    op.create_index("ix_runs_comparable", "runs", [name for name in comparable if name != "branch"])
    op.create_index("ix_runs_branch_id", "runs", ["branch", "id"])
    op.create_index("ix_runs_commit_sha_id", "runs", ["commit_sha", "id"])
    op.create_index("ix_runs_started_at_id", "runs", ["started_at", "id"])
    op.create_index("ix_runs_state_id", "runs", ["state", "id"])


def _create_results() -> None:
    op.create_table(
        "results",
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("warning_count", sa.Integer(), nullable=False),
        sa.Column("scenario_count", sa.Integer(), nullable=False),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("is_flaky", sa.Boolean(), nullable=False),
        sa.Column("output_varies", sa.Boolean(), nullable=False),
        sa.Column("runtime_seconds", sa.Double()),
        sa.Column("min_seconds", sa.Double()),
        sa.Column("mean_seconds", sa.Double()),
        sa.Column("stddev_seconds", sa.Double()),
        sa.Column("first_call_seconds", sa.Double()),
        sa.Column("cpu_seconds", sa.Double()),
        sa.Column("peak_rss_bytes", sa.BigInteger()),
        sa.Column("skip_reason", sa.Text()),
        sa.PrimaryKeyConstraint("feature_id", "run_id", name="pk_results"),
        sa.ForeignKeyConstraint(["feature_id"], ["features.id"], name="fk_results_feature_id_features"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_results_run_id_runs", ondelete="CASCADE"),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_results_status")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_results_run_id", "results", ["run_id"])
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feature_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("iteration", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("warning_count", sa.Integer(), nullable=False),
        sa.Column("output_digest", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_signatures"),
        sa.UniqueConstraint("feature_id", "run_id", "iteration", name="uq_signatures_feature_id_run_id_iteration"),
        sa.ForeignKeyConstraint(
            ["feature_id", "run_id"],
            ["results.feature_id", "results.run_id"],
            name="fk_signatures_feature_id_results",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(f"status IN {STATUSES}", name=op.f("ck_signatures_status")),
    )
    op.create_table(
        "samples",
        sa.Column("signature_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("loop_count", sa.Integer(), nullable=False),
        sa.Column("samples_seconds", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", name="pk_samples"),
        sa.ForeignKeyConstraint(
            ["signature_id"], ["signatures.id"], name="fk_samples_signature_id_signatures", ondelete="CASCADE"
        ),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("digest", name="uq_messages_digest"),
    )
    op.create_index("ix_messages_fingerprint", "messages", ["fingerprint"])
    op.create_table(
        "result_messages",
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", "kind", "position", name="pk_result_messages"),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            name="fk_result_messages_signature_id_signatures",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_result_messages_message_id_messages"),
        sa.CheckConstraint("kind IN ('error', 'warning')", name=op.f("ck_result_messages_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_result_messages_message_id", "result_messages", ["message_id"])


def downgrade() -> None:
    for table in (
        "result_messages",
        "messages",
        "samples",
        "signatures",
        "results",
        "run_suites",
        "runs",
        "features",
        "suites",
        "environments",
    ):
        op.drop_table(table)
