"""The history as CSV for spreadsheets (RFC 4180, lines ended by a bare newline): a line a result, a change point, or
a feature's flakiness.

Numbers are in full precision and in the unit of the column's name; what is absent is empty.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from aicmo_perf.flakiness.overview import FlakinessOverview
from aicmo_perf.model import ChangePoint, Series
from aicmo_perf.report.changes_report import grouped_changes
from aicmo_perf.report.document import visible
from aicmo_perf.report.flaky_json import flaky_payload
from aicmo_perf.report.history_json import history_payload
from aicmo_perf.report.json_values import Payload, feature_json, moment_json

_FEATURE_COLUMNS = ("suite", "name", "qualified_name", "category", "critical")
_POINT_COLUMNS = (
    "run_id",
    "run_uuid",
    "started_at",
    "commit_sha",
    "branch",
    "mode",
    "quick",
    "environment",
    "status",
    "runtime_seconds",
    "ratio_to_previous",
    "error_count",
    "warning_count",
    "scenario_count",
    "flaky",
    "output_varies",
    "low_seconds",
    "high_seconds",
    "cpu_seconds",
)
_CHANGE_COLUMNS = (
    "run_id",
    "run_uuid",
    "started_at",
    "commit_sha",
    "previous_run_id",
    "previous_run_uuid",
    "previous_commit_sha",
    "before_seconds",
    "after_seconds",
    "ratio",
    "confidence",
)

_FLAKY_COLUMNS = (
    "state",
    "rate",
    "rate_low",
    "rate_high",
    "not_excluded",
    "flip_count",
    "provoked_flip_count",
    "run_count",
    "failing_run_count",
    "first_flip_run_id",
    "last_flip_run_id",
    "broken_since_run_id",
    "last_failure_run_id",
    "cause",
    "retry_seconds",
    "unstable_in_time",
    "quarantined_until",
    "quarantine_expired",
    "quarantine_healed",
)


def history_csv(series: Sequence[Series]) -> str:
    """The series one after another, each oldest first, below a line of column names."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow((*_FEATURE_COLUMNS, *_POINT_COLUMNS))
    for feature in history_payload(series)["features"]:
        identity = _values(feature, _FEATURE_COLUMNS)
        writer.writerows(identity + _values(point, _POINT_COLUMNS) for point in feature["points"])
    return lines.getvalue()


def changes_csv(changes: Sequence[ChangePoint]) -> str:
    """The change points one a line, newest first, below a line of column names."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow((*_FEATURE_COLUMNS, *_CHANGE_COLUMNS))
    for group in grouped_changes(changes):
        for change in group.changes:
            writer.writerow(
                _values(feature_json(change.feature), _FEATURE_COLUMNS) + _values(_change(change), _CHANGE_COLUMNS)
            )
    return lines.getvalue()


def flaky_csv(overview: FlakinessOverview) -> str:
    """What is known of each feature's flakiness one a line, below a line of column names."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow((*_FEATURE_COLUMNS, *_FLAKY_COLUMNS))
    for record in flaky_payload(overview)["features"]:
        writer.writerow(_values(record, _FEATURE_COLUMNS) + _values(_flaky(record), _FLAKY_COLUMNS))
    return lines.getvalue()


def _flaky(record: Payload) -> Payload:
    rate, quarantine, findings = record["rate"], record["quarantine"] or {}, record["findings"]
    moments = ("first_flip", "last_flip", "broken_since", "last_failure")
    return {
        **record,
        "rate": rate["rate"],
        "rate_low": rate["low"],
        "rate_high": rate["high"],
        "not_excluded": rate["not_excluded"],
        **{f"{name}_run_id": record[name]["id"] if record[name] else None for name in moments},
        "cause": findings[-1]["cause"] if findings else None,
        "unstable_in_time": record["unstable_time"] is not None,
        "quarantined_until": quarantine.get("until"),
        "quarantine_expired": quarantine.get("expired"),
        "quarantine_healed": quarantine.get("healed"),
    }


def _change(change: ChangePoint) -> Payload:
    run, previous = change.run, change.previous_run
    return {
        "run_id": run.id,
        "run_uuid": run.uuid,
        "started_at": moment_json(run.started_at),
        "commit_sha": run.commit_sha,
        "previous_run_id": previous.id,
        "previous_run_uuid": previous.uuid,
        "previous_commit_sha": previous.commit_sha,
        "before_seconds": change.before_seconds,
        "after_seconds": change.after_seconds,
        "ratio": change.ratio,
        "confidence": change.confidence,
    }


def _values(payload: Payload, columns: Sequence[str]) -> list[str]:
    return [_value(payload[column]) for column in columns]


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else visible(str(value))
