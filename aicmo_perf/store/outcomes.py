"""Whether features passed, iteration by iteration, over many runs: what the record of their flakiness is made of.

Nearly all of a long history are features that passed in a run's only iteration. Of these a row of ``results`` says it
all, since a run's status is the worst of its iterations, and they share one outcome. How many iterations a feature
had is counted in an index. Only where something failed, was skipped now and then, or was left out of an iteration,
are the signatures themselves read, and each message once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, func, select, type_coerce

from aicmo_perf.model import (
    Feature,
    FeatureKey,
    IterationKind,
    Outcome,
    Run,
    RunFilter,
    RunOutcomes,
    Status,
    telling_line,
)
from aicmo_perf.store.finding import read_runs
from aicmo_perf.store.models import MessageKind, features, iterations, messages, result_messages, results, signatures
from aicmo_perf.store.run_rows import chunks
from aicmo_perf.store.series import feature_ids_of, select_features

_PASSED = {kind: Outcome(is_failing=False, kind=kind) for kind in IterationKind}
_PASSED_ONCE = (_PASSED[IterationKind.PLAIN],)
_ROWS_AT_ONCE = 1000  # faster than one by one, or than all

_Pair = tuple[int, int]
"""The numbers of a feature and of a run."""


@dataclass(frozen=True, slots=True)
class _Conduct:
    """How a run was conducted, by the numbers of its iterations.

    Attributes:
        kinds: of those iterations that were not plain.
        retry_seconds: of the retries, how long each of their features took.
    """

    kinds: dict[int, IterationKind] = field(default_factory=dict)
    retry_seconds: dict[int, float] = field(default_factory=dict)

    def kind_of(self, iteration: int) -> IterationKind:
        """What an iteration was for."""
        return self.kinds.get(iteration, IterationKind.PLAIN)

    def seconds_lost(self, numbers: Iterable[int]) -> float:
        """How long a feature was retried that was in these iterations."""
        return sum(self.retry_seconds.get(number, 0.0) for number in numbers)


_ALL_PLAIN = _Conduct()


@dataclass(frozen=True, slots=True)
class _Failure:
    """The first error of a failing iteration: what groups it with alike ones, its telling line; None without one."""

    fingerprint: str | None = None
    message: str | None = None


def read_outcomes(
    connection: Connection, run_filter: RunFilter, wanted: Sequence[Feature] | None
) -> dict[FeatureKey, tuple[RunOutcomes, ...]]:
    """The outcomes of features (all without any) in the runs of a filter, oldest first; see `Store.outcomes`."""
    of_runs = read_runs(connection, replace(run_filter, companions=False))
    if not of_runs:
        return {}
    reader = _Reader(connection, of_runs)
    key_by_id = _keys_by_id(connection, wanted)
    return {
        key_by_id[feature_id]: of_feature
        for portion in chunks(key_by_id)
        for feature_id, of_feature in sorted(reader.outcomes_of(portion).items())
    }


def _keys_by_id(connection: Connection, wanted: Sequence[Feature] | None) -> dict[int, FeatureKey]:
    if wanted is not None:
        return {feature_id: key for key, feature_id in feature_ids_of(connection, wanted).items()}
    rows = connection.execute(select_features().order_by(features.c.id))
    return {row.id: (row.suite, row.qualified_name) for row in rows}


class _Reader:
    """Reads the outcomes of features in some runs.

    Args:
        connection: to the store.
        of_runs: at least one, oldest first.
    """

    def __init__(self, connection: Connection, of_runs: Sequence[Run]) -> None:
        self._connection = connection
        self._run_by_id = {run.id: run for run in of_runs if run.id is not None}
        self._places = {run_id: place for place, run_id in enumerate(self._run_by_id)}
        self._passes: dict[tuple[int, int], tuple[Outcome, ...]] = {}
        self._failures: dict[int | None, _Failure] = {None: _Failure()}
        self._conducts = self._read_conducts()

    def outcomes_of(self, feature_ids: Sequence[int]) -> dict[int, tuple[RunOutcomes, ...]]:
        """The outcomes of each feature that has any, oldest first, by its number."""
        found: dict[int, list[RunOutcomes]] = defaultdict(list)
        untold: dict[int, dict[int, float | None]] = defaultdict(dict)
        counts = self._read_counts(feature_ids)
        uneven = self._conducts.keys() | {run_id for _, run_id in counts}
        for feature_id, run_id, status, low_seconds in self._read_results(feature_ids):
            run = self._run_by_id.get(run_id)
            if run is None:
                continue
            if status == "pass" and run_id not in uneven:
                found[feature_id].append(RunOutcomes(run=run, outcomes=_PASSED_ONCE, low_seconds=low_seconds))
                continue
            count = counts.get((feature_id, run_id), 1)
            if status == "pass" and count:
                found[feature_id].append(self._passing(run, run_id, count, low_seconds))
            elif status != "skip" or count != 1:
                untold[feature_id][run_id] = low_seconds
        for feature_id, low_seconds_by_run in untold.items():
            found[feature_id] += self._read_untold(feature_id, low_seconds_by_run)
        return {feature_id: tuple(sorted(of_one, key=self._place_of)) for feature_id, of_one in found.items() if of_one}

    def _place_of(self, outcomes: RunOutcomes) -> int:
        return self._places[outcomes.run.id or 0]

    def _passing(self, run: Run, run_id: int, count: int, low_seconds: float | None) -> RunOutcomes:
        """A feature that passed in each of the first so many iterations of a run."""
        conduct = self._conducts.get(run_id, _ALL_PLAIN)
        numbers = range(1, count + 1)
        of_which = (run_id if conduct.kinds else 0, count)
        if of_which not in self._passes:
            self._passes[of_which] = tuple(_PASSED[conduct.kind_of(number)] for number in numbers)
        return RunOutcomes(
            run=run,
            outcomes=self._passes[of_which],
            low_seconds=low_seconds,
            retry_seconds=conduct.seconds_lost(numbers),
        )

    def _read_untold(self, feature_id: int, low_seconds_by_run: Mapping[int, float | None]) -> Iterator[RunOutcomes]:
        """What the signatures of a feature say of some runs, with its runtimes there; nothing of those only skipped."""
        rows_by_run: dict[int, list[Row[Any]]] = defaultdict(list)
        for portion in chunks(low_seconds_by_run):
            for row in self._connection.execute(_signatures_of(feature_id, portion)):
                if row.status is not Status.SKIP:
                    rows_by_run[row.run_id].append(row)
        self._read_failures(row.message_id for rows in rows_by_run.values() for row in rows)
        for run_id, rows in rows_by_run.items():
            conduct = self._conducts.get(run_id, _ALL_PLAIN)
            yield RunOutcomes(
                run=self._run_by_id[run_id],
                outcomes=tuple(self._outcome_of(row, conduct.kind_of(row.iteration)) for row in rows),
                low_seconds=low_seconds_by_run[run_id],
                retry_seconds=conduct.seconds_lost(row.iteration for row in rows),
            )

    def _outcome_of(self, row: Row[Any], kind: IterationKind) -> Outcome:
        if not row.status.is_failing:
            return _PASSED[kind]
        failure = self._failures[row.message_id]
        return Outcome(is_failing=True, kind=kind, failure=failure.fingerprint, message=failure.message)

    def _read_failures(self, message_ids: Iterable[int | None]) -> None:
        """Get to know the failures that first errors tell of."""
        statement = select(messages.c.id, messages.c.fingerprint, messages.c.text)
        for portion in chunks(set(message_ids).difference(self._failures)):
            for row in self._connection.execute(statement.where(messages.c.id.in_(portion))):
                self._failures[row.id] = _Failure(row.fingerprint, telling_line(row.text))

    def _read_conducts(self) -> dict[int, _Conduct]:
        """How those runs were conducted that had other iterations than plain ones."""
        conducts: dict[int, _Conduct] = defaultdict(_Conduct)
        columns = (iterations.c.run_id, iterations.c.number, iterations.c.kind, iterations.c.duration_seconds)
        is_special = iterations.c.kind != IterationKind.PLAIN
        for row in self._connection.execute(select(*columns).where(is_special, self._is_in_reach(iterations.c.run_id))):
            if row.run_id in self._run_by_id:
                conducts[row.run_id].kinds[row.number] = row.kind
                if row.kind is IterationKind.RETRY and row.duration_seconds is not None:
                    conducts[row.run_id].retry_seconds[row.number] = row.duration_seconds
        with_retries = [run_id for run_id, conduct in conducts.items() if conduct.retry_seconds]
        for portion in chunks(with_retries):
            for run_id, number, feature_count in self._connection.execute(_feature_counts(portion)):
                if number in conducts[run_id].retry_seconds:
                    conducts[run_id].retry_seconds[number] /= feature_count
        return dict(conducts)

    def _read_results(self, feature_ids: Sequence[int]) -> Iterable[Row[int, int, str, float | None]]:
        """Feature, run, status and runtime of all that may be meant.

        The status is left as text: there are too many of them to make each a member of the enumeration.
        """
        status_text = type_coerce(results.c.status, String)
        statement = select(results.c.feature_id, results.c.run_id, status_text, results.c.low_seconds).where(
            results.c.feature_id.in_(feature_ids), self._is_in_reach(results.c.run_id)
        )
        return self._connection.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE))

    def _read_counts(self, feature_ids: Sequence[int]) -> dict[_Pair, int]:
        """How many iterations features had in those runs that had others than the first one; 0 if any is missing."""
        count, last = func.count(), func.max(signatures.c.iteration)
        statement = (
            select(signatures.c.feature_id, signatures.c.run_id, count, last)
            .where(signatures.c.feature_id.in_(feature_ids), self._is_in_reach(signatures.c.run_id))
            .group_by(signatures.c.feature_id, signatures.c.run_id)
            .having(last > 1)
        )
        return {
            (feature_id, run_id): iteration_count if iteration_count == last_number else 0
            for feature_id, run_id, iteration_count, last_number in self._connection.execute(statement)
        }

    def _is_in_reach(self, run_id: ColumnElement[int]) -> ColumnElement[bool]:
        """Makes a range of rows that lie side by side; which of their runs are meant is seen as they are read."""
        return run_id.between(min(self._run_by_id), max(self._run_by_id))


def _signatures_of(feature_id: int, run_ids: Sequence[int]) -> Select[Any]:
    """The signatures of a feature in runs, in order, each with the number of its first error."""
    is_first_error = and_(
        result_messages.c.signature_id == signatures.c.id,
        result_messages.c.kind == MessageKind.ERROR,
        result_messages.c.position == 0,
    )
    return (
        select(signatures.c.run_id, signatures.c.iteration, signatures.c.status, result_messages.c.message_id)
        .select_from(signatures.outerjoin(result_messages, is_first_error))
        .where(signatures.c.feature_id == feature_id, signatures.c.run_id.in_(run_ids))
        .order_by(signatures.c.run_id, signatures.c.iteration)
    )


def _feature_counts(run_ids: Sequence[int]) -> Select[Any]:
    """How many features were in each iteration of runs."""
    return (
        select(results.c.run_id, signatures.c.iteration, func.count())
        .select_from(results.join(signatures))
        .where(results.c.run_id.in_(run_ids))
        .group_by(results.c.run_id, signatures.c.iteration)
    )
