"""The vocabulary, as frozen values: feature, iteration, run, environment, series, change.

Everything here is immutable and knows nothing of files, processes or databases. Quantities carry their unit in
their name; times are timezone-aware UTC.
"""

from aicmo_perf.model.discovery import DiscoverRule
from aicmo_perf.model.feature import (
    Category,
    Feature,
    FeatureKey,
    FeatureStatus,
    IterationResult,
    Signature,
    Status,
    feature_labels,
)
from aicmo_perf.model.run import (
    IDENTITY_FACTS,
    Environment,
    Mode,
    Owner,
    Run,
    RunFilter,
    RunOptions,
    RunRole,
    RunState,
    SelfTestResult,
    time_ordered_uuid,
)
from aicmo_perf.model.series import AcceptedChange, Change, ChangePoint, Line, PastResult, Series
from aicmo_perf.model.summary import high_quantile, low_quantile
from aicmo_perf.model.thresholds import FeatureThresholds

__all__ = [
    "IDENTITY_FACTS",
    "AcceptedChange",
    "Category",
    "Change",
    "ChangePoint",
    "DiscoverRule",
    "Environment",
    "Feature",
    "FeatureKey",
    "FeatureStatus",
    "FeatureThresholds",
    "IterationResult",
    "Line",
    "Mode",
    "Owner",
    "PastResult",
    "Run",
    "RunFilter",
    "RunOptions",
    "RunRole",
    "RunState",
    "SelfTestResult",
    "Series",
    "Signature",
    "Status",
    "feature_labels",
    "high_quantile",
    "low_quantile",
    "time_ordered_uuid",
]
