"""A run beside its baselines: what changed, what is new, what vanished.

The values are data for reports and for the gate; how runtimes are judged lies in ``stats``. This module decides which
numbers may meet: those of runs in which the feature passed, was measured, and had as many scenarios as now. All
features of a run are handed over together, since how much evidence one needs depends on how many are looked at.

Statuses and presence are compared with the runs of before the change (`aicmo_perf.baseline.runs_before_change`), not
with the newest run: repeating a run changes neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aicmo_perf.baseline import Baseline, runs_before_change
from aicmo_perf.model import (
    Change,
    Feature,
    FeatureKey,
    FeatureStatus,
    PastResult,
    Run,
    RunState,
    SelfTestResult,
    Series,
    Status,
)
from aicmo_perf.stats.comparison import Measurement, RuntimeChange, SlownessPolicy, runtime_changes
from aicmo_perf.units import count_of

NO_BASELINE_REASON = "no baseline yet"
NEW_REASON = "new: no baseline run has it"
NOT_MEASURED_REASON = "not measured"
_STATUS_REASONS = {
    Status.PARTIAL: "some of its scenarios fail",
    Status.FAIL: "it fails",
    Status.ERROR: "it ended in an error",
    Status.SKIP: "it was skipped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureComparison:
    """One feature of the run under judgement beside its baseline.

    Attributes:
        feature: which one.
        status: its status now.
        previous_status: its status before the change; None for a new feature. Of the runs that have it, it is that
            of the newest one of another commit. Where there is none, the last three count: for a feature that does
            not pass now it is the newest pass among them, else their newest status.
        previous_run: the run that had it.
        runtime_seconds: its runtime now; None when there is none.
        baseline_seconds: median of the baseline runs' runtimes; None without any.
        baseline_run_count: runs behind that median (those in which it passed and was measured alike).
        ratio: runtime_seconds / baseline_seconds; None when either is missing.
        change: the judgement.
        reason: why ``inconclusive``, or why it is not compared at all; empty otherwise.
        p_value: one-sided, of a slowdown by chance; None when not computed.
        smallest_visible_ratio: the least ratio that would have been called ``regressed``; None when not computed.
        has_baseline: whether there are baseline runs of its suite; without any it is neither new nor compared.
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
    has_baseline: bool = True
    previous_run: Run | None = None

    @property
    def is_new(self) -> bool:
        """Whether no baseline run has the feature although there are baseline runs."""
        return self.has_baseline and self.previous_status is None

    @property
    def status_changed(self) -> bool:
        """Whether it had another status before the change."""
        return self.previous_status is not None and self.previous_status is not self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """A whole run beside the baselines of its suites.

    Attributes:
        baselines: one a suite, with the runs and why these.
        features: one a feature of the run, in the run's order.
        vanished: features of the full baseline runs before the change that the run lacks; empty for a run of a
            selection.
        last_seen: the newest of those runs that had the feature, for each of the vanished.
    """

    baselines: tuple[Baseline, ...] = ()
    features: tuple[FeatureComparison, ...] = ()
    vanished: tuple[Feature, ...] = ()
    last_seen: Mapping[FeatureKey, Run] = field(default_factory=dict)

    def by_key(self) -> dict[FeatureKey, FeatureComparison]:
        """The feature comparisons by identity."""
        return {comparison.feature.key: comparison for comparison in self.features}


@dataclass(frozen=True, slots=True)
class SuiteBaseline:
    """A suite's baseline with what its runs said of each feature.

    Attributes:
        baseline: the runs.
        series: by qualified name, the features' results in exactly these runs.
    """

    baseline: Baseline
    series: Mapping[str, Series] = field(default_factory=dict)


