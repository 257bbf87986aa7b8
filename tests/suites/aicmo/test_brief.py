"""A brief that exists makes sense: what contradicts itself cannot be made."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from aicmo_perf.suites.aicmo.brief import ClientBrief, Weekday, avoided_words_in
from aicmo_perf.suites.aicmo.briefs import BRIEFS, INN, LEDGERLINE, OUTDOOR_SHOP, TRATTORIA

SEGMENT, RIVAL, CHANNEL = LEDGERLINE.segments[0], LEDGERLINE.competitors[0], LEDGERLINE.channels[0]


@pytest.mark.parametrize(
    ("owner", "changes"),
    [
        (LEDGERLINE, {"company": "  "}),
        (LEDGERLINE, {"company": "Ledger\nline"}),
        (LEDGERLINE, {"products": ()}),
        (LEDGERLINE, {"products": LEDGERLINE.products[:2]}),
        (LEDGERLINE, {"segments": (SEGMENT, SEGMENT)}),
        (LEDGERLINE, {"market_share_ratio": 0.5}),
        (LEDGERLINE, {"rating": 5.1}),
        (LEDGERLINE, {"week_count": 0}),
        (LEDGERLINE, {"media_budget_cents": -1}),
        (LEDGERLINE, {"closed_weekdays": tuple(Weekday)}),
        (LEDGERLINE, {"given_names": ("Sanne", "Sanne", "Sanne")}),
        (LEDGERLINE, {"starts_on": dt.date(2026, 1, 1)}),
        (LEDGERLINE, {"engagement_benchmark_ratio": 0.0}),
        (SEGMENT, {"youngest_years": 60}),
        (SEGMENT, {"customer_count": 0}),
        (RIVAL, {"typical_price_cents": 0}),
        (RIVAL, {"market_share_ratio": 1.2}),
        (CHANNEL, {"best_hours": (24,)}),
        (CHANNEL, {"formats": ()}),
        (CHANNEL, {"max_posts_per_week": 0}),
        (LEDGERLINE.goals[0], {"target": 0}),
        (LEDGERLINE.products[0], {"price_cents": 0}),
        (LEDGERLINE.proof_points[0], {"claim": ""}),
    ],
)
def test_contradictions_are_refused(owner: object, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        dataclasses.replace(owner, **changes)  # type: ignore[type-var]


@pytest.mark.parametrize("text", ["lost \ud800 half", "two\nlines", "a bell \x07"])
def test_no_text_however_deep_inside_has_what_a_document_cannot_show(text: str) -> None:
    segment = dataclasses.replace(SEGMENT, pain=text)
    with pytest.raises(ValueError, match="control characters"):
        dataclasses.replace(LEDGERLINE, segments=(segment, *LEDGERLINE.segments[1:]))


def test_the_reference_clients_differ_in_what_the_features_depend_on() -> None:
    assert len({brief.company for brief in BRIEFS}) == len(BRIEFS) >= 4
    assert {brief.currency for brief in BRIEFS} == {"EUR", "GBP", "CHF"}
    assert all(brief.closed_weekdays for brief in BRIEFS)
    assert any(brief.market_growth_ratio < 0 for brief in BRIEFS)
    assert any(goal.target < goal.current for brief in BRIEFS for goal in brief.goals)
    assert all(character in INN.company for character in '"<>&ü—🦁')


@pytest.mark.parametrize(
    ("brief", "cents", "shown"),
    [
        (LEDGERLINE, 129_000, "€1,290"),
        (LEDGERLINE, 1_290, "€12.90"),
        (OUTDOOR_SHOP, -500, "-£5"),
        (INN, 123_456_705, "CHF 1,234,567.05"),
        (TRATTORIA, 0, "€0"),
    ],
)
def test_money_reads_as_people_write_it(brief: ClientBrief, cents: int, shown: str) -> None:
    assert brief.money(cents) == shown


def test_closed_weekdays_and_closed_dates_are_not_open() -> None:
    assert not TRATTORIA.is_open_on(dt.date(2025, 9, 22)), "a Monday"
    assert not TRATTORIA.is_open_on(dt.date(2025, 10, 3)), "a holiday, on a Friday"
    assert TRATTORIA.is_open_on(dt.date(2025, 10, 10))
    assert TRATTORIA.last_day == dt.date(2025, 10, 19)


def test_avoided_words_are_found_in_any_case() -> None:
    complaints = avoided_words_in(("A CHEAP plan", "a fair plan", "cheap and Revolutionary"), LEDGERLINE)
    assert len(complaints) == 3
    assert "'A CHEAP plan'" in complaints[0]
