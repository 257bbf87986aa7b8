"""One run in full: each feature's status with its messages, signatures and samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from aicmo_perf.model import (
    FailureCount,
    Feature,
    FeatureKey,
    FeatureStatus,
    IterationKind,
    Run,
    SelfTestResult,
    Signature,
    Status,
)
from aicmo_perf.store.flakiness import read_findings
from aicmo_perf.store.iterations import read_iterations
from aicmo_perf.store.models import (
    MessageKind,
    features,
    iterations,
    messages,
    result_messages,
    results,
    samples,
    signatures,
    suites,
)
from aicmo_perf.store.run_rows import chunks


def read_result(connection: Connection, run: Run) -> SelfTestResult:
    """A run with its iterations and findings, and what it says of each feature, in the order in which these came."""
    signatures_by_feature = _signatures_by_feature(connection, run)
    texts_by_signature = _texts_by_signature(connection, run)
    statement = (
        select(*results.c, features.c.qualified_name, features.c.name, features.c.category)
        .add_columns(suites.c.name.label("suite"))
        .select_from(results.join(features).join(suites))
        .where(results.c.run_id == run.id)
        .order_by(results.c.position)
    )
    return SelfTestResult(
        run=run,
        features=tuple(
            _status_of(row, signatures_by_feature[row.feature_id], texts_by_signature)
            for row in connection.execute(statement)
        ),
        iterations=read_iterations(connection, run.id),
        findings=read_findings(connection, run.id),
    )


def read_samples(connection: Connection, run: Run, feature: Feature) -> tuple[tuple[float, ...], ...]:
    """A feature's warm samples in a run, seconds, one tuple an iteration; an empty one where nothing was measured."""
    statement = (
        select(samples.c.samples_seconds)
        .select_from(suites.join(features).join(signatures, signatures.c.feature_id == features.c.id))
        .outerjoin(samples)
        .where(
            suites.c.name == feature.suite,
            features.c.qualified_name == feature.qualified_name,
            signatures.c.run_id == run.id,
        )
        .order_by(signatures.c.iteration)
    )
    return tuple(packed or () for packed in connection.execute(statement).scalars())


def read_iteration_samples(connection: Connection, run: Run) -> dict[FeatureKey, dict[int, tuple[float, ...]]]:
    """The warm samples of a run, seconds: of each feature, of each iteration in which it was measured."""
    found: dict[FeatureKey, dict[int, tuple[float, ...]]] = defaultdict(dict)
    statement = (
        select(suites.c.name, features.c.qualified_name, signatures.c.iteration, samples.c.samples_seconds)
        .select_from(results.join(features).join(suites).join(signatures).join(samples))
        .where(results.c.run_id == run.id)
        .order_by(results.c.position, signatures.c.iteration)
    )
    for suite, qualified_name, iteration, samples_seconds in connection.execute(statement):
        found[suite, qualified_name][iteration] = samples_seconds
    return dict(found)


def count_statuses(connection: Connection, run_ids: Sequence[int]) -> dict[int, dict[Status, int]]:
    """How many features of each run have which status; a run without results has an empty count."""
    counts: dict[int, dict[Status, int]] = {run_id: {} for run_id in run_ids}
    for portion in chunks(counts):
        statement = (
            select(results.c.run_id, results.c.status, func.count())
            .where(results.c.run_id.in_(portion))
            .group_by(results.c.run_id, results.c.status)
        )
        for run_id, status, count in connection.execute(statement):
            counts[run_id][status] = count
    return counts


def count_failures(connection: Connection, of_runs: Sequence[Run]) -> dict[str, FailureCount]:
    """How many features failed with nothing changed, by each run's uuid; what was only skipped was not exercised."""
    uuids = {run.id: run.uuid for run in of_runs if run.id is not None}
    counts = count_statuses(connection, tuple(uuids))
    provoked = _count_provoked(connection, tuple(uuids))
    return {
        uuid: FailureCount(
            failing_count=sum(count for status, count in counts[run_id].items() if status.is_failing)
            - provoked.get(run_id, 0),
            feature_count=sum(count for status, count in counts[run_id].items() if status is not Status.SKIP),
        )
        for run_id, uuid in uuids.items()
    }


