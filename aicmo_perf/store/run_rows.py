"""Runs as rows and back, and filters as conditions on rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, false, func, select

from aicmo_perf.model import Owner, Run, RunFilter
from aicmo_perf.store.models import environments, run_suites, runs, suites

_RUN_COLUMNS: tuple[ColumnElement[Any], ...] = (*runs.c, environments.c.facts)
_HEX_DIGITS = frozenset("0123456789abcdef")
_IDS_PER_STATEMENT = 500  # well under the number of parameters that any SQLite accepts

Item = TypeVar("Item")


def chunks(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """The items in portions that fit into one statement's IN list."""
    iterator = iter(items)
    while portion := tuple(islice(iterator, _IDS_PER_STATEMENT)):
        yield portion


def select_runs(*further_columns: ColumnElement[Any]) -> Select[Any]:
    """A statement for the columns that a Run is made of, and further ones."""
    # An outer join, although each run has its environment: it keeps planners from starting at the environments.
    return select(*_RUN_COLUMNS, *further_columns).select_from(
        runs.outerjoin(environments, environments.c.id == runs.c.environment_id)
    )


def runs_of(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Run, ...]:
    """The runs of rows that select_runs gave, in their order, with their suites."""
    suites_by_run = _suites_by_run(connection, (row.id for row in rows))
    return tuple(_run_of(row, tuple(suites_by_run.get(row.id, ()))) for row in rows)


def newest_first(connection: Connection, statement: Select[Any], last: int | None) -> Sequence[Row[Any]]:
    """The newest rows of a statement of select_runs, at most ``last``."""
    return connection.execute(statement.order_by(runs.c.id.desc()).limit(last)).all()


def conditions_of(connection: Connection, run_filter: RunFilter) -> tuple[ColumnElement[bool], ...]:
    """What rows of ``runs`` must fulfil; names are resolved to keys first, so that indexes serve the rest.

    ``last`` is left to the statement.
    """
    equal_to: Mapping[ColumnElement[Any], Any] = {
        runs.c.mode: run_filter.mode,
        runs.c.branch: run_filter.branch,
        runs.c.state: run_filter.state,
        runs.c.label: run_filter.label,
        runs.c.quick: run_filter.quick,
    }
    conditions = [column == value for column, value in equal_to.items() if value is not None]
    if run_filter.suite is not None:
        conditions.append(_has_suite(connection, run_filter.suite))
    if run_filter.environment is not None:
        conditions.append(_in_environment(connection, run_filter.environment))
    if run_filter.commit_sha is not None:
        conditions.append(commit_condition(run_filter.commit_sha))
    if run_filter.since is not None:
        conditions.append(runs.c.started_at >= run_filter.since)
    if run_filter.until is not None:
        conditions.append(runs.c.started_at < run_filter.until)
    if run_filter.before_id is not None:
        conditions.append(runs.c.id < run_filter.before_id)
    return tuple(conditions)


def commit_condition(commit_sha: str) -> ColumnElement[bool]:
    """Runs of a commit, whose sha may be shortened to seven digits."""
    lowered = commit_sha.lower()
    if is_commit_sha(lowered) and len(lowered) < 40:
        # every continuation of a prefix in hex digits sorts below the prefix with a g
        return (runs.c.commit_sha >= lowered) & (runs.c.commit_sha < lowered + "g")
    return runs.c.commit_sha == lowered


def is_commit_sha(text: str) -> bool:
    """Whether a text may be a commit's sha or the start of one."""
    return 7 <= len(text) <= 64 and _HEX_DIGITS.issuperset(text.lower())


def row_of(run: Run) -> dict[str, Any]:
    """The columns of a run, without its number and its environment."""
    return {
        "uuid": run.uuid,
        "state": run.state,
        "mode": run.mode,
        "quick": run.options.quick,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "options": run.options,
        "commit_sha": run.commit_sha,
        "branch": run.branch,
        "dirty": run.dirty,
        "ci_provider": run.ci_provider,
        "ci_url": run.ci_url,
        "label": run.label,
        "tool_version": run.tool_version,
        "owner_hostname": run.owner.hostname if run.owner else None,
        "owner_pid": run.owner.pid if run.owner else None,
        "owner_process_started": run.owner.process_started if run.owner else None,
    }


def _run_of(row: Row[Any], suite_names: tuple[str, ...]) -> Run:
    owner = None
    if row.owner_hostname is not None:
        owner = Owner(hostname=row.owner_hostname, pid=row.owner_pid, process_started=row.owner_process_started)
    return Run(
        uuid=row.uuid,
        started_at=row.started_at,
        mode=row.mode,
        state=row.state,
        finished_at=row.finished_at,
        suites=suite_names,
        options=row.options,
        environment=row.facts,
        commit_sha=row.commit_sha,
        branch=row.branch,
        dirty=row.dirty,
        ci_provider=row.ci_provider,
        ci_url=row.ci_url,
        label=row.label,
        tool_version=row.tool_version,
        owner=owner,
        id=row.id,
    )


def _suites_by_run(connection: Connection, run_ids: Iterable[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for portion in chunks(run_ids):
        statement = (
            select(run_suites.c.run_id, suites.c.name)
            .join(suites, suites.c.id == run_suites.c.suite_id)
            .where(run_suites.c.run_id.in_(portion))
            .order_by(run_suites.c.run_id, run_suites.c.position)
        )
        for run_id, name in connection.execute(statement):
            names[run_id].append(name)
    return names


def _has_suite(connection: Connection, suite: str) -> ColumnElement[bool]:
    suite_id = connection.execute(select(suites.c.id).where(suites.c.name == suite)).scalar()
    if suite_id is None:
        return false()
    return exists().where(run_suites.c.suite_id == suite_id, run_suites.c.run_id == runs.c.id)


def _in_environment(connection: Connection, fingerprint: str) -> ColumnElement[bool]:
    starts_alike = func.substr(environments.c.fingerprint, 1, len(fingerprint)) == fingerprint
    ids = connection.execute(select(environments.c.id).where(starts_alike)).scalars().all()
    # equality where there is one, which lets an index give the newest runs without sorting
    return runs.c.environment_id == ids[0] if len(ids) == 1 else runs.c.environment_id.in_(ids)
