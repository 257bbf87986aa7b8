"""The situation: how big the market is, who threatens most, what each goal asks, and what the budget can carry."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.suites.aicmo.brief import ClientBrief, Competitor, Goal, Need, avoided_words_in
from aicmo_perf.suites.aicmo.phrasing import Phraser, Wording
from aicmo_perf.suites.aicmo.scoring import average_price_cents, channel_weights, need_demand

DAYS_PER_MONTH = 365.25 / 12


class Effort(StrEnum):
    """What a goal asks: up to 5 % a month is steady work, up to 15 % a push, more a stretch."""

    STEADY = "steady"
    PUSH = "push"
    STRETCH = "stretch"


_EFFORT_LIMITS = ((0.05, Effort.STEADY), (0.15, Effort.PUSH))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompetitorStanding:
    """One competitor seen from the client.

    Attributes:
        name: whose.
        threat_score: 0 to 1; market share among the competitors, needs contested, rating, nearness in price.
        contested_ratio: the part of the audience's demand that it answers.
        price_ratio: its typical price to the client's average; below 1 it is cheaper.
        rating_gap: the client's stars less its own; negative when it is rated higher.
    """

    name: str
    threat_score: float
    contested_ratio: float
    price_ratio: float
    rating_gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalGap:
    """What one goal asks.

    Attributes:
        metric, current, target, due_on: as in the brief.
        months: from the campaign's start to the date, at least one.
        monthly_change_ratio: compounded every month, what leads from current to target; negative when it has to fall.
        effort: what that means.
    """

    metric: str
    current: float
    target: float
    due_on: dt.date
    months: float
    monthly_change_ratio: float
    effort: Effort


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCheck:
    """Whether the media budget carries the posts that are wished for.

    Attributes:
        wanted_post_count: weeks times posts a week.
        average_post_cost_cents: over the channels by their weight.
        wanted_cents: what all of them would cost.
        budget_cents: what there is.
    """

    wanted_post_count: int
    average_post_cost_cents: float
    wanted_cents: int
    budget_cents: int

    @property
    def is_sufficient(self) -> bool:
        """Whether the budget covers the wish."""
        return self.wanted_cents <= self.budget_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationAnalysis:
    """Where a client stands.

    Attributes:
        brief: whose.
        summary: in a sentence or two.
        market_value_cents: what all segments spend a year.
        own_revenue_cents: the client's part of it.
        competitors: the greatest threat first.
        goals: the steepest first.
        budget: the check of the media budget.
    """

    brief: ClientBrief
    summary: str
    market_value_cents: int
    own_revenue_cents: int
    competitors: tuple[CompetitorStanding, ...]
    goals: tuple[GoalGap, ...]
    budget: BudgetCheck


def write_situation_analysis(brief: ClientBrief, phrase: Phraser) -> SituationAnalysis:
    """Rank competitors and goals, size the market, check the budget, and sum it up."""
    demand = need_demand(brief)
    standings = [_standing(brief, competitor, demand) for competitor in brief.competitors]
    competitors = tuple(sorted(standings, key=lambda standing: -standing.threat_score))
    gaps = [_goal_gap(brief, goal) for goal in brief.goals]
    goals = tuple(sorted(gaps, key=lambda gap: -abs(gap.monthly_change_ratio)))
    market_value_cents = sum(segment.annual_value_cents for segment in brief.segments)
    growth = brief.market_growth_ratio
    steepest = goals[0]
    facts = {
        "company": brief.company,
        "description": brief.description,
        "industry": brief.industry,
        "location": brief.location,
        "share": f"{brief.market_share_ratio:.0%}",
        "growth": f"{'grows' if growth >= 0 else 'shrinks'} by {abs(growth):.0%} a year",
        "rival": competitors[0].name,
        "goal": f"{steepest.metric} from {steepest.current:,g} to {steepest.target:,g}",
        "avoided words": ", ".join(brief.avoided_words),
    }
    return SituationAnalysis(
        brief=brief,
        summary=phrase(Wording.SITUATION_SUMMARY, facts),
        market_value_cents=market_value_cents,
        own_revenue_cents=round(market_value_cents * brief.market_share_ratio),
        competitors=competitors,
        goals=goals,
        budget=_budget_check(brief),
    )


def _standing(brief: ClientBrief, competitor: Competitor, demand: dict[Need, float]) -> CompetitorStanding:
    contested = sum(weight for need, weight in demand.items() if need in competitor.answers)
    price_ratio = competitor.typical_price_cents / average_price_cents(brief)
    all_shares = sum(rival.market_share_ratio for rival in brief.competitors)
    share = competitor.market_share_ratio / all_shares if all_shares else 1 / len(brief.competitors)
    # 1 at the same price, 0.5 at half or double
    nearness = min(price_ratio, 1 / price_ratio)
    return CompetitorStanding(
        name=competitor.name,
        threat_score=0.35 * share + 0.35 * min(1.0, contested) + 0.15 * competitor.rating / 5 + 0.15 * nearness,
        contested_ratio=min(1.0, contested),
        price_ratio=price_ratio,
        rating_gap=brief.rating - competitor.rating,
    )


def _goal_gap(brief: ClientBrief, goal: Goal) -> GoalGap:
    # what is due sooner has to change within that one month, not by a rate that would compound beyond all numbers
    months = max(1.0, (goal.due_on - brief.starts_on).days / DAYS_PER_MONTH)
    monthly = (goal.target / goal.current) ** (1 / months) - 1
    effort = next((effort for limit, effort in _EFFORT_LIMITS if abs(monthly) <= limit), Effort.STRETCH)
    return GoalGap(
        metric=goal.metric,
        current=goal.current,
        target=goal.target,
        due_on=goal.due_on,
        months=months,
        monthly_change_ratio=monthly,
        effort=effort,
    )


def _budget_check(brief: ClientBrief) -> BudgetCheck:
    weights = channel_weights(brief)
    average = sum(weights[channel.name] * channel.post_cost_cents for channel in brief.channels)
    wanted_post_count = brief.week_count * brief.posts_per_week
    return BudgetCheck(
        wanted_post_count=wanted_post_count,
        average_post_cost_cents=average,
        wanted_cents=round(wanted_post_count * average),
        budget_cents=brief.media_budget_cents,
    )


def check_situation_analysis(output: SituationAnalysis) -> list[str]:
    """Complaints: a competitor missing or out of order, a goal whose monthly change does not lead to its target …"""
    brief = output.brief
    complaints = avoided_words_in((output.summary,), brief)
    if sorted(standing.name for standing in output.competitors) != sorted(rival.name for rival in brief.competitors):
        complaints.append("the competitors are not those of the brief")
    threats = [standing.threat_score for standing in output.competitors]
    if threats != sorted(threats, reverse=True) or not all(0 <= threat <= 1 for threat in threats):
        complaints.append("the competitors are not ranked by a threat between 0 and 1")
    if sorted(gap.metric for gap in output.goals) != sorted(goal.metric for goal in brief.goals):
        complaints.append("the goals are not those of the brief")
    for gap in output.goals:
        reached = gap.current * (1 + gap.monthly_change_ratio) ** gap.months
        if not math.isclose(reached, gap.target, rel_tol=1e-6, abs_tol=1e-9 * gap.current):
            complaints.append(f"{gap.metric} would reach {reached:g}, not {gap.target:g}")
    if not 0 <= output.own_revenue_cents <= output.market_value_cents:
        complaints.append("the client earns more than the market is worth")
    if output.budget.budget_cents != brief.media_budget_cents:
        complaints.append("the budget is not that of the brief")
    if not output.summary.strip():
        complaints.append("there is no summary")
    return complaints
