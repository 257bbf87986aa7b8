"""Put a run beside its baselines and have every runtime judged.

All features of a run are handed to the judge together, since how much evidence one needs depends on how many are
looked at, and since what all of them have in common is the machine's doing.

Statuses and presence are compared with the runs of before the change (`aicmo_perf.baseline.runs_before_change`), not
with the newest run: repeating a run changes neither.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aicmo_perf.baseline import Baseline, FeatureLevel, machine_count, runs_before_change
from aicmo_perf.comparison.evidence import (
    Evidence,
    Factors,
    Reruns,
    evidence_of,
    too_few_to_be_relative,
)
from aicmo_perf.comparison.relative import run_factors
from aicmo_perf.comparison.values import WAITING_LIMIT, WAITING_SHARE, FeatureComparison, RunComparison
from aicmo_perf.model import (
    AcceptedChange,
    Change,
    Feature,
    FeatureKey,
    FeatureThresholds,
    Run,
    RunState,
    SelfTestResult,
    Series,
)
from aicmo_perf.stats.comparison import Measurement, RuntimeChange, RuntimeJudgement, SlownessPolicy, judge_runtimes

_TAIL_WITNESSES = 50
"""Features that show how much high quantiles scatter; a suite of up to as many is judged as a whole."""


@dataclass(frozen=True, slots=True)
class SuiteBaseline:
    """A suite's baseline with what its runs said of each feature.

    Attributes:
        baseline: the runs.
        series: by qualified name, the features' results in exactly these runs.
        levels: by qualified name, the features' levels; of one that is missing all runs are one level.
    """

    baseline: Baseline
    series: Mapping[str, Series] = field(default_factory=dict)
    levels: Mapping[str, FeatureLevel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a run besides its own results and those of its baselines.

    Attributes:
        thresholds: what change of some features is worth a person's time.
        reruns: fresh processes that confirm features, where there are any.
        accepted: the changes that people accepted with this very run.
        is_confirming: whether suspects can be re-run, or were, so that one run alone need not decide.
        is_paired: whether the baseline was measured beside the run; the re-runs are then the pairs.
    """

    thresholds: tuple[FeatureThresholds, ...] = ()
    reruns: Mapping[FeatureKey, Reruns] = field(default_factory=dict)
    accepted: Mapping[FeatureKey, AcceptedChange] = field(default_factory=dict)
    is_confirming: bool = False
    is_paired: bool = False


