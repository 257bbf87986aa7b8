"""What the store knows of flakiness: outcomes over all its runs, findings of checks, and the quarantine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from aicmo_perf.config import Settings
from aicmo_perf.flakiness.history import FlakinessRecord, RecordPolicy, read_history
from aicmo_perf.flakiness.overview import FlakinessOverview, PastFinding
from aicmo_perf.model import Feature, FeatureKey, FlakyState, RunFilter
from aicmo_perf.store import Store, open_store
from aicmo_perf.workflows.history import find_features
from aicmo_perf.workflows.quarantine import quarantine_entries, quarantine_of, today


@dataclass(frozen=True, slots=True)
class KnownFlakiness:
    """What is known.

    Attributes:
        overview: of all features, or of those that were asked for.
        is_one_feature: whether a single feature was asked for and is meant.
    """

    overview: FlakinessOverview
    is_one_feature: bool

    def in_state(self, states: Sequence[FlakyState]) -> bool:
        """Whether any feature that is not in quarantine is in one of these states."""
        return any(
            record.state in states and not self.overview.is_set_aside(record.key)
            for record in self.overview.record.features
        )


def load_flakiness(
    settings: Settings, globs: Sequence[str], window: RunFilter, *, on: date | None = None
) -> KnownFlakiness:
    """What is known of the features that the globs name (of all without any) from the runs of the window.

    All features are read whatever is asked for: only so an outage can be told from a flake, and who fails together.

    Args:
        settings: the database, the half-life, the configuration's quarantine.
        globs: names or globs.
        window: which runs.
        on: today.

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    policy = RecordPolicy(half_life_days=settings.flakiness.half_life_days)
    with open_store(settings.db_url, write=False) as store:
        every = store.features(suite=window.suite)
        features = find_features(store, globs, window.suite) if globs else every
        record = read_history(store.outcomes(window), every, policy)
        findings = _findings(store, features)
        quarantined = quarantine_of(quarantine_entries(store, settings), features)
    overview = FlakinessOverview(
        record=_restricted(record, {feature.key for feature in features}),
        policy=policy,
        findings=findings,
        quarantined=quarantined,
        today=on or today(),
    )
    return KnownFlakiness(overview, is_one_feature=bool(globs) and len(features) == 1)


def _findings(store: Store, features: Sequence[Feature]) -> dict[FeatureKey, tuple[PastFinding, ...]]:
    """Of one feature all that checks ever found out, of several the newest of each."""
    if len(features) == 1:
        found = store.findings_of(features[0])
        return {features[0].key: tuple(PastFinding(run=run, finding=finding) for run, finding in found)}
    latest = store.latest_findings()
    return {
        feature.key: (PastFinding(run=latest[feature.key][0], finding=latest[feature.key][1]),)
        for feature in features
        if feature.key in latest
    }


def _restricted(record: FlakinessRecord, keys: Collection[FeatureKey]) -> FlakinessRecord:
    """The record of some features, and the clusters that any of them is in."""
    return replace(
        record,
        features=tuple(one for one in record.features if one.key in keys),
        clusters=tuple(cluster for cluster in record.clusters if not set(cluster.features).isdisjoint(keys)),
    )
