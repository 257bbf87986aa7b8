"""Messaging pillars: the few things a client should say again and again, each standing on proof.

A need becomes a pillar when the audience has it *and* the brief can prove it; the fewer competitors answer it, the
higher it ranks. A need without proof is never promised.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from aicmo_perf.suites.aicmo.brief import ClientBrief, Need, avoided_words_in
from aicmo_perf.suites.aicmo.phrasing import Phraser, Wording
from aicmo_perf.suites.aicmo.scoring import need_demand, rival_coverage

MAX_PILLAR_COUNT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pillar:
    """One thing to stand for.

    Attributes:
        need: what it promises.
        weight_ratio: how much of the communication it deserves; those of a brief sum to one.
        demand_ratio: how much of the audience's spending the need moves.
        rival_coverage_ratio: the part of the competition that answers it already.
        message: the sentence to keep to.
        proof_points: claims of the brief that prove it; never empty.
        products: names of the products that deliver it; may be empty.
        segments: names of the segments that have the need, in the brief's order; may be empty.
    """

    need: Need
    weight_ratio: float
    demand_ratio: float
    rival_coverage_ratio: float
    message: str
    proof_points: tuple[str, ...]
    products: tuple[str, ...]
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessagingPillars:
    """The pillars of a brief, heaviest first."""

    brief: ClientBrief
    pillars: tuple[Pillar, ...]


def write_messaging_pillars(brief: ClientBrief, phrase: Phraser) -> MessagingPillars:
    """Choose up to four needs that are in demand, proven and not yet everybody's, and word a message for each."""
    demand = need_demand(brief)
    proven = list(dict.fromkeys(point.need for point in brief.proof_points))
    scores = {need: _score(brief, need, demand.get(need, 0.0)) for need in proven}
    chosen = sorted(proven, key=lambda need: -scores[need])[:MAX_PILLAR_COUNT]
    total = sum(scores[need] for need in chosen)
    pillars = tuple(_write_pillar(brief, need, scores[need] / total, demand.get(need, 0.0), phrase) for need in chosen)
    return MessagingPillars(brief, pillars)


def _score(brief: ClientBrief, need: Need, demand_ratio: float) -> float:
    # a need in no demand keeps a trace, so that a brief whose proof misses its audience still gets an order
    return (demand_ratio + 0.001) * (2 - rival_coverage(brief, need))


def _write_pillar(brief: ClientBrief, need: Need, weight_ratio: float, demand_ratio: float, phrase: Phraser) -> Pillar:
    proof_points = tuple(point.claim for point in brief.proof_points if point.need is need)
    products = tuple(product.name for product in brief.products if need in product.answers)
    segments = tuple(segment.name for segment in brief.segments if need in segment.needs)
    facts = {
        "company": brief.company,
        "need": need.value,
        "audience": segments[0] if segments else "customers",
        "proof": proof_points[0],
        "products": ", ".join(products),
        "avoided words": ", ".join(brief.avoided_words),
    }
    return Pillar(
        need=need,
        weight_ratio=weight_ratio,
        demand_ratio=demand_ratio,
        rival_coverage_ratio=rival_coverage(brief, need),
        message=phrase(Wording.PILLAR_MESSAGE, facts),
        proof_points=proof_points,
        products=products,
        segments=segments,
    )


def check_messaging_pillars(output: MessagingPillars) -> list[str]:
    """Complaints: a pillar without proof from the brief, twice the same need, weights that do not sum to one …"""
    brief, pillars = output.brief, output.pillars
    claims = {(point.need, point.claim) for point in brief.proof_points}
    complaints = avoided_words_in((pillar.message for pillar in pillars), brief)
    if not pillars:
        complaints.append("there is no pillar")
    if len({pillar.need for pillar in pillars}) != len(pillars):
        complaints.append("two pillars promise the same need")
    if pillars and abs(sum(pillar.weight_ratio for pillar in pillars) - 1) > 1e-9:
        complaints.append("the weights of the pillars do not sum to 1")
    if any(a.weight_ratio < b.weight_ratio for a, b in itertools.pairwise(pillars)):
        complaints.append("the pillars are not in order of weight")
    for pillar in pillars:
        if not pillar.proof_points:
            complaints.append(f"{pillar.need} has no proof point")
        complaints.extend(
            f"{claim!r} is no proof of {pillar.need} in the brief"
            for claim in pillar.proof_points
            if (pillar.need, claim) not in claims
        )
        if not pillar.message.strip():
            complaints.append(f"{pillar.need} has no message")
    return complaints