def compare_with_baselines(
    result: SelfTestResult,
    baselines: Sequence[SuiteBaseline],
    policy: SlownessPolicy | None = None,
    circumstances: Circumstances | None = None,
) -> RunComparison:
    """Put a run beside the baselines of its suites and judge every runtime.

    Args:
        result: the run under judgement.
        baselines: one a suite; a suite without one is neither new nor compared.
        policy: what counts as a change; the default one when None.
        circumstances: what else is known; nothing when None.
    """
    case = _Case(result.run, baselines, policy or SlownessPolicy(), circumstances or Circumstances())
    last_seen = {feature: run for item in baselines for feature, run in _vanished(result, item)}
    features, judgement = case.judge(result)
    return RunComparison(
        baselines=tuple(item.baseline for item in baselines),
        features=features,
        vanished=tuple(last_seen),
        last_seen={feature.key: run for feature, run in last_seen.items()},
        common_factor=judgement.common_factor,
        is_paired=case.circumstances.is_paired,
        policy=case.policy,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A run with all that its features are judged by."""

    run: Run
    baselines: Sequence[SuiteBaseline]
    policy: SlownessPolicy
    circumstances: Circumstances

    def judge(self, result: SelfTestResult) -> tuple[tuple[FeatureComparison, ...], RuntimeJudgement]:
        """Every feature compared, in the run's order, and the judgement of all that could be judged."""
        every = self._evidence(result)
        is_relative = self._is_relative()
        if is_relative and (reason := too_few_to_be_relative(sum(item.is_judged for item in every))):
            every = [replace(item, reason=item.reason or reason) for item in every]
        judged = [item for item in every if item.is_judged]
        factors = _factors(judged) if is_relative else {}
        thresholds = [FeatureThresholds.of(item.status.feature, self.circumstances.thresholds) for item in judged]
        judgement = self._judgement(judged, thresholds, factors, is_relative)
        common = judgement.common_factor
        own_factor = common.ratio if common is not None and common.is_removed else 1.0
        tails = self._tails(judged, thresholds, factors, is_relative)
        changes = dict(zip((item.status.key for item in judged), judgement.changes, strict=True))
        features = tuple(
            self._compared(item, changes.get(item.status.key), tails.get(item.status.key), factors, own_factor)
            for item in every
        )
        return features, judgement

    def _evidence(self, result: SelfTestResult) -> list[Evidence]:
        by_suite = {item.baseline.suite: item for item in self.baselines}
        nothing = SuiteBaseline(Baseline(suite=""))
        every = []
        for status in result.features:
            suite = by_suite.get(status.suite, nothing)
            item = evidence_of(
                self.run,
                status,
                suite.baseline,
                suite.series.get(status.qualified_name),
                suite.levels.get(status.qualified_name),
                self.circumstances.accepted.get(status.key),
            )
            pairs = self.circumstances.reruns.get(status.key, Reruns())
            if self.circumstances.is_paired and item.is_judged and not (pairs.head_seconds and pairs.base_seconds):
                item = replace(item, reason="no fresh process measured it on both sides")
            every.append(item)
        return every

    def _is_relative(self) -> bool:
        """Whether runs of several machines meet."""
        return any(
            machine_count(self.run, item.baseline.runs) > 1 for item in self.baselines if item.baseline.is_usable
        )

    def _judgement(
        self,
        judged: Sequence[Evidence],
        thresholds: Sequence[FeatureThresholds],
        factors: Factors,
        is_relative: bool,
    ) -> RuntimeJudgement:
        reruns = self.circumstances.reruns
        measurements = [
            item.measurement(factors, limits, reruns.get(item.status.key, Reruns()))
            for item, limits in zip(judged, thresholds, strict=True)
        ]
        if self.circumstances.is_paired:
            from aicmo_perf.stats.paired import judge_pairs  # one run in a hundred is paired

            return judge_pairs(measurements, self.policy)
        return judge_runtimes(
            measurements,
            self.policy,
            confirming=self.circumstances.is_confirming,
            remove_common_factor=True if is_relative else None,
        )

    def _tails(
        self,
        judged: Sequence[Evidence],
        thresholds: Sequence[FeatureThresholds],
        factors: Factors,
        is_relative: bool,
    ) -> dict[FeatureKey, RuntimeChange]:
        """What one run says of the high quantiles; pairs and re-runs say nothing of them.

        Of a large suite only those features are judged that lie beyond all runs of their level, and some others that
        tell how much high quantiles scatter: the rest could not be called. What is allowed shrinks with their number,
        which to Benjamini and Hochberg is the same as judging all.
        """
        if self.circumstances.is_paired:
            return {}
        measured = {
            item.status.key: measurement
            for item, limits in zip(judged, thresholds, strict=True)
            if (measurement := item.tail_measurement(factors, limits)) is not None
        }
        chosen, policy = measured, self.policy
        if len(measured) > _TAIL_WITNESSES and not is_relative:
            beyond = {key: one for key, one in measured.items() if _is_beyond(one)}
            chosen = {**beyond, **dict(itertools.islice(measured.items(), _TAIL_WITNESSES))} if beyond else {}
            share = len(chosen) / len(measured)
            policy = replace(policy, significance=policy.significance * (share or 1.0))
        tails = judge_runtimes(list(chosen.values()), policy, remove_common_factor=True if is_relative else None)
        return dict(zip(chosen, tails.changes, strict=True))

    def _compared(
        self,
        item: Evidence,
        change: RuntimeChange | None,
        tail: RuntimeChange | None,
        factors: Factors,
        own_factor: float,
    ) -> FeatureComparison:
        status = item.status
        cpu_ratio = item.cpu_ratio(factors, own_factor)
        reruns = self.circumstances.reruns.get(status.key, Reruns())
        lows = item.lows(factors)
        limits = FeatureThresholds.of(status.feature, self.circumstances.thresholds)
        if change is None and item.has_baseline:
            change = _not_judged(item, lows)
        return FeatureComparison(
            feature=status.feature,
            status=status.status,
            previous_status=item.previous.status if item.previous else None,
            previous_run=item.previous.run if item.previous else None,
            has_baseline=item.has_baseline,
            runtime_seconds=status.runtime_seconds,
            past_runtime_seconds=item.past_runtime_seconds(factors),
            level_seconds=status.low_seconds,
            judgement=change,
            level=item.level,
            level_values_seconds=lows,
            level_value_runs=tuple(point.run for point in item.in_force),
            min_effect_ratio=_or_default(limits.min_effect_ratio, self.policy.min_effect_ratio),
            min_effect_seconds=_or_default(limits.min_effect_seconds, self.policy.min_effect_seconds),
            head_reruns_seconds=reruns.head_seconds,
            base_reruns_seconds=reruns.base_seconds,
            cpu_ratio=cpu_ratio,
            is_waiting=change is not None and _is_waiting(change, cpu_ratio),
            tail=tail,
            accepted=item.accepted,
        )


def _or_default(given: float | None, default: float) -> float:
    return default if given is None else given


def _is_beyond(measurement: Measurement) -> bool:
    """Whether a run lies above all runs of its level."""
    return measurement.current_seconds > max(measurement.baseline_seconds, default=math.inf)


def _factors(judged: Sequence[Evidence]) -> Factors:
    """How slow each baseline run was beside the others."""
    points = ((item.in_force, *item.earlier) for item in judged)
    return run_factors(
        [
            {point.run.uuid: point.low_seconds for level in levels for point in level if point.low_seconds is not None}
            for levels in points
        ]
    )


def _not_judged(item: Evidence, lows: Sequence[float]) -> RuntimeChange:
    """What can be told of a feature whose runtime is not judged: of an accepted change also how large it is."""
    now = item.status.low_seconds
    level_seconds = statistics.median(lows) if lows and item.accepted is not None else None
    return RuntimeChange(
        change=Change.INCONCLUSIVE,
        reason=item.reason,
        baseline_run_count=len(lows) if level_seconds is not None else 0,
        baseline_seconds=level_seconds,
        ratio=now / level_seconds if now and level_seconds else None,
    )


def _is_waiting(change: RuntimeChange, cpu_ratio: float | None) -> bool:
    """Whether a slowdown is not to be seen in the CPU's time, or hardly: by a small share of it, and little at all."""
    if change.change is not Change.REGRESSED or change.ratio is None or cpu_ratio is None:
        return False
    return cpu_ratio - 1 < min(WAITING_SHARE * (change.ratio - 1), WAITING_LIMIT)


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
