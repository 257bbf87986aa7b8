"""Features over runs, where their levels shifted, and the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aicmo_perf.config import Settings
from aicmo_perf.errors import NotFoundError, nearest_hint
from aicmo_perf.model import ChangePoint, Feature, FeatureKey, Line, Mode, Run, RunFilter, Series, Status
from aicmo_perf.store import Store, open_store
from aicmo_perf.workflows.change_points import all_change_points, change_points_of
from aicmo_perf.workflows.liveness import all_as_they_are, as_it_is


@dataclass(frozen=True, slots=True)
class RunsWithCounts:
    """Runs, oldest first, and how many features of each status each has."""

    runs: tuple[Run, ...]
    counts: dict[int, dict[Status, int]]


@dataclass(frozen=True, slots=True)
class History:
    """Features over runs.

    Attributes:
        series: one a feature.
        is_one_feature: whether a single feature was asked for and is meant.
        changes: the change points whose run is among those shown, oldest first.
    """

    series: tuple[Series, ...]
    is_one_feature: bool
    changes: tuple[ChangePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Where levels shifted, oldest first, and in how many runs that was looked for."""

    changes: tuple[ChangePoint, ...]
    run_count: int


Progress = Callable[[int, int], None]
"""Called with how many series are analysed, and of how many."""


def run_filter(
    *,
    last: int | None,
    default_last: int | None,
    since: datetime | None = None,
    until: datetime | None = None,
    branch: str | None = None,
    mode: str | None = None,
    suite: str | None = None,
    environment: str | None = None,
) -> RunFilter:
    """Which runs to look at: the newest ``default_last`` (all for None), unless a number or a time is given."""
    if last is None and since is None and until is None:
        last = default_last
    return RunFilter(
        last=last,
        since=since,
        until=until,
        branch=branch,
        mode=Mode(mode) if mode is not None else None,
        suite=suite,
        environment=environment,
    )


def load_runs(settings: Settings, window: RunFilter) -> RunsWithCounts:
    """The runs of the window, those too that only help to judge another."""
    with open_store(settings.db_url, write=False) as store:
        runs = all_as_they_are(store.runs(replace(window, companions=True)))
        return RunsWithCounts(runs, store.status_counts([run.id for run in runs if run.id is not None]))


def load_history(
    settings: Settings,
    globs: Sequence[str],
    window: RunFilter,
    statuses: Sequence[str] = (),
    *,
    on_progress: Progress | None = None,
) -> History:
    """The features that the globs name (all without any) over the runs of the window.

    Args:
        settings: the database.
        globs: names or globs.
        window: which runs.
        statuses: only results with one of these; empty for all.
        on_progress: called while series are analysed.

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    wanted = frozenset(Status(status) for status in statuses)
    with open_store(settings.db_url, write=False) as store:
        features = find_features(store, globs, window.suite) if globs else None
        if features is not None and len(features) == 1:
            series = store.feature_series(features[0], window, statuses=wanted)
            points = tuple(replace(point, run=as_it_is(point.run)) for point in series.points)
            series = replace(series, points=points)
            return History((series,), is_one_feature=True, changes=_changes_of_one(store, series))
        runs = store.runs(window)
        every = store.all_series(runs, features)
        changes = all_change_points(store, window, on_progress=on_progress)
    if wanted:
        every = tuple(
            replace(series, points=tuple(point for point in series.points if point.status in wanted))
            for series in every
        )
    return History(tuple(series for series in every if series.points), is_one_feature=False, changes=changes)


def _changes_of_one(store: Store, series: Series) -> tuple[ChangePoint, ...]:
    """One feature's change points at the runs of its series."""
    shown = {point.run.uuid for point in series.points}
    lines = dict.fromkeys(Line.of(point.run) for point in series.points)
    found = (change for line in lines for change in change_points_of(store, line, (series.feature,)))
    return tuple(sorted((change for change in found if change.run.uuid in shown), key=lambda change: change.run.moment))


def load_changes(
    settings: Settings,
    globs: Sequence[str],
    window: RunFilter,
    *,
    on_progress: Progress | None = None,
) -> Changes:
    """The change points at the runs of the window, of the features that the globs name (of all without any).

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    with open_store(settings.db_url, write=False) as store:
        wanted = {feature.key for feature in find_features(store, globs, window.suite)} if globs else None
        changes = all_change_points(store, window, on_progress=on_progress)
        run_count = len(store.runs(window))
    return Changes(tuple(change for change in changes if wanted is None or change.feature.key in wanted), run_count)


def find_features(store: Store, globs: Sequence[str], suite: str | None = None) -> tuple[Feature, ...]:
    """The features that any of the globs names.

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    chosen: dict[FeatureKey, Feature] = {}
    for glob in globs:
        matching = store.features([glob], suite=suite)
        if not matching:
            names = [feature.name for feature in store.features(suite=suite)]
            raise NotFoundError(
                f"No feature in the history is called {glob!r}.",
                nearest_hint(glob, names, otherwise="'aicmo-perf history' lists all features."),
            )
        chosen.update((feature.key, feature) for feature in matching)
    return tuple(chosen.values())
