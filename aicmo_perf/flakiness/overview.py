"""All that is known of flakiness, side by side: what the history says, what checks found out, what is set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from aicmo_perf.flakiness.history import FeatureRecord, FlakinessRecord, RecordPolicy
from aicmo_perf.model import FeatureKey, FlakinessFinding, FlakyState, Quarantine, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFinding:
    """What a flakiness check once found out.

    Attributes:
        run: the run that checked.
        finding: what it found.
    """

    run: Run
    finding: FlakinessFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakinessOverview:
    """What is known of some features.

    Attributes:
        record: what the history says of them.
        policy: how it was read.
        findings: what checks found out of each, oldest first, or the newest alone; features that were never
            inconsistent have no entry.
        quarantined: what counts for each feature that is in quarantine, expired or not.
        today: for expiry.
    """

    record: FlakinessRecord
    policy: RecordPolicy = field(default_factory=RecordPolicy)
    findings: Mapping[FeatureKey, tuple[PastFinding, ...]] = field(default_factory=dict)
    quarantined: Mapping[FeatureKey, Quarantine] = field(default_factory=dict)
    today: date

    def newest_finding(self, key: FeatureKey) -> PastFinding | None:
        """The last time that a check found a feature inconsistent; None if none ever did."""
        found = self.findings.get(key, ())
        return found[-1] if found else None

    def is_set_aside(self, key: FeatureKey) -> bool:
        """Whether a feature is in quarantine today."""
        entry = self.quarantined.get(key)
        return entry is not None and not entry.is_expired(self.today)

    def is_healed(self, record: FeatureRecord) -> bool:
        """Whether a feature passes, and the rate below which one is forgotten is excluded: it may leave quarantine."""
        return record.has_healed(self.policy.excluded_rate)

    def needs_a_look(self, record: FeatureRecord) -> bool:
        """Whether there is anything to say of a feature but that it passes."""
        return (
            record.state in (FlakyState.FLAKY, FlakyState.BROKEN)
            or (record.state is FlakyState.UNKNOWN and record.last_failure is not None)
            or record.unstable_time is not None
            or record.key in self.quarantined
        )
