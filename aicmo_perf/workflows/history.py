"""Features over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aicmo_perf.config import Settings
from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import Feature, Run, RunFilter, Series, Status
from aicmo_perf.store import Store, open_store
from aicmo_perf.workflows.liveness import all_as_they_are, as_it_is


@dataclass(frozen=True, slots=True)
class RunsWithCounts:
    """Runs, oldest first, and how many features of each status each has."""

    runs: tuple[Run, ...]
    counts: dict[int, dict[Status, int]]


def load_runs(settings: Settings, run_filter: RunFilter) -> RunsWithCounts:
    """The runs that the filter lets through."""
    with open_store(settings.db_url, write=False) as store:
        runs = all_as_they_are(store.runs(run_filter))
        return RunsWithCounts(runs, store.status_counts([run.id for run in runs if run.id is not None]))


def load_overview(settings: Settings, globs: Sequence[str], run_filter: RunFilter) -> tuple[Series, ...]:
    """Every feature (of the globs) over the runs that the filter lets through."""
    with open_store(settings.db_url, write=False) as store:
        features = select_features(store, globs, run_filter.suite) if globs else None
        return store.all_series(store.runs(run_filter), features)


def load_feature(
    settings: Settings, feature: Feature, run_filter: RunFilter, statuses: frozenset[Status] = frozenset()
) -> Series:
    """One feature over the runs that the filter lets through."""
    with open_store(settings.db_url, write=False) as store:
        series = store.feature_series(feature, run_filter, statuses=statuses)
        return replace(series, points=tuple(replace(point, run=as_it_is(point.run)) for point in series.points))


def find_features(settings: Settings, globs: Sequence[str], suite: str | None) -> tuple[Feature, ...]:
    """The features that the globs name.

    Raises: NotFoundError, with the nearest names, for a glob that matches nothing.
    """
    with open_store(settings.db_url, write=False) as store:
        return select_features(store, globs, suite)


def select_features(store: Store, globs: Sequence[str], suite: str | None) -> tuple[Feature, ...]:
    """The features of the store that the globs name, each glob at least one.

    Raises: NotFoundError, with the nearest names.
    """
    chosen: dict[tuple[str, str], Feature] = {}
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


def one_feature(settings: Settings, glob: str, suite: str | None) -> Feature:
    """The one feature that a name or glob means.

    Raises: NotFoundError for none, UsageError for several.
    """
    found = find_features(settings, [glob], suite)
    if len(found) > 1:
        raise UsageError(
            f"{glob!r} means {len(found)} features.",
            "Choose one: " + ", ".join(f"{feature.suite}:{feature.qualified_name}" for feature in found[:5]) + ".",
        )
    return found[0]
