"""Features over many runs: which features there are, and their series.

Every statement here starts from keys: a feature's results lie side by side in the file, and a run's are found by its
number. Nothing grows with the runs and features that were not asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import Feature, FeatureKey, PastResult, Run, RunFilter, Series, Status
from aicmo_perf.store.models import features, results, runs, suites
from aicmo_perf.store.run_rows import chunks, conditions_of, newest_first, runs_of, select_runs

FEATURE_COLUMNS = (
    suites.c.name.label("suite"),
    features.c.qualified_name,
    features.c.name,
    features.c.category,
    features.c.critical,
)
"""What a Feature is made of."""

_WILDCARDS = frozenset("*?[")
_POINT_COLUMNS = (
    results.c.status,
    results.c.runtime_seconds,
    results.c.low_seconds,
    results.c.high_seconds,
    results.c.cpu_seconds,
    results.c.error_count,
    results.c.warning_count,
    results.c.scenario_count,
    results.c.is_flaky,
    results.c.output_varies,
)


def read_features(connection: Connection, globs: Sequence[str], suite: str | None) -> tuple[Feature, ...]:
    """The features that any of the globs matches (all without globs), in the order in which they became known.

    Names are looked up; only a glob has to be matched with all.
    """
    statement = select_features().order_by(features.c.id)
    if suite is not None:
        statement = statement.where(suites.c.name == suite)
    if globs and not any(_WILDCARDS.intersection(glob) for glob in globs):
        statement = statement.where(or_(*map(_is_called, globs)))
    found = (feature_of(row) for row in connection.execute(statement))
    return tuple(feature for feature in found if not globs or any(feature.is_meant_by(glob) for glob in globs))


def _is_called(name: str) -> ColumnElement[bool]:
    """Whether a feature has this name, qualified name, or ``suite:qualified_name``; each has an index."""
    meanings = [features.c.name == name, features.c.qualified_name == name]
    suite_name, colon, qualified_name = name.partition(":")
    if colon:
        suite_id = select(suites.c.id).where(suites.c.name == suite_name).scalar_subquery()
        meanings.append(and_(features.c.suite_id == suite_id, features.c.qualified_name == qualified_name))
    return or_(*meanings)


def read_feature_series(
    connection: Connection, feature: Feature, run_filter: RunFilter, statuses: frozenset[Status]
) -> Series:
    """One feature's newest results in the runs of a filter, oldest first; empty when it is not stored.

    The runs are walked in their order, newest first, and each has the feature's result looked up, until there are
    enough: no index can give a feature's results in the order of time.
    """
    ids = tuple(feature_ids_of(connection, (feature,)).values())
    if not ids:
        return Series(feature, ())
    has_result = exists().where(results.c.feature_id.in_(ids), results.c.run_id == runs.c.id)
    if statuses:
        has_result = has_result.where(results.c.status.in_(sorted(statuses)))
    statement = select_runs().where(*conditions_of(connection, run_filter), has_result)
    of_runs = runs_of(connection, newest_first(connection, statement, run_filter.last))
    (points,) = _points_by_feature(connection, of_runs, ids).values() or ((),)
    return Series(feature, tuple(points))


def read_all_series(
    connection: Connection, of_runs: Sequence[Run], of_features: Sequence[Feature] | None
) -> tuple[Series, ...]:
    """The series over exactly these runs, oldest first: of the features given, or of all that have a point."""
    if of_features is not None:
        ids_by_key = feature_ids_of(connection, of_features)
        points = _points_by_feature(connection, of_runs, ids_by_key.values())
        return tuple(Series(feature, tuple(points.get(ids_by_key.get(feature.key, 0), ()))) for feature in of_features)
    points = _points_by_feature(connection, of_runs, None)
    described = {
        row.id: feature_of(row)
        for portion in chunks(sorted(points))
        for row in connection.execute(select_features().where(features.c.id.in_(portion)))
    }
    return tuple(Series(described[feature_id], tuple(points[feature_id])) for feature_id in sorted(points))


def _points_by_feature(
    connection: Connection, of_runs: Sequence[Run], feature_ids: Iterable[int] | None
) -> dict[int, list[PastResult]]:
    """The points of features (all without any) in these runs, oldest first, by the feature's number."""
    run_by_id = {run.id: run for run in of_runs if run.id is not None}
    places = {run.id: place for place, run in enumerate(sorted(of_runs, key=lambda run: run.moment))}
    placed: dict[int, list[tuple[int, PastResult]]] = defaultdict(list)
    columns = (results.c.feature_id, results.c.run_id, *_POINT_COLUMNS)
    for run_ids in chunks(run_by_id):
        statement = select(*columns).where(results.c.run_id.in_(run_ids))
        for rows in _executed(connection, statement, feature_ids):
            for feature_id, run_id, *values in map(tuple, rows):
                placed[feature_id].append((places[run_id], _point_of(values, run_by_id[run_id])))
    return {
        feature_id: [point for _, point in sorted(points, key=itemgetter(0))] for feature_id, points in placed.items()
    }


def _executed(
    connection: Connection, statement: Select[Any], feature_ids: Iterable[int] | None
) -> Iterable[Iterable[Row[Any]]]:
    """The rows of a statement on results, restricted to features if any are given, in portions."""
    if feature_ids is None:
        yield connection.execute(statement).all()
        return
    for portion in chunks(feature_ids):
        yield connection.execute(statement.where(results.c.feature_id.in_(portion))).all()


def feature_ids_of(connection: Connection, wanted: Sequence[Feature]) -> dict[FeatureKey, int]:
    """The numbers of those of the features that are stored."""
    names_by_suite: dict[str, list[str]] = defaultdict(list)
    for feature in wanted:
        names_by_suite[feature.suite].append(feature.qualified_name)
    return {
        (suite, row.qualified_name): row.id
        for suite, names in names_by_suite.items()
        for portion in chunks(names)
        for row in connection.execute(
            select_features().where(suites.c.name == suite, features.c.qualified_name.in_(portion))
        )
    }


def stored_feature_ids(connection: Connection, wanted: Sequence[Feature]) -> dict[FeatureKey, int]:
    """The numbers of features.

    Raises: NotFoundError when one is not stored.
    """
    ids = feature_ids_of(connection, wanted)
    for feature in wanted:
        if feature.key not in ids:
            raise NotFoundError(
                f"There is no feature {feature.name!r} in the history.", "'aicmo-perf history' lists all features."
            )
    return ids


def select_features() -> Select[Any]:
    return select(features.c.id, *FEATURE_COLUMNS).select_from(features.join(suites))


def feature_of(row: Row[Any]) -> Feature:
    """The feature of a row that has FEATURE_COLUMNS."""
    return Feature(
        suite=row.suite,
        qualified_name=row.qualified_name,
        name=row.name,
        category=row.category,
        critical=row.critical,
    )


def _point_of(values: Sequence[Any], run: Run) -> PastResult:
    """The values of _POINT_COLUMNS; unpacked, because naming each of a row's columns takes thrice as long."""
    status, runtime, low, high, cpu, error_count, warning_count, scenario_count, is_flaky, output_varies = values
    return PastResult(
        run=run,
        status=status,
        runtime_seconds=runtime,
        low_seconds=low,
        high_seconds=high,
        cpu_seconds=cpu,
        error_count=error_count,
        warning_count=warning_count,
        scenario_count=scenario_count,
        is_flaky=is_flaky,
        output_varies=output_varies,
    )
