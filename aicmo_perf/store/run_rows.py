"""Runs as rows and back, and filters as conditions on rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, false, or_, select

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
    """The newest rows of a statement of select_runs, at most ``last``, by `Run.moment`."""
    return connection.execute(statement.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(last)).all()


def conditions_of(connection: Connection, run_filter: RunFilter) -> tuple[ColumnElement[bool], ...]:
    """What rows of ``runs`` must fulfil, but for ``last``, which is left to the statement.

    What selects few runs without their order is resolved to their numbers first: a statement that wants the newest
    runs would else rather walk through all of them than sort those few.
    """
    equal_to: Mapping[ColumnElement[Any], Any] = {
        runs.c.mode: run_filter.mode,
        runs.c.branch: run_filter.branch,
        runs.c.state: run_filter.state,
        runs.c.label: run_filter.label,
        runs.c.quick: run_filter.quick,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal_to.items() if value is not None]
    if run_filter.suite is not None:
        conditions.append(_has_suite(connection, run_filter.suite))
    if run_filter.environment is not None:
        conditions.append(_in_environment(connection, run_filter.environment))
    if run_filter.commit_sha is not None:
        conditions.append(_of_commit(connection, run_filter.commit_sha))
    if run_filter.since is not None:
        conditions.append(runs.c.started_at >= run_filter.since)
    if run_filter.until is not None:
        conditions.append(runs.c.started_at < run_filter.until)
    if run_filter.before is not None:
        conditions += _before(*run_filter.before)
    if not run_filter.pull_requests:
        conditions.append(runs.c.pull_request.is_(None))
    if not run_filter.companions:
        conditions.append(runs.c.companion_of.is_(None))
    return tuple(conditions)


def starts_with(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    """Whether a column of hex digits (and hyphens) starts so, as a range that an index serves."""
    return (column >= start) & (column < start + "g")


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
        "pull_request": run.pull_request,
        "role": run.role,
        "companion_of": run.companion_of,
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
        pull_request=row.pull_request,
        role=row.role,
        companion_of=row.companion_of,
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
    statement = select(environments.c.id).where(starts_with(environments.c.fingerprint, fingerprint))
    ids = connection.execute(statement).scalars().all()
    # equality where there is one, which lets an index give the newest runs without sorting
    return runs.c.environment_id == ids[0] if len(ids) == 1 else runs.c.environment_id.in_(ids)


def _of_commit(connection: Connection, commit_sha: str) -> ColumnElement[bool]:
    """Runs of a commit, whose sha may be shortened to seven digits."""
    sha = commit_sha.lower()
    condition = starts_with(runs.c.commit_sha, sha) if is_commit_sha(sha) else runs.c.commit_sha == sha
    return runs.c.id.in_(connection.execute(select(runs.c.id).where(condition)).scalars().all())


def _before(started_at: datetime, run_id: int) -> tuple[ColumnElement[bool], ...]:
    """Runs that come earlier; the first condition is the one that an index serves."""
    return runs.c.started_at <= started_at, or_(runs.c.started_at < started_at, runs.c.id < run_id)
