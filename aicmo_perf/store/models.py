"""The schema, as SQLAlchemy Core tables.

Core, not mapped classes: the store reads and writes whole values with a dozen statements, and importing the mapper
would cost every command a third more than importing SQLAlchemy itself.

Two kinds of keys. What is looked up from two sides (results by feature and by run) has its natural key as primary
key, without a hidden row id (``WITHOUT ROWID`` in SQLite), so that a feature's history lies side by side in the file.
What grows fastest (signatures, and the samples under the same number) is numbered in the order of writing: SQLite
fills the pages of such tables to the brim, where a natural key would leave a tenth of each empty.
"""

from __future__ import annotations

from enum import StrEnum
from operator import attrgetter

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from aicmo_perf.model import (
    Category,
    Conditions,
    Environment,
    Inconsistency,
    IterationKind,
    Mode,
    RunOptions,
    RunRole,
    RunState,
    Status,
)
from aicmo_perf.store.columns import (
    FreeText,
    JsonText,
    PackedFloats,
    PackedIntegers,
    UtcTime,
    choice,
    explanations_of_json,
    explanations_to_json,
    keys_of_json,
)


class MessageKind(StrEnum):
    """What a message says: that something is wrong, or that it may be."""

    ERROR = "error"
    WARNING = "warning"


# info["holds"] says in a line what a table is for; the documentation of the schema is made from it.
# Every constraint has a name, or SQLite's batch migrations could not drop it later.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

environments = Table(
    "environments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(32), nullable=False, unique=True),
    Column("facts", JsonText(attrgetter("facts"), Environment), nullable=False),
    info={"holds": "machines and interpreters; the facts are those of the first run measured there"},
)

suites = Table(
    "suites",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", FreeText, nullable=False, unique=True),
    info={"holds": "named collections of features"},
)

