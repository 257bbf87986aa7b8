"""What many runs say of each feature: stable, flaky, broken or unknown, how often, since when, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aicmo_perf.flakiness.clusters import Cluster
from aicmo_perf.flakiness.unstable_time import UnstableTime
from aicmo_perf.model import Feature, FeatureKey, RateEstimate, Run
from aicmo_perf.model.outcomes import FlakyState, RunOutcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPolicy:
    """How the record is read.

    Attributes:
        half_life_days: an outcome this much older than the newest run counts half as much in the flake rate.
        excluded_rate: a lone failure is forgotten once the passes since exclude this rate (95 %).
    """

    half_life_days: float = 30.0
    excluded_rate: float = 0.05

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
        rate: how often it fails on code that it passes on; recent runs weigh more.
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
    policy: RecordPolicy = RecordPolicy(),  # noqa: B008
) -> FlakinessRecord:
    """Read the record of some features.

    Args:
        outcomes: by feature, one RunOutcomes a run.
        features: those to be told of; one without outcomes is unknown.
        policy: how.
    """
    raise NotImplementedError
