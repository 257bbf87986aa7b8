"""What each iteration of a flakiness check changes: little is seen twice, and factors can be told apart.

The first iteration is plain, the third its twin. The second is the reverse order with every other factor changed that
hides nothing there: with it, each feature has been seen after each other one. Two are left out of it. Several workers
would take half of all pairs out of the reverse order; it has to be whole. And repetition shows where it is *not*: a
plain iteration calls features again in order to measure them, so one that cannot be called twice fails there, and
passes where it is called once.

Later ones are shuffled (`aicmo_perf.flakiness.orders`), globally and by module in turn, some twenty so that they show
what was not seen, further ones by lot. Which other factors are on follows the design of Plackett and Burman for up to
eleven factors: each is on in six of eleven iterations, and any two of them together in three, so that no two always go
together; after that all signs are exchanged. Two factors are on in one iteration of three only, and never both, since
they take something from an order: two workers show half as many pairs, and of a feature that is called again the second
call may not show what its predecessors did to the first.

References:
    Plackett, Burman (1946): The design of optimum multifactorial experiments. Biometrika 33(4), 305–325.
    https://doi.org/10.1093/biomet/33.4.305
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from aicmo_perf.flakiness.orders import SeenOrders
from aicmo_perf.model import (
    Conditions,
    Factor,
    Feature,
    IterationKind,
    OrderKind,
    PlannedIteration,
    Possibilities,
)

TIME_ZONES = (
    "<+14>-14",
    "<-12>12",
    "<+0545>-5:45",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
)
"""As POSIX has them, so that no time zone data is needed: whatever the hour, in one of the first two it is another day;
then a quarter of an hour, and summer time in both hemispheres."""

NOMINAL_NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""Stands in for the date that shifts start from, when nobody says which it is."""

_TWIN_NUMBER = 3
_FIRST_SHUFFLE = 4
_GENERATOR = (True, True, False, True, True, True, False, False, False, True, False)
"""The first row of Plackett and Burman's design in twelve runs; each further row is the one before, shifted by one."""

_COLUMNS: dict[Factor, int] = {
    Factor.HASH_SEED: 9,
    Factor.CLOCK: 7,
    Factor.TIME_ZONE: 0,
    Factor.LOCALE: 1,
    Factor.DIRECTORY: 2,
    Factor.CPU_COUNT: 8,
    Factor.RANDOM_SEED: 10,
}
"""Each factor's column of the design; such ones that already ten iterations tell any two factors apart."""

_ONE_IN_THREE: dict[Factor, int] = {Factor.REPETITION: 0, Factor.WORKERS: 2}
"""The factors that take something from an order, and the first shuffle they are on in, from 0."""

_TWO_WORKERS = 2
_TWO_CALLS = 2
_SEED_BITS = 32


