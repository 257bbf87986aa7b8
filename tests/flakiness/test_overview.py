"""What is known of flakiness, side by side: who is set aside, who has healed, who needs a look."""

from __future__ import annotations

import dataclasses
from datetime import date

from aicmo_perf.model import FlakyState
from tests.report.flaky_examples import CALENDAR, DECK, PDF, PERSONA, PILLARS, SWOT, known

RECORDS = {record.key: record for record in known().record.features}


def test_a_feature_is_healed_when_it_is_stable_and_the_rate_is_excluded() -> None:
    assert known().is_healed(RECORDS[PILLARS.key])
    assert not known().is_healed(RECORDS[PDF.key]), "of 40 runs, 7.2% can hide"
    for state in FlakyState:
        healed = known().is_healed(dataclasses.replace(RECORDS[PILLARS.key], state=state))
        assert healed is (state is FlakyState.STABLE)


def test_a_stable_feature_that_once_differed_is_healed_by_the_upper_end_of_its_interval() -> None:
    rate = dataclasses.replace(RECORDS[PILLARS.key].rate, deviating_count=1.0, not_excluded=None, high=0.04)
    assert known().is_healed(dataclasses.replace(RECORDS[PILLARS.key], rate=rate))
    assert not known().is_healed(dataclasses.replace(RECORDS[PILLARS.key], rate=dataclasses.replace(rate, high=0.06)))


def test_an_expired_quarantine_sets_nothing_aside() -> None:
    assert not known().is_set_aside(DECK.key)
    assert known().is_set_aside(PERSONA.key)
    assert known(today=date(2025, 4, 30)).is_set_aside(PERSONA.key), "the last day counts"
    assert not known(today=date(2025, 5, 1)).is_set_aside(PERSONA.key)
    assert not known().is_set_aside(PDF.key)


def test_what_only_passes_needs_no_look() -> None:
    overview = known(quarantined={})
    looked_at = {key for key, record in RECORDS.items() if overview.needs_a_look(record)}
    assert looked_at == {PERSONA.key, DECK.key, SWOT.key, CALENDAR.key, PILLARS.key}, "pillars is unstable in time"
    untried = dataclasses.replace(RECORDS[CALENDAR.key], last_failure=None)
    assert not overview.needs_a_look(untried), "unknown for want of runs"
    assert known().needs_a_look(dataclasses.replace(RECORDS[PILLARS.key], unstable_time=None)), "it is in quarantine"


def test_the_newest_finding_counts() -> None:
    newest = known().newest_finding(PERSONA.key)
    assert newest is not None
    assert newest.run.id == 40
    assert known().newest_finding(PDF.key) is None
