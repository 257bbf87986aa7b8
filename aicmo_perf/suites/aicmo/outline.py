"""What a strategy document says, in which words and order; HTML, slides and PDF only render it.

So the three cannot disagree, and a file that is opened again can be compared with what it was meant to say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from aicmo_perf.suites.aicmo.generators.personas import Persona
from aicmo_perf.suites.aicmo.strategy import Strategy
from aicmo_perf.units import count_of, format_share


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; every row is as long as the header.

    Attributes:
        header, rows: the cells.
        widths: of the columns, in proportion.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in (*self.rows, self.widths)):
            raise ValueError("a row of a table has more or fewer cells than its header")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a section, with a heading of its own; what is empty is not shown."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A chapter: its heading, an introduction, its blocks."""

    heading: str
    introduction: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A whole document; ``prepared_on`` is the only date it bears."""

    title: str
    subtitle: str
    prepared_on: dt.date
    sections: tuple[Section, ...]

    @property
    def headings(self) -> tuple[tuple[int, str], ...]:
        """All headings in order with their levels, the title's being 1."""
        return (
            (1, self.title),
            *(
                heading
                for section in self.sections
                for heading in ((2, section.heading), *((3, block.heading) for block in section.blocks))
            ),
        )


def outline_of(strategy: Strategy) -> Outline:
    """The document that presents a strategy to its client."""
    brief = strategy.brief
    return Outline(
        title=f"Marketing strategy for {brief.company}",
        subtitle=f"{brief.industry[0].upper()}{brief.industry[1:]}, {brief.location}",
        prepared_on=brief.prepared_on,
        sections=(
            _situation_section(strategy),
            _swot_section(strategy),
            _audience_section(strategy),
            _pillars_section(strategy),
            _calendar_section(strategy),
        ),
    )


def _situation_section(strategy: Strategy) -> Section:
    brief, situation = strategy.brief, strategy.situation
    competitors = Table(
        ("Competitor", "Threat", "Demand contested", "Price to ours", "Our lead in stars"),
        tuple(
            (
                standing.name,
                f"{standing.threat_score:.2f}",
                format_share(standing.contested_ratio),
                f"{standing.price_ratio:.2f}",
                f"{standing.rating_gap:+.1f}",
            )
            for standing in situation.competitors
        ),
        (4, 2, 4, 3, 4),
    )
    goals = Table(
        ("Goal", "Now", "Target", "Due", "A month", "Effort"),
        tuple(
            (
                gap.metric,
                f"{gap.current:,g}",
                f"{gap.target:,g}",
                _day(gap.due_on),
                f"{gap.monthly_change_ratio:+.1%}",
                gap.effort.value,
            )
            for gap in situation.goals
        ),
        (5, 2, 2, 3, 2, 2),
    )
    market = (
        f"The audience spends {brief.money(situation.market_value_cents)} a year.",
        f"{brief.company} earns about {brief.money(situation.own_revenue_cents)} of it.",
        f"The media budget of the campaign is {brief.money(brief.media_budget_cents)}.",
    )
    return Section(
        heading="Situation",
        introduction=situation.summary,
        blocks=(
            Block(heading="The market in numbers", bullets=market),
            Block(heading="Competitors by threat", table=competitors),
            Block(heading="What the goals ask", table=goals),
        ),
    )


def _swot_section(strategy: Strategy) -> Section:
    count = sum(len(summary.items) for summary in strategy.swot.quadrants)
    return Section(
        heading="SWOT",
        introduction=f"{count_of(count, 'comparison')} of numbers, the weightiest of each kind first.",
        blocks=tuple(
            Block(
                heading=summary.quadrant.value,
                paragraphs=(summary.takeaway,) if summary.takeaway else ("Nothing stands out.",),
                bullets=tuple(str(item) for item in summary.items),
            )
            for summary in strategy.swot.quadrants
        ),
    )


def _audience_section(strategy: Strategy) -> Section:
    personas = strategy.personas.personas
    first = personas[0]
    return Section(
        heading="Audience",
        introduction=f"{count_of(len(personas), 'persona')}; {first.name} comes first, for "
        f"{first.segment} are {format_share(first.share_ratio)} of the spending and "
        f"{format_share(first.reach_ratio)} within reach.",
        blocks=tuple(_persona_block(persona) for persona in personas),
    )


def _persona_block(persona: Persona) -> Block:
    return Block(
        heading=f"{persona.name}, {persona.age_years}, {persona.role}",
        paragraphs=(f"“{persona.voice}”",),
        bullets=(
            f"Stands for {persona.segment}, {format_share(persona.share_ratio)} of the spending",
            f"Buys for {', then '.join(persona.needs)}",
            f"Is met on {', then '.join(persona.channels)}",
            f"Is offered {persona.product} first",
        ),
    )


def _pillars_section(strategy: Strategy) -> Section:
    pillars = strategy.pillars.pillars
    return Section(
        heading="Messages",
        introduction=f"{count_of(len(pillars), 'pillar')}, each in demand, proven, and not yet everybody's.",
        blocks=tuple(
            Block(
                heading=f"{pillar.need[0].upper()}{pillar.need[1:]} ({format_share(pillar.weight_ratio)})",
                paragraphs=(pillar.message,),
                bullets=(
                    *(f"Proof: {claim}" for claim in pillar.proof_points),
                    *(f"Delivered by {product}" for product in pillar.products),
                ),
            )
            for pillar in pillars
        ),
    )


def _calendar_section(strategy: Strategy) -> Section:
    brief, calendar = strategy.brief, strategy.calendar
    left_out = [
        f"{count} of the wished ones {reason}"
        for count, reason in (
            (calendar.unaffordable_post_count, "would overdraw the budget"),
            (calendar.unplaceable_post_count, "find no open day"),
        )
        if count
    ]
    introduction = (
        f"{count_of(len(calendar.posts), 'post')} in {count_of(brief.week_count, 'week')} for "
        f"{brief.money(calendar.cost_cents)} of {brief.money(brief.media_budget_cents)}"
    )
    return Section(
        heading="Calendar",
        introduction="; ".join((introduction, *left_out)) + ".",
        blocks=tuple(_week_blocks(strategy)),
    )


def _week_blocks(strategy: Strategy) -> Iterator[Block]:
    brief, calendar = strategy.brief, strategy.calendar
    for week in calendar.weeks:
        rows = tuple(
            (f"{post.day:%a %d %b}, {post.hour}:00", post.channel, post.format, post.need.value,
             brief.money(post.cost_cents))
            for post in calendar.posts
            if post.week == week.number
        )  # fmt: skip
        yield Block(
            heading=f"Week {week.number}: {week.theme}",
            paragraphs=(week.hook,),
            table=Table(("When", "Where", "Format", "About", "Cost"), rows, (5, 4, 6, 4, 3)) if rows else None,
        )


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
