"""The social calendar: as many posts as were wished for, the budget carries and the channels bear, on open days.

Channels get posts by weight, never more a week than they bear; within a week posts lie as far apart as the open days
allow. Every post belongs to a pillar, in proportion to the pillars' weights, and each week has one hook.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aicmo_perf.suites.aicmo.brief import Channel, ClientBrief, Need, avoided_words_in
from aicmo_perf.suites.aicmo.generators.messaging_pillars import Pillar, write_messaging_pillars
from aicmo_perf.suites.aicmo.phrasing import Phraser, Wording, phrase_by_template, vary
from aicmo_perf.suites.aicmo.scoring import apportion, channel_weights

_INVITATIONS = ("Ask us in the comments.", "More in our profile.", "See you soon.", "Tell us how you do it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post: when, where, about what, in which form, at which cost."""

    day: dt.date
    hour: int
    week: int
    channel: str
    format: str
    need: Need
    product: str
    caption: str
    cost_cents: int


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the campaign, from 1: its first day, the need it is about, and the hook to use."""

    number: int
    starts_on: dt.date
    theme: Need
    hook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialCalendar:
    """A campaign's posts in order of time.

    Attributes:
        brief: whose.
        weeks: one each, in order.
        posts: sorted by day, then hour, then channel.
        unaffordable_post_count: posts wished for that the budget does not carry.
        unplaceable_post_count: posts wished for that no channel can bear on its open days.
    """

    brief: ClientBrief
    weeks: tuple[Week, ...]
    posts: tuple[Post, ...]
    unaffordable_post_count: int
    unplaceable_post_count: int

    @property
    def cost_cents(self) -> int:
        """What all posts cost."""
        return sum(post.cost_cents for post in self.posts)


def write_social_calendar(brief: ClientBrief, phrase: Phraser) -> SocialCalendar:
    """Plan a campaign: how many posts each channel gets, on which days, about which pillar, in which words."""
    # pillars are only weighed here, so their messages need no language model
    pillars = write_messaging_pillars(brief, phrase_by_template).pillars
    open_days = [_open_days(brief, number) for number in range(brief.week_count)]
    bearable = {
        channel.name: [min(channel.max_posts_per_week, len(days)) for days in open_days] for channel in brief.channels
    }
    wanted = brief.week_count * brief.posts_per_week
    placeable = min(wanted, sum(sum(counts) for counts in bearable.values()))
    counts = _affordable_counts(brief, placeable, {name: sum(each) for name, each in bearable.items()})
    weeks = _write_weeks(brief, pillars, phrase)
    slots = sorted(
        (day, channel.name)
        for index, channel in enumerate(brief.channels)
        for day in _spread(
            open_days, counts[channel.name], bearable[channel.name], lead_ratio=index / len(brief.channels)
        )
    )
    needs = _pillar_sequence(pillars, len(slots))
    channels = {channel.name: channel for channel in brief.channels}
    posts = [
        _write_post(brief, weeks, channels[name], day, pillar) for (day, name), pillar in zip(slots, needs, strict=True)
    ]
    return SocialCalendar(
        brief=brief,
        weeks=weeks,
        posts=tuple(sorted(posts, key=lambda post: (post.day, post.hour, post.channel))),
        unaffordable_post_count=placeable - len(posts),
        unplaceable_post_count=wanted - placeable,
    )


def _open_days(brief: ClientBrief, week_index: int) -> list[dt.date]:
    first = brief.starts_on + dt.timedelta(weeks=week_index)
    days = [first + dt.timedelta(days=offset) for offset in range(7)]
    return [day for day in days if brief.is_open_on(day)]


def _affordable_counts(brief: ClientBrief, most: int, caps: Mapping[str, int]) -> dict[str, int]:
    """Posts by channel: the largest plan, in proportion to the channels' weights, that the budget carries."""
    weights = channel_weights(brief)
    for post_count in range(most, 0, -1):
        counts = apportion(post_count, weights, caps)
        cost_cents = sum(counts[channel.name] * channel.post_cost_cents for channel in brief.channels)
        if cost_cents <= brief.media_budget_cents:
            return counts
    return dict.fromkeys(weights, 0)


def _spread(
    open_days: Sequence[Sequence[dt.date]], post_count: int, bearable: Sequence[int], *, lead_ratio: float
) -> list[dt.date]:
    """Different days for one channel's posts: even over the weeks, then even within each.

    ``lead_ratio``, from 0 to below 1, is how far into the first gap a week's first post lies: another for each channel,
    so that they take turns.
    """
    weeks = {str(index): most for index, most in enumerate(bearable) if most}
    per_week = apportion(post_count, {name: float(most) for name, most in weeks.items()}, weeks)
    days: list[dt.date] = []
    for name, count in per_week.items():
        available = open_days[int(name)]
        # posts are at least one open day apart, because no week has more of them than open days
        days.extend(available[int((position + lead_ratio) * len(available) / count)] for position in range(count))
    return days


