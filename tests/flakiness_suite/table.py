"""What is planted in ``project``: each inconsistent feature with what it depends on.

All others agree with themselves, those that pollute too.
"""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.model import Cause, Inconsistency, OrderRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A feature whose flakiness is known.

    Attributes:
        name: the qualified name.
        explanations: sets of causes; all of a set are needed together, and each set is enough.
        inconsistency: what differs.
        role: in an order.
        features: its polluters, or what it needs.
        needs: what the machine must be able to change for it to show.
        is_certain: whether ten iterations show it for certain, whatever else the machine does.
    """

    name: str
    explanations: frozenset[frozenset[Cause]]
    inconsistency: Inconsistency
    role: OrderRole | None
    features: frozenset[str]
    needs: str
    is_certain: bool


def _planted(
    name: str,
    *explanations: Cause | tuple[Cause, ...],
    output: bool = False,
    role: OrderRole | None = None,
    features: str = "",
    needs: str = "",
    uncertain: bool = False,
) -> Planted:
    return Planted(
        name=f"planted.{name}",
        explanations=frozenset(frozenset(one if isinstance(one, tuple) else (one,)) for one in explanations),
        inconsistency=Inconsistency.OUTPUT if output else Inconsistency.STATUS,
        role=role,
        features=frozenset(f"planted.{one}" for one in features.split()),
        needs=needs,
        is_certain=not uncertain,
    )


C, VICTIM, BRITTLE = Cause, OrderRole.VICTIM, OrderRole.BRITTLE

PLANTED = (
    # one cause, signature or output
    _planted("alone.follows_hash_order", C.HASH_SEED),
    _planted("alone.lists_a_set", C.HASH_SEED, output=True),
    _planted("alone.dates_its_file", C.CLOCK, needs="clock"),
    _planted("alone.prints_the_date", C.CLOCK, output=True, needs="clock"),
    _planted("alone.opens_at_nine", C.TIME_ZONE),
    _planted("alone.prints_local_time", C.TIME_ZONE, output=True),
    _planted("alone.sorts_as_the_c_locale", C.LOCALE, needs="locales"),
    _planted("alone.tells_its_directory", C.DIRECTORY, output=True),
    _planted("alone.shares_its_work", C.CPU_COUNT, needs="cpu_count"),
    _planted("alone.appends_an_order", C.REPETITION),
    _planted("alone.numbers_its_invoice", C.REPETITION, output=True),
    _planted("alone.finds_no_lock", C.STATE_ON_DISK),
    # another worker must be at work at that very moment; a machine must be busy
    _planted("alone.has_the_shop_for_itself", C.PARALLELISM, uncertain=True),
    _planted("alone.answers_in_time", C.TIMING, uncertain=True),
    # the order: leaks through the environment, a global, a file, a cache, a patch, a thread
    _planted("before.prices_in_dollars", C.ORDER, role=VICTIM, features="leaking.switches_to_euros"),
    _planted("before.discounts_by_ten", C.ORDER, role=VICTIM, features="leaking.changes_the_discount"),
    _planted("before.finds_no_price_list", C.ORDER, role=VICTIM, features="leaking.leaves_a_price_list"),
    _planted("before.taxes_as_in_germany", C.ORDER, role=VICTIM, features="leaking.sells_to_france"),
    _planted("before.shortens_a_title", C.ORDER, role=VICTIM, features="leaking.patches_a_module"),
    _planted("before.leaves_no_mailer", C.ORDER, role=VICTIM, features="leaking.starts_a_mailer"),
    _planted(
        "before.adds_at_most_one_surcharge", C.ORDER, role=VICTIM, features="leaking.adds_a_tax leaking.adds_postage"
    ),
    # neither the order as found nor its reverse has both before it; designed shuffles do, in 98 of 100 checks
    _planted(
        "before.stands_between_two_sales",
        C.ORDER,
        role=VICTIM,
        features="before.opens_a_sale leaking.closes_a_sale",
        uncertain=True,
    ),
    _planted("leaking.sends_an_order", C.ORDER, role=BRITTLE, features="before.connects"),
    _planted("leaking.pays", C.ORDER, role=BRITTLE, features="before.logs_in before.fills_the_cart"),
    # chance: both outcomes show in ten iterations with a probability of 99.8, 89 and 40 %, none of which is certain
    _planted("chance.fails_every_second_time", C.NONDETERMINISTIC, uncertain=True),
    _planted("chance.fails_every_fifth_time", C.NONDETERMINISTIC, uncertain=True),
    _planted("chance.fails_every_twentieth_time", C.NONDETERMINISTIC, uncertain=True),
    _planted("chance.returns_a_uuid", C.NONDETERMINISTIC, output=True),
    _planted("chance.returns_a_token", C.NONDETERMINISTIC, output=True),
    # two causes: together
    _planted("pairs.needs_hash_seed_and_clock", (C.HASH_SEED, C.CLOCK), needs="clock"),
    _planted("pairs.needs_clock_and_time_zone", (C.CLOCK, C.TIME_ZONE), needs="clock"),
    _planted("pairs.needs_hash_seed_and_repetition", (C.HASH_SEED, C.REPETITION)),
    _planted(
        "pairs.needs_a_polluter_and_the_clock",
        (C.ORDER, C.CLOCK),
        role=VICTIM,
        features="pairs.pollutes_the_pairs",
        needs="clock",
    ),
    # two causes: either
    _planted("pairs.suffers_from_hash_seed_or_time_zone", C.HASH_SEED, C.TIME_ZONE),
    _planted(
        "pairs.suffers_from_a_polluter_or_repetition",
        C.ORDER,
        C.REPETITION,
        role=VICTIM,
        features="pairs.pollutes_the_pairs",
    ),
    _planted(
        "before.finds_no_shared_list",
        C.ORDER,
        C.STATE_ON_DISK,
        role=VICTIM,
        features="leaking.leaves_a_shared_list",
    ),
)
"""In deterministic mode."""

DRAWING = (
    Planted(
        name="drawing.warns_of_what_it_draws",
        explanations=frozenset({frozenset({Cause.RANDOM_SEED})}),
        inconsistency=Inconsistency.STATUS,
        role=None,
        features=frozenset(),
        needs="random_seed",
        is_certain=True,
    ),
    Planted(
        name="drawing.returns_what_it_draws",
        explanations=frozenset({frozenset({Cause.RANDOM_SEED})}),
        inconsistency=Inconsistency.OUTPUT,
        role=None,
        features=frozenset(),
        needs="random_seed",
        is_certain=True,
    ),
)
"""In live mode."""
