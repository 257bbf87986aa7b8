"""What every generator owes: its output follows from the brief, and a seed fixes its wording."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo_perf.suites.aicmo.brief import (
    Channel,
    ClientBrief,
    Competitor,
    Goal,
    Need,
    Product,
    ProofPoint,
    Segment,
    Weekday,
)
from aicmo_perf.suites.aicmo.briefs import BRIEFS, LEDGERLINE, OUTDOOR_SHOP, TRATTORIA
from aicmo_perf.suites.aicmo.generators import messaging_pillars, personas, situation_analysis, social_calendar, swot
from aicmo_perf.suites.aicmo.generators.swot import Quadrant
from aicmo_perf.suites.aicmo.phrasing import Facts, Wording, phrase_by_template


@dataclass(frozen=True)
class Generator:
    write: Callable[[ClientBrief, Any], Any]
    check: Callable[[Any], list[str]]


GENERATORS = {
    "personas": Generator(personas.write_personas, personas.check_personas),
    "calendar": Generator(social_calendar.write_social_calendar, social_calendar.check_social_calendar),
    "situation": Generator(situation_analysis.write_situation_analysis, situation_analysis.check_situation_analysis),
    "pillars": Generator(messaging_pillars.write_messaging_pillars, messaging_pillars.check_messaging_pillars),
    "swot": Generator(swot.write_swot, swot.check_swot),
}


def facts_only(kind: Wording, facts: Facts) -> str:
    """Words nothing: what differs between two outputs then follows from the briefs."""
    return f"{kind}: {' / '.join(facts.values())}"


def fixed(write: Callable[[ClientBrief, Any], Any], brief: ClientBrief, seed: int = 42) -> Any:
    random.seed(seed)
    return write(brief, phrase_by_template)


# briefs of any shape -------------------------------------------------------------------------------------------------

NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12
)  # quotes, emoji and angle brackets too
NEEDS = st.lists(st.sampled_from(Need), min_size=1, max_size=4, unique=True).map(tuple)
SHARES = st.floats(0, 1)
CHANNEL_NAMES = ("Instagram", "LinkedIn", "Newsletter", "Podcast")


def some(item: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(item, min_size=1, max_size=most, unique_by=lambda each: each.name).map(tuple)


PRODUCTS = some(
    st.builds(
        Product,
        name=NAMES,
        price_cents=st.integers(1, 10**6),
        revenue_share_ratio=st.just(0.0),
        answers=NEEDS,
        benefit=NAMES,
    )
).map(lambda products: tuple(dataclasses.replace(each, revenue_share_ratio=1 / len(products)) for each in products))
SEGMENTS = some(
    st.builds(
        Segment,
        name=NAMES,
        roles=st.lists(NAMES, min_size=1, max_size=3).map(tuple),
        youngest_years=st.integers(18, 40),
        oldest_years=st.integers(40, 90),
        customer_count=st.integers(1, 10**6),
        annual_spend_cents=st.integers(1, 10**7),
        needs=NEEDS,
        pain=NAMES,
        channels=st.lists(st.sampled_from(CHANNEL_NAMES), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    most=6,
)
COMPETITORS = some(
    st.builds(
        Competitor,
        name=NAMES,
        typical_price_cents=st.integers(1, 10**6),
        market_share_ratio=st.floats(0, 0.2),
        rating=st.floats(0, 5),
        review_count=st.integers(0, 10**5),
        growth_ratio=st.floats(-0.9, 2),
        answers=NEEDS,
    )
)
CHANNELS = some(
    st.builds(
        Channel,
        name=st.sampled_from(CHANNEL_NAMES),
        follower_count=st.integers(0, 10**6),
        engagement_ratio=SHARES,
        post_cost_cents=st.integers(0, 50_000),
        max_posts_per_week=st.integers(1, 10),
        best_hours=st.lists(st.integers(0, 23), min_size=1, max_size=3).map(tuple),
        formats=st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    )
)
FIRST_DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31))


@st.composite
def any_brief(draw: st.DrawFn) -> ClientBrief:
    starts_on = draw(FIRST_DAYS)
    soon = st.integers(1, 900).map(lambda days: starts_on + dt.timedelta(days=days))
    goals = st.builds(Goal, metric=NAMES, current=st.floats(0.01, 10**6), target=st.floats(0.01, 10**6), due_on=soon)
    return ClientBrief(
        company=draw(NAMES),
        industry=draw(NAMES),
        location=draw(NAMES),
        description=draw(NAMES),
        currency=draw(st.sampled_from(("EUR", "USD", "JPY"))),
        products=draw(PRODUCTS),
        segments=draw(SEGMENTS),
        competitors=draw(COMPETITORS),
        channels=draw(CHANNELS),
        goals=draw(st.lists(goals, min_size=1, max_size=3).map(tuple)),
        proof_points=draw(
            st.lists(st.builds(ProofPoint, need=st.sampled_from(Need), claim=NAMES), min_size=1, max_size=6).map(tuple)
        ),
        market_share_ratio=draw(st.floats(0, 0.2)),
        market_growth_ratio=draw(st.floats(-0.9, 2)),
        rating=draw(st.floats(0, 5)),
        review_count=draw(st.integers(0, 10**5)),
        engagement_benchmark_ratio=draw(st.floats(0.001, 1)),
        prepared_on=starts_on,
        starts_on=starts_on,
        week_count=draw(st.integers(1, 6)),
        posts_per_week=draw(st.integers(1, 9)),
        media_budget_cents=draw(st.integers(0, 10**6)),
        given_names=("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"),
        closed_weekdays=draw(st.lists(st.sampled_from(Weekday), max_size=6, unique=True).map(tuple)),
        closed_dates=draw(st.lists(FIRST_DAYS, max_size=3).map(tuple)),
    )


@pytest.mark.parametrize("name", GENERATORS)
@given(brief=any_brief(), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_check_is_content_with_any_brief(name: str, brief: ClientBrief, seed: int) -> None:
    generator = GENERATORS[name]
    assert generator.check(fixed(generator.write, brief, seed)) == []


# what all generators owe ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.company)
def test_a_seed_fixes_the_output(name: str, brief: ClientBrief) -> None:
    write = GENERATORS[name].write
    assert fixed(write, brief) == fixed(write, brief)


@pytest.mark.parametrize("name", GENERATORS)
def test_another_seed_words_it_otherwise(name: str) -> None:
    outputs = [fixed(GENERATORS[name].write, TRATTORIA, seed) for seed in range(5)]
    assert any(output != outputs[0] for output in outputs)


@pytest.mark.parametrize("name", GENERATORS)
def test_without_wording_every_brief_gets_its_own_output(name: str) -> None:
    outputs = []
    for brief in BRIEFS:
        random.seed(42)
        outputs.append(dataclasses.replace(GENERATORS[name].write(brief, facts_only), brief=None))
    assert all(a != b for index, a in enumerate(outputs) for b in outputs[index + 1 :])


@pytest.mark.parametrize("name", GENERATORS)
def test_texts_with_avoided_words_are_complained_about(name: str) -> None:
    generator = GENERATORS[name]
    output = generator.write(LEDGERLINE, lambda kind, facts: "A revolutionary thing.")
    assert any("revolutionary" in complaint for complaint in generator.check(output))


# personas ------------------------------------------------------------------------------------------------------------


def test_a_segment_that_spends_more_gets_a_larger_share_and_goes_first() -> None:
    shop = OUTDOOR_SHOP
    richer = tuple(
        dataclasses.replace(segment, customer_count=10**6) if "climbers" in segment.name else segment
        for segment in shop.segments
    )
    before = {each.segment: each for each in fixed(personas.write_personas, shop).personas}
    after = fixed(personas.write_personas, dataclasses.replace(shop, segments=richer)).personas
    assert after[0].segment == "student climbers"
    assert after[0].share_ratio > before["student climbers"].share_ratio


def test_only_the_four_most_promising_segments_get_a_persona() -> None:
    extra = tuple(
        dataclasses.replace(LEDGERLINE.segments[1], name=f"hobbyists {index}", customer_count=10) for index in range(3)
    )
    brief = dataclasses.replace(LEDGERLINE, segments=(*extra, *LEDGERLINE.segments))
    kept = {persona.segment for persona in fixed(personas.write_personas, brief).personas}
    assert len(kept) == 4
    assert kept > {segment.name for segment in LEDGERLINE.segments}


def test_a_persona_complains_of_its_segments_pain() -> None:
    written = fixed(personas.write_personas, TRATTORIA)
    pains = {segment.name: segment.pain for segment in TRATTORIA.segments}
    assert all(pains[persona.segment] in persona.voice for persona in written.personas)


# calendar ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.company)
def test_posts_lie_on_open_days_of_the_campaign(brief: ClientBrief) -> None:
    posts = fixed(social_calendar.write_social_calendar, brief).posts
    assert posts
    for post in posts:
        assert brief.starts_on <= post.day < brief.starts_on + dt.timedelta(weeks=brief.week_count)
        assert post.day.weekday() not in brief.closed_weekdays
        assert post.day not in brief.closed_dates


def test_no_money_no_posts_and_enough_money_all_of_them() -> None:
    def posts_for(budget_cents: int) -> int:
        brief = dataclasses.replace(TRATTORIA, media_budget_cents=budget_cents)
        return len(fixed(social_calendar.write_social_calendar, brief).posts)

    budgets = [0, 1_500, 20_000, 60_000, 10**6]
    counts = [posts_for(budget) for budget in budgets]
    assert counts[0] == 0
    assert counts[-1] == TRATTORIA.week_count * TRATTORIA.posts_per_week
    assert counts == sorted(counts)
    assert 0 < counts[2] < counts[-1]


def test_what_no_channel_can_bear_is_accounted_for() -> None:
    mail = dataclasses.replace(LEDGERLINE.channels[1], post_cost_cents=0)
    brief = dataclasses.replace(LEDGERLINE, channels=(mail,), posts_per_week=5)
    calendar = fixed(social_calendar.write_social_calendar, brief)
    assert len(calendar.posts) == brief.week_count
    assert calendar.unplaceable_post_count == 4 * brief.week_count
    assert calendar.unaffordable_post_count == 0


def test_the_heavier_channel_gets_more_posts() -> None:
    def posts_on_facebook(follower_count: int) -> int:
        wide = [dataclasses.replace(each, max_posts_per_week=7) for each in TRATTORIA.channels]
        wide[2] = dataclasses.replace(wide[2], follower_count=follower_count)
        brief = dataclasses.replace(TRATTORIA, channels=tuple(wide))
        posts = fixed(social_calendar.write_social_calendar, brief).posts
        return sum(post.channel == "Facebook" for post in posts)

    assert posts_on_facebook(500_000) > posts_on_facebook(100)


def test_captions_speak_for_a_proven_claim() -> None:
    calendar = fixed(social_calendar.write_social_calendar, OUTDOOR_SHOP)
    for post in calendar.posts:
        claims = [point.claim for point in OUTDOOR_SHOP.proof_points if point.need is post.need]
        assert any(claim.casefold() in post.caption.casefold() for claim in claims)


# situation -----------------------------------------------------------------------------------------------------------


def test_the_competitor_that_contests_more_is_the_greater_threat() -> None:
    tamed = [dataclasses.replace(rival, answers=(Need.SUSTAINABILITY,)) for rival in LEDGERLINE.competitors]
    tamed[1] = dataclasses.replace(tamed[1], answers=tuple(Need), market_share_ratio=0.31)
    ranked = fixed(
        situation_analysis.write_situation_analysis, dataclasses.replace(LEDGERLINE, competitors=tuple(tamed))
    ).competitors
    assert ranked[0].name == "Tallyho"
    assert ranked[0].contested_ratio == pytest.approx(1)
    assert all(standing.contested_ratio == 0 for standing in ranked[1:])


@pytest.mark.parametrize(
    ("current", "target", "effort"),
    [(100, 120, "steady"), (100, 200, "push"), (100, 900, "stretch"), (100, 85, "steady"), (100, 20, "push")],
)
def test_a_year_of_compound_change_decides_the_effort(current: float, target: float, effort: str) -> None:
    goal = Goal(metric="guests", current=current, target=target, due_on=TRATTORIA.starts_on + dt.timedelta(days=365))
    written = fixed(situation_analysis.write_situation_analysis, dataclasses.replace(TRATTORIA, goals=(goal,)))
    gap = written.goals[0]
    assert gap.effort == effort
    assert gap.current * (1 + gap.monthly_change_ratio) ** gap.months == pytest.approx(target)


def test_a_goal_that_is_due_tomorrow_has_a_month_at_least() -> None:
    goal = Goal(metric="guests", current=1, target=10**12, due_on=TRATTORIA.starts_on + dt.timedelta(days=1))
    written = fixed(situation_analysis.write_situation_analysis, dataclasses.replace(TRATTORIA, goals=(goal,)))
    assert written.goals[0].months == 1
    assert written.goals[0].monthly_change_ratio == pytest.approx(10**12 - 1)


def test_the_budget_check_compares_wish_and_money() -> None:
    def is_sufficient(budget_cents: int) -> bool:
        brief = dataclasses.replace(LEDGERLINE, media_budget_cents=budget_cents)
        return bool(fixed(situation_analysis.write_situation_analysis, brief).budget.is_sufficient)

    assert not is_sufficient(1_000)
    assert is_sufficient(10**8)


# pillars -------------------------------------------------------------------------------------------------------------


def test_a_need_without_proof_is_never_promised() -> None:
    proof = tuple(point for point in TRATTORIA.proof_points if point.need is not Need.QUALITY)
    written = fixed(messaging_pillars.write_messaging_pillars, dataclasses.replace(TRATTORIA, proof_points=proof))
    assert Need.QUALITY not in {pillar.need for pillar in written.pillars}
    assert fixed(messaging_pillars.write_messaging_pillars, TRATTORIA).pillars[0].need is Need.QUALITY


def test_what_competitors_answer_too_weighs_less() -> None:
    def weight_of_quality(answers: tuple[Need, ...]) -> float:
        rivals = tuple(dataclasses.replace(rival, answers=answers) for rival in TRATTORIA.competitors)
        written = fixed(messaging_pillars.write_messaging_pillars, dataclasses.replace(TRATTORIA, competitors=rivals))
        return next(float(pillar.weight_ratio) for pillar in written.pillars if pillar.need is Need.QUALITY)

    assert weight_of_quality((Need.QUALITY,)) < weight_of_quality((Need.SUSTAINABILITY,))


# SWOT ----------------------------------------------------------------------------------------------------------------


def quadrant_of(brief: ClientBrief, subject: str) -> Quadrant | None:
    for summary in fixed(swot.write_swot, brief).quadrants:
        if any(item.subject == subject for item in summary.items):
            return Quadrant(summary.quadrant)
    return None


@pytest.mark.parametrize(
    ("changes", "subject", "quadrant"),
    [
        ({"rating": 4.9}, "the average rating", Quadrant.STRENGTHS),
        ({"rating": 2.0}, "the average rating", Quadrant.WEAKNESSES),
        ({"rating": 4.1}, "the average rating", None),
        ({"market_growth_ratio": 0.2}, "the growth of the market", Quadrant.OPPORTUNITIES),
        ({"market_growth_ratio": -0.2}, "the growth of the market", Quadrant.THREATS),
        ({"review_count": 10**6}, "the number of reviews", Quadrant.STRENGTHS),
        ({"engagement_benchmark_ratio": 0.5}, "the reaction to a post", Quadrant.WEAKNESSES),
    ],
)
def test_numbers_decide_the_quadrant(changes: dict[str, float], subject: str, quadrant: Quadrant | None) -> None:
    assert quadrant_of(dataclasses.replace(LEDGERLINE, **changes), subject) is quadrant  # type: ignore[arg-type]


def test_being_cheaper_is_a_strength_and_dearer_a_weakness() -> None:
    def priced(cents: int) -> ClientBrief:
        rivals = tuple(dataclasses.replace(rival, typical_price_cents=cents) for rival in LEDGERLINE.competitors)
        return dataclasses.replace(LEDGERLINE, competitors=rivals)

    assert quadrant_of(priced(50_000), "the average price") is Quadrant.STRENGTHS
    assert quadrant_of(priced(1_000), "the average price") is Quadrant.WEAKNESSES


def test_every_reference_client_has_something_inside_and_outside() -> None:
    for brief in BRIEFS:
        filled = {summary.quadrant for summary in fixed(swot.write_swot, brief).quadrants if summary.items}
        assert filled == set(Quadrant)
