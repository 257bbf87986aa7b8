"""Personas: one for each of the segments that are worth most, with its part of their spending.

A segment's priority weighs what it spends, how well the client's channels reach it, and how well its best product suits
it. Who the persona is beyond that (name, role, age) is drawn at random within what the brief allows.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

from aicmo_perf.suites.aicmo.brief import ClientBrief, Need, Segment, avoided_words_in
from aicmo_perf.suites.aicmo.phrasing import Phraser, Wording, vary
from aicmo_perf.suites.aicmo.scoring import best_product, channel_reach, product_fit, value_shares

MAX_PERSONA_COUNT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One imagined customer.

    Attributes:
        name, role, age_years: who it is.
        segment: the name of the segment it stands for.
        share_ratio: that segment's part of what all personas' segments spend.
        priority_score: 0 to 1; spending, reach and fit, a third each.
        reach_ratio: how well the client's channels reach it, 0 to 1.
        needs: most pressing first.
        channels: where to meet it, most used first.
        product: what to offer first, by name.
        voice: a sentence it might say.
    """

    name: str
    role: str
    age_years: int
    segment: str
    share_ratio: float
    priority_score: float
    reach_ratio: float
    needs: tuple[Need, ...]
    channels: tuple[str, ...]
    product: str
    voice: str


@dataclass(frozen=True, slots=True)
class PersonaSet:
    """The personas of a brief, highest priority first."""

    brief: ClientBrief
    personas: tuple[Persona, ...]


def write_personas(brief: ClientBrief, phrase: Phraser) -> PersonaSet:
    """Make a persona of each segment, of the four with the highest priority if there are more."""
    shares = value_shares(brief.segments)
    ranked = sorted(brief.segments, key=lambda segment: -_priority(brief, segment, shares[segment.name]))
    kept = ranked[:MAX_PERSONA_COUNT]
    kept_shares = value_shares(kept)
    names = random.sample(sorted(set(brief.given_names)), len(kept))
    personas = tuple(
        _write_persona(brief, segment, name, kept_shares[segment.name], shares[segment.name], phrase)
        for segment, name in zip(kept, names, strict=True)
    )
    return PersonaSet(brief, personas)


def _priority(brief: ClientBrief, segment: Segment, spending_ratio: float) -> float:
    fit = product_fit(best_product(brief, segment), segment)
    return (spending_ratio + channel_reach(brief, segment) + fit) / 3


def _write_persona(
    brief: ClientBrief, segment: Segment, name: str, share_ratio: float, spending_ratio: float, phrase: Phraser
) -> Persona:
    product = best_product(brief, segment)
    role = vary(segment.roles)
    facts = {
        "role": role,
        "pain": segment.pain,
        "need": segment.needs[0].value,
        "product": product.name,
        "avoided words": ", ".join(brief.avoided_words),
    }
    return Persona(
        name=name,
        role=role,
        age_years=vary(range(segment.youngest_years, segment.oldest_years + 1)),
        segment=segment.name,
        share_ratio=share_ratio,
        priority_score=_priority(brief, segment, spending_ratio),
        reach_ratio=channel_reach(brief, segment),
        needs=segment.needs,
        channels=segment.channels,
        product=product.name,
        voice=phrase(Wording.PERSONA_VOICE, facts),
    )


def check_personas(output: PersonaSet) -> list[str]:
    """Complaints: shares that do not sum to one, a wrong order, an age or product the brief does not have …"""
    brief, personas = output.brief, output.personas
    segments = {segment.name: segment for segment in brief.segments}
    products = {product.name for product in brief.products}
    complaints = avoided_words_in((persona.voice for persona in personas), brief)
    if len(personas) != min(MAX_PERSONA_COUNT, len(segments)):
        complaints.append(f"{len(personas)} personas for {len(segments)} segments")
    if len({persona.name for persona in personas}) != len(personas):
        complaints.append("two personas share a name")
    if not math.isclose(sum(persona.share_ratio for persona in personas), 1.0, abs_tol=1e-9):
        complaints.append("the shares of the personas do not sum to 1")
    if any(a.priority_score < b.priority_score for a, b in itertools.pairwise(personas)):
        complaints.append("the personas are not in order of priority")
    for persona in personas:
        segment = segments.get(persona.segment)
        if segment is None:
            complaints.append(f"{persona.name} stands for {persona.segment!r}, which is no segment of the brief")
            continue
        if not segment.youngest_years <= persona.age_years <= segment.oldest_years:
            complaints.append(f"{persona.name} is {persona.age_years}, outside the ages of {segment.name}")
        if persona.role not in segment.roles:
            complaints.append(f"{persona.name} has a role that {segment.name} do not have")
        if persona.product not in products:
            complaints.append(f"{persona.name} is offered {persona.product!r}, which the client does not sell")
        if not persona.voice.strip():
            complaints.append(f"{persona.name} says nothing")
    return complaints
