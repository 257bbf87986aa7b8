"""A feature over many runs, and how a runtime stands to what it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.model.feature import Feature, Status
from aicmo_perf.model.run import Run


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
        status, runtime_seconds: as in FeatureStatus.
        error_count, warning_count: as counted then.
        scenario_count: inputs it was exercised with.
        is_flaky, output_varies: as in FeatureStatus.
    """

    run: Run
    status: Status
    runtime_seconds: float | None = None
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
