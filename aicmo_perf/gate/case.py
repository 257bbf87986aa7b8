"""A run under judgement, and what every rule asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate.attempts import Attempts, Standing, standing_of
from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.gate.verdict import GatePolicy, Rule
from aicmo_perf.model import (
    Change,
    Feature,
    FeatureKey,
    FeatureStatus,
    Run,
    SelfTestResult,
    Status,
    feature_labels,
)

if TYPE_CHECKING:  # nothing of it is needed where nothing failed
    from aicmo_perf.flakiness.unstable_time import UnstableTime


class Case:
    """A run beside its baselines, what else is known of its features, and the policy that it is judged by."""

    def __init__(
        self, result: SelfTestResult, comparison: RunComparison, policy: GatePolicy, knowledge: Knowledge | None
    ) -> None:
        self.result = result
        self.comparison = comparison
        self.policy = policy
        self.knowledge = knowledge
        self.compared: Mapping[FeatureKey, FeatureComparison] = comparison.by_key()
        self.baselines: Mapping[str, Baseline] = {baseline.suite: baseline for baseline in comparison.baselines}
        self.labels = feature_labels([*(status.feature for status in result.features), *comparison.vanished])
        kinds = {iteration.number: iteration.planned.kind for iteration in result.iterations}
        self.attempts = {status.key: Attempts.of(status, kinds) for status in result.features}
        flaky_fails = Rule.FLAKY in policy.rules
        self.standings = {
            status.key: standing_of(status, self.attempts[status.key], knowledge, flaky_fails=flaky_fails)
            for status in result.features
        }

    @property
    def run(self) -> Run:
        """The run."""
        return self.result.run

    def label(self, feature: Feature) -> str:
        """What to call a feature."""
        return self.labels[feature.key]

    def labels_of(self, items: list[FeatureComparison]) -> list[str]:
        """What to call several."""
        return [self.label(item.feature) for item in items]

    def changed(self, change: Change) -> list[FeatureComparison]:
        """The features with this change."""
        return [item for item in self.comparison.features if item.change is change]

    def with_standing(self, standing: Standing) -> list[FeatureStatus]:
        """The features that are judged as this."""
        return [status for status in self.result.features if self.standings[status.key] is standing]

    def failing_rule(self, status: FeatureStatus) -> Rule | None:
        """The rule that tells of a feature that it fails; None when none of those that are on does."""
        standing = self.standings[status.key]
        if not standing.fails:
            return None
        if status.critical and Rule.CRITICAL_FAILING in self.policy.rules:
            return Rule.CRITICAL_FAILING
        is_new = standing is Standing.LOOKS_BROKEN or self.passed_before(status)
        return Rule.NEWLY_FAILING if is_new and Rule.NEWLY_FAILING in self.policy.rules else None

    def unstable_time(self, key: FeatureKey) -> UnstableTime | None:
        """The two runtimes of a feature that has two on unchanged code; None for the others."""
        record = self.knowledge.records.get(key) if self.knowledge is not None else None
        return record.unstable_time if record is not None else None

    @property
    def flakiness_checked(self) -> bool:
        """Whether there was more than one iteration to compare, retries of what failed not counted."""
        return self.result.flakiness_checked and (
            self.run.options.iterations > 1
            or any(attempts.first_ones.is_several for attempts in self.attempts.values())
        )

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
