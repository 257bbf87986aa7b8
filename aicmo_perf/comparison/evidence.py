"""Which numbers of a feature may meet, and in what they are handed to the judge.

A past runtime means the same as the one now when the feature passed, was measured, and had as many scenarios. Of
those, the ones of the level in force tell how fast it was, and the levels before how much it varies.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from aicmo_perf.baseline import Baseline, FeatureLevel, runs_before_change
from aicmo_perf.comparison.relative import LEAST_FOR_COMMON_FACTOR
from aicmo_perf.model import (
    AcceptedChange,
    FeatureStatus,
    FeatureThresholds,
    PastResult,
    Run,
    Series,
    Status,
)
from aicmo_perf.model.summary import LEAST_FOR_QUANTILES
from aicmo_perf.stats.comparison import Measurement
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

Factors = Mapping[str, float]
"""By a run's uuid, what its runtimes are divided by; 1 for those that are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reruns:
    """A feature in further fresh processes.

    Attributes:
        head_seconds: the low quantile of each, of the code under judgement.
        base_seconds: of what it is compared with, the i-th measured beside the i-th; empty where it is not at hand.
    """

    head_seconds: tuple[float, ...] = ()
    base_seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A feature of the run with what it is compared with, or with the reason why it is not.

    Attributes:
        status: what the run says of it.
        has_baseline: whether its suite has baseline runs.
        previous: what it was before the change; None for a new feature.
        level: its levels; None for a new feature.
        in_force: its results in the level's runs that mean the same as the one now.
        earlier: those of the levels before.
        reason: why it is not judged; empty when it is.
        accepted: the change that people accepted with this very run.
    """

    status: FeatureStatus
    has_baseline: bool = True
    previous: PastResult | None = None
    level: FeatureLevel | None = None
    in_force: tuple[PastResult, ...] = ()
    earlier: tuple[tuple[PastResult, ...], ...] = ()
    reason: str = ""
    accepted: AcceptedChange | None = None

    @property
    def is_judged(self) -> bool:
        """Whether its runtime is handed to the judge."""
        return not self.reason

    def lows(self, factors: Factors) -> tuple[float, ...]:
        """The low quantiles of the level in force, oldest first."""
        return _values(self.in_force, _low_of, factors)

    def measurement(self, factors: Factors, thresholds: FeatureThresholds, reruns: Reruns) -> Measurement:
        """Its low quantiles, to be judged; there must be no reason against it."""
        assert self.status.low_seconds is not None, "what was not measured has a reason"
        return Measurement(
            current_seconds=self.status.low_seconds,
            baseline_seconds=self.lows(factors),
            earlier_levels=tuple(_values(points, _low_of, factors) for points in self.earlier),
            head_reruns_seconds=reruns.head_seconds,
            base_reruns_seconds=reruns.base_seconds,
            min_effect_ratio=thresholds.min_effect_ratio,
            min_effect_seconds=thresholds.min_effect_seconds,
        )

    def tail_measurement(self, factors: Factors, thresholds: FeatureThresholds) -> Measurement | None:
        """Its high quantiles, to be judged alike; None when there are too few samples for one."""
        if self.status.high_seconds is None or self.status.sample_count < LEAST_FOR_QUANTILES:
            return None
        return Measurement(
            current_seconds=self.status.high_seconds,
            baseline_seconds=_values(self.in_force, _high_of, factors),
            earlier_levels=tuple(_values(points, _high_of, factors) for points in self.earlier),
            min_effect_ratio=thresholds.min_effect_ratio,
            min_effect_seconds=thresholds.min_effect_seconds,
        )

    def past_runtime_seconds(self, factors: Factors) -> float | None:
        """The median of the level's medians, to be shown."""
        medians = _values(self.in_force, _median_of, factors)
        return statistics.median(medians) if medians else None

    def cpu_ratio(self, factors: Factors, own_factor: float) -> float | None:
        """The CPU's time against that of the level's runs; None where either is missing or zero."""
        past = [seconds for seconds in _values(self.in_force, _cpu_of, factors) if 0 < seconds < math.inf]
        now = self.status.cpu_seconds
        if not past or now is None or not 0 < now < math.inf:
            return None
        return now / own_factor / statistics.median(past)


def evidence_of(
    run: Run,
    status: FeatureStatus,
    baseline: Baseline | None,
    series: Series | None,
    level: FeatureLevel | None,
    accepted: AcceptedChange | None,
) -> Evidence:
    """What there is to judge a feature by.

    Args:
        run: the run under judgement.
        status: what it says of the feature.
        baseline: of the feature's suite.
        series: its results in the baseline's runs.
        level: its levels; all of the baseline's runs are one when None.
        accepted: the change that people accepted with this very run.
    """
    if baseline is None or not baseline.runs:
        return Evidence(status=status, has_baseline=False, reason=NO_BASELINE_REASON)
    if series is None or not series.points:
        return Evidence(status=status, reason=NEW_REASON)
    by_run = {point.run.uuid: point for point in series.points}
    points = [by_run[past.uuid] for past in baseline.runs if past.uuid in by_run]
    level = level or FeatureLevel(baseline.runs)

    def alike(runs: Sequence[Run]) -> tuple[PastResult, ...]:
        found = (by_run.get(past.uuid) for past in runs)
        return tuple(point for point in found if point is not None and _is_alike(point, status))

    in_force = alike(level.runs)
    reason = _why_apart(status, baseline, points)
    if not reason and accepted is not None:
        reason = f"its change was accepted with {run.title}"
    if not reason and not in_force and isinstance(level.start, AcceptedChange):
        reason = f"no baseline run since its change was accepted with {level.start.run.title}"
    return Evidence(
        status=status,
        previous=_before_change(run, status, points),
        level=level,
        in_force=in_force,
        earlier=tuple(of_level for runs in level.earlier if (of_level := alike(runs))),
        reason=reason,
        accepted=accepted,
    )


def too_few_to_be_relative(judged_count: int) -> str:
    """Why runs of several machines cannot be compared with so few features; empty when they can."""
    if judged_count >= LEAST_FOR_COMMON_FACTOR:
        return ""
    return (
        f"measured on several machines, and {count_of(judged_count, 'feature')} cannot tell a machine's speed from "
        f"the code's; {LEAST_FOR_COMMON_FACTOR} are needed"
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
    if status.low_seconds is None:
        return NOT_MEASURED_REASON
    if baseline.obstacle:
        return baseline.obstacle
    passed = [point for point in points if point.status is Status.PASS and point.low_seconds is not None]
    if not passed:
        return "no baseline run in which it passed and was measured"
    if not any(_is_alike(point, status) for point in passed):
        now, before = status.scenario_count, passed[-1].scenario_count
        return f"measured with {count_of(now, 'scenario')}, with {before} before"
    return ""


def _is_alike(point: PastResult, status: FeatureStatus) -> bool:
    """Whether a past runtime means the same as the one now."""
    return (
        point.status is Status.PASS and point.low_seconds is not None and point.scenario_count == status.scenario_count
    )


def _values(
    points: Sequence[PastResult], value_of: Callable[[PastResult], float | None], factors: Factors
) -> tuple[float, ...]:
    """A quantity of the points that have it, relative to each run's factor."""
    if not factors:
        return tuple([value for value in map(value_of, points) if value is not None])
    relative = ((value_of(point), factors.get(point.run.uuid, 1.0)) for point in points)
    return tuple([value / factor for value, factor in relative if value is not None])


_low_of = attrgetter("low_seconds")
_high_of = attrgetter("high_seconds")
_median_of = attrgetter("runtime_seconds")
_cpu_of = attrgetter("cpu_seconds")