features = Table(
    "features",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("suite_id", ForeignKey("suites.id"), nullable=False),
    Column("qualified_name", FreeText, nullable=False),
    Column("name", FreeText, nullable=False),
    Column("category", choice(Category, "category"), nullable=False),
    Column("critical", Boolean, nullable=False),
    UniqueConstraint("suite_id", "qualified_name"),
    Index(None, "name"),
    Index(None, "qualified_name"),
    info={"holds": "things under test, as the newest run described them"},
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("state", choice(RunState, "state"), nullable=False),
    Column("mode", choice(Mode, "mode"), nullable=False),
    Column("quick", Boolean, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("options", JsonText(RunOptions.to_dict, RunOptions.from_dict), nullable=False),
    Column("environment_id", ForeignKey("environments.id"), nullable=False),
    Column("commit_sha", FreeText),
    Column("branch", FreeText),
    Column("dirty", Boolean),
    Column("ci_provider", FreeText),
    Column("ci_url", FreeText),
    Column("tool_version", FreeText, nullable=False),
    Column("owner_hostname", FreeText),
    Column("owner_pid", Integer),
    Column("owner_process_started", FreeText),
    Column("label", FreeText),
    Column("pull_request", FreeText),
    Column("role", choice(RunRole, "role"), nullable=False, server_default=RunRole.SINGLE.value),
    Column("companion_of", ForeignKey("runs.id", ondelete="CASCADE")),
    # what a baseline asks for: comparable runs of one branch, or of any, in the order of time
    Index("ix_runs_comparable_on_branch", "environment_id", "mode", "quick", "branch", "state", "started_at"),
    Index("ix_runs_comparable", "environment_id", "mode", "quick", "state", "started_at"),
    # what people filter by
    Index(None, "branch", "started_at"),
    Index(None, "commit_sha", "id"),
    Index(None, "label", "started_at"),
    Index(None, "started_at", "id"),
    Index(None, "state", "started_at"),
    # Most runs are nobody's companion. An index that held them too would look to SQLite as if it found but a few. The
    # migration says the same for PostgreSQL; said here it would import that dialect with every command.
    Index(None, "companion_of", sqlite_where=text("companion_of IS NOT NULL")),
    # a number that once named a run never comes to name another
    sqlite_autoincrement=True,
    info={"holds": "one row a run, without its results"},
)

run_suites = Table(
    "run_suites",
    metadata,
    Column("suite_id", ForeignKey("suites.id"), primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    Index(None, "run_id"),
    sqlite_with_rowid=False,
    info={"holds": "the suites of each run, in its order"},
)

results = Table(
    "results",
    metadata,
    Column("feature_id", ForeignKey("features.id"), primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("status", choice(Status, "status"), nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("warning_count", Integer, nullable=False),
    Column("scenario_count", Integer, nullable=False),
    Column("sample_count", Integer, nullable=False),
    Column("is_flaky", Boolean, nullable=False),
    Column("output_varies", Boolean, nullable=False),
    Column("runtime_seconds", Double),
    Column("min_seconds", Double),
    Column("mean_seconds", Double),
    Column("stddev_seconds", Double),
    Column("first_call_seconds", Double),
    Column("cpu_seconds", Double),
    Column("peak_rss_bytes", BigInteger),
    Column("skip_reason", FreeText),
    Column("low_seconds", Double),
    Column("high_seconds", Double),
    Index(None, "run_id"),
    sqlite_with_rowid=False,
    info={"holds": "one feature in one run, over all its iterations"},
)

signatures = Table(
    "signatures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feature_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("iteration", Integer, nullable=False),
    Column("status", choice(Status, "status"), nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("warning_count", Integer, nullable=False),
    Column("output_digest", FreeText),
    Column("scrubbed", JsonText(list, tuple)),
    UniqueConstraint("feature_id", "run_id", "iteration"),
    ForeignKeyConstraint(["feature_id", "run_id"], ["results.feature_id", "results.run_id"], ondelete="CASCADE"),
    info={"holds": "one feature in one iteration of a run: what must not change on unchanged code"},
)

samples = Table(
    "samples",
    metadata,
    Column("signature_id", ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("loop_count", Integer, nullable=False),
    Column("samples_seconds", PackedFloats, nullable=False),
    info={"holds": "the warm samples of one feature in one iteration, packed float64; none when not measured"},
)

iterations = Table(
    "iterations",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", choice(IterationKind, "kind"), nullable=False),
    Column("conditions", JsonText(Conditions.to_dict, Conditions.from_dict), nullable=False),
    Column("seed", BigInteger, nullable=False),
    # Positions of the run's results. A negative number counts the further features, from -1 on.
    Column("feature_order", PackedIntegers),
    Column("further_features", JsonText(list, keys_of_json)),
    Column("started_at", UtcTime, nullable=False),
    Column("duration_seconds", Double),
    Column("load_average", Double),
    sqlite_with_rowid=False,
    info={"holds": "what each iteration of a run was run under, and in which order; none of runs before revision 0005"},
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False),
    Column("text", FreeText, nullable=False),
    Index(None, "fingerprint"),
    info={"holds": "texts of errors and warnings, each once; the fingerprint groups alike failures"},
)

result_messages = Table(
    "result_messages",
    metadata,
    Column("signature_id", ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", choice(MessageKind, "kind"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Index(None, "message_id"),
    sqlite_with_rowid=False,
    info={"holds": "which messages one feature had in one iteration, in order"},
)

baselines = Table(
    "baselines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", FreeText, nullable=False, unique=True),
    # without a cascade: a pinned run cannot be deleted
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("pinned_at", UtcTime, nullable=False),
    Column("pinned_by", FreeText),
    Column("reason", FreeText, nullable=False),
    Index(None, "run_id"),
    info={"holds": "runs that people named as what to compare with"},
)

flakiness_findings = Table(
    "flakiness_findings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feature_id", ForeignKey("features.id"), nullable=False),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("inconsistency", choice(Inconsistency, "inconsistency"), nullable=False),
    Column("explanations", JsonText(explanations_to_json, explanations_of_json), nullable=False),
    Column("usual_status", choice(Status, "usual_status"), nullable=False),
    Column("usual_error_count", Integer, nullable=False),
    Column("usual_warning_count", Integer, nullable=False),
    Column("other_status", choice(Status, "other_status"), nullable=False),
    Column("other_error_count", Integer, nullable=False),
    Column("other_warning_count", Integer, nullable=False),
    Column("iterations", JsonText(list, tuple), nullable=False),
    Column("replay_iteration", Integer),
    Column("run_count", Double, nullable=False),
    Column("deviating_count", Double, nullable=False),
    Column("rate", Double),
    Column("rate_low", Double, nullable=False),
    Column("rate_high", Double, nullable=False),
    Column("rate_not_excluded", Double),
    Column("output_diff", JsonText(list, tuple), nullable=False),
    Column("trial_count", Integer, nullable=False),
    UniqueConstraint("feature_id", "run_id"),
    Index(None, "run_id"),
    info={
        "holds": "features that were inconsistent in a flakiness check: why, as JSON, how often, and how sure that is"
    },
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feature", FreeText, nullable=False, unique=True),
    Column("reason", FreeText, nullable=False),
    Column("until", Date, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", FreeText),
    info={"holds": "names and globs of features whose failures do not gate, and the last day they do not"},
)

accepted_changes = Table(
    "accepted_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feature_id", ForeignKey("features.id"), nullable=False),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("accepted_at", UtcTime, nullable=False),
    Column("accepted_by", FreeText),
    Column("reason", FreeText, nullable=False),
    UniqueConstraint("feature_id", "run_id"),
    Index(None, "run_id"),
    info={"holds": "new levels of features that people took as they are, from a run on"},
)

# What follows can be computed from the results at any time; it is kept because computing takes long.

analyses = Table(
    "analyses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("environment_id", ForeignKey("environments.id"), nullable=False),
    Column("mode", choice(Mode, "mode"), nullable=False),
    Column("quick", Boolean, nullable=False),
    # empty for runs without one: a unique constraint takes no NULL for equal to another
    Column("branch", FreeText, nullable=False),
    Column("pull_request", FreeText, nullable=False),
    Column("algorithm", FreeText, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("runs_digest", LargeBinary(16), nullable=False),
    UniqueConstraint("environment_id", "mode", "quick", "branch", "pull_request"),
    info={"holds": "histories that were searched for change points: by which algorithm, and which runs they had then"},
)

analysed_series = Table(
    "analysed_series",
    metadata,
    Column("analysis_id", ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
    Column("feature_id", ForeignKey("features.id"), primary_key=True),
    Column("scenario_count", Integer, nullable=False),
    Column("first_needed", Integer, nullable=False),
    Column("settled", FreeText, nullable=False),
    Index(None, "feature_id"),
    sqlite_with_rowid=False,
    info={"holds": "one feature in an analysis: what later runs cannot change, as JSON, and the first run that counts"},
)

change_points = Table(
    "change_points",
    metadata,
    Column("analysis_id", Integer, primary_key=True),
    Column("feature_id", Integer, primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("previous_run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("before_seconds", Double, nullable=False),
    Column("after_seconds", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    ForeignKeyConstraint(
        ["analysis_id", "feature_id"],
        ["analysed_series.analysis_id", "analysed_series.feature_id"],
        ondelete="CASCADE",
    ),
    Index(None, "run_id"),
    Index(None, "previous_run_id"),
    sqlite_with_rowid=False,
    info={"holds": "runs at which the level of a feature's runtimes shifted"},
)
