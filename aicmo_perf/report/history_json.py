"""Features over runs in JSON: every result, and where the levels shifted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from aicmo_perf.model import ChangePoint, FeatureKey, Series
from aicmo_perf.report.changes_report import grouped_changes
from aicmo_perf.report.json_values import (
    Payload,
    change_point_json,
    feature_json,
    moment_json,
    run_reference_json,
)
from aicmo_perf.report.trend import RatiosToPrevious, Trend, trend_of, window_of


def history_payload(series: Sequence[Series], changes: Sequence[ChangePoint] = ()) -> Payload:
    """Features over runs, oldest first, with their change points; the format ``aicmo-perf/history``."""
    windows = window_of(series)
    ratios = RatiosToPrevious()
    shifts: dict[FeatureKey, list[ChangePoint]] = defaultdict(list)
    for change in sorted(changes, key=lambda change: change.run.moment):
        shifts[change.feature.key].append(change)
    return {
        "format": "aicmo-perf/history",
        "version": 1,
        "features": [
            {
                **feature_json(one.feature),
                "trend": _trend_json(trend_of(one, windows[one.feature.suite])),
                "points": _points_json(one, ratios),
                "change_points": [change_point_json(change) for change in shifts[one.feature.key]],
            }
            for one in series
        ],
    }


def changes_payload(changes: Sequence[ChangePoint], run_count: int) -> Payload:
    """Change points of all features, newest first, by commit; the format ``aicmo-perf/changes``."""
    return {
        "format": "aicmo-perf/changes",
        "version": 1,
        "run_count": run_count,
        "groups": [
            {
                "runs": [run_reference_json(run) for run in group.runs],
                "started_at": moment_json(group.runs[0].started_at),
                "commits": group.commits or None,
                "slower_count": len(group.slower),
                "faster_count": len(group.faster),
                "changes": [{**feature_json(change.feature), **change_point_json(change)} for change in group.changes],
            }
            for group in grouped_changes(changes)
        ],
    }


def _trend_json(trend: Trend) -> Payload:
    return {
        "run_count": trend.run_count,
        "latest_seconds": trend.latest_seconds,
        "latest_status": trend.latest_status.value if trend.latest_status is not None else None,
        "median_seconds": trend.median_seconds,
        "spread_ratio": trend.spread_ratio,
        "change_ratio": trend.change_ratio,
        "failing_count": trend.failing_count,
        "flaky_count": trend.flaky_count,
    }


def _points_json(series: Series, ratios: RatiosToPrevious) -> list[Payload]:
    points = []
    for point, ratio in zip(series.points, ratios.of(series.points), strict=True):
        run = point.run
        mode, fingerprint, quick = ratios.measured_as(run)
        points.append(
            {
                "run_id": run.id,
                "run_uuid": run.uuid,
                "started_at": moment_json(run.started_at),
                "commit_sha": run.commit_sha,
                "branch": run.branch,
                "mode": mode,
                "quick": quick,
                "environment": fingerprint,
                "status": point.status.value,
                "runtime_seconds": point.runtime_seconds,
                "low_seconds": point.low_seconds,
                "high_seconds": point.high_seconds,
                "cpu_seconds": point.cpu_seconds,
                "ratio_to_previous": ratio,
                "error_count": point.error_count,
                "warning_count": point.warning_count,
                "scenario_count": point.scenario_count,
                "flaky": point.is_flaky,
                "output_varies": point.output_varies,
            }
        )
    return points
