"""What flakiness checks found out of features that were inconsistent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from aicmo_perf.model import Cause, Feature, FeatureKey, FlakinessFinding, RateEstimate, Run, Signature
from aicmo_perf.store.models import features, flakiness_findings, runs, suites
from aicmo_perf.store.run_rows import chunks, runs_of, select_runs
from aicmo_perf.store.series import FEATURE_COLUMNS, feature_of, stored_feature_ids


def write_findings(connection: Connection, run_id: int, findings: Sequence[FlakinessFinding]) -> None:
    """Store the findings of a run; earlier ones of the run go.

    Raises: NotFoundError when a feature is not stored.
    """
    ids = stored_feature_ids(connection, [finding.feature for finding in findings])
    connection.execute(delete(flakiness_findings).where(flakiness_findings.c.run_id == run_id))
    rows = [
        {
            "feature_id": ids[finding.feature.key],
            "run_id": run_id,
            "inconsistency": finding.inconsistency,
            "explanations": finding.explanations,
            "usual_status": finding.usual.status,
            "usual_error_count": finding.usual.error_count,
            "usual_warning_count": finding.usual.warning_count,
            "other_status": finding.other.status,
            "other_error_count": finding.other.error_count,
            "other_warning_count": finding.other.warning_count,
            "iterations": finding.iterations,
            "replay_iteration": finding.replay_iteration,
            "run_count": finding.rate.run_count,
            "deviating_count": finding.rate.deviating_count,
            "rate": finding.rate.rate,
            "rate_low": finding.rate.low,
            "rate_high": finding.rate.high,
            "rate_not_excluded": finding.rate.not_excluded,
            "output_diff": finding.output_diff,
            "trial_count": finding.trial_count,
        }
        for finding in findings
    ]
    if rows:
        connection.execute(insert(flakiness_findings), rows)


def read_findings(connection: Connection, run_id: int | None) -> tuple[FlakinessFinding, ...]:
    """The findings of a run, in the order in which they were stored."""
    statement = _select_findings().where(flakiness_findings.c.run_id == run_id).order_by(flakiness_findings.c.id)
    return tuple(map(_finding_of, connection.execute(statement)))


def read_latest_findings(connection: Connection) -> dict[FeatureKey, tuple[Run, FlakinessFinding]]:
    """Of each feature that ever was inconsistent, the newest finding with its run.

    One for which there was no time at all does not replace an earlier one that says more.
    """
    statement = (
        select(flakiness_findings.c.feature_id, flakiness_findings.c.id, runs.c.started_at, flakiness_findings.c.run_id)
        .outerjoin(runs, runs.c.id == flakiness_findings.c.run_id)
        .where(runs.c.companion_of.is_(None))
    )
    # An outer join, although each finding has its run, and sorted here: the database would else rather walk through all
    # runs there ever were.
    in_order = sorted(connection.execute(statement).all(), key=lambda row: (row.started_at, row.run_id))
    ids: dict[int, list[int]] = {}
    for row in in_order:
        ids.setdefault(row.feature_id, []).append(row.id)
    latest = {row.feature_id: row for row in _findings_with(connection, [of_one[-1] for of_one in ids.values()])}
    earlier_ids = [id_ for feature, row in latest.items() if not _says_something(row) for id_ in ids[feature]]
    earlier = filter(_says_something, _findings_with(connection, earlier_ids))
    latest |= {row.feature_id: row for row in sorted(earlier, key=lambda row: ids[row.feature_id].index(row.id))}
    return {finding.feature.key: (run, finding) for run, finding in _with_runs(connection, list(latest.values()))}


def _findings_with(connection: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    return [
        row
        for portion in chunks(sorted(ids))
        for row in connection.execute(_select_findings().where(flakiness_findings.c.id.in_(portion)))
    ]


def _says_something(row: Row[Any]) -> bool:
    """Whether there was time to find anything."""
    return [one.causes for one in row.explanations] != [(Cause.OUT_OF_TIME,)]


def read_findings_of(connection: Connection, feature: Feature) -> tuple[tuple[Run, FlakinessFinding], ...]:
    """All findings of a feature with their runs, oldest first."""
    feature_ids = stored_feature_ids(connection, [feature]).values()
    rows = connection.execute(_select_findings().where(flakiness_findings.c.feature_id.in_(feature_ids))).all()
    found = [item for item in _with_runs(connection, rows) if item[0].companion_of is None]
    return tuple(sorted(found, key=lambda item: item[0].moment))


def _with_runs(connection: Connection, rows: Sequence[Row[Any]]) -> list[tuple[Run, FlakinessFinding]]:
    run_by_id = {
        run.id: run
        for portion in chunks({row.run_id for row in rows})
        for run in runs_of(connection, connection.execute(select_runs().where(runs.c.id.in_(portion))).all())
    }
    return [(run_by_id[row.run_id], _finding_of(row)) for row in rows]


def _select_findings() -> Select[Any]:
    return select(*flakiness_findings.c, *FEATURE_COLUMNS).select_from(flakiness_findings.join(features).join(suites))


def _finding_of(row: Row[Any]) -> FlakinessFinding:
    return FlakinessFinding(
        feature=feature_of(row),
        inconsistency=row.inconsistency,
        explanations=row.explanations,
        usual=Signature(row.usual_status, row.usual_error_count, row.usual_warning_count),
        other=Signature(row.other_status, row.other_error_count, row.other_warning_count),
        iterations=row.iterations,
        replay_iteration=row.replay_iteration,
        rate=RateEstimate(
            run_count=row.run_count,
            deviating_count=row.deviating_count,
            rate=row.rate,
            low=row.rate_low,
            high=row.rate_high,
            not_excluded=row.rate_not_excluded,
        ),
        output_diff=row.output_diff,
        trial_count=row.trial_count,
    )
