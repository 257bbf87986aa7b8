"""Writing a run as it goes: the run, then each result in a transaction of its own.

``write_result`` is the hot path, once per feature and iteration: five statements, built once, and no look-up for what
this store has met before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import Feature, FeatureKey, FeatureStatus, IterationResult, Run, RunState
from aicmo_perf.store.columns import storable_text
from aicmo_perf.store.models import (
    MessageKind,
    environments,
    features,
    messages,
    result_messages,
    results,
    run_suites,
    runs,
    samples,
    signatures,
    suites,
)
from aicmo_perf.store.run_rows import row_of


@dataclass(slots=True)
class KnownKeys:
    """Keys that this store has met, so that a result costs no look-ups. Cleared after a transaction that failed.

    Attributes:
        suites: the number of each suite, by name.
        features: each feature as it was last written, with its number.
        positions: per run, the features with results, by number, in the order of their first ones.
        suites_of_runs: the pairs of run and suite that are stored.
    """

    suites: dict[str, int] = field(default_factory=dict)
    features: dict[FeatureKey, tuple[Feature, int]] = field(default_factory=dict)
    positions: dict[int, dict[int, int]] = field(default_factory=dict)
    suites_of_runs: set[tuple[int, int]] = field(default_factory=set)

    def clear(self) -> None:
        """Forget everything: an undone transaction took its new keys along."""
        for collection in (self.suites, self.features, self.positions, self.suites_of_runs):
            collection.clear()


def write_run(connection: Connection, known: KnownKeys, run: Run) -> Run:
    """Store a run with its environment and suites, and return it with its number."""
    environment = {"fingerprint": run.environment.fingerprint, "facts": run.environment}
    environment_id = _key_of(connection, environments, ("fingerprint",), environment, keep=("facts",))
    run_id = connection.execute(
        insert(runs).returning(runs.c.id), {**row_of(run), "environment_id": environment_id}
    ).scalar_one()
    for suite in run.suites:
        _write_suite_of_run(connection, known, run_id, suite)
    return replace(run, id=run_id)


def write_state(connection: Connection, run: Run, state: RunState, finished_at: datetime) -> None:
    """End a run.

    Raises: NotFoundError when it is not stored.
    """
    statement = update(runs).where(runs.c.id == run.id).values(state=state, finished_at=finished_at)
    if connection.execute(statement).rowcount == 0:
        raise NotFoundError(f"There is no {run.title} in the database.", "`aicmo-perf runs` lists the runs.")


def write_interrupted(connection: Connection, run_ids: Sequence[int]) -> None:
    """Mark those of the runs as interrupted that are still said to be running."""
    for run_id in run_ids:
        connection.execute(
            update(runs).where(runs.c.id == run_id, runs.c.state == RunState.RUNNING).values(state=RunState.INTERRUPTED)
        )


def write_result(
    connection: Connection, known: KnownKeys, run_id: int, result: IterationResult, merged: FeatureStatus
) -> None:
    """Store what one iteration said of a feature, and what the run says of it so far."""
    feature_id = _feature_id(connection, known, run_id, result.feature)
    positions = _positions(connection, known, run_id)
    position = positions.setdefault(feature_id, len(positions))
    connection.execute(
        upsert(connection.dialect.name, results, ("feature_id", "run_id"), ("position",)),
        {
            "feature_id": feature_id,
            "run_id": run_id,
            "position": position,
            "status": merged.status,
            "critical": merged.critical,
            "error_count": len(merged.errors),
            "warning_count": len(merged.warnings),
            "scenario_count": merged.scenario_count,
            "sample_count": merged.sample_count,
            "is_flaky": merged.is_flaky,
            "output_varies": merged.output_varies,
            "runtime_seconds": merged.runtime_seconds,
            "min_seconds": merged.min_seconds,
            "mean_seconds": merged.mean_seconds,
            "stddev_seconds": merged.stddev_seconds,
            "low_seconds": merged.low_seconds,
            "high_seconds": merged.high_seconds,
            "first_call_seconds": merged.first_call_seconds,
            "cpu_seconds": merged.cpu_seconds,
            "peak_rss_bytes": merged.peak_rss_bytes,
            "skip_reason": merged.skip_reason,
        },
    )
    signature_id = connection.execute(
        _INSERT_SIGNATURE,
        {
            "feature_id": feature_id,
            "run_id": run_id,
            "iteration": result.iteration,
            "status": result.status,
            "error_count": len(result.errors),
            "warning_count": len(result.warnings),
            "output_digest": result.output_digest,
            "scrubbed": result.scrubbed or None,
        },
    ).scalar_one()
    if result.samples_seconds:
        connection.execute(
            _INSERT_SAMPLES,
            {
                "signature_id": signature_id,
                "loop_count": result.loop_count,
                "samples_seconds": result.samples_seconds,
            },
        )
    _write_messages(connection, signature_id, MessageKind.ERROR, result.errors)
    _write_messages(connection, signature_id, MessageKind.WARNING, result.warnings)


_INSERT_SIGNATURE = insert(signatures).returning(signatures.c.id)
_INSERT_SAMPLES = insert(samples)


def message_digest(text: str) -> bytes:
    """What makes two texts one message."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _write_messages(connection: Connection, signature_id: int, kind: MessageKind, texts: Sequence[str]) -> None:
    if not texts:
        return
    # Reading imports this module too, and needs no fingerprints.
    from aicmo_perf.signature import failure_fingerprint

    links = []
    for position, text in enumerate(map(storable_text, texts)):
        message = {"digest": message_digest(text), "fingerprint": failure_fingerprint(text), "text": text}
        message_id = _key_of(connection, messages, ("digest",), message, keep=("fingerprint", "text"))
        links.append({"signature_id": signature_id, "kind": kind, "position": position, "message_id": message_id})
    connection.execute(insert(result_messages), links)


