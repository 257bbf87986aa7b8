"""A run beside its baselines: what changed, what is new, what vanished.

The values are data for reports and for the gate; how runtimes are judged lies in ``stats``. Here it is decided which
numbers may meet: low quantiles of runs in which the feature passed, was measured, and had as many scenarios as now,
and of them those of its level in force (`aicmo_perf.baseline.levels`). Reports show medians, since people mean those;
the judgement is of low quantiles, since those repeat.
"""

from aicmo_perf.comparison.compare import Circumstances, SuiteBaseline, compare_with_baselines
from aicmo_perf.comparison.evidence import (
    NEW_REASON,
    NO_BASELINE_REASON,
    NOT_MEASURED_REASON,
    Reruns,
)
from aicmo_perf.comparison.rerun_base import RerunBase, rerun_base
from aicmo_perf.comparison.values import FeatureComparison, RunComparison

__all__ = [
    "NEW_REASON",
    "NOT_MEASURED_REASON",
    "NO_BASELINE_REASON",
    "Circumstances",
    "FeatureComparison",
    "RerunBase",
    "Reruns",
    "RunComparison",
    "SuiteBaseline",
    "compare_with_baselines",
    "rerun_base",
]
