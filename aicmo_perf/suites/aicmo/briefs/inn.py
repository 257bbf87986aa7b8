"""An inn whose names are awkward on purpose: quotes, angle brackets, umlauts, emoji, and one that no line holds."""

from __future__ import annotations

import datetime as dt

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

INN = ClientBrief(
    company='Gasthof "Zum Löwen" — Müller & Söhne <seit 1683> 🦁',
    industry="inns & guest-houses",
    location="Garmisch-Partenkirchen",
    description='runs 14 rooms, a beer garden & its own brewery; "Grüß Gott" is how guests are met, 365 days > 364',
    currency="CHF",
    products=(
        Product(
            name="Übernachtung mit Frühstück & Bergblick in der Königlich-Bayerischen Alpenpanorama-Suite",
            price_cents=18_950,
            revenue_share_ratio=0.62,
            answers=(Need.QUALITY, Need.CONVENIENCE),
            benefit="wake up to the Zugspitze, not to an alarm",
        ),
        Product(
            name="Brewer's table (5 beers < 5 courses)",
            price_cents=6_990,
            revenue_share_ratio=0.38,
            answers=(Need.BELONGING, Need.QUALITY),
            benefit="drink a beer with the people who brewed it",
        ),
    ),
    segments=(
        Segment(
            name='hikers & cyclists from "the flat North"',
            roles=("Verwaltungsfachangestellte", "sales rep"),
            youngest_years=40,
            oldest_years=66,
            customer_count=9_100,
            annual_spend_cents=92_000,
            needs=(Need.QUALITY, Need.CONVENIENCE),
            pain="hotels that could stand in any town",
            channels=("Instagram", "E-Mail"),
        ),
        Segment(
            name="beer lovers 🍺",
            roles=("home brewer", "sommelière"),
            youngest_years=27,
            oldest_years=55,
            customer_count=4_300,
            annual_spend_cents=38_000,
            needs=(Need.BELONGING, Need.QUALITY),
            pain="tasting rooms without a brewer",
            channels=("Untappd", "Instagram"),
        ),
    ),
    competitors=(
        Competitor(
            name="O'Malley's B&B",
            typical_price_cents=11_900,
            market_share_ratio=0.08,
            rating=4.4,
            review_count=350,
            growth_ratio=0.12,
            answers=(Need.BELONGING,),
        ),
        Competitor(
            name="Hôtel d'Été ½",
            typical_price_cents=24_000,
            market_share_ratio=0.12,
            rating=4.1,
            review_count=1_900,
            growth_ratio=0.01,
            answers=(Need.CONVENIENCE,),
        ),
    ),
    channels=(
        Channel(
            name="Instagram",
            follower_count=3_300,
            engagement_ratio=0.047,
            post_cost_cents=5_050,
            max_posts_per_week=3,
            best_hours=(9, 18),
            formats=("photo & caption", 'reel "behind the tap"'),
        ),
        Channel(
            name="E-Mail",
            follower_count=2_100,
            engagement_ratio=0.092,
            post_cost_cents=7_500,
            max_posts_per_week=1,
            best_hours=(6,),
            formats=("letter from the landlord's desk",),
        ),
    ),
    goals=(
        Goal(metric="nights booked directly, not via portals (%)", current=31, target=45, due_on=dt.date(2026, 5, 31)),
    ),
    proof_points=(
        ProofPoint(need=Need.QUALITY, claim='rated 4.9 ★ by 412 guests; 71 % "would come back"'),
        ProofPoint(need=Need.BELONGING, claim="the 11th generation pours & serves: Söhne, Töchter & Enkel"),
        ProofPoint(need=Need.CONVENIENCE, claim="train ↔ inn in 6 minutes; luggage < 25 kg is carried free"),
    ),
    market_share_ratio=0.04,
    market_growth_ratio=0.05,
    rating=4.9,
    review_count=412,
    engagement_benchmark_ratio=0.03,
    prepared_on=dt.date(2025, 11, 24),
    starts_on=dt.date(2025, 12, 15),
    week_count=4,
    posts_per_week=4,
    media_budget_cents=80_000,
    closed_weekdays=(Weekday.TUESDAY,),
    closed_dates=(dt.date(2025, 12, 24), dt.date(2025, 12, 25)),
    avoided_words=("cosy", "hidden gem"),
    given_names=("Zoë", "Jürgen", "Božena", "Seán"),
)
