"""Where levels shifted, kept so that it is not computed anew by each command.

What is kept of a line says which runs it was computed from: how many, and a digest of their numbers in the order of
time. Numbers are never given twice, so the digest tells exactly what has happened since. The same runs: the answer
stands. The same and later ones: each series is analysed from where it had settled. Anything else (an older run was
imported, or completed late, or one was deleted): the line is analysed anew.

Several processes may analyse at once. Each keeps its result in one transaction, and only if what it started from is
still so; else another one was faster, or the runs have changed, and nothing is lost but time.
"""

from __future__ import annotations

import hashlib
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, ScalarSelect, delete, insert, select, update

from aicmo_perf.model import Feature, FeatureKey, Line, Run, RunFilter, RunState, Status
from aicmo_perf.store.connection import Database
from aicmo_perf.store.models import (
    analysed_series,
    analyses,
    change_points,
    environments,
    features,
    results,
    runs,
    suites,
)
from aicmo_perf.store.run_rows import chunks, conditions_of, runs_of, select_runs
from aicmo_perf.store.series import FEATURE_COLUMNS, feature_ids_of, feature_of
from aicmo_perf.store.writing import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """The runs of a line, and how far the kept analysis covers them.

    Attributes:
        line: which line.
        algorithm: whose analysis is meant; what another one kept is of no use.
        run_ids: its complete runs that are no companions, in the order of time. A place is an index into these.
        covered_count: so many of them, from the first on, are what the kept analysis knows; 0 when it is of no use.
    """

    line: Line
    algorithm: str
    run_ids: tuple[int, ...]
    covered_count: int

    @property
    def is_fresh(self) -> bool:
        """Whether what is kept is the answer."""
        return self.covered_count == len(self.run_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptShift:
    """A change point, its runs by number.

    Attributes:
        feature: of which feature.
        run_id, previous_run_id, before_seconds, after_seconds, confidence: as in `ChangePoint`.
    """

    feature: Feature
    run_id: int
    previous_run_id: int
    before_seconds: float
    after_seconds: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSeries:
    """What an analysis found out about one feature.

    Attributes:
        feature: which one.
        scenario_count: of the results that count: those with as many scenarios as the newest that passed.
        first_needed: place of the first run whose result is needed to go on.
        settled: what later runs cannot change, in the analysis's own words.
        shifts: its change points.
    """

    feature: Feature
    scenario_count: int
    first_needed: int
    settled: str
    shifts: tuple[KeptShift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSeries:
    """One feature's passed and measured results in a line, in the order of time; three lists of one length.

    Attributes:
        places: of the runs.
        scenario_counts: inputs it was exercised with.
        low_seconds: as in FeatureStatus.
    """

    places: list[int]
    scenario_counts: list[int]
    low_seconds: list[float]


class Analyses:
    """The kept analyses of a store; every method is one transaction and raises StoreError when the database fails it.

    Args:
        database: the store's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def state_of(self, line: Line, algorithm: str) -> LineState:
        """The runs of a line, and how far they are covered by what this very algorithm found."""
        with self._database.reading() as connection:
            return _read_state(connection, line, algorithm)

    def shifts(self, state: LineState, wanted: Sequence[Feature] | None = None) -> tuple[KeptShift, ...]:
        """The kept change points of a line, of the features given or of all, in no order."""
        if not state.covered_count:
            return ()
        with self._database.reading() as connection:
            return _read_shifts(connection, state, wanted)

    def series(self, state: LineState) -> dict[FeatureKey, KeptSeries]:
        """What was found out about each feature; empty when what is kept is of no use, or has changed meanwhile."""
        if not state.covered_count:
            return {}
        with self._database.reading() as connection:
            return _read_series(connection, state)

    def measured(self, state: LineState, wanted: Sequence[Feature], first: int) -> dict[FeatureKey, MeasuredSeries]:
        """What the runs of a line from a place on measured, of those of the features that have anything there."""
        with self._database.reading() as connection:
            return _read_measured(connection, state, wanted, first)

    def keep(self, state: LineState, found: Sequence[KeptSeries]) -> None:
        """Keep what was found out about the runs of a line, unless these or what is kept have changed meanwhile.

        Args:
            state: as it was when the analysis began.
            found: the series that the later runs added to; all of the line when nothing was covered.
        """
        with self._database.writing() as connection:
            now = _read_state(connection, state.line, state.algorithm)
            has_same_runs = now.run_ids[: len(state.run_ids)] == state.run_ids
            if has_same_runs and now.covered_count == state.covered_count:
                _write(connection, state, found)

    def runs(self, run_ids: Iterable[int]) -> dict[int, Run]:
        """Those of the runs that are still stored, by number."""
        with self._database.reading() as connection:
            return {
                run.id: run
                for portion in chunks(run_ids)
                for run in runs_of(connection, connection.execute(select_runs().where(runs.c.id.in_(portion))).all())
                if run.id is not None
            }


def _runs_of_line(connection: Connection, line: Line) -> tuple[ColumnElement[bool], ...]:
    run_filter = RunFilter(
        environment=line.environment,
        mode=line.mode,
        quick=line.quick,
        branch=line.branch,
        state=RunState.COMPLETE,
    )
    own = runs.c.pull_request.is_not_distinct_from(line.pull_request)
    conditions = (*conditions_of(connection, run_filter), own)
    return (*conditions, runs.c.branch.is_(None)) if line.branch is None else conditions


def _read_state(connection: Connection, line: Line, algorithm: str) -> LineState:
    statement = select(runs.c.id).where(*_runs_of_line(connection, line)).order_by(runs.c.started_at, runs.c.id)
    run_ids = tuple(connection.execute(statement).scalars())
    row = connection.execute(select(*analyses.c).where(*_analysis_of(line))).first()
    covered_count = 0
    if row is not None and row.algorithm == algorithm and row.runs_digest == _digest(run_ids[: row.run_count]):
        covered_count = row.run_count
    return LineState(line=line, algorithm=algorithm, run_ids=run_ids, covered_count=covered_count)


def _analysis_of(line: Line) -> tuple[ColumnElement[bool], ...]:
    environment_id = select(environments.c.id).where(environments.c.fingerprint == line.environment).scalar_subquery()
    return (
        analyses.c.environment_id == environment_id,
        analyses.c.mode == line.mode,
        analyses.c.quick == line.quick,
        analyses.c.branch == (line.branch or ""),
        analyses.c.pull_request == (line.pull_request or ""),
    )


def _analysis_id(state: LineState) -> ScalarSelect[int]:
    """The number of the analysis that a state speaks of."""
    is_meant = (analyses.c.algorithm == state.algorithm, analyses.c.run_count == state.covered_count)
    return select(analyses.c.id).where(*_analysis_of(state.line), *is_meant).scalar_subquery()


def _digest(run_ids: Sequence[int]) -> bytes:
    return hashlib.blake2b(struct.pack(f"<{len(run_ids)}q", *run_ids), digest_size=16).digest()


def _read_shifts(connection: Connection, state: LineState, wanted: Sequence[Feature] | None) -> tuple[KeptShift, ...]:
    statement = (
        select(*FEATURE_COLUMNS, *change_points.c)
        .select_from(change_points.join(features, features.c.id == change_points.c.feature_id).join(suites))
        .where(change_points.c.analysis_id == _analysis_id(state))
    )
    statements = [statement]
    if wanted is not None:
        ids = feature_ids_of(connection, wanted).values()
        statements = [statement.where(change_points.c.feature_id.in_(portion)) for portion in chunks(ids)]
    return tuple(
        KeptShift(
            feature=feature_of(row),
            run_id=row.run_id,
            previous_run_id=row.previous_run_id,
            before_seconds=row.before_seconds,
            after_seconds=row.after_seconds,
            confidence=row.confidence,
        )
        for statement in statements
        for row in connection.execute(statement)
    )


def _read_series(connection: Connection, state: LineState) -> dict[FeatureKey, KeptSeries]:
    shifts_by_key: dict[FeatureKey, list[KeptShift]] = defaultdict(list)
    for shift in _read_shifts(connection, state, None):
        shifts_by_key[shift.feature.key].append(shift)
    statement = (
        select(*FEATURE_COLUMNS, *analysed_series.c)
        .select_from(analysed_series.join(features).join(suites))
        .where(analysed_series.c.analysis_id == _analysis_id(state))
    )
    described = ((feature_of(row), row) for row in connection.execute(statement))
    return {
        feature.key: KeptSeries(
            feature=feature,
            scenario_count=row.scenario_count,
            first_needed=row.first_needed,
            settled=row.settled,
            shifts=tuple(shifts_by_key[feature.key]),
        )
        for feature, row in described
    }


def _read_measured(
    connection: Connection, state: LineState, wanted: Sequence[Feature], first: int
) -> dict[FeatureKey, MeasuredSeries]:
    place_by_id = {run_id: place for place, run_id in enumerate(state.run_ids) if place >= first}
    if not place_by_id:
        return {}
    key_by_id = {feature_id: key for key, feature_id in feature_ids_of(connection, wanted).items()}
    # The least number makes a range of each feature's rows, which lie side by side; the sum keeps SQLite from going
    # through the index of each run's rows instead, which lie all over the file.
    is_in_line = (results.c.run_id + 0).in_(select(runs.c.id).where(*_runs_of_line(connection, state.line)))
    statement = select(results.c.feature_id, results.c.run_id, results.c.scenario_count, results.c.low_seconds).where(
        results.c.run_id >= min(place_by_id),
        is_in_line,
        results.c.status == Status.PASS,
        results.c.low_seconds.is_not(None),
    )
    rows_by_feature: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for portion in chunks(key_by_id):
        for feature_id, run_id, scenario_count, low_seconds in connection.execute(
            statement.where(results.c.feature_id.in_(portion))
        ):
            place = place_by_id.get(run_id)
            if place is not None:
                rows_by_feature[feature_id].append((place, scenario_count, low_seconds))
    return {key_by_id[feature_id]: _measured_series(sorted(rows)) for feature_id, rows in rows_by_feature.items()}


def _measured_series(rows: Sequence[tuple[int, int, float]]) -> MeasuredSeries:
    places, scenario_counts, low_seconds = (list(column) for column in zip(*rows, strict=True))
    return MeasuredSeries(places=places, scenario_counts=scenario_counts, low_seconds=low_seconds)


def _write(connection: Connection, state: LineState, found: Sequence[KeptSeries]) -> None:
    analysis_id = _write_analysis(connection, state)
    ids = feature_ids_of(connection, [series.feature for series in found])
    series_rows = [
        {
            "analysis_id": analysis_id,
            "feature_id": ids[series.feature.key],
            "scenario_count": series.scenario_count,
            "first_needed": series.first_needed,
            "settled": series.settled,
        }
        for series in found
    ]
    shift_rows = [
        {
            "analysis_id": analysis_id,
            "feature_id": ids[series.feature.key],
            "run_id": shift.run_id,
            "previous_run_id": shift.previous_run_id,
            "before_seconds": shift.before_seconds,
            "after_seconds": shift.after_seconds,
            "confidence": shift.confidence,
        }
        for series in found
        for shift in series.shifts
    ]
    for portion in chunks(ids.values()):
        of_these = change_points.c.feature_id.in_(portion)
        connection.execute(delete(change_points).where(change_points.c.analysis_id == analysis_id, of_these))
    if series_rows:
        identity = ("analysis_id", "feature_id")
        connection.execute(upsert(connection.dialect.name, analysed_series, identity, ()), series_rows)
    if shift_rows:
        connection.execute(insert(change_points), shift_rows)


def _write_analysis(connection: Connection, state: LineState) -> int:
    """Note which runs are covered now, and return the analysis's number; one of no use goes with all it found."""
    covered = {"run_count": len(state.run_ids), "runs_digest": _digest(state.run_ids)}
    if state.covered_count:
        statement = update(analyses).where(analyses.c.id == _analysis_id(state)).values(covered)
        statement = statement.returning(analyses.c.id)
        analysis_id: int = connection.execute(statement).scalar_one()
        return analysis_id
    connection.execute(delete(analyses).where(*_analysis_of(state.line)))
    row = {
        "environment_id": connection.execute(
            select(environments.c.id).where(environments.c.fingerprint == state.line.environment)
        ).scalar_one(),
        "mode": state.line.mode,
        "quick": state.line.quick,
        "branch": state.line.branch or "",
        "pull_request": state.line.pull_request or "",
        "algorithm": state.algorithm,
        **covered,
    }
    new_id: int = connection.execute(insert(analyses).returning(analyses.c.id), row).scalar_one()
    return new_id
