"""What many runs say of each feature: stable, flaky, broken or unknown, how often, since when, and what it cost.

A feature is

- ``broken`` when an outage (`segments`) goes on: it always fails on the newest code, more than one outcome says so, and
  it fails nowhere else, or so much less often that this is not bad luck, or with other errors. So a flaky feature may
  break, too. A setting (machine, mode, depth) that it has not run in since it passed ten times elsewhere is not heard
  any more.
- ``flaky`` when it flipped on the same code (`same_code`), with nothing changed or provoked, and the rate of failure
  has not fallen to nothing since, by as clear a boundary as begins an outage.
- ``unknown`` when a failure stands alone: its code was never seen to pass, nor the failure seen again. Neither a flake
  nor a regression explains it better, and it is forgotten once the passes since exclude a rate of 5 %. Likewise when
  there are fewer than two outcomes, since one agrees with nothing.
- ``stable`` otherwise; so is what was broken, and fixed, however often. Differences between commits are no flips.

Simulated, with one retry of a failure (``benchmarks/flakiness_history.py`` has more): none of 400 regressions and of
800 outages is called flaky, and of 1,200 flakes of 1 to 10 % none broken. One that fails 5, 10, 20 % of the time and
then breaks is called broken after 3, 4, 6 commits, most often. It takes long to heal, since a flake may hide: after 60
clean commits one of 50 % is called stable, after 100 four of five of 20 %, after 250 every second one of 10 %.

The flake rate is the weighted share of failures among all unperturbed outcomes outside outages. Lone failures count:
they may be flakes, and to leave them out would claim to exclude rates that were not. What is true of it:

- To pass on new code, or again on code that it has passed on, never raises the rate, whenever that is; nor does it
  turn an outage into flakes. To pass on code that always failed may: it is what shows that those failures were flakes.
- What the commits are called does not matter, nor the order in which runs and features are given.
- What was broken and then fixed on another commit has no flips.
- What a pull request alone always failed on changes nothing but the counts of runs and failures: it is a change that
  was not taken, or not yet. Whether a feature flips on a pull request's code does count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aicmo_perf.flakiness.clusters import Cluster, Failures, find_clusters
from aicmo_perf.flakiness.infrastructure import count_failures, infrastructure_runs
from aicmo_perf.flakiness.rates import EXCLUDED_RATE, estimate_rate
from aicmo_perf.flakiness.same_code import Code, by_code
from aicmo_perf.flakiness.states import Assessment, assess, state_without_failures
from aicmo_perf.flakiness.unstable_time import MOST_RUNS, UnstableTime, unstable_time
from aicmo_perf.model import FailureCount, Feature, FeatureKey, IterationKind, RateEstimate, Run
from aicmo_perf.model.outcomes import FlakyState, RunOutcomes

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPolicy:
    """How the record is read.

    Attributes:
        half_life_days: an outcome this much older than the newest run counts half as much in the flake rate.
        excluded_rate: a lone failure is forgotten once the passes since exclude this rate (95 %).
    """

    half_life_days: float = 30.0
    excluded_rate: float = EXCLUDED_RATE

    def __post_init__(self) -> None:
        if not self.half_life_days > 0 or not 0 < self.excluded_rate < 1:
            raise ValueError("a half-life is positive, and a rate lies between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Alike failures of a feature.

    Attributes:
        fingerprint: what they have in common; None for failures of which no error is known.
        message: the first line of the newest one's error; may be empty.
        count: outcomes.
        first, last: the runs that had the first and the last one.
    """

    fingerprint: str | None
    message: str
    count: int
    first: Run
    last: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """What the history says of one feature. Runs that were set aside do not count in any of it.

    Attributes:
        feature: which one.
        state: see there.
        rate: how often it fails on code that it passes on, and in all iterations if it passes only in perturbed ones;
            recent runs weigh more.
        flip_count: outcomes that differ from what it usually did on the same code, with nothing changed.
        provoked_flip_count: the same of perturbed iterations, on code on which all others agree.
        run_count: runs that have an outcome.
        failing_run_count: runs in which it failed at least once with nothing changed.
        first_flip, last_flip: the first and the last run that has a flip, of either kind; None without one.
        broken_since: the first run of those in which it always fails by now; None unless it is broken.
        last_failure: the newest run in which it failed, perturbed or not; None when it never did.
        failure_groups: the most frequent first.
        retry_seconds: what its retries took, all together.
        unstable_time: the two levels of its runtime; None when it has one.
    """

    feature: Feature
    state: FlakyState
    rate: RateEstimate
    flip_count: int = 0
    provoked_flip_count: int = 0
    run_count: int = 0
    failing_run_count: int = 0
    first_flip: Run | None = None
    last_flip: Run | None = None
    broken_since: Run | None = None
    last_failure: Run | None = None
    failure_groups: tuple[FailureGroup, ...] = ()
    retry_seconds: float = 0.0
    unstable_time: UnstableTime | None = None

    @property
    def key(self) -> FeatureKey:
        """The identity of its feature."""
        return self.feature.key

    def has_healed(self, excluded_rate: float) -> bool:
        """Whether it passes, and that it fails as often as this is excluded."""
        highest = self.rate.not_excluded if self.rate.not_excluded is not None else self.rate.high
        return self.state is FlakyState.STABLE and highest <= excluded_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakinessRecord:
    """What the history says of all features.

    Attributes:
        features: those that need a person first: flaky ones by their rate, then broken, unknown and stable ones.
        clusters: features that fail together, the largest first.
        infrastructure_runs: in which most features failed; they were set aside. Oldest first.
        run_count: runs that were read, those set aside included.
    """

    features: tuple[FeatureRecord, ...]
    clusters: tuple[Cluster, ...] = ()
    infrastructure_runs: tuple[Run, ...] = ()
    run_count: int = 0

    def of(self, key: FeatureKey) -> FeatureRecord | None:
        """The record of one feature; None when there is none."""
        return next((record for record in self.features if record.key == key), None)


