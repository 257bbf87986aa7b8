"""A run beside its baselines: what changed, what is new, what vanished.

The values are data for reports and for the gate; how a single change is judged lies in ``stats``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.baseline import Baseline
from aicmo_perf.model import Change, Feature, FeatureKey, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureComparison:
    """One feature of the run under judgement beside its baseline.

    Attributes:
        feature: which one.
        status: its status now.
        previous_status: its status in the newest baseline run that has it; None for a new feature.
        runtime_seconds: its runtime now; None when there is none.
        baseline_seconds: median of the baseline runs' runtimes; None without any.
        baseline_run_count: runs behind that median (those in which it passed and was measured alike).
        ratio: runtime_seconds / baseline_seconds; None when either is missing.
        change: the judgement.
        reason: why ``inconclusive``, or why it is not compared at all; empty otherwise.
        p_value: one-sided, of a slowdown by chance; None when not computed.
        smallest_visible_ratio: the least ratio that would have been called ``regressed``; None when not computed.
    """

    feature: Feature
    status: Status
    previous_status: Status | None = None
    runtime_seconds: float | None = None
    baseline_seconds: float | None = None
    baseline_run_count: int = 0
    ratio: float | None = None
    change: Change = Change.INCONCLUSIVE
    reason: str = ""
    p_value: float | None = None
    smallest_visible_ratio: float | None = None

    @property
    def is_new(self) -> bool:
        """Whether no baseline run has the feature although there are baseline runs."""
        return self.previous_status is None

    @property
    def status_changed(self) -> bool:
        """Whether it had another status in the newest baseline run that has it."""
        return self.previous_status is not None and self.previous_status is not self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """A whole run beside the baselines of its suites.

    Attributes:
        baselines: one a suite, with the runs and why these.
        features: one a feature of the run, in the run's order.
        vanished: features of the newest full baseline run that the run lacks; empty for a run of a selection.
    """

    baselines: tuple[Baseline, ...] = ()
    features: tuple[FeatureComparison, ...] = ()
    vanished: tuple[Feature, ...] = ()

    def by_key(self) -> dict[FeatureKey, FeatureComparison]:
        """The feature comparisons by identity."""
        return {comparison.feature.key: comparison for comparison in self.features}
