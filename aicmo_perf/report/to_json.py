"""The machine formats in JSON, each versioned: ``{"format": "aicmo-perf/run", "version": 1, ...}``.

There is no NaN in them, and no text that a strict reader would refuse. ``docs/run.schema.json`` describes the run. A
version grows when a key changes its meaning or goes; new keys do not change it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate import Verdict
from aicmo_perf.model import Change, ChangePoint, FeatureStatus, Run, SelfTestResult, Status
from aicmo_perf.report.flakiness_json import finding_json, iteration_json, signature_json
from aicmo_perf.report.json_values import Payload, change_point_json, feature_json, run_json
from aicmo_perf.report.judgement_json import compared_json, comparison_json
from aicmo_perf.report.wording import counts_by_status

_SURROGATES = re.compile("[\ud800-\udfff]")


def dumps(payload: Mapping[str, object]) -> str:
    """The payload as ASCII JSON text with a newline at its end, so that any terminal, pipe or file can hold it."""
    return json.dumps(_plain(payload), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    """What JSON can hold: numbers are finite, and no half of a surrogate pair hides in a text."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(_plain(str(key))): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def run_payload(
    result: SelfTestResult, comparison: RunComparison | None = None, change_points: Sequence[ChangePoint] = ()
) -> Payload:
    """One run with all its features; the format ``aicmo-perf/run``.

    Args:
        result: the run and its features.
        comparison: the run beside its baselines; None when nothing was compared.
        change_points: where levels shifted, among the baseline runs and this one.
    """
    compared = comparison.by_key() if comparison is not None else {}
    positions = {status.key: position for position, status in enumerate(result.features)}
    return {
        "format": "aicmo-perf/run",
        "version": 1,
        "run": run_json(result.run),
        "features": [_status_json(status, compared.get(status.key)) for status in result.features],
        "summary": _summary_json(result, comparison),
        "comparison": comparison_json(comparison) if comparison is not None else None,
        "change_points": [{**feature_json(change.feature), **change_point_json(change)} for change in change_points],
        "iterations": [iteration_json(iteration, positions) for iteration in result.iterations],
        "findings": [finding_json(finding) for finding in result.findings],
        "flakiness_check_results": result.flakiness_check_results,
    }


def runs_payload(runs: Sequence[Run], counts: Mapping[int, Mapping[Status, int]]) -> Payload:
    """A list of runs with their statuses counted, by the run's id; the format ``aicmo-perf/runs``."""
    return {
        "format": "aicmo-perf/runs",
        "version": 1,
        "runs": [
            {**run_json(run), "status_counts": _counts_json(counts.get(run.id, {}) if run.id is not None else {})}
            for run in runs
        ],
    }


def comparison_payload(result: SelfTestResult, comparison: RunComparison) -> Payload:
    """A run beside the side named first, whose runs are its baselines; the format ``aicmo-perf/comparison``."""
    return {
        "format": "aicmo-perf/comparison",
        "version": 1,
        "run": run_json(result.run),
        "features": [
            {
                **feature_json(item.feature),
                "status": item.status.value,
                "runtime_seconds": item.runtime_seconds,
                **compared_json(item),
            }
            for item in comparison.features
        ],
        "comparison": comparison_json(comparison),
    }


def gate_payload(verdict: Verdict, result: SelfTestResult, comparison: RunComparison | None = None) -> Payload:
    """A verdict; the format ``aicmo-perf/gate``."""
    coverage = verdict.coverage
    return {
        "format": "aicmo-perf/gate",
        "version": 1,
        "passed": verdict.passed,
        "could_judge": verdict.could_judge,
        "rules": [rule.value for rule in verdict.rules],
        "findings": [
            {
                "rule": finding.rule.value,
                **feature_json(finding.feature),
                "message": finding.message,
                "advice": finding.advice,
            }
            for finding in verdict.findings
        ],
        "notes": list(verdict.notes),
        "coverage": {
            "judged_count": coverage.judged_count,
            "inconclusive_count": coverage.inconclusive_count,
            "new_count": coverage.new_count,
            "vanished_count": coverage.vanished_count,
        },
        "run": run_json(result.run),
        "summary": _summary_json(result, comparison),
        "comparison": comparison_json(comparison) if comparison is not None else None,
    }


def _status_json(status: FeatureStatus, item: FeatureComparison | None) -> Payload:
    return {
        **feature_json(status.feature),
        "status": status.status.value,
        "errors": list(status.errors),
        "warnings": list(status.warnings),
        "skip_reason": status.skip_reason,
        "scenario_count": status.scenario_count,
        "runtime_seconds": status.runtime_seconds,
        "first_call_seconds": status.first_call_seconds,
        "sample_count": status.sample_count,
        "min_seconds": status.min_seconds,
        "mean_seconds": status.mean_seconds,
        "stddev_seconds": status.stddev_seconds,
        "low_seconds": status.low_seconds,
        "high_seconds": status.high_seconds,
        "cpu_seconds": status.cpu_seconds,
        "peak_rss_bytes": status.peak_rss_bytes,
        "signatures": [signature_json(signature) for signature in status.signatures],
        "output_digests": list(status.output_digests),
        "iterations": list(status.iterations),
        "scrubbed": list(status.scrubbed),
        "flaky": status.is_flaky,
        "output_varies": status.output_varies,
        **compared_json(item),
    }


def _summary_json(result: SelfTestResult, comparison: RunComparison | None) -> Payload:
    critical = [status for status in result.features if status.critical]
    changes = [item.change for item in comparison.features] if comparison is not None else None
    return {
        "feature_count": len(result.features),
        "status_counts": _counts_json(counts_by_status(status.status for status in result.features)),
        "critical_count": len(critical),
        "critical_failing_count": sum(status.status.is_failing for status in critical),
        "flakiness_checked": result.flakiness_checked,
        "flaky_count": sum(status.is_flaky for status in result.features),
        "output_varies_count": sum(status.output_varies for status in result.features),
        "change_counts": None if changes is None else {change.value: changes.count(change) for change in Change},
    }


def _counts_json(counts: Mapping[Status, int]) -> dict[str, int]:
    return {status.value: counts.get(status, 0) for status in Status}
