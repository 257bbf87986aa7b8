"""SWOT: every item is a comparison of two numbers, and which quadrant it stands in follows from them.

Inside, the client is compared with its competitors; outside, the market with what would leave it neutral. A difference
under two percent says nothing and is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.suites.aicmo.brief import ClientBrief, avoided_words_in
from aicmo_perf.suites.aicmo.phrasing import Phraser, Wording
from aicmo_perf.suites.aicmo.scoring import (
    average_price_cents,
    channel_reach,
    expected_reactions,
    need_demand,
    rival_coverage,
)

MAX_ITEMS_PER_QUADRANT = 4
NEGLIGIBLE_RATIO = 0.02
FULL_GROWTH_DIFFERENCE = 0.25
"""Growth rates a quarter of the market apart weigh as much as a number that is nil against one that is not."""
FULL_DEMAND_DIFFERENCE = 0.5
"""Half of all spending unserved weighs as much."""
CONCENTRATED_MARKET_INDEX = 0.18
"""Herfindahl–Hirschman index above which a market counts as highly concentrated (US Merger Guidelines 2023, 2.1)."""


class Quadrant(StrEnum):
    """Where an item stands."""

    STRENGTHS = "Strengths"
    WEAKNESSES = "Weaknesses"
    OPPORTUNITIES = "Opportunities"
    THREATS = "Threats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two numbers and what they measure.

    Attributes:
        subject: what is compared, as in "the average price".
        ours, benchmark: the numbers.
        shown_ours, shown_benchmark: the same for people.
        is_internal: whether the client can change it itself.
        higher_is_better: for the client.
        full_difference: the distance that counts as 1; by default the larger of both numbers.
    """

    subject: str
    ours: float
    benchmark: float
    shown_ours: str
    shown_benchmark: str
    is_internal: bool
    higher_is_better: bool = True
    full_difference: float | None = None

    @property
    def advantage_ratio(self) -> float:
        """How far the client is ahead, in full differences; negative when it is behind."""
        scale = self.full_difference or max(abs(self.ours), abs(self.benchmark))
        ahead = (self.ours - self.benchmark) / scale if scale else 0.0
        return ahead if self.higher_is_better else -ahead

    @property
    def quadrant(self) -> Quadrant:
        """Where it stands, by its sign."""
        if self.is_internal:
            return Quadrant.STRENGTHS if self.advantage_ratio > 0 else Quadrant.WEAKNESSES
        return Quadrant.OPPORTUNITIES if self.advantage_ratio > 0 else Quadrant.THREATS

    def __str__(self) -> str:
        return f"{self.subject[0].upper()}{self.subject[1:]}: {self.shown_ours} against {self.shown_benchmark}"


@dataclass(frozen=True, slots=True)
class QuadrantSummary:
    """One quadrant: its comparisons, the weightiest first, and what to take from them; both may be empty."""

    quadrant: Quadrant
    takeaway: str
    items: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class SwotAnalysis:
    """The four quadrants in their usual order."""

    brief: ClientBrief
    quadrants: tuple[QuadrantSummary, ...]


def write_swot(brief: ClientBrief, phrase: Phraser) -> SwotAnalysis:
    """Compare, sort into quadrants, keep the four weightiest of each and word what follows."""
    comparisons = [
        comparison
        for comparison in (*_internal_comparisons(brief), *_external_comparisons(brief))
        if abs(comparison.advantage_ratio) >= NEGLIGIBLE_RATIO
    ]
    comparisons.sort(key=lambda comparison: -abs(comparison.advantage_ratio))
    quadrants = []
    for quadrant in Quadrant:
        standing = [comparison for comparison in comparisons if comparison.quadrant is quadrant]
        items = tuple(standing[:MAX_ITEMS_PER_QUADRANT])
        quadrants.append(QuadrantSummary(quadrant, _takeaway(brief, quadrant, items, phrase), items))
    return SwotAnalysis(brief, tuple(quadrants))


def _takeaway(brief: ClientBrief, quadrant: Quadrant, items: tuple[Comparison, ...], phrase: Phraser) -> str:
    if not items:
        return ""
    facts = {
        "company": brief.company,
        "quadrant": quadrant.value,
        "point": items[0].subject,
        "ours": items[0].shown_ours,
        "benchmark": items[0].shown_benchmark,
        "avoided words": ", ".join(brief.avoided_words),
    }
    return phrase(Wording.SWOT_TAKEAWAY, facts)