def compare_with_baselines(
    result: SelfTestResult, baselines: Sequence[SuiteBaseline], policy: SlownessPolicy | None = None
) -> RunComparison:
    """Put a run beside the baselines of its suites and judge every runtime.

    Args:
        result: the run under judgement.
        baselines: one a suite; a suite without one is neither new nor compared.
        policy: what counts as a change; the default one when None.
    """
    by_suite = {item.baseline.suite: item for item in baselines}
    prepared = [_prepare(result.run, status, by_suite.get(status.suite)) for status in result.features]
    last_seen = {feature: run for item in baselines for feature, run in _vanished(result, item)}
    changes = iter(runtime_changes([item.measurement for item in prepared if item.measurement], policy))
    return RunComparison(
        baselines=tuple(item.baseline for item in baselines),
        features=tuple(item.compared(next(changes) if item.measurement else None) for item in prepared),
        vanished=tuple(last_seen),
        last_seen={feature.key: run for feature, run in last_seen.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A feature of the run, ready to be judged, or with the reason why it is not."""

    status: FeatureStatus
    has_baseline: bool
    previous: PastResult | None = None
    measurement: Measurement | None = None
    reason: str = ""

    def compared(self, judged: RuntimeChange | None) -> FeatureComparison:
        """The comparison, once the runtime is judged; None where there was nothing to judge."""
        change = judged or RuntimeChange(change=Change.INCONCLUSIVE, reason=self.reason)
        return FeatureComparison(
            feature=self.status.feature,
            status=self.status.status,
            previous_status=self.previous.status if self.previous else None,
            runtime_seconds=self.status.runtime_seconds,
            baseline_seconds=change.baseline_seconds,
            baseline_run_count=change.baseline_run_count,
            ratio=change.ratio,
            change=change.change,
            reason=change.reason,
            p_value=change.p_slower,
            smallest_visible_ratio=change.smallest_visible_ratio,
            has_baseline=self.has_baseline,
            previous_run=self.previous.run if self.previous else None,
        )


def _prepare(run: Run, status: FeatureStatus, suite: SuiteBaseline | None) -> _Prepared:
    if suite is None or not suite.baseline.runs:
        return _Prepared(status=status, has_baseline=False, reason=NO_BASELINE_REASON)
    series = suite.series.get(status.qualified_name)
    if series is None or not series.points:
        return _Prepared(status=status, has_baseline=True, reason=NEW_REASON)
    reason = _why_apart(status, suite.baseline, series.points)
    measurement = None
    if status.runtime_seconds is not None and not reason:
        past = (point.runtime_seconds for point in series.points if _is_alike(point, status))
        measurement = Measurement(status.runtime_seconds, tuple(seconds for seconds in past if seconds is not None))
    return _Prepared(
        status=status,
        has_baseline=True,
        previous=_before_change(run, status, series.points),
        measurement=measurement,
        reason=reason,
    )


def _before_change(run: Run, status: FeatureStatus, points: Sequence[PastResult]) -> PastResult:
    """What the feature was before the change, among its results in the baseline runs."""
    by_run = {point.run.uuid: point for point in points}
    told = [by_run[past.uuid] for past in runs_before_change(run, [point.run for point in points])]
    passed = [point for point in told if point.status is Status.PASS]
    return passed[0] if passed and status.status is not Status.PASS else told[0]


def _why_apart(status: FeatureStatus, baseline: Baseline, points: Sequence[PastResult]) -> str:
    """What forbids to compare a feature's runtimes; empty when nothing does."""
    if status.status is not Status.PASS:
        return _STATUS_REASONS[status.status]
    if status.runtime_seconds is None:
        return NOT_MEASURED_REASON
    if baseline.obstacle:
        return baseline.obstacle
    passed = [point for point in points if point.status is Status.PASS and point.runtime_seconds is not None]
    if not passed:
        return "no baseline run in which it passed and was measured"
    if not any(_is_alike(point, status) for point in passed):
        now, before = status.scenario_count, passed[-1].scenario_count
        return f"measured with {count_of(now, 'scenario')}, with {before} before"
    return ""


def _is_alike(point: PastResult, status: FeatureStatus) -> bool:
    """Whether a past runtime means the same as the one now."""
    return (
        point.status is Status.PASS
        and point.runtime_seconds is not None
        and point.scenario_count == status.scenario_count
    )


def _vanished(result: SelfTestResult, suite: SuiteBaseline) -> Iterator[tuple[Feature, Run]]:
    """Features that the suite's full runs before the change had and a full, complete run lacks, with the newest one."""
    run = result.run
    if run.options.selection or run.state is not RunState.COMPLETE:
        return
    full = runs_before_change(run, suite.baseline.full_runs)
    present = {status.key for status in result.features}
    for _, series in sorted(suite.series.items()):
        having = {point.run.uuid for point in series.points}
        seen = next((past for past in full if past.uuid in having), None)
        if seen is not None and series.feature.key not in present:
            yield series.feature, seen
