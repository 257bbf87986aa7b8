"""Whether a feature passed, iteration by iteration and run by run: what its record is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.model.conditions import IterationKind
from aicmo_perf.model.run import Run


class FlakyState(StrEnum):
    """What the history says of a feature. Broken and flaky are never confused.

    ``flaky``: it differed from itself on the same code; ``broken``: it fails, and always does on this code;
    ``stable``: it passes; ``unknown``: it failed, and nothing tells whether it would again, or there is too little.
    """

    STABLE = "stable"
    FLAKY = "flaky"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One feature in one iteration of a stored run.

    Attributes:
        is_failing: whether its status is partial, fail or error; skips are no outcomes.
        kind: of the iteration.
        failure: the fingerprint of its first error, which groups alike failures; None when it passed.
        message: the telling line of that error; None when it passed.
    """

    is_failing: bool
    kind: IterationKind = IterationKind.PLAIN
    failure: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcomes:
    """One feature in one run: all its iterations, in order.

    Attributes:
        run: which run.
        outcomes: at least one.
        low_seconds: the runtime it is judged by; None when it was not measured.
        retry_seconds: how long its retries took.
    """

    run: Run
    outcomes: tuple[Outcome, ...]
    low_seconds: float | None = None
    retry_seconds: float = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether it failed at least once with nothing changed."""
        return any(outcome.is_failing and outcome.kind.is_unperturbed for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How many features failed in a run, with nothing changed.

    Attributes:
        failing_count: of them.
        feature_count: those that were exercised.
    """

    failing_count: int
    feature_count: int
