"""The history as CSV (RFC 4180, lines ended by a bare newline): one line a feature and run, for spreadsheets.

Numbers are in full precision and in the unit of the column's name; what is absent is empty.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from aicmo_perf.model import Series
from aicmo_perf.report.document import visible
from aicmo_perf.report.to_json import Payload, history_payload

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


def _values(payload: Payload, columns: Sequence[str]) -> list[str]:
    return [_value(payload[column]) for column in columns]


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else visible(str(value))
