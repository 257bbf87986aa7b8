"""The door to the history: values of the model go in and come out; rows, sessions and exceptions stay inside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, select

from aicmo_perf.model import (
    AcceptedChange,
    Environment,
    FailureCount,
    Feature,
    FeatureKey,
    FeatureStatus,
    FlakinessFinding,
    Iteration,
    IterationResult,
    Quarantine,
    Run,
    RunFilter,
    RunOutcomes,
    RunState,
    SelfTestResult,
    Series,
    Status,
)
from aicmo_perf.store import (
    accepted,
    finding,
    flakiness,
    iterations,
    migrate,
    pins,
    quarantine,
    run_results,
    series,
    writing,
)
from aicmo_perf.store.analyses import Analyses
from aicmo_perf.store.connection import Database
from aicmo_perf.store.models import environments
from aicmo_perf.store.pins import Pin


def open_store(location: str | os.PathLike[str], *, write: bool = True) -> Store:
    """Open the history.

    Args:
        location: a path, or a SQLAlchemy URL.
        write: whether to write: a missing database is then created with its folders, an older one upgraded after a
            backup. Without, nothing is ever created or changed.

    Raises:
        NotFoundError: there is no database, and it is not to be written.
        StoreError: it cannot be read or written, is not ours, is newer than this tool, or is older and not to be
            written.
        UsageError: the location is no usable URL.
    """
    database = Database(location, write=write)
    try:
        if write:
            notice = migrate.upgrade(database)
            return Store(database, notices=(notice,) if notice else ())
        migrate.require_head(database)
        return Store(database)
    except BaseException:
        database.close()
        raise


class Store:
    """An open history; see open_store. Use it in a ``with`` block, or close it.

    Every method is one transaction, and raises StoreError when the database fails it; what was stored before stays.

    Attributes:
        notices: sentences that the user should see: an upgrade, and where the backup is.
        name: of the database, for messages.
        can_write: whether it was opened for writing.
        analyses: where levels shifted, as far as it is known.
    """

    def __init__(self, database: Database, *, notices: tuple[str, ...] = ()) -> None:
        self._database = database
        self._known = writing.KnownKeys()
        self.notices = notices
        self.name = database.name
        self.can_write = database.write
        self.analyses = Analyses(database)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @contextmanager
    def _writing_keys(self) -> Iterator[Connection]:
        """A writing transaction that learns keys, which are forgotten if it is undone."""
        try:
            with self._database.writing() as connection:
                yield connection
        except BaseException:
            self._known.clear()
            raise

    def start_run(self, run: Run) -> Run:
        """Store a run, and return it with its number."""
        with self._writing_keys() as connection:
            return writing.write_run(connection, self._known, run)

    def record(self, run: Run, result: IterationResult, merged: FeatureStatus) -> None:
        """Store what an iteration said of a feature; it is safe when this returns.

        Args:
            run: as start_run returned it.
            result: the iteration's.
            merged: over the run's iterations so far.

        Raises: ValueError when the run has no number.
        """
        if run.id is None:
            raise ValueError("results are recorded for a run that was started in the store")
        with self._writing_keys() as connection:
            writing.write_result(connection, self._known, run.id, result, merged)

    def record_iteration(self, run: Run, iteration: Iteration) -> None:
        """Store what an iteration of a run is run under: when it starts, and again when it has ended.

        Raises: ValueError when the run has no number.
        """
        if run.id is None:
            raise ValueError("iterations are recorded for a run that was started in the store")
        with self._database.writing() as connection:
            iterations.write_iteration(connection, run.id, iteration)

    def add_findings(self, run: Run, findings: Sequence[FlakinessFinding]) -> None:
        """Store what a flakiness check found out, in place of what was stored of the run before.

        Raises: NotFoundError when a feature is not stored; ValueError when the run has no number.
        """
        if run.id is None:
            raise ValueError("findings are stored for a run that was started in the store")
        with self._database.writing() as connection:
            flakiness.write_findings(connection, run.id, findings)

    def finish_run(self, run: Run, state: RunState, finished_at: datetime) -> Run:
        """End a run, and return it as it is stored: with all suites that its results name.

        Raises: NotFoundError when it is not stored.
        """
        with self._database.writing() as connection:
            writing.write_state(connection, run, state, finished_at)
            return finding.find_run(connection, str(run.id), RunFilter())

    def mark_interrupted(self, run_ids: Sequence[int]) -> None:
        """Say of runs whose process died that they were interrupted; those no longer running stay as they are."""
        with self._database.writing() as connection:
            writing.write_interrupted(connection, run_ids)

    def running(self) -> tuple[Run, ...]:
        """The runs that nobody ended yet, companions too: going on, or left behind by a process that died."""
        return self.runs(RunFilter(state=RunState.RUNNING, companions=True))

    def companions(self, run: Run) -> tuple[Run, ...]:
        """The runs that were measured only to help to judge a run, by number."""
        with self._database.reading() as connection:
            return finding.read_companions(connection, run)

    def find_run(self, reference: str, *, within: RunFilter | None = None) -> Run:
        """The run that a person means: an id, ``latest``, ``latest~N``, a label, the start of a uuid, a commit.

        Args:
            reference: in that order of precedence.
            within: where to look for the newest; without a state, a commit means its complete runs.

        Raises: NotFoundError when there is none; UsageError when it is empty, or the start of several uuids.
        """
        with self._database.reading() as connection:
            return finding.find_run(connection, reference, within or RunFilter())

    def runs(self, run_filter: RunFilter) -> tuple[Run, ...]:
        """The runs of a filter, oldest first: the newest ``last`` of them."""
        with self._database.reading() as connection:
            return finding.read_runs(connection, run_filter)

    def result(self, run: Run) -> SelfTestResult:
        """A run in full, with messages, signatures, digests, iterations and findings."""
        with self._database.reading() as connection:
            return run_results.read_result(connection, run)

    def status_counts(self, run_ids: Sequence[int]) -> dict[int, dict[Status, int]]:
        """How many features of each run have which status."""
        with self._database.reading() as connection:
            return run_results.count_statuses(connection, run_ids)

    def features(self, globs: Sequence[str] = (), *, suite: str | None = None) -> tuple[Feature, ...]:
        """The features that any of the globs matches; without globs, all.

        A glob is matched, case and all, with the name, the qualified name, and ``suite:qualified_name``.
        """
        with self._database.reading() as connection:
            return series.read_features(connection, globs, suite)

    def all_series(self, runs: Sequence[Run], features: Sequence[Feature] | None = None) -> tuple[Series, ...]:
        """The series over exactly these runs, oldest first: of the features given, else of all that have a point."""
        with self._database.reading() as connection:
            return series.read_all_series(connection, runs, features)

    def feature_series(
        self, feature: Feature, run_filter: RunFilter, *, statuses: frozenset[Status] = frozenset()
    ) -> Series:
        """One feature's series over the runs of a filter, oldest first: the newest ``last`` of its results.

        Args:
            feature: which one.
            run_filter: in which runs.
            statuses: only results with one of these; empty means any.
        """
        with self._database.reading() as connection:
            return series.read_feature_series(connection, feature, run_filter, statuses)

    def failure_counts(self, runs: Sequence[Run]) -> dict[str, FailureCount]:
        """How many features failed in each of some runs with nothing changed, by the run's uuid."""
        with self._database.reading() as connection:
            return run_results.count_failures(connection, runs)

    def outcomes(
        self, run_filter: RunFilter, features: Sequence[Feature] | None = None
    ) -> dict[FeatureKey, tuple[RunOutcomes, ...]]:
        """Whether features passed, iteration by iteration, in each run of a filter, oldest first; skips left out.

        Runs that only help to judge another are left out, whatever the filter says. The iterations of runs that were
        stored before iterations were told apart count as plain.

        Args:
            run_filter: in which runs.
            features: which ones; None for all. Those without an outcome are left out.
        """
        from aicmo_perf.store import outcomes  # most commands never ask

        with self._database.reading() as connection:
            return outcomes.read_outcomes(connection, run_filter, features)

    def latest_findings(self) -> dict[FeatureKey, tuple[Run, FlakinessFinding]]:
        """Of each feature that a flakiness check ever found inconsistent, the newest finding with its run."""
        with self._database.reading() as connection:
            return flakiness.read_latest_findings(connection)

    def findings_of(self, feature: Feature) -> tuple[tuple[Run, FlakinessFinding], ...]:
        """Every finding of a feature with its run, oldest first.

        Raises: NotFoundError when the feature is not stored.
        """
        with self._database.reading() as connection:
            return flakiness.read_findings_of(connection, feature)

    def environments(self) -> tuple[Environment, ...]:
        """The machines and interpreters that runs were measured on, in the order in which they became known."""
        with self._database.reading() as connection:
            statement = select(environments.c.facts).order_by(environments.c.id)
            return tuple(connection.execute(statement).scalars())

    def samples(self, run: Run, feature: Feature) -> tuple[tuple[float, ...], ...]:
        """A feature's warm samples in a run, seconds, one tuple an iteration."""
        with self._database.reading() as connection:
            return run_results.read_samples(connection, run, feature)

    def iteration_samples(self, run: Run) -> dict[FeatureKey, dict[int, tuple[float, ...]]]:
        """All warm samples of a run, seconds: by feature, then by iteration; without those that have none."""
        with self._database.reading() as connection:
            return run_results.read_iteration_samples(connection, run)

    def pin(self, name: str, run: Run, *, pinned_at: datetime, pinned_by: str | None, reason: str) -> Pin:
        """Name a run as what to compare with; a name that is taken moves to this run.

        Raises: UsageError when the name is empty.
        """
        pin = Pin(name=name, run=run, pinned_at=pinned_at, pinned_by=pinned_by, reason=reason)
        with self._database.writing() as connection:
            pins.write_pin(connection, pin)
        return pin

    def unpin(self, name: str) -> None:
        """Forget a pin; its run stays.

        Raises: NotFoundError when there is none of that name.
        """
        with self._database.writing() as connection:
            pins.delete_pin(connection, name)

    def pins(self) -> tuple[Pin, ...]:
        """The pinned baselines by name."""
        with self._database.reading() as connection:
            return pins.read_pins(connection)

    def pinned(self, name: str) -> Run:
        """The run that a pin names.

        Raises: NotFoundError when there is none of that name.
        """
        with self._database.reading() as connection:
            return pins.read_pinned_run(connection, name)

    def accept(self, change: AcceptedChange) -> None:
        """Take a new level of a feature as it is; one that was accepted from the same run on is replaced.

        Raises: NotFoundError when the feature is not stored; ValueError when the run has no number.
        """
        if change.run.id is None:
            raise ValueError("a level is accepted from a stored run on")
        with self._database.writing() as connection:
            accepted.write_accepted(connection, change)

    def accepted_changes(self) -> tuple[AcceptedChange, ...]:
        """The changes that people accepted, the oldest accepted first."""
        with self._database.reading() as connection:
            return accepted.read_accepted(connection)

    def withdraw(self, feature: Feature) -> None:
        """Forget what was accepted of a feature.

        Raises: NotFoundError when nothing was.
        """
        with self._database.writing() as connection:
            accepted.delete_accepted(connection, feature)

    def set_quarantine(self, entry: Quarantine) -> None:
        """Set a feature aside; an entry of the same words is replaced.

        Raises: UsageError when it names no feature; ValueError when it does not say since when.
        """
        if entry.added_at is None:
            raise ValueError("an entry of the store says when it was added")
        with self._database.writing() as connection:
            quarantine.write_entry(connection, entry)

    def remove_quarantine(self, feature: str) -> None:
        """Forget an entry, by the words it was made with.

        Raises: NotFoundError when there is none.
        """
        with self._database.writing() as connection:
            quarantine.delete_entry(connection, feature)

    def quarantine(self) -> tuple[Quarantine, ...]:
        """What is set aside, by feature; those entries too that hold no longer."""
        with self._database.reading() as connection:
            return quarantine.read_entries(connection)

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a compact copy of the database.

        Raises: StoreError when the target exists, or the database is not a file.
        """
        migrate.backup(self._database, Path(target))