class Design:
    """The iterations of a check: the same ones for the same features, possibilities, seed and date.

    Args:
        features: in the order in which they are found.
        possibilities: what can be changed here.
        seed: which everything random is drawn with.
        now: the date and time that shifts start from, so that they reach a month's end and a leap day; aware.
    """

    def __init__(
        self, features: Sequence[Feature], possibilities: Possibilities, seed: int, now: datetime = NOMINAL_NOW
    ) -> None:
        self._keys = [feature.key for feature in features]
        self._modules = _modules(features)
        self._possible = _possible(possibilities)
        self._locales = possibilities.locales
        self._seed = seed
        self._seen = SeenOrders(len(features))
        self._planned: list[PlannedIteration] = []
        self._shifts = _clock_shifts(now, _lots(f"clock {seed}"))

    def iteration(self, number: int) -> PlannedIteration:
        """The iteration of a number; they may be asked for in any order.

        Raises: ValueError: a number below 1.
        """
        if number < 1:
            raise ValueError(f"iterations are numbered from 1, not {number}")
        while len(self._planned) < number:
            self._planned.append(self._next(len(self._planned) + 1))
        return self._planned[number - 1]

    def _next(self, number: int) -> PlannedIteration:
        if number == 1 or number == _TWIN_NUMBER:
            kind = IterationKind.PLAIN if number == 1 else IterationKind.TWIN
            self._seen.add(range(len(self._keys)))
            return PlannedIteration(number=number, kind=kind, seed=self._seed)
        seed = _lots(f"iteration {number} of {self._seed}").getrandbits(_SEED_BITS)
        random = _lots(seed)
        kind_of_order, order = self._order(number, random)
        conditions = self._conditions(number, kind_of_order, random)
        self._seen.add(order, conditions.worker_count)
        return PlannedIteration(
            number=number,
            kind=IterationKind.PERTURBED,
            conditions=conditions,
            order=tuple(self._keys[index] for index in order),
            seed=seed,
        )

    def _order(self, number: int, random: Random) -> tuple[OrderKind, list[int]]:
        if number < _FIRST_SHUFFLE:
            return OrderKind.REVERSE, list(range(len(self._keys)))[::-1]
        if (number - _FIRST_SHUFFLE) % 2 == 0:
            return OrderKind.SHUFFLE, self._seen.shuffled(random)
        return OrderKind.SHUFFLE_MODULES, self._seen.shuffled_modules(self._modules, random)

    def _conditions(self, number: int, order: OrderKind, random: Random) -> Conditions:
        changed = self._changed(number) & self._possible
        # the reverse order is the first of those that change something, the first shuffle the second
        turn = max(0, number - _FIRST_SHUFFLE + 1)
        return Conditions(
            order=order,
            judged_calls=_TWO_CALLS if Factor.REPETITION in changed else 1,
            hash_seed=random.randrange(1, 2**_SEED_BITS) if Factor.HASH_SEED in changed else None,
            random_seed=random.randrange(2**_SEED_BITS) if Factor.RANDOM_SEED in changed else None,
            clock_shift_seconds=self._shifts[turn % len(self._shifts)] if Factor.CLOCK in changed else 0.0,
            time_zone=TIME_ZONES[turn % len(TIME_ZONES)] if Factor.TIME_ZONE in changed else None,
            locale=self._locales[turn % len(self._locales)] if Factor.LOCALE in changed else None,
            fresh_directory=Factor.DIRECTORY in changed,
            cpu_count=1 if Factor.CPU_COUNT in changed else None,
            worker_count=_TWO_WORKERS if Factor.WORKERS in changed else 1,
        )

    def _changed(self, number: int) -> frozenset[Factor]:
        """The factors, other than the order, that an iteration changes wherever that can be done."""
        if number < _FIRST_SHUFFLE:
            return frozenset(_COLUMNS)
        shift = number - _FIRST_SHUFFLE
        exchanged = shift // len(_GENERATOR) % 2 == 1
        changed = {
            factor
            for factor, column in _COLUMNS.items()
            if _GENERATOR[(column - shift) % len(_GENERATOR)] is not exchanged
        }
        return frozenset(changed | {factor for factor, first in _ONE_IN_THREE.items() if shift % 3 == first})


def _lots(seed: str | int) -> Random:
    """Where lots are drawn; the same ones for the same seed, whatever the process's hash seed is."""
    return Random(seed)  # noqa: S311 - nothing secret


def _possible(possibilities: Possibilities) -> frozenset[Factor]:
    """What can be changed here."""
    conditional = {
        Factor.CLOCK: possibilities.clock,
        Factor.LOCALE: bool(possibilities.locales),
        Factor.CPU_COUNT: possibilities.cpu_count > 1,
        Factor.RANDOM_SEED: possibilities.random_seed,
    }
    return frozenset(factor for factor in (*_COLUMNS, *_ONE_IN_THREE) if conditional.get(factor, True))


def _modules(features: Sequence[Feature]) -> list[list[int]]:
    """The features of each module: those whose qualified names agree up to the last part."""
    modules: dict[tuple[str, str], list[int]] = {}
    for index, feature in enumerate(features):
        modules.setdefault((feature.suite, feature.qualified_name.rpartition(".")[0]), []).append(index)
    return list(modules.values())


def _clock_shifts(now: datetime, random: Random) -> list[float]:
    """Shifts to dates that matter, in whole seconds; all into the future, so that files are never newer than now.

    The first is to another year, month and day, since it may be the only one that is used.
    """
    another_year = [_new_year(now), _leap_day(now)]
    random.shuffle(another_year)
    others = [another_year[1], _end_of_next_month(now), now + timedelta(days=1, hours=random.randint(3, 21))]
    random.shuffle(others)
    return [float(round((date - now).total_seconds())) for date in (another_year[0], *others)]


def _new_year(now: datetime) -> datetime:
    """The first minutes of next year."""
    return datetime(now.year + 1, 1, 1, 0, 10, tzinfo=now.tzinfo)


def _leap_day(now: datetime) -> datetime:
    """Noon of the next 29 February of another year."""
    year = now.year + 1
    while year % 4 or (year % 100 == 0 and year % 400):
        year += 1
    return datetime(year, 2, 29, 12, tzinfo=now.tzinfo)


def _end_of_next_month(now: datetime) -> datetime:
    """The last half hour of the month after this one."""
    months = now.year * 12 + now.month - 1 + 2
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=now.tzinfo) - timedelta(minutes=30)
