"""What has to be said of features in quarantine: that a failure did not count, and when the quarantine is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aicmo_perf.flakiness.wording import rate_text
from aicmo_perf.gate.attempts import Standing
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.gate.wording import quoted, title_of
from aicmo_perf.model import FeatureStatus, FlakyState, Quarantine

if TYPE_CHECKING:  # nothing of it is needed where nothing failed
    from aicmo_perf.flakiness.history import FeatureRecord

HEALED_RATE = 0.05
"""A feature may leave quarantine when this flake rate is excluded, unless the check excludes a lower one."""


def quarantine_notes(case: Case) -> Iterator[str]:
    """One sentence for each feature in quarantine that failed, has healed or is broken, or whose time is over."""
    if case.knowledge is None:
        return
    for status in case.result.features:
        entry = case.knowledge.quarantined.get(status.key)
        if entry is not None and (sentence := _sentence(case, case.knowledge, status, entry)):
            yield sentence


def _sentence(case: Case, knowledge: Knowledge, status: FeatureStatus, entry: Quarantine) -> str:
    name, why = case.label(status.feature), " ".join(entry.reason.split()).rstrip(".")
    if entry.is_expired(knowledge.today):
        return f"The quarantine of {name} expired on {entry.until} ({why}): its failures gate again."
    record = knowledge.records.get(status.key)
    held = f"quarantined until {entry.until} ({why})"
    if case.standings[status.key] is Standing.QUARANTINED:
        attempts = case.attempts[status.key]
        text = f"{name} {attempts.story} and is {held}: it does not gate"
        if record is not None and record.state is FlakyState.BROKEN and not attempts.has_passed:
            since = f" since {title_of(record.broken_since)}" if record.broken_since is not None else ""
            text += f"; it has failed always{since}, which is broken, not flaky"
        return f"{text}."
    if record is not None and _is_healed(record, case.run.options.until_rate or HEALED_RATE):
        return f"{name} is {held} and may be released ({rate_text(record.rate)}): {_release(entry)}."
    return ""


def _is_healed(record: FeatureRecord, rate: float) -> bool:
    """Whether it passes, and a flake rate as high as this one is excluded."""
    if record.state is not FlakyState.STABLE:
        return False
    excluded = record.rate.not_excluded if record.rate.not_excluded is not None else record.rate.high
    return excluded <= rate


def _release(entry: Quarantine) -> str:
    if entry.in_file:
        return f"take {entry.feature!r} out of the configuration's quarantine"
    return f"aicmo-perf flaky quarantine remove {quoted(entry.feature)}"