def read_history(
    outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]],
    features: Sequence[Feature],
    policy: RecordPolicy = RecordPolicy(),
    *,
    failure_counts: Mapping[str, FailureCount] | None = None,
) -> FlakinessRecord:
    """Read the record of some features.

    Args:
        outcomes: by feature, one RunOutcomes a run, in any order.
        features: those to be told of; one without outcomes is unknown.
        policy: how.
        failure_counts: of each run by its uuid, since infrastructure shows in all features together; None when the
            outcomes are those of all.
    """
    past = _Past.of(outcomes, policy, count_failures(outcomes) if failure_counts is None else failure_counts)
    read = [_read_feature(feature, past.in_order(outcomes.get(feature.key, ())), past, policy) for feature in features]
    return FlakinessRecord(
        features=tuple(sorted((one.record for one in read), key=_urgency)),
        clusters=find_clusters({one.record.key: one.failures for one in read if one.failures}),
        infrastructure_runs=past.set_aside,
        run_count=len(past.places),
    )


_ORDER_OF_STATES = (FlakyState.FLAKY, FlakyState.BROKEN, FlakyState.UNKNOWN, FlakyState.STABLE)


def _urgency(record: FeatureRecord) -> tuple[int, float, int, FeatureKey]:
    state = _ORDER_OF_STATES.index(record.state)
    return (state, -(record.rate.rate or 0.0), -record.flip_count - record.provoked_flip_count, record.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """The runs that were read, once for all features.

    Attributes:
        places: of each run by its uuid, in order of time.
        codes: what each ran.
        weights: of each in the flake rate.
        set_aside: infrastructure, oldest first.
        set_aside_uuids: theirs.
    """

    places: Mapping[str, int]
    codes: Mapping[str, Code]
    weights: Mapping[str, float]
    set_aside: tuple[Run, ...]
    set_aside_uuids: frozenset[str]

    @classmethod
    def of(
        cls,
        outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]],
        policy: RecordPolicy,
        failure_counts: Mapping[str, FailureCount],
    ) -> _Past:
        runs = {of_run.run.uuid: of_run.run for of_feature in outcomes.values() for of_run in of_feature}
        ordered = sorted(runs.values(), key=lambda run: (run.moment, run.uuid))
        codes = {run.uuid: Code.of(run) for run in ordered}
        ages = {run.uuid: (ordered[-1].started_at - run.started_at) / _DAY for run in ordered}
        set_aside = infrastructure_runs(ordered, codes, failure_counts)
        return cls(
            places={run.uuid: place for place, run in enumerate(ordered)},
            codes=codes,
            weights={uuid: 2 ** (-age / policy.half_life_days) for uuid, age in ages.items()},
            set_aside=set_aside,
            set_aside_uuids=frozenset(run.uuid for run in set_aside),
        )

    def in_order(self, of_feature: Sequence[RunOutcomes]) -> list[RunOutcomes]:
        """A feature's runs that were not set aside, oldest first."""
        kept = [of_run for of_run in of_feature if of_run.run.uuid not in self.set_aside_uuids]
        kept.sort(key=lambda of_run: self.places[of_run.run.uuid])
        return kept


@dataclass(frozen=True, slots=True)
class _Read:
    """A feature's record, and when it failed; None for one that is not flaky."""

    record: FeatureRecord
    failures: Failures | None = None


