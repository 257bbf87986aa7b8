"""A strategy: what the five generators say of one brief, together; what the packagers pack."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.generators.messaging_pillars import MessagingPillars, write_messaging_pillars
from aicmo_perf.suites.aicmo.generators.personas import PersonaSet, write_personas
from aicmo_perf.suites.aicmo.generators.situation_analysis import SituationAnalysis, write_situation_analysis
from aicmo_perf.suites.aicmo.generators.social_calendar import SocialCalendar, write_social_calendar
from aicmo_perf.suites.aicmo.generators.swot import SwotAnalysis, write_swot
from aicmo_perf.suites.aicmo.phrasing import Phraser


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One client's strategy: a brief and an output of each generator."""

    brief: ClientBrief
    situation: SituationAnalysis
    swot: SwotAnalysis
    personas: PersonaSet
    pillars: MessagingPillars
    calendar: SocialCalendar


def compose_strategy(brief: ClientBrief, phrase: Phraser) -> Strategy:
    """Run the five generators, in the order in which a strategy is read."""
    return Strategy(
        brief=brief,
        situation=write_situation_analysis(brief, phrase),
        swot=write_swot(brief, phrase),
        personas=write_personas(brief, phrase),
        pillars=write_messaging_pillars(brief, phrase),
        calendar=write_social_calendar(brief, phrase),
    )
