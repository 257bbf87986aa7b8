"""What the store knows of the features that need it: those that failed, disagreed with themselves, got slower or are
set aside.

A run in which there are none reads nothing of the past for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aicmo_perf.comparison import RunComparison
from aicmo_perf.config import Settings
from aicmo_perf.gate import Knowledge
from aicmo_perf.model import Change, Feature, FeatureKey, Run, RunFilter, RunOutcomes, SelfTestResult
from aicmo_perf.store import Store
from aicmo_perf.workflows.quarantine import quarantine_entries, quarantine_of, today

if TYPE_CHECKING:  # not needed where nothing failed
    from aicmo_perf.flakiness.history import FeatureRecord

MOST_RUNS = 1000
"""How far back a record goes: half a year of five runs a day, after which a flake counts next to nothing."""

_RETRIES = 3
"""Where no commit tells the code apart, so many runs may be repetitions of this one."""


def read_knowledge(store: Store, result: SelfTestResult, comparison: RunComparison, settings: Settings) -> Knowledge:
    """What is known of a run's features besides its baselines.

    Args:
        store: where the past and the quarantine are.
        result: the run, as stored.
        comparison: the run beside its baselines.
        settings: with the configuration's quarantine, and how fast a record fades.
    """
    features = {status.key: status.feature for status in result.features}
    quarantined = quarantine_of(quarantine_entries(store, settings), features.values())
    inconsistent = {status.key for status in result.features if status.status.is_failing or status.is_flaky}
    slower = {item.feature.key for item in comparison.features if item.change is Change.REGRESSED}
    wanted = [feature for key, feature in features.items() if key in inconsistent | slower | quarantined.keys()]
    if not wanted:
        return Knowledge(today=today())
    outcomes = store.outcomes(
        RunFilter(mode=result.run.mode, before=result.run.moment, pull_requests=False, last=MOST_RUNS), wanted
    )
    failing = [status.feature for status in result.features if status.status.is_failing]
    return Knowledge(
        records=_records(store, result.run, outcomes, wanted, settings),
        quarantined=quarantined,
        passed_here=_passed_here(store, result.run, failing),
        today=today(),
    )


def _records(
    store: Store,
    run: Run,
    outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]],
    features: Sequence[Feature],
    settings: Settings,
) -> dict[FeatureKey, FeatureRecord]:
    """The records of some features over earlier code."""
    from aicmo_perf.flakiness.history import RecordPolicy, read_history  # not needed where nothing failed

    runs = {past.run.uuid: past.run for of_feature in outcomes.values() for past in of_feature}
    left_out = _of_this_code(run, runs.values())
    kept = {key: [past for past in of_feature if past.run.uuid not in left_out] for key, of_feature in outcomes.items()}
    policy = RecordPolicy(half_life_days=settings.flakiness.half_life_days)
    record = read_history(kept, features, policy, failure_counts=store.failure_counts(tuple(runs.values())))
    return {one.key: one for one in record.features}


def _passed_here(store: Store, run: Run, failing: Sequence[Feature]) -> frozenset[FeatureKey]:
    """Those that earlier runs of the same code saw pass in the same environment, a pull request's own among them."""
    if not failing or run.commit_sha is None or run.dirty:
        return frozenset()
    same_code = RunFilter(
        commit_sha=run.commit_sha, mode=run.mode, environment=run.environment.fingerprint, before=run.moment
    )
    return frozenset(
        key
        for key, of_feature in store.outcomes(same_code, failing).items()
        if any(
            outcome.kind.is_unperturbed and not outcome.is_failing
            for past in of_feature
            if not past.run.dirty
            for outcome in past.outcomes
        )
    )


def _of_this_code(run: Run, runs: Iterable[Run]) -> frozenset[str]:
    """The runs of the very code under judgement, lest repeating a red run make its flake a known one."""
    if run.commit_sha is not None:
        return frozenset(past.uuid for past in runs if run.has_code_of(past))
    return frozenset(past.uuid for past in sorted(runs, key=lambda past: past.moment)[-_RETRIES:])
