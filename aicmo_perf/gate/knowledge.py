"""What was known before a run: the records of its features, and which of them are in quarantine.

The record is of earlier code. Runs of the very code under judgement are left out of it, and those of pull requests,
lest repeating a red job make its flake a known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from aicmo_perf.model import FeatureKey, FlakyState, Quarantine

if TYPE_CHECKING:  # nothing of it is needed where nothing failed
    from aicmo_perf.flakiness.history import FeatureRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of the features of a run.

    Attributes:
        records: of those that fail, disagree with themselves, got slower or are in quarantine.
        quarantined: what counts for each feature that is in quarantine; what has expired is there, too.
        passed_here: those that fail, and that an earlier run of the very code under judgement saw pass with nothing
            changed.
        today: for expiry.
    """

    records: Mapping[FeatureKey, FeatureRecord] = field(default_factory=dict)
    quarantined: Mapping[FeatureKey, Quarantine] = field(default_factory=dict)
    passed_here: frozenset[FeatureKey] = frozenset()
    today: date

    def state_of(self, key: FeatureKey) -> FlakyState:
        """What a feature is known as; unknown when it has no record."""
        record = self.records.get(key)
        return record.state if record is not None else FlakyState.UNKNOWN

    def in_force(self, key: FeatureKey) -> Quarantine | None:
        """The quarantine that a feature is in; None if there is none, or it has expired."""
        entry = self.quarantined.get(key)
        return entry if entry is not None and not entry.is_expired(self.today) else None