def _count_provoked(connection: Connection, run_ids: Sequence[int]) -> dict[int, int]:
    """How many features of each run failed in perturbed iterations alone, for runs that have any."""
    failing = [status for status in Status if status.is_failing]
    is_perturbed = exists().where(
        iterations.c.run_id == signatures.c.run_id,
        iterations.c.number == signatures.c.iteration,
        iterations.c.kind == IterationKind.PERTURBED,
    )
    failed_by_itself = exists().where(
        signatures.c.feature_id == results.c.feature_id,
        signatures.c.run_id == results.c.run_id,
        signatures.c.status.in_(failing),
        ~is_perturbed,
    )
    provoked: dict[int, int] = {}
    for portion in chunks(run_ids):
        checked = select(iterations.c.run_id).where(
            iterations.c.run_id.in_(portion), iterations.c.kind == IterationKind.PERTURBED
        )
        statement = (
            select(results.c.run_id, func.count())
            .where(results.c.run_id.in_(checked), results.c.status.in_(failing), ~failed_by_itself)
            .group_by(results.c.run_id)
        )
        for run_id, count in connection.execute(statement):
            provoked[run_id] = count
    return provoked


def _signatures_by_feature(connection: Connection, run: Run) -> dict[int, list[Row[Any]]]:
    by_feature: dict[int, list[Row[Any]]] = defaultdict(list)
    statement = (
        select(*signatures.c)
        .select_from(results.join(signatures))
        .where(results.c.run_id == run.id)
        .order_by(signatures.c.feature_id, signatures.c.iteration)
    )
    for row in connection.execute(statement):
        by_feature[row.feature_id].append(row)
    return by_feature


def _texts_by_signature(connection: Connection, run: Run) -> dict[tuple[int, MessageKind], list[str]]:
    texts: dict[tuple[int, MessageKind], list[str]] = defaultdict(list)
    statement = (
        select(result_messages.c.signature_id, result_messages.c.kind, messages.c.text)
        .select_from(results.join(signatures).join(result_messages).join(messages))
        .where(results.c.run_id == run.id)
        .order_by(result_messages.c.signature_id, result_messages.c.kind, result_messages.c.position)
    )
    for row in connection.execute(statement):
        texts[row.signature_id, row.kind].append(row.text)
    return texts


def _status_of(
    row: Row[Any], signature_rows: Sequence[Row[Any]], texts: dict[tuple[int, MessageKind], list[str]]
) -> FeatureStatus:
    # the messages of a run are those of the first iteration with its status, as when the iterations were merged
    telling_id = next((signature.id for signature in signature_rows if signature.status is row.status), None)
    return FeatureStatus(
        name=row.name,
        category=row.category,
        status=row.status,
        critical=row.critical,
        errors=tuple(texts.get((telling_id, MessageKind.ERROR), ())) if telling_id else (),
        warnings=tuple(texts.get((telling_id, MessageKind.WARNING), ())) if telling_id else (),
        runtime_seconds=row.runtime_seconds,
        suite=row.suite,
        qualified_name=row.qualified_name,
        skip_reason=row.skip_reason,
        scenario_count=row.scenario_count,
        first_call_seconds=row.first_call_seconds,
        sample_count=row.sample_count,
        min_seconds=row.min_seconds,
        mean_seconds=row.mean_seconds,
        stddev_seconds=row.stddev_seconds,
        low_seconds=row.low_seconds,
        high_seconds=row.high_seconds,
        cpu_seconds=row.cpu_seconds,
        peak_rss_bytes=row.peak_rss_bytes,
        signatures=tuple(Signature(item.status, item.error_count, item.warning_count) for item in signature_rows),
        output_digests=tuple(item.output_digest for item in signature_rows),
        iterations=tuple(item.iteration for item in signature_rows),
        scrubbed=tuple(dict.fromkeys(name for item in signature_rows for name in item.scrubbed or ())),
    )
