"""What is known of a feature's flakiness: what it depends on, how often, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from aicmo_perf.model.conditions import Factor
from aicmo_perf.model.feature import Feature, FeatureKey, Signature


class Cause(StrEnum):
    """Why a feature is inconsistent. Each but the last three is confirmed by changing this factor alone.

    ``unexplained``: it follows nothing that was tried; ``out of time``: not everything was tried that could have been.
    """

    ORDER = "order"
    REPETITION = "repetition"
    HASH_SEED = "hash seed"
    RANDOM_SEED = "random seed"
    CLOCK = "clock"
    TIME_ZONE = "time zone"
    LOCALE = "locale"
    STATE_ON_DISK = "state on disk"
    DIRECTORY = "directory"
    CPU_COUNT = "cpu count"
    PARALLELISM = "parallelism"
    TIMING = "timing"
    NONDETERMINISTIC = "nondeterministic"
    UNEXPLAINED = "unexplained"
    OUT_OF_TIME = "out of time"


CAUSE_OF_FACTOR = {
    Factor.ORDER: Cause.ORDER,
    Factor.REPETITION: Cause.REPETITION,
    Factor.HASH_SEED: Cause.HASH_SEED,
    Factor.RANDOM_SEED: Cause.RANDOM_SEED,
    Factor.CLOCK: Cause.CLOCK,
    Factor.TIME_ZONE: Cause.TIME_ZONE,
    Factor.LOCALE: Cause.LOCALE,
    Factor.DIRECTORY: Cause.DIRECTORY,
    Factor.STATE: Cause.STATE_ON_DISK,
    Factor.CPU_COUNT: Cause.CPU_COUNT,
    Factor.WORKERS: Cause.PARALLELISM,
    Factor.LOAD: Cause.TIMING,
}
"""What it is called that an outcome depends on a factor."""


class OrderRole(StrEnum):
    """How a feature depends on others (the terms are those of Shi et al., iFixFlakies, 2019).

    ``victim``: it passes alone and fails after certain others, its polluters; ``brittle``: it fails alone and passes
    after certain others, which it needs.
    """

    VICTIM = "victim"
    BRITTLE = "brittle"


class Inconsistency(StrEnum):
    """What differs: the signature, or the output alone."""

    STATUS = "status"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One thing that an outcome depends on.

    Attributes:
        causes: one; several when it takes them all together.
        role: of the feature in an order; None for other causes.
        features: the polluters of a victim, or what a brittle feature needs: each of them is necessary.
        detail: the values that were compared, in words: ``PYTHONHASHSEED=0 passes, 17 fails``; may be empty.
        confirmed_count: how often the outcome followed the cause in both directions; 0 for what is concluded from
            twins, from the load, or from nothing.
    """

    causes: tuple[Cause, ...]
    role: OrderRole | None = None
    features: tuple[FeatureKey, ...] = ()
    detail: str = ""
    confirmed_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateEstimate:
    """How often a feature differs from its usual self on unchanged code.

    Attributes:
        run_count: observations; a weighted number when older ones weigh less.
        deviating_count: those that differ from the usual one; weighted likewise.
        rate: their share; None without observations.
        low, high: the interval that holds the true rate with 95 % probability.
        not_excluded: the highest rate that is compatible with not having seen it differ (95 %); None when it did.
    """

    run_count: float
    deviating_count: float
    rate: float | None
    low: float
    high: float
    not_excluded: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakinessFinding:
    """An inconsistent feature of a flakiness check, and why it is.

    Attributes:
        feature: which one.
        inconsistency: whether its signature differs, or its output alone.
        explanations: what it depends on, as far as there was time; empty when nobody looked.
        usual, other: a signature of the plain iteration, and the first that differs; equal when the output varies.
        iterations: numbers of those that differ from the plain one.
        replay_iteration: the one to replay in order to see it; the first of them.
        rate: over the iterations.
        output_diff: lines of a unified diff of two canonical forms, shortened; empty when the signature differs too,
            or no two outputs were at hand.
        trial_count: features that were run in order to find the explanation, all trials together.
    """

    feature: Feature
    inconsistency: Inconsistency
    explanations: tuple[Explanation, ...] = ()
    usual: Signature
    other: Signature
    iterations: tuple[int, ...] = ()
    replay_iteration: int | None = None
    rate: RateEstimate
    output_diff: tuple[str, ...] = ()
    trial_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A feature whose failures do not gate, for a reason and a time.

    Attributes:
        feature: a name, a qualified name, ``suite:qualified_name``, or a glob of these.
        reason: why.
        until: the last day it holds.
        added_at: aware UTC; None for one of the configuration file.
        added_by: who; None when unknown.
        in_file: whether it is written in the configuration, which wins over the store.
    """

    feature: str
    reason: str
    until: date
    added_at: datetime | None = None
    added_by: str | None = None
    in_file: bool = False

    def is_expired(self, today: date) -> bool:
        """Whether it no longer holds."""
        return today > self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLine:
    """An entry of the quarantine.

    Attributes:
        entry: what was written.
        features: those in the history that it means.
        overruled: those of them for which another entry counts.
    """

    entry: Quarantine
    features: tuple[Feature, ...]
    overruled: tuple[Feature, ...] = ()
