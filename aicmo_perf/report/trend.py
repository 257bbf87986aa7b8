"""A series reduced to what a line of the history says: level, spread, drift, and how often it failed.

Descriptive only: whether a difference means anything is for ``stats`` and the gate to say.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aicmo_perf.model import PastResult, Run, Series, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One feature over a window of runs.

    Attributes:
        runtimes_seconds: one a run of the window, oldest first; None where the feature is absent, fails or was not
            measured, for a crash is not fast.
        run_count: runs of the window that have the feature.
        latest_seconds: of the newest run that has the feature; None when it has no runtime there.
        latest_status: its status there; None when no run has it.
        median_seconds: of all runtimes; None without any.
        spread_ratio: interquartile range divided by the median; None under two runtimes or for a median of zero.
        change_ratio: median of the newest third of the runtimes divided by that of the oldest third (at least one
            runtime each); None under two runtimes or when the oldest third is zero.
        failing_count, flaky_count: runs in which it failed, and in which iterations disagreed.
    """

    runtimes_seconds: tuple[float | None, ...] = ()
    run_count: int = 0
    latest_seconds: float | None = None
    latest_status: Status | None = None
    median_seconds: float | None = None
    spread_ratio: float | None = None
    change_ratio: float | None = None
    failing_count: int = 0
    flaky_count: int = 0


def trend_of(series: Series, window: Sequence[Run]) -> Trend:
    """Reduce a series; the window (oldest first) adds the runs that lack the feature as gaps."""
    by_uuid = {point.run.uuid: point for point in series.points}
    points = [by_uuid.get(run.uuid) for run in window]
    runtimes = tuple(_passing_runtime(point) for point in points)
    present = [runtime for runtime in runtimes if runtime is not None]
    median = statistics.median(present) if present else None
    newest = next((point for point in reversed(points) if point is not None), None)
    return Trend(
        runtimes_seconds=runtimes,
        run_count=sum(point is not None for point in points),
        latest_seconds=_passing_runtime(newest),
        latest_status=newest.status if newest is not None else None,
        median_seconds=median,
        spread_ratio=_spread_ratio(present, median),
        change_ratio=_change_ratio(present),
        failing_count=sum(point is not None and point.status.is_failing for point in points),
        flaky_count=sum(point is not None and point.is_flaky for point in points),
    )


def _passing_runtime(point: PastResult | None) -> float | None:
    return None if point is None or point.status.is_failing else point.runtime_seconds


def _spread_ratio(runtimes: Sequence[float], median: float | None) -> float | None:
    if len(runtimes) < 2 or not median:
        return None
    lower, _, upper = statistics.quantiles(runtimes, n=4, method="inclusive")
    return (upper - lower) / median


def _change_ratio(runtimes: Sequence[float]) -> float | None:
    if len(runtimes) < 2:
        return None
    third = max(1, len(runtimes) // 3)
    before = statistics.median(runtimes[:third])
    return statistics.median(runtimes[-third:]) / before if before else None


def window_of(series: Iterable[Series]) -> dict[str, tuple[Run, ...]]:
    """The runs of each suite that occur in any of its series, oldest first: the common axis of their sparklines."""
    by_suite: dict[str, dict[str, Run]] = {}
    for one in series:
        runs = by_suite.setdefault(one.feature.suite, {})
        for point in one.points:
            runs[point.run.uuid] = point.run
    # the store's numbers decide between runs that started in the same instant
    return {
        suite: tuple(sorted(runs.values(), key=lambda run: (run.started_at, run.id or 0)))
        for suite, runs in by_suite.items()
    }


class RatiosToPrevious:
    """Each point's runtime divided by that of the nearest earlier run measured alike (mode, machine, depth).

    Fingerprints are computed once a run, since the runs of many series are the same.
    """

    def __init__(self) -> None:
        self._measured_as: dict[str, tuple[str, str, bool]] = {}

    def of(self, points: Sequence[PastResult]) -> tuple[float | None, ...]:
        """One ratio a point, oldest first; None for the first of its kind and where a runtime is missing or zero."""
        previous: dict[tuple[str, str, bool], float] = {}
        ratios = []
        for point in points:
            alike = self.measured_as(point.run)
            runtime = _passing_runtime(point)
            before = previous.get(alike)
            ratios.append(runtime / before if runtime is not None and before else None)
            if runtime is not None:
                previous[alike] = runtime
        return tuple(ratios)

    def measured_as(self, run: Run) -> tuple[str, str, bool]:
        """What two runs must share lest their runtimes mean different things: mode, fingerprint, quick or full."""
        if run.uuid not in self._measured_as:
            self._measured_as[run.uuid] = (run.mode.value, run.environment.fingerprint, run.options.quick)
        return self._measured_as[run.uuid]
