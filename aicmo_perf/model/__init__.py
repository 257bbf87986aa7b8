"""The vocabulary, as frozen values: feature, iteration, run, environment, series, change.

Everything here is immutable and knows nothing of files, processes or databases. Quantities carry their unit in
their name; times are timezone-aware UTC.
"""

from aicmo_perf.model.conditions import (
    FACTOR_FIELDS,
    PLAIN,
    Conditions,
    Factor,
    Iteration,
    IterationKind,
    OrderKind,
    PlannedIteration,
    Possibilities,
    Trial,
)
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
from aicmo_perf.model.flakiness import (
    CAUSE_OF_FACTOR,
    Cause,
    Explanation,
    FlakinessFinding,
    Inconsistency,
    OrderRole,
    Quarantine,
    QuarantineLine,
    RateEstimate,
)
from aicmo_perf.model.outcomes import FailureCount, FlakyState, Outcome, RunOutcomes
from aicmo_perf.model.replay import Observed, Replay, ReplayedFeature, Reproduction
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
    "CAUSE_OF_FACTOR",
    "FACTOR_FIELDS",
    "IDENTITY_FACTS",
    "PLAIN",
    "AcceptedChange",
    "Category",
    "Cause",
    "Change",
    "ChangePoint",
    "Conditions",
    "DiscoverRule",
    "Environment",
    "Explanation",
    "Factor",
    "FailureCount",
    "Feature",
    "FeatureKey",
    "FeatureStatus",
    "FeatureThresholds",
    "FlakinessFinding",
    "FlakyState",
    "Inconsistency",
    "Iteration",
    "IterationKind",
    "IterationResult",
    "Line",
    "Mode",
    "Observed",
    "OrderKind",
    "OrderRole",
    "Outcome",
    "Owner",
    "PastResult",
    "PlannedIteration",
    "Possibilities",
    "Quarantine",
    "QuarantineLine",
    "RateEstimate",
    "Replay",
    "ReplayedFeature",
    "Reproduction",
    "Run",
    "RunFilter",
    "RunOptions",
    "RunOutcomes",
    "RunRole",
    "RunState",
    "SelfTestResult",
    "Series",
    "Signature",
    "Status",
    "Trial",
    "feature_labels",
    "high_quantile",
    "low_quantile",
    "time_ordered_uuid",
]
