"""A client brief: everything the office knows about a client, typed, with its numbers in named units.

Generators may draw only on what stands here, so whatever they claim can be checked against it. Invariants live in the
constructors: a brief that exists makes sense. Money is whole cents of the brief's currency.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum, StrEnum

_CURRENCY_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


class Need(StrEnum):
    """What a customer buys for; the currency in which audience, products, competitors and proof are compared."""

    BELONGING = "belonging"
    CONTROL = "control"
    CONVENIENCE = "convenience"
    LOWER_COSTS = "lower costs"
    QUALITY = "quality"
    RELIABILITY = "reliability"
    SUSTAINABILITY = "sustainability"
    MORE_TIME = "more time"


class Weekday(IntEnum):
    """Numbered as ``date.weekday()`` does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something the client sells.

    Attributes:
        name: as customers see it.
        price_cents: of one unit, or of one month of a subscription.
        revenue_share_ratio: its part of the client's revenue.
        answers: the needs it serves.
        benefit: what the customer gets, completing "so that you …".
    """

    name: str
    price_cents: int
    revenue_share_ratio: float
    answers: tuple[Need, ...]
    benefit: str

    def __post_init__(self) -> None:
        _require_text(self, "name", "benefit")
        _require_share(self, "revenue_share_ratio")
        _require(self.price_cents > 0, f"the price of {self.name} must be positive")
        _require(bool(self.answers), f"{self.name} must answer a need")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the audience.

    Attributes:
        name: in the plural.
        roles: who these people are, in the singular.
        youngest_years, oldest_years: their ages, both included.
        customer_count: how many of them there are within reach.
        annual_spend_cents: what one of them spends a year on such products, with anybody.
        needs: most pressing first.
        pain: what they complain about, completing "…is tired of …".
        channels: where they are, most used first; not necessarily where the client is.
    """

    name: str
    roles: tuple[str, ...]
    youngest_years: int
    oldest_years: int
    customer_count: int
    annual_spend_cents: int
    needs: tuple[Need, ...]
    pain: str
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_text(self, "name", "pain")
        _require(bool(self.roles) and bool(self.needs) and bool(self.channels), f"{self.name} is incomplete")
        _require(0 < self.youngest_years <= self.oldest_years, f"the ages of {self.name} are reversed")
        _require(self.customer_count > 0, f"{self.name} must have customers")
        _require(self.annual_spend_cents > 0, f"{self.name} must spend something")

    @property
    def annual_value_cents(self) -> int:
        """What the whole segment spends a year."""
        return self.customer_count * self.annual_spend_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Competitor:
    """Another who sells to the same audience; rating in stars of five, growth a year."""

    name: str
    typical_price_cents: int
    market_share_ratio: float
    rating: float
    review_count: int
    growth_ratio: float
    answers: tuple[Need, ...]

    def __post_init__(self) -> None:
        _require_text(self, "name")
        _require_share(self, "market_share_ratio")
        _require(self.typical_price_cents > 0, f"the price of {self.name} must be positive")
        _require(0 <= self.rating <= 5, f"the rating of {self.name} must be between 0 and 5")
        _require(self.review_count >= 0, f"the reviews of {self.name} cannot be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where the client publishes.

    Attributes:
        name: of the network or list.
        follower_count: people who see the client there.
        engagement_ratio: the part of them that reacts to a post.
        post_cost_cents: production and promotion of one post.
        max_posts_per_week: more would tire its audience.
        best_hours: hours of the day, local time, at which posts do well.
        formats: what is posted there.
    """

    name: str
    follower_count: int
    engagement_ratio: float
    post_cost_cents: int
    max_posts_per_week: int
    best_hours: tuple[int, ...]
    formats: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_text(self, "name")
        _require_share(self, "engagement_ratio")
        _require(self.follower_count >= 0 and self.post_cost_cents >= 0, f"{self.name} has a negative number")
        _require(self.max_posts_per_week > 0, f"{self.name} must take at least one post a week")
        _require(bool(self.formats) and bool(self.best_hours), f"{self.name} needs formats and hours")
        _require(all(0 <= hour < 24 for hour in self.best_hours), f"{self.name} has an hour outside the day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A number to move by a date; up or down, as the target says."""

    metric: str
    current: float
    target: float
    due_on: dt.date

    def __post_init__(self) -> None:
        _require_text(self, "metric")
        _require(self.current > 0 and self.target > 0, f"the goal {self.metric} needs positive numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPoint:
    """A claim the client can prove, and the need it speaks to."""

    need: Need
    claim: str

    def __post_init__(self) -> None:
        _require_text(self, "claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientBrief:
    """One client and one campaign.

    Attributes:
        company, industry, location: who, in what trade, where.
        description: what the company does, completing "{company} …".
        currency: an ISO 4217 code; every ``_cents`` is in it.
        products, segments, competitors, channels, goals, proof_points: never empty.
        market_share_ratio: the client's own.
        market_growth_ratio: the market's, a year; negative when it shrinks.
        rating, review_count: the client's own, in stars of five.
        engagement_benchmark_ratio: what is usual in the industry.
        prepared_on: the date of the brief, which its documents bear.
        starts_on, week_count, posts_per_week: the campaign.
        media_budget_cents: what all posts together may cost.
        closed_weekdays, closed_dates: when nothing may be published, because nobody answers.
        avoided_words: must not occur in any text.
        given_names: what personas may be called; at least as many as there are segments.
    """

    company: str
    industry: str
    location: str
    description: str
    currency: str
    products: tuple[Product, ...]
    segments: tuple[Segment, ...]
    competitors: tuple[Competitor, ...]
    channels: tuple[Channel, ...]
    goals: tuple[Goal, ...]
    proof_points: tuple[ProofPoint, ...]
    market_share_ratio: float
    market_growth_ratio: float
    rating: float
    review_count: int
    engagement_benchmark_ratio: float
    prepared_on: dt.date
    starts_on: dt.date
    week_count: int
    posts_per_week: int
    media_budget_cents: int
    given_names: tuple[str, ...]
    closed_weekdays: tuple[Weekday, ...] = ()
    closed_dates: tuple[dt.date, ...] = ()
    avoided_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_text(self, "company", "industry", "location", "description", "currency")
        for field in ("products", "segments", "competitors", "channels", "goals", "proof_points"):
            _require(bool(getattr(self, field)), f"the brief of {self.company} has no {field}")
        for field in ("products", "segments", "competitors", "channels"):
            names = [item.name for item in getattr(self, field)]
            _require(len(set(names)) == len(names), f"two {field} of {self.company} share a name")
        for text in _texts_in(self):
            _require(
                not any(unicodedata.category(character) in ("Cc", "Cs") for character in text),
                f"the text {text!r} has control characters, which no document can show",
            )
        _require_share(self, "market_share_ratio")
        shares = [self.market_share_ratio, *(rival.market_share_ratio for rival in self.competitors)]
        _require(sum(shares) <= 1 + 1e-9, f"the market of {self.company} is shared out more than once")
        revenue = sum(product.revenue_share_ratio for product in self.products)
        _require(abs(revenue - 1) < 1e-6, f"the products of {self.company} must make up its revenue")
        _require(0 <= self.rating <= 5, "a rating is between 0 and 5")
        _require(0 < self.engagement_benchmark_ratio <= 1, "the engagement benchmark is a share above 0")
        _require(self.week_count > 0 and self.posts_per_week > 0, "a campaign has weeks and posts")
        _require(self.media_budget_cents >= 0, "a budget cannot be negative")
        _require(len(set(self.closed_weekdays)) < len(Weekday), f"{self.company} is never open")
        _require(len(set(self.given_names)) >= len(self.segments), "each segment needs a name for its persona")
        _require(all(goal.due_on > self.starts_on for goal in self.goals), "a goal is due before the start")

    @property
    def name(self) -> str:
        """What the brief is called in reports."""
        return self.company

    @property
    def last_day(self) -> dt.date:
        """The last day of the campaign."""
        return self.starts_on + dt.timedelta(weeks=self.week_count, days=-1)

    def is_open_on(self, day: dt.date) -> bool:
        """Whether anything may be published that day."""
        return day.weekday() not in self.closed_weekdays and day not in self.closed_dates

    def money(self, cents: int) -> str:
        """An amount for people: ``€1,290`` or ``CHF 4.50``; cents only where there are any."""
        sign = _CURRENCY_SIGNS.get(self.currency, f"{self.currency} ")
        amount = f"{abs(cents) / 100:,.2f}".removesuffix(".00")
        return f"{'-' if cents < 0 else ''}{sign}{amount}"


def avoided_words_in(texts: Iterable[str], brief: ClientBrief) -> list[str]:
    """Complaints about words that the brief asks to avoid; compared without regard to case."""
    return [
        f"the text {text!r} uses {word!r}, which {brief.company} asks to avoid"
        for text in texts
        for word in brief.avoided_words
        if word.casefold() in text.casefold()
    ]


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts_in(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _texts_in(getattr(value, part.name))


def _require(holds: bool, complaint: str) -> None:
    if not holds:
        raise ValueError(complaint)


def _require_text(owner: object, *fields: str) -> None:
    for field in fields:
        _require(bool(getattr(owner, field).strip()), f"{type(owner).__name__} needs a {field}")


def _require_share(owner: object, field: str) -> None:
    _require(0 <= getattr(owner, field) <= 1, f"the {field} of a {type(owner).__name__} is a share of one")
