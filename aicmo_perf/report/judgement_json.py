"""How a run stands to its baselines, in JSON: the past as people know it, and the judgement with its numbers.

``baseline`` tells medians, as ``runtime_seconds`` does; ``judgement`` tells the low quantiles that were judged and
everything that led to the answer.
"""

from __future__ import annotations

from aicmo_perf.baseline import Baseline, FeatureLevel
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import AcceptedChange
from aicmo_perf.report.comparison_section import median_ratio, new_features, status_changes
from aicmo_perf.report.json_values import (
    Payload,
    accepted_json,
    change_point_json,
    feature_json,
    run_reference_json,
)
from aicmo_perf.stats.comparison import CommonFactor, RuntimeChange


def compared_json(item: FeatureComparison | None) -> Payload:
    """How a feature stands to its baseline; all null when nothing was compared."""
    if item is None:
        return {"baseline": None, "change": None, "judgement": None}
    return {"baseline": _baseline_json(item), "change": item.change.value, "judgement": judgement_json(item)}


def _baseline_json(item: FeatureComparison) -> Payload | None:
    """A feature's past in medians; null for one without."""
    if item.previous_status is None:
        return None
    return {
        "runtime_seconds": item.past_runtime_seconds,
        "run_count": item.baseline_run_count,
        "status": item.previous_status.value,
        "ratio": median_ratio(item),
        "p_value": item.p_value,
        "smallest_visible_ratio": item.smallest_visible_ratio,
        "reason": item.reason or None,
    }


def judgement_json(item: FeatureComparison) -> Payload | None:
    """The numbers behind a change; null when the runtime was not judged."""
    judged = item.judgement
    if judged is None:
        return None
    return {
        "low_seconds": item.level_seconds,
        "baseline_low_seconds": item.baseline_seconds,
        **_change_json(judged),
        "level": _level_json(item.level) if item.level is not None else None,
        "head_reruns_seconds": list(item.head_reruns_seconds),
        "base_reruns_seconds": list(item.base_reruns_seconds),
        "cpu_ratio": item.cpu_ratio,
        "waiting": item.is_waiting,
        "tail": None if item.tail is None else {"change": item.tail.change.value, "ratio": item.tail.ratio},
        "accepted": accepted_json(item.accepted) if item.accepted is not None else None,
    }


def _change_json(judged: RuntimeChange) -> Payload:
    return {
        "ratio": judged.ratio,
        "run_count": judged.baseline_run_count,
        "own_spread_ratio": judged.own_spread_ratio,
        "suite_spread_ratio": judged.suite_spread_ratio,
        "spread_ratio": judged.spread_ratio,
        "degrees": judged.degrees,
        "t": judged.t,
        "p_slower": judged.p_slower,
        "p_faster": judged.p_faster,
        "adjusted_p": judged.adjusted_p,
        "bh_rank": judged.bh_rank,
        "critical_p": judged.critical_p,
        "smallest_visible_ratio": judged.smallest_visible_ratio,
        "rerun_count": judged.rerun_count,
        "rerun_ratio": judged.rerun_ratio,
    }


def _level_json(level: FeatureLevel) -> Payload:
    """Which runs a feature is judged by, and what began their level; a start of null is the window's own."""
    start = level.start
    if start is None:
        began = None
    elif isinstance(start, AcceptedChange):
        began = {"accepted": accepted_json(start), "change_point": None}
    else:
        began = {"accepted": None, "change_point": change_point_json(start)}
    return {
        "runs": [run_reference_json(run) for run in level.runs],
        "start": began,
        "held_back": change_point_json(level.held_back) if level.held_back is not None else None,
    }


def comparison_json(comparison: RunComparison) -> Payload:
    """A run beside its baselines: what they are, what all features share, what came and went."""
    factor = comparison.common_factor
    return {
        "baselines": [_suite_baseline_json(baseline) for baseline in comparison.baselines],
        "paired": comparison.is_paired,
        "common_factor": _factor_json(factor) if factor is not None else None,
        "new": [feature_json(item.feature) for item in new_features(comparison)],
        "vanished": [feature_json(feature) for feature in comparison.vanished],
        "status_changes": [
            {
                "suite": item.feature.suite,
                "qualified_name": item.feature.qualified_name,
                "from": item.previous_status.value if item.previous_status is not None else None,
                "to": item.status.value,
            }
            for item in status_changes(comparison)
        ],
    }


def _suite_baseline_json(baseline: Baseline) -> Payload:
    return {
        "suite": baseline.suite,
        "runs": [run_reference_json(run) for run in baseline.runs],
        "why": baseline.why,
        "obstacle": baseline.obstacle or None,
        "notes": list(baseline.notes),
    }


def _factor_json(factor: CommonFactor) -> Payload:
    return {
        "ratio": factor.ratio,
        "feature_count": factor.feature_count,
        "clear": factor.is_clear,
        "removed": factor.is_removed,
        "machine_difference": factor.is_machine_difference,
    }
