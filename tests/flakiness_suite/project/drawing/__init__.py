"""Features that draw from generators which deterministic mode seeds and live mode does not."""

import random

from aicmo_perf import add_warning, feature


@feature
def warns_of_what_it_draws():
    for _ in range(random.randrange(300)):
        add_warning("a low price")


@feature
def returns_what_it_draws():
    return random.random()


@feature
def draws_with_its_own_seed():
    return random.Random(7).random()


@feature
def always_passes():
    return "plan"
