"""Checks of generators can fail: each complaint has an output, spoiled in one place, that provokes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest

from aicmo_perf.suites.aicmo.brief import ClientBrief, Need
from aicmo_perf.suites.aicmo.briefs import LEDGERLINE, TRATTORIA
from aicmo_perf.suites.aicmo.generators import messaging_pillars, personas, situation_analysis, social_calendar, swot
from aicmo_perf.suites.aicmo.generators.swot import Comparison
from aicmo_perf.suites.aicmo.phrasing import phrase_by_template


def fixed(write: Callable[[ClientBrief, Any], Any], brief: ClientBrief) -> Any:
    random.seed(42)
    return write(brief, phrase_by_template)


def spoiled_personas() -> list[Any]:
    output = fixed(personas.write_personas, LEDGERLINE)
    first, *rest = output.personas

    def with_first(**changes: Any) -> Any:
        return dataclasses.replace(output, personas=(dataclasses.replace(first, **changes), *rest))

    return [
        dataclasses.replace(output, personas=tuple(reversed(output.personas))),
        dataclasses.replace(output, personas=output.personas[:-1]),
        with_first(share_ratio=first.share_ratio + 0.01),
        with_first(age_years=99),
        with_first(role="astronaut"),
        with_first(segment="everybody"),
        with_first(product="something else"),
        with_first(name=rest[0].name),
        with_first(voice=" "),
    ]


def spoiled_calendars() -> list[Any]:
    output = fixed(social_calendar.write_social_calendar, TRATTORIA)
    first, second, *rest = output.posts

    def with_first(**changes: Any) -> Any:
        return dataclasses.replace(output, posts=(dataclasses.replace(first, **changes), second, *rest))

    crowded = tuple(dataclasses.replace(post, week=1) for post in output.posts)
    return [
        dataclasses.replace(output, posts=output.posts[1:]),
        dataclasses.replace(output, posts=(second, *rest, first)),
        dataclasses.replace(output, posts=crowded),
        dataclasses.replace(output, weeks=output.weeks[1:]),
        with_first(day=TRATTORIA.starts_on),  # a Monday
        with_first(day=TRATTORIA.starts_on - dt.timedelta(days=1)),
        with_first(cost_cents=10**9),
        with_first(channel="TikTok"),
        with_first(hour=3),
        with_first(format="poem"),
        with_first(need=Need.SUSTAINABILITY),
        with_first(caption=""),
        with_first(day=second.day, channel=second.channel),
    ]


def spoiled_situations() -> list[Any]:
    output = fixed(situation_analysis.write_situation_analysis, LEDGERLINE)
    goal, *goals = output.goals
    return [
        dataclasses.replace(output, summary=""),
        dataclasses.replace(output, competitors=output.competitors[1:]),
        dataclasses.replace(output, competitors=tuple(reversed(output.competitors))),
        dataclasses.replace(output, goals=tuple(goals)),
        dataclasses.replace(output, goals=(dataclasses.replace(goal, monthly_change_ratio=0.0), *goals)),
        dataclasses.replace(output, own_revenue_cents=output.market_value_cents + 1),
        dataclasses.replace(output, budget=dataclasses.replace(output.budget, budget_cents=1)),
    ]


def spoiled_pillars() -> list[Any]:
    output = fixed(messaging_pillars.write_messaging_pillars, LEDGERLINE)
    first, *rest = output.pillars

    def with_first(**changes: Any) -> Any:
        return dataclasses.replace(output, pillars=(dataclasses.replace(first, **changes), *rest))

    return [
        dataclasses.replace(output, pillars=()),
        dataclasses.replace(output, pillars=tuple(reversed(output.pillars))),
        with_first(weight_ratio=0.99),
        with_first(proof_points=()),
        with_first(proof_points=("trust us",)),
        with_first(need=rest[0].need),
        with_first(message=""),
    ]


def spoiled_swots() -> list[Any]:
    output = fixed(swot.write_swot, LEDGERLINE)
    first, second, *rest = output.quadrants
    negligible = Comparison(
        subject="nothing", ours=1.0, benchmark=1.0, shown_ours="1", shown_benchmark="1", is_internal=True
    )

    def with_first(**changes: Any) -> Any:
        return dataclasses.replace(output, quadrants=(dataclasses.replace(first, **changes), second, *rest))

    return [
        dataclasses.replace(output, quadrants=(second, first, *rest)),
        dataclasses.replace(output, quadrants=tuple(dataclasses.replace(each, items=()) for each in output.quadrants)),
        with_first(takeaway=""),
        with_first(items=(*first.items, first.items[0])),
        with_first(items=tuple(reversed(first.items))),
        with_first(items=second.items),
        with_first(items=(*first.items, negligible)),
    ]


@pytest.mark.parametrize(
    ("check", "spoiled"),
    [
        (personas.check_personas, spoiled_personas),
        (social_calendar.check_social_calendar, spoiled_calendars),
        (situation_analysis.check_situation_analysis, spoiled_situations),
        (messaging_pillars.check_messaging_pillars, spoiled_pillars),
        (swot.check_swot, spoiled_swots),
    ],
)
def test_the_check_finds_what_is_spoiled(check: Callable[[Any], list[str]], spoiled: Callable[[], list[Any]]) -> None:
    unnoticed = [index for index, output in enumerate(spoiled()) if not check(output)]
    assert unnoticed == []