def _feature_id(connection: Connection, known: KnownKeys, run_id: int, feature: Feature) -> int:
    """The number of a feature; its name, category and criticality become those of the newest run."""
    suite_id = _write_suite_of_run(connection, known, run_id, feature.suite)
    if (met := known.features.get(feature.key)) is not None and met[0] == feature:
        return met[1]
    row = {
        "suite_id": suite_id,
        "qualified_name": feature.qualified_name,
        "name": feature.name,
        "category": feature.category,
        "critical": feature.critical,
    }
    feature_id = _key_of(connection, features, ("suite_id", "qualified_name"), row)
    known.features[feature.key] = (feature, feature_id)
    return feature_id


def _write_suite_of_run(connection: Connection, known: KnownKeys, run_id: int, suite: str) -> int:
    """The number of a suite, which is noted to be one of the run's: discovery may find more than were named."""
    suite_id = known.suites.get(suite)
    if suite_id is None:
        suite_id = known.suites[suite] = _key_of(connection, suites, ("name",), {"name": suite})
    if (run_id, suite_id) not in known.suites_of_runs:
        stored = connection.execute(select(run_suites.c.suite_id).where(run_suites.c.run_id == run_id)).scalars().all()
        if suite_id not in stored:
            row = {"suite_id": suite_id, "run_id": run_id, "position": len(stored)}
            connection.execute(insert(run_suites), row)
        known.suites_of_runs.add((run_id, suite_id))
    return suite_id


def _positions(connection: Connection, known: KnownKeys, run_id: int) -> dict[int, int]:
    positions = known.positions.get(run_id)
    if positions is None:
        statement = select(results.c.feature_id, results.c.position).where(results.c.run_id == run_id)
        positions = known.positions[run_id] = {row.feature_id: row.position for row in connection.execute(statement)}
    return positions


def _key_of(
    connection: Connection, table: Table, identity: tuple[str, ...], row: dict[str, Any], *, keep: tuple[str, ...] = ()
) -> int:
    """The number of the row with this identity, written if need be; columns to keep are not updated."""
    statement = upsert(connection.dialect.name, table, identity, keep).returning(table.c.id)
    key: int = connection.execute(statement, row).scalar_one()
    return key


@lru_cache
def upsert(dialect_name: str, table: Table, identity: tuple[str, ...], keep: tuple[str, ...]) -> Any:
    """INSERT, or UPDATE of all columns but the identity and those to keep; each dialect has its own class for it."""
    if dialect_name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as dialect_insert
    else:
        from sqlalchemy.dialects.sqlite import insert as dialect_insert  # type: ignore[assignment]
    statement = dialect_insert(table)
    fixed = {*identity, *keep, "id"}
    changing = [column.name for column in table.c if column.name not in fixed]
    # A row without anything to change is "changed" in its identity all the same, because only a row that was inserted
    # or updated is returned.
    updates = {name: statement.excluded[name] for name in changing or identity}
    return statement.on_conflict_do_update(index_elements=list(identity), set_=updates)
