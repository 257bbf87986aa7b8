"""Features over runs, and the runs themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aicmo_perf.config import Settings
from aicmo_perf.errors import NotFoundError, nearest_hint
from aicmo_perf.model import Feature, FeatureKey, Mode, Run, RunFilter, Series, Status
from aicmo_perf.store import Store, open_store
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
    """

    series: tuple[Series, ...]
    is_one_feature: bool


def run_filter(
    *,
    last: int | None,
    default_last: int,
    since: datetime | None = None,
    until: datetime | None = None,
    branch: str | None = None,
    mode: str | None = None,
    suite: str | None = None,
    environment: str | None = None,
) -> RunFilter:
    """Which runs to look at: the newest ``default_last``, unless a number or a time is given."""
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
    """The runs of the window."""
    with open_store(settings.db_url, write=False) as store:
        runs = all_as_they_are(store.runs(window))
        return RunsWithCounts(runs, store.status_counts([run.id for run in runs if run.id is not None]))


def load_history(settings: Settings, globs: Sequence[str], window: RunFilter, statuses: Sequence[str] = ()) -> History:
    """The features that the globs name (all without any) over the runs of the window.

    Args:
        settings: the database.
        globs: names or globs.
        window: which runs.
        statuses: only results with one of these; empty for all.

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    wanted = frozenset(Status(status) for status in statuses)
    with open_store(settings.db_url, write=False) as store:
        features = _features(store, globs, window.suite) if globs else None
        if features is not None and len(features) == 1:
            series = store.feature_series(features[0], window, statuses=wanted)
            points = tuple(replace(point, run=as_it_is(point.run)) for point in series.points)
            return History((replace(series, points=points),), is_one_feature=True)
        every = store.all_series(store.runs(window), features)
    if wanted:
        every = tuple(
            replace(series, points=tuple(point for point in series.points if point.status in wanted))
            for series in every
        )
    return History(tuple(series for series in every if series.points), is_one_feature=False)


def _features(store: Store, globs: Sequence[str], suite: str | None) -> tuple[Feature, ...]:
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