def _pillar_sequence(pillars: Sequence[Pillar], post_count: int) -> list[Pillar]:
    """Pillars for that many posts, in proportion to their weights and well mixed: always the one most behind."""
    used: Counter[Need] = Counter()
    sequence = []
    for _ in range(post_count):
        pillar = max(pillars, key=lambda pillar: pillar.weight_ratio / (2 * used[pillar.need] + 1))
        used[pillar.need] += 1
        sequence.append(pillar)
    return sequence


def _product_of(brief: ClientBrief, pillar: Pillar) -> str:
    # a pillar that no product delivers still has proof; the client's main product speaks for it
    return pillar.products[0] if pillar.products else _main_product(brief)


def _main_product(brief: ClientBrief) -> str:
    return max(brief.products, key=lambda product: product.revenue_share_ratio).name


def _write_weeks(brief: ClientBrief, pillars: Sequence[Pillar], phrase: Phraser) -> tuple[Week, ...]:
    benefits = {product.name: product.benefit for product in brief.products}
    weeks = []
    for index, pillar in enumerate(_pillar_sequence(pillars, brief.week_count)):
        product = _product_of(brief, pillar)
        facts = {
            "company": brief.company,
            "need": pillar.need.value,
            "product": product,
            "benefit": benefits[product],
            "proof": pillar.proof_points[index % len(pillar.proof_points)],
            "avoided words": ", ".join(brief.avoided_words),
        }
        starts_on = brief.starts_on + dt.timedelta(weeks=index)
        weeks.append(Week(index + 1, starts_on, pillar.need, phrase(Wording.CALENDAR_HOOK, facts)))
    return tuple(weeks)


def _write_post(brief: ClientBrief, weeks: Sequence[Week], channel: Channel, day: dt.date, pillar: Pillar) -> Post:
    week = weeks[(day - brief.starts_on).days // 7]
    # posts on the week's theme carry its hook; the others speak for their own pillar
    text = week.hook if pillar.need is week.theme else f"{vary(pillar.proof_points)}."
    return Post(
        day=day,
        hour=vary(channel.best_hours),
        week=week.number,
        channel=channel.name,
        format=vary(channel.formats),
        need=pillar.need,
        product=_product_of(brief, pillar),
        caption=f"{text[0].upper()}{text[1:]} {vary(_INVITATIONS)}",
        cost_cents=channel.post_cost_cents,
    )


def check_social_calendar(output: SocialCalendar) -> list[str]:
    """Complaints: a post outside the campaign or on a closed day, an overworked channel, an overdrawn budget …"""
    brief, posts = output.brief, output.posts
    channels = {channel.name: channel for channel in brief.channels}
    proven = {point.need for point in brief.proof_points}
    complaints = avoided_words_in((post.caption for post in posts), brief)
    accounted = len(posts) + output.unaffordable_post_count + output.unplaceable_post_count
    if accounted != brief.week_count * brief.posts_per_week:
        complaints.append(f"{accounted} posts are accounted for, not {brief.week_count} × {brief.posts_per_week}")
    if output.cost_cents > brief.media_budget_cents:
        complaints.append(f"the posts cost {brief.money(output.cost_cents)}, more than the budget")
    if [post.day for post in posts] != sorted(post.day for post in posts):
        complaints.append("the posts are not in order of time")
    if [week.number for week in output.weeks] != list(range(1, brief.week_count + 1)):
        complaints.append("the weeks are not those of the campaign")
    for post in posts:
        where = f"the post of {post.day} on {post.channel}"
        if not brief.starts_on <= post.day <= brief.last_day:
            complaints.append(f"{where} lies outside the campaign")
        if not brief.is_open_on(post.day):
            complaints.append(f"{where} falls on a closed day")
        channel = channels.get(post.channel)
        if channel is None or post.format not in channel.formats or post.hour not in channel.best_hours:
            complaints.append(f"{where} has a channel, format or hour that the brief does not have")
        if post.need not in proven or not post.caption.strip():
            complaints.append(f"{where} says nothing that is proven")
    for (name, day), count in Counter((post.channel, post.day) for post in posts).items():
        if count > 1:
            complaints.append(f"{name} has {count} posts on {day}")
    for (name, week), count in Counter((post.channel, post.week) for post in posts).items():
        if name in channels and count > channels[name].max_posts_per_week:
            complaints.append(f"{name} has {count} posts in week {week}, more than it bears")
    return complaints
