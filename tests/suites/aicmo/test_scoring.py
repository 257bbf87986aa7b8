"""Laws of the shares that generators draw from a brief."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.suites.aicmo.brief import ClientBrief, Need
from aicmo_perf.suites.aicmo.briefs import BRIEFS, LEDGERLINE, OUTDOOR_SHOP
from aicmo_perf.suites.aicmo.scoring import (
    apportion,
    best_product,
    channel_reach,
    channel_weights,
    need_demand,
    product_fit,
    rank_weights,
    rival_coverage,
    value_shares,
)

NAMES = st.sampled_from("abcdef")


@given(
    seats=st.integers(0, 60),
    parties=st.dictionaries(NAMES, st.tuples(st.floats(0.01, 100), st.integers(0, 20)), min_size=1),
)
def test_seats_are_given_within_caps_and_none_is_lost(seats: int, parties: dict[str, tuple[float, int]]) -> None:
    caps = {name: cap for name, (_, cap) in parties.items()}
    given_seats = apportion(seats, {name: weight for name, (weight, _) in parties.items()}, caps)
    assert sum(given_seats.values()) == min(seats, sum(caps.values()))
    assert all(0 <= given_seats[name] <= cap for name, cap in caps.items())


@given(seats=st.integers(0, 40), parties=st.dictionaries(NAMES, st.floats(0.01, 100), min_size=2))
def test_one_seat_more_takes_none_away(seats: int, parties: dict[str, float]) -> None:
    caps = dict.fromkeys(parties, 100)
    before, after = apportion(seats, parties, caps), apportion(seats + 1, parties, caps)
    assert all(after[name] >= before[name] for name in parties)


def test_seats_follow_the_weights() -> None:
    # the textbook example of Sainte-Laguë: 53, 24, 23 of 100 votes and 7 seats give 3, 2, 2
    assert apportion(7, {"a": 53, "b": 24, "c": 23}, dict.fromkeys("abc", 7)) == {"a": 3, "b": 2, "c": 2}


@given(st.integers(1, 50))
def test_rank_weights_fall_and_sum_to_one(count: int) -> None:
    weights = rank_weights(count)
    assert sum(weights) == pytest.approx(1)
    assert list(weights) == sorted(weights, reverse=True)


@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.company)
def test_shares_of_a_brief_sum_to_one(brief: ClientBrief) -> None:
    assert sum(value_shares(brief.segments).values()) == pytest.approx(1)
    assert sum(need_demand(brief).values()) == pytest.approx(1)
    assert sum(channel_weights(brief).values()) == pytest.approx(1)


def test_reach_counts_only_channels_the_client_runs() -> None:
    walkers, climbers, _ = OUTDOOR_SHOP.segments
    assert channel_reach(OUTDOOR_SHOP, walkers) == pytest.approx(1)
    assert channel_reach(OUTDOOR_SHOP, climbers) == pytest.approx(1 / (1 + 1 / 2 + 1 / 3)), "Instagram, of three"


def test_coverage_rises_with_every_competitor_that_answers() -> None:
    everybody = tuple(dataclasses.replace(rival, answers=tuple(Need)) for rival in LEDGERLINE.competitors)
    assert rival_coverage(LEDGERLINE, Need.SUSTAINABILITY) == 0
    assert 0 < rival_coverage(LEDGERLINE, Need.RELIABILITY) < 1
    assert rival_coverage(dataclasses.replace(LEDGERLINE, competitors=everybody), Need.SUSTAINABILITY) == 1


def test_what_a_segment_cannot_afford_suits_it_less() -> None:
    owners, product = LEDGERLINE.segments[0], LEDGERLINE.products[1]
    poorer = dataclasses.replace(owners, annual_spend_cents=product.price_cents // 4)
    assert product_fit(product, poorer) == pytest.approx(product_fit(product, owners) / 4, rel=1e-3)


def test_each_segment_is_offered_what_answers_its_needs() -> None:
    offers = [best_product(LEDGERLINE, segment).name for segment in LEDGERLINE.segments]
    assert offers == ["Ledgerline Team", "Ledgerline Solo", "Ledgerline Practice"]
