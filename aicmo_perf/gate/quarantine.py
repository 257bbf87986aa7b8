"""What has to be said of features in quarantine: that a failure did not count, and when the quarantine is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aicmo_perf.flakiness.rates import EXCLUDED_RATE, estimate_rate
from aicmo_perf.flakiness.wording import rate_text
from aicmo_perf.gate.attempts import Attempts, Standing
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.gate.wording import quoted, title_of
from aicmo_perf.model import FeatureStatus, FlakyState, Quarantine, RateEstimate

if TYPE_CHECKING:  # nothing of it is needed where nothing failed
    from aicmo_perf.flakiness.history import FeatureRecord


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
    # whoever asks for a lower rate wants to be surer
    excluded_rate = min(case.run.options.until_rate or EXCLUDED_RATE, EXCLUDED_RATE)
    rate = _healed_rate(record, case.attempts[status.key], excluded_rate)
    if rate is not None:
        return f"{name} is {held} and may be released ({rate_text(rate)}): {_release(entry)}."
    return ""


def _healed_rate(record: FeatureRecord | None, attempts: Attempts, excluded_rate: float) -> RateEstimate | None:
    """What says that a feature has healed: the run alone, if it is long enough, else its record; None for neither."""
    here = estimate_rate(len(attempts.failed), len(attempts.made))
    if here.not_excluded is not None and here.not_excluded <= excluded_rate:
        return here
    return record.rate if record is not None and record.has_healed(excluded_rate) else None


def _release(entry: Quarantine) -> str:
    if entry.in_file:
        return f"take {entry.feature!r} out of the configuration's quarantine"
    return f"aicmo-perf flaky quarantine remove {quoted(entry.feature)}"
