"""The numbers that several generators draw from a brief: how much a segment, a need, a product or a channel matters.

All are plain weighted shares, so that a client can follow them by hand; none depends on chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aicmo_perf.suites.aicmo.brief import Channel, ClientBrief, Need, Product, Segment


def rank_weights(count: int) -> tuple[float, ...]:
    """Weights of a ranked list, first the heaviest: 1, 1/2, 1/3 … scaled to sum to one (Zipf's law)."""
    total = sum(1 / rank for rank in range(1, count + 1))
    return tuple(1 / rank / total for rank in range(1, count + 1))


def value_shares(segments: Sequence[Segment]) -> dict[str, float]:
    """Each segment's part of what all of them spend a year, by name; sums to one."""
    total = sum(segment.annual_value_cents for segment in segments)
    return {segment.name: segment.annual_value_cents / total for segment in segments}


def need_demand(brief: ClientBrief) -> dict[Need, float]:
    """How much of the audience's spending is moved by each need; sums to one. Needs nobody has are absent."""
    shares = value_shares(brief.segments)
    demand: dict[Need, float] = {}
    for segment in brief.segments:
        for need, weight in zip(segment.needs, rank_weights(len(segment.needs)), strict=True):
            demand[need] = demand.get(need, 0.0) + shares[segment.name] * weight
    return demand


def rival_coverage(brief: ClientBrief, need: Need) -> float:
    """The part of the competitors, weighted by market share, that already answers a need; 0 to 1."""
    # a competitor without a known share still counts a little
    weights = [competitor.market_share_ratio + 0.01 for competitor in brief.competitors]
    covering = sum(
        weight for competitor, weight in zip(brief.competitors, weights, strict=True) if need in competitor.answers
    )
    return covering / sum(weights)


def channel_reach(brief: ClientBrief, segment: Segment) -> float:
    """How well the client's own channels reach a segment: the ranked weight of its channels the client runs."""
    own = {channel.name for channel in brief.channels}
    weights = rank_weights(len(segment.channels))
    return sum(weight for name, weight in zip(segment.channels, weights, strict=True) if name in own)


def product_fit(product: Product, segment: Segment) -> float:
    """How well a product suits a segment, 0 to 1: its ranked needs that are answered, less what it cannot afford."""
    weights = rank_weights(len(segment.needs))
    answered = sum(weight for need, weight in zip(segment.needs, weights, strict=True) if need in product.answers)
    return answered * min(1.0, segment.annual_spend_cents / product.price_cents)


def best_product(brief: ClientBrief, segment: Segment) -> Product:
    """The product that suits a segment best; of equals the one that sells more, then the first."""
    return max(brief.products, key=lambda product: (product_fit(product, segment), product.revenue_share_ratio))


def channel_weights(brief: ClientBrief) -> dict[str, float]:
    """How to share posts among the client's channels, by name; sums to one.

    Half by where the audience's money is, half by the reactions that a post gets; a channel with neither still gets a
    small part, because the client chose to run it.
    """
    shares = value_shares(brief.segments)
    presence = {channel.name: 0.02 for channel in brief.channels}
    for segment in brief.segments:
        for name, weight in zip(segment.channels, rank_weights(len(segment.channels)), strict=True):
            if name in presence:
                presence[name] += shares[segment.name] * weight
    reactions = {channel.name: expected_reactions(channel) + 1 for channel in brief.channels}
    all_presence, all_reactions = sum(presence.values()), sum(reactions.values())
    return {name: (presence[name] / all_presence + reactions[name] / all_reactions) / 2 for name in presence}


def expected_reactions(channel: Channel) -> float:
    """How many people react to one post."""
    return channel.follower_count * channel.engagement_ratio


def average_price_cents(brief: ClientBrief) -> float:
    """The client's prices weighted by what each product earns."""
    return sum(product.price_cents * product.revenue_share_ratio for product in brief.products)


def apportion(seats: int, weights: Mapping[str, float], caps: Mapping[str, int]) -> dict[str, int]:
    """Share out whole seats by weight, none above its cap: the Sainte-Laguë method, one seat after the other.

    Args:
        seats: how many to share out; what all caps together cannot hold is left over.
        weights: positive, by name.
        caps: the most that each name may get.

    Returns: seats by name; they sum to ``min(seats, sum of the caps)``.
    """
    given = dict.fromkeys(weights, 0)
    for _ in range(min(seats, sum(caps[name] for name in weights))):
        free = [name for name in weights if given[name] < caps[name]]
        # the highest quotient gets the seat; of equals the first, so the result is the same in every process
        winner = max(free, key=lambda name: weights[name] / (2 * given[name] + 1))
        given[winner] += 1
    return given
