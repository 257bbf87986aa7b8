"""What an iteration may change that must not matter: the factors, their values, and the iterations themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum

from aicmo_perf.model.feature import FeatureKey


class Factor(StrEnum):
    """What can be changed about an iteration without changing the code."""

    ORDER = "order"
    REPETITION = "repetition"
    HASH_SEED = "hash_seed"
    RANDOM_SEED = "random_seed"
    CLOCK = "clock"
    TIME_ZONE = "time_zone"
    LOCALE = "locale"
    DIRECTORY = "directory"
    STATE = "state"
    CPU_COUNT = "cpu_count"
    WORKERS = "workers"
    LOAD = "load"


class OrderKind(StrEnum):
    """How the features of an iteration were ordered."""

    AS_FOUND = "as_found"
    REVERSE = "reverse"
    SHUFFLE = "shuffle"
    SHUFFLE_MODULES = "shuffle_modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What one iteration runs under; the default is the plain one, in which nothing is changed.

    Attributes:
        order: how the features are ordered.
        judged_calls: how often each feature is judged in the process, one call right after the other; the first that
            differs from the first one is told, else the last.
        hash_seed: of ``PYTHONHASHSEED``; None for the mode's own.
        random_seed: of the generators, in live mode; None for the mode's own.
        clock_shift_seconds: how far the date and time are moved, to the future if positive.
        time_zone: as POSIX takes it in ``TZ``; None for the mode's own.
        locale: an installed one's name; None for the mode's own.
        fresh_directory: whether the working directory shows the project in a new place, and the folder of temporary
            files is a new one.
        earlier_process_count: processes that did the same before in that directory, so that what they left is found.
        cpu_count: CPUs that the worker sees; None for all.
        worker_count: processes that share the features, at the same time.
        busy_process_count: processes that do nothing but keep the machine busy.
    """

    order: OrderKind = OrderKind.AS_FOUND
    judged_calls: int = 1
    hash_seed: int | None = None
    random_seed: int | None = None
    clock_shift_seconds: float = 0.0
    time_zone: str | None = None
    locale: str | None = None
    fresh_directory: bool = False
    earlier_process_count: int = 0
    cpu_count: int | None = None
    worker_count: int = 1
    busy_process_count: int = 0

    def __post_init__(self) -> None:
        if min(self.judged_calls, self.worker_count) < 1 or (self.cpu_count is not None and self.cpu_count < 1):
            raise ValueError("an iteration has at least one call, one worker and one CPU")

    @property
    def changed(self) -> frozenset[Factor]:
        """The factors in which it differs from the plain conditions."""
        return frozenset(
            factor for factor, name in FACTOR_FIELDS.items() if getattr(self, name) != getattr(PLAIN, name)
        )

    def only(self, factors: Iterable[Factor]) -> Conditions:
        """The plain conditions with its values of these factors."""
        return replace(PLAIN, **{FACTOR_FIELDS[factor]: getattr(self, FACTOR_FIELDS[factor]) for factor in factors})

    def without(self, factors: Iterable[Factor]) -> Conditions:
        """These conditions with the plain values of some factors."""
        return self.only(self.changed.difference(factors))

    def to_dict(self) -> dict[str, object]:
        """JSON-ready; what is plain is left out."""
        return {name: value for name, value in asdict(self).items() if value != getattr(PLAIN, name)}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Conditions:
        """The reverse of to_dict; keys of another version are passed over."""
        known = {item.name: values[item.name] for item in fields(cls) if item.name in values}
        if "order" in known:
            known["order"] = OrderKind(str(known["order"]))
        return cls(**known)  # type: ignore[arg-type]


FACTOR_FIELDS: Mapping[Factor, str] = {
    Factor.ORDER: "order",
    Factor.REPETITION: "judged_calls",
    Factor.HASH_SEED: "hash_seed",
    Factor.RANDOM_SEED: "random_seed",
    Factor.CLOCK: "clock_shift_seconds",
    Factor.TIME_ZONE: "time_zone",
    Factor.LOCALE: "locale",
    Factor.DIRECTORY: "fresh_directory",
    Factor.STATE: "earlier_process_count",
    Factor.CPU_COUNT: "cpu_count",
    Factor.WORKERS: "worker_count",
    Factor.LOAD: "busy_process_count",
}
"""The field of Conditions that holds each factor's value."""

PLAIN = Conditions()
"""Nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Possibilities:
    """What can be changed here.

    Attributes:
        locales: names of installed ones, other than the plain one.
        clock: whether the date and time can be shifted.
        cpu_count: CPUs of the machine; a lower number can be shown to a worker if it is above one.
        random_seed: whether the generators' seed may be changed: in live mode only.
    """

    locales: tuple[str, ...] = ()
    clock: bool = False
    cpu_count: int = 1
    random_seed: bool = False


class IterationKind(StrEnum):
    """What an iteration is for.

    ``plain``: nothing is changed; ``twin``: the same once more, so that what differs is flaky with nothing changed;
    ``perturbed``: some factors are changed; ``retry``: some features that had failed are given another chance.
    """

    PLAIN = "plain"
    TWIN = "twin"
    PERTURBED = "perturbed"
    RETRY = "retry"

    @property
    def is_unperturbed(self) -> bool:
        """Whether nothing was changed."""
        return self is not IterationKind.PERTURBED


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIteration:
    """An iteration to be run.

    Attributes:
        number: from 1.
        kind: what it is for.
        conditions: what it runs under.
        order: the features in their order; None for the order in which they are found.
        seed: which everything random about it was drawn with.
    """

    number: int
    kind: IterationKind = IterationKind.PLAIN
    conditions: Conditions = PLAIN
    order: tuple[FeatureKey, ...] | None = None
    seed: int = 0

    @property
    def is_measured(self) -> bool:
        """Whether its features are sampled; what perturbed iterations take says nothing of the code's speed."""
        return self.kind is IterationKind.PLAIN or self.kind is IterationKind.TWIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """An iteration that was run.

    Attributes:
        planned: what it was to be; with it, it can be repeated exactly.
        started_at: aware UTC.
        duration_seconds: of all of it; None while it is running, or was cut short.
        load_average: of the machine over the minute before, processes per CPU; None where unknown.
    """

    planned: PlannedIteration
    started_at: datetime
    duration_seconds: float | None = None
    load_average: float | None = None

    @property
    def number(self) -> int:
        """From 1."""
        return self.planned.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Features that are tried under some conditions, to find out what their outcome depends on.

    Attributes:
        conditions: what they run under; the order is that of the features.
        features: what is run, in this order.
        wants_outputs: whether the canonical forms of the outputs are asked for.
    """

    conditions: Conditions = PLAIN
    features: tuple[FeatureKey, ...] = field(default=())
    wants_outputs: bool = False
