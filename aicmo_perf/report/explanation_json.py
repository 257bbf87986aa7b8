"""An explanation in JSON: the format ``aicmo-perf/explanation``."""

from __future__ import annotations

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import SelfTestResult
from aicmo_perf.report.explained_numbers import design_of, verdict_text
from aicmo_perf.report.json_values import Payload, feature_json, run_json, run_reference_json
from aicmo_perf.report.judgement_json import compared_json, comparison_json


def explanation_payload(result: SelfTestResult, comparison: RunComparison, item: FeatureComparison) -> Payload:
    """The numbers behind one feature's judgement; arguments as in `build_explanation`."""
    return {
        "format": "aicmo-perf/explanation",
        "version": 1,
        **feature_json(item.feature),
        "verdict": verdict_text(item, comparison),
        "design": design_of(item, comparison).value,
        "runtime_seconds": item.runtime_seconds,
        **compared_json(item),
        "level_runs": [
            {**run_reference_json(run), "low_seconds": seconds}
            for run, seconds in zip(item.level_value_runs, item.level_values_seconds, strict=True)
        ],
        "judged_count": sum(other.p_value is not None for other in comparison.features),
        "min_effect_ratio": item.min_effect_ratio,
        "min_effect_seconds": item.min_effect_seconds,
        "run": run_json(result.run),
        "comparison": comparison_json(comparison),
    }
