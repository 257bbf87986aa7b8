"""A run under judgement, and what every rule asks of it."""

from __future__ import annotations

from collections.abc import Mapping

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate.verdict import GatePolicy
from aicmo_perf.model import Change, Feature, FeatureKey, FeatureStatus, Run, SelfTestResult, Status, feature_labels


class Case:
    """A run beside its baselines, and the policy that it is judged by."""

    def __init__(self, result: SelfTestResult, comparison: RunComparison, policy: GatePolicy) -> None:
        self.result = result
        self.comparison = comparison
        self.policy = policy
        self.compared: Mapping[FeatureKey, FeatureComparison] = comparison.by_key()
        self.baselines: Mapping[str, Baseline] = {baseline.suite: baseline for baseline in comparison.baselines}
        self._labels = feature_labels([*(status.feature for status in result.features), *comparison.vanished])

    @property
    def run(self) -> Run:
        """The run."""
        return self.result.run

    def label(self, feature: Feature) -> str:
        """What to call a feature."""
        return self._labels[feature.key]

    def labels(self, items: list[FeatureComparison]) -> list[str]:
        """What to call several."""
        return [self.label(item.feature) for item in items]

    def changed(self, change: Change) -> list[FeatureComparison]:
        """The features with this change."""
        return [item for item in self.comparison.features if item.change is change]

    def passed_before(self, status: FeatureStatus) -> bool:
        """Whether a feature passed before the change."""
        item = self.compared.get(status.key)
        return item is not None and item.previous_status is Status.PASS

    def is_skipped_anew(self, status: FeatureStatus) -> bool:
        """Whether it is a critical feature that is skipped now and passed before the change."""
        return status.critical and status.status is Status.SKIP and self.passed_before(status)

    def commits_since(self, item: FeatureComparison | None) -> str:
        """The commits since the run before the change; empty when there are none, or they are not known."""
        return self.run.commits_since(item.previous_run if item is not None else None)