def _internal_comparisons(brief: ClientBrief) -> Iterator[Comparison]:
    rivals = brief.competitors
    rating = statistics.fmean(rival.rating for rival in rivals)
    yield Comparison(
        subject="the average rating",
        ours=brief.rating,
        benchmark=rating,
        shown_ours=f"{brief.rating:.1f} of 5 stars",
        shown_benchmark=f"{rating:.1f} for the competitors",
        is_internal=True,
    )
    reviews = statistics.fmean(rival.review_count for rival in rivals)
    yield Comparison(
        subject="the number of reviews",
        ours=brief.review_count,
        benchmark=reviews,
        shown_ours=f"{brief.review_count:,}",
        shown_benchmark=f"{reviews:,.0f} for the average competitor",
        is_internal=True,
    )
    share = statistics.fmean(rival.market_share_ratio for rival in rivals)
    yield Comparison(
        subject="the market share",
        ours=brief.market_share_ratio,
        benchmark=share,
        shown_ours=f"{brief.market_share_ratio:.1%}",
        shown_benchmark=f"{share:.1%} for the average competitor",
        is_internal=True,
    )
    price, rival_price = average_price_cents(brief), statistics.fmean(rival.typical_price_cents for rival in rivals)
    yield Comparison(
        subject="the average price",
        ours=price,
        benchmark=rival_price,
        shown_ours=brief.money(round(price)),
        shown_benchmark=f"{brief.money(round(rival_price))} elsewhere",
        is_internal=True,
        higher_is_better=False,
    )
    followers = sum(channel.follower_count for channel in brief.channels)
    engagement = sum(expected_reactions(channel) for channel in brief.channels) / followers if followers else 0.0
    yield Comparison(
        subject="the reaction to a post",
        ours=engagement,
        benchmark=brief.engagement_benchmark_ratio,
        shown_ours=f"{engagement:.1%} of followers",
        shown_benchmark=f"{brief.engagement_benchmark_ratio:.1%} in the industry",
        is_internal=True,
    )
    largest = max(brief.products, key=lambda product: product.revenue_share_ratio)
    yield Comparison(
        subject=f"the dependence on {largest.name}",
        ours=largest.revenue_share_ratio,
        benchmark=0.5,
        shown_ours=f"{largest.revenue_share_ratio:.0%} of revenue",
        shown_benchmark="a half, above which one product decides",
        is_internal=True,
        higher_is_better=False,
    )
    for segment in brief.segments:
        reach = channel_reach(brief, segment)
        if reach < 0.5:
            yield Comparison(
                subject=f"the reach among {segment.name}",
                ours=reach,
                benchmark=0.5,
                shown_ours=f"{reach:.0%} by the present channels",
                shown_benchmark="a half, below which most of them hear of others",
                is_internal=True,
            )


def _external_comparisons(brief: ClientBrief) -> Iterator[Comparison]:
    growth = brief.market_growth_ratio
    yield Comparison(
        subject="the growth of the market",
        ours=growth,
        benchmark=0.0,
        shown_ours=f"{growth:+.1%} a year",
        shown_benchmark="a market that stands still",
        is_internal=False,
        full_difference=FULL_GROWTH_DIFFERENCE,
    )
    own_needs = {need for product in brief.products for need in product.answers}
    for need, demand in need_demand(brief).items():
        coverage = rival_coverage(brief, need)
        if need in own_needs and coverage < 0.5:
            yield Comparison(
                subject=f"the demand for {need}",
                ours=demand,
                benchmark=demand * coverage,
                shown_ours=f"{demand:.0%} of spending",
                shown_benchmark=f"the {demand * coverage:.0%} that competitors serve",
                is_internal=False,
                full_difference=FULL_DEMAND_DIFFERENCE,
            )
    for rival in brief.competitors:
        if rival.growth_ratio > growth:
            yield Comparison(
                subject=f"the growth of {rival.name}",
                ours=growth,
                benchmark=rival.growth_ratio,
                shown_ours=f"{growth:+.0%} for the market",
                shown_benchmark=f"{rival.growth_ratio:+.0%} for {rival.name}",
                is_internal=False,
                full_difference=FULL_GROWTH_DIFFERENCE,
            )
    rest = 1 - brief.market_share_ratio - sum(rival.market_share_ratio for rival in brief.competitors)
    # the unnamed rest is taken as many small companies, which add nothing to the index
    index = brief.market_share_ratio**2 + sum(rival.market_share_ratio**2 for rival in brief.competitors)
    yield Comparison(
        subject="the concentration of the market",
        ours=index,
        benchmark=CONCENTRATED_MARKET_INDEX,
        shown_ours=f"an index of {index:.2f}, {max(0.0, rest):.0%} with small companies",
        shown_benchmark=f"{CONCENTRATED_MARKET_INDEX:.2f}, above which few companies rule",
        is_internal=False,
        higher_is_better=False,
    )


def check_swot(output: SwotAnalysis) -> list[str]:
    """Complaints: an item in a quadrant its numbers contradict, one said twice, an order or a takeaway missing …"""
    complaints = avoided_words_in((summary.takeaway for summary in output.quadrants), output.brief)
    if [summary.quadrant for summary in output.quadrants] != list(Quadrant):
        complaints.append("the quadrants are not the four of a SWOT in their order")
    subjects = [item.subject for summary in output.quadrants for item in summary.items]
    if not subjects:
        complaints.append("there is nothing in any quadrant")
    if len(set(subjects)) != len(subjects):
        complaints.append("an item is said twice")
    for summary in output.quadrants:
        weights = [abs(item.advantage_ratio) for item in summary.items]
        if weights != sorted(weights, reverse=True):
            complaints.append(f"the {summary.quadrant} are not in order of weight")
        if len(weights) > MAX_ITEMS_PER_QUADRANT or any(weight < NEGLIGIBLE_RATIO for weight in weights):
            complaints.append(f"the {summary.quadrant} are too many, or one is negligible")
        if bool(summary.takeaway.strip()) != bool(summary.items):
            complaints.append(f"the takeaway of the {summary.quadrant} does not match their items")
        complaints.extend(
            f"{item.subject} stands among the {summary.quadrant}, but its numbers say {item.quadrant}"
            for item in summary.items
            if item.quadrant is not summary.quadrant
        )
    return complaints
