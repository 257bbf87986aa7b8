"""A feature over many runs, and how a runtime stands to what it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aicmo_perf.model.feature import Feature, Status
from aicmo_perf.model.run import Mode, Run


class Change(StrEnum):
    """How a runtime stands to its baseline. ``inconclusive`` is a result: too little data, or too much noise."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResult:
    """One feature in one stored run: a point of its series.

    Attributes:
        run: the run, with its id.
        status, runtime_seconds, low_seconds, high_seconds, cpu_seconds: as in FeatureStatus.
        error_count, warning_count: as counted then.
        scenario_count: inputs it was exercised with.
        is_flaky, output_varies: as in FeatureStatus.
    """

    run: Run
    status: Status
    runtime_seconds: float | None = None
    low_seconds: float | None = None
    high_seconds: float | None = None
    cpu_seconds: float | None = None
    error_count: int = 0
    warning_count: int = 0
    scenario_count: int = 0
    is_flaky: bool = False
    output_varies: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One feature's results over runs, oldest first."""

    feature: Feature
    points: tuple[PastResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Which runs make one history: comparable ones of one branch, or of one pull request.

    A pull request of a fork often comes from a branch that is called as the default one; it must not join its history.

    Attributes:
        environment: the fingerprint.
        mode, quick, branch, pull_request: as in Run and its options.
    """

    environment: str
    mode: Mode
    quick: bool
    branch: str | None
    pull_request: str | None = None

    @classmethod
    def of(cls, run: Run) -> Line:
        """The line that a run belongs to."""
        return cls(
            environment=run.environment.fingerprint,
            mode=run.mode,
            quick=run.options.quick,
            branch=run.branch,
            pull_request=run.pull_request,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """Where the level of a feature's runtimes shifted.

    Attributes:
        feature: of which feature.
        run: the first run of the new level.
        previous_run: the last run of the level before; the change lies in the commits between.
        before_seconds, after_seconds: median of the low quantiles of either level.
        confidence: from 0 to 1, how sure it is that the level shifted.
    """

    feature: Feature
    run: Run
    previous_run: Run
    before_seconds: float
    after_seconds: float
    confidence: float

    @property
    def ratio(self) -> float:
        """after_seconds / before_seconds; above 1 is slower."""
        return self.after_seconds / self.before_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedChange:
    """A new level of a feature that people took as it is: later runs are judged by the runs from this one on.

    Attributes:
        feature: of which feature.
        run: the first run of the accepted level.
        accepted_at: aware UTC.
        accepted_by: who; None when unknown.
        reason: why; may be empty.
    """

    feature: Feature
    run: Run
    accepted_at: datetime
    accepted_by: str | None = None
    reason: str = ""

    @property
    def summary(self) -> str:
        """Who accepted it, when and why: ``accepted by anna on 2025-02-03: new model``."""
        by = f" by {self.accepted_by}" if self.accepted_by else ""
        reason = " ".join(self.reason.split()).rstrip(".")
        return f"accepted{by} on {self.accepted_at:%Y-%m-%d}" + (f": {reason}" if reason else "")