def _read_feature(feature: Feature, runs: Sequence[RunOutcomes], past: _Past, policy: RecordPolicy) -> _Read:
    failing = [run for run in runs if any(outcome.is_failing for outcome in run.outcomes)]
    record = FeatureRecord(
        feature=feature,
        state=state_without_failures(sum(len(run.outcomes) for run in runs)),
        rate=_rate(runs, past, frozenset()),
        run_count=len(runs),
        retry_seconds=sum(run.retry_seconds for run in runs),
        unstable_time=_unstable_time(runs, past),
    )
    # most features of most histories never fail, and need no more than this
    if not failing:
        return _Read(record)
    codes = by_code((past.codes[run.run.uuid] for run in runs), runs)
    if refused := {its.code for its in codes if its.is_refused_change}:
        codes = tuple(its for its in codes if its.code not in refused)
        runs = [run for run in runs if past.codes[run.run.uuid] not in refused]
    assessment = assess(codes, policy.excluded_rate)
    flipping = sorted((run for its in codes for run in its.flipping_runs()), key=lambda run: past.places[run.uuid])
    record = replace(
        record,
        state=assessment.state,
        rate=_rate_of_flaky(runs, past, assessment),
        flip_count=sum(its.flip_count for its in codes),
        provoked_flip_count=sum(its.provoked_count for its in codes),
        failing_run_count=sum(run.is_failing for run in failing),
        first_flip=flipping[0] if flipping else None,
        last_flip=flipping[-1] if flipping else None,
        broken_since=assessment.broken_since,
        last_failure=failing[-1].run,
        failure_groups=_failure_groups(failing),
    )
    if record.state is not FlakyState.FLAKY:
        return _Read(record)
    return _Read(record, _failures(runs, past, assessment.outage_codes))


def _rate_of_flaky(runs: Sequence[RunOutcomes], past: _Past, assessment: Assessment) -> RateEstimate:
    """The flake rate; of one that always fails unless it is provoked, how often it fails in iterations of any kind.

    A feature that is measured is called again and again, and one that fails now and then nearly always fails.
    """
    rate = _rate(runs, past, assessment.outage_codes)
    if assessment.state is FlakyState.FLAKY and not rate.run_count:
        return _rate(runs, past, frozenset(), of_any_kind=True)
    return rate


def _rate(
    runs: Sequence[RunOutcomes], past: _Past, outage_codes: frozenset[Code], *, of_any_kind: bool = False
) -> RateEstimate:
    failed = passed = 0.0
    for run in runs:
        uuid = run.run.uuid
        if outage_codes and past.codes[uuid] in outage_codes:
            continue
        weight = past.weights[uuid]
        for outcome in run.outcomes:
            if not (of_any_kind or outcome.kind.is_unperturbed):
                continue
            if outcome.is_failing:
                failed += weight
            else:
                passed += weight
    return estimate_rate(failed, failed + passed)


def _failures(runs: Sequence[RunOutcomes], past: _Past, outage_codes: frozenset[Code]) -> Failures:
    """When a feature failed by itself, outages apart.

    A perturbed iteration changes much at once, and features that mind different things fail in it together. Retries
    are for those that failed before.
    """
    moments = {
        (run.run.uuid, place): outcome.is_failing
        for run in runs
        if past.codes[run.run.uuid] not in outage_codes
        for place, outcome in enumerate(run.outcomes)
        if outcome.kind.is_unperturbed and outcome.kind is not IterationKind.RETRY
    }
    return Failures(frozenset(moment for moment, failed in moments.items() if failed), len(moments))


def _failure_groups(failing: Sequence[RunOutcomes]) -> tuple[FailureGroup, ...]:
    groups: dict[str | None, FailureGroup] = {}
    for run in failing:
        for outcome in run.outcomes:
            if outcome.is_failing:
                group = groups.get(outcome.failure)
                groups[outcome.failure] = FailureGroup(
                    fingerprint=outcome.failure,
                    message=outcome.message or (group.message if group else ""),
                    count=group.count + 1 if group else 1,
                    first=group.first if group else run.run,
                    last=run.run,
                )
    return tuple(sorted(groups.values(), key=lambda group: (-group.count, group.fingerprint or "")))


def _unstable_time(runs: Sequence[RunOutcomes], past: _Past) -> UnstableTime | None:
    """Of the setting that it was last measured in, since runtimes of two machines are two levels anyway."""
    newest_first: list[float] = []
    setting = None
    for run in reversed(runs):
        if run.low_seconds is None:
            continue
        its_setting = past.codes[run.run.uuid].setting
        setting = setting or its_setting
        if its_setting == setting:
            newest_first.append(run.low_seconds)
            if len(newest_first) == MOST_RUNS:
                break
    return unstable_time(newest_first[::-1])
