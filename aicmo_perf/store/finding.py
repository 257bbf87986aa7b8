"""Which run a person means: a number, ``latest``, ``latest~3``, a label, the start of a uuid, or a commit.

What names one run exactly goes before what may name several: a number, then a label, then the start of a uuid, then a
commit. A commit, a label and ``latest`` mean the newest such run, and never a companion of another run; a number and
a uuid mean their run whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import Run, RunFilter, RunState
from aicmo_perf.store.models import runs
from aicmo_perf.store.run_rows import conditions_of, is_commit_sha, newest_first, runs_of, select_runs, starts_with
from aicmo_perf.units import count_of

_LATEST = re.compile(r"latest(?:~([0-9]{1,9}))?")
_UUID_START = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
_LARGEST_ID = 2**31 - 1
_LIST_HINT = "`aicmo-perf runs` lists the runs."


def find_run(connection: Connection, reference: str, within: RunFilter) -> Run:
    """The run that a reference means.

    Args:
        connection: to the store.
        reference: see above.
        within: where to look for the newest; a number and a uuid mean their run wherever it is. ``latest`` is the
            newest run whatever became of it, lest a gate look past an interrupted one; a commit, without a state,
            means its newest complete run. "Newest" is the latest started, whenever it was stored.

    Raises: NotFoundError when there is none; UsageError when it is empty, or the start of several uuids.
    """
    reference = reference.strip()
    within = replace(within, companions=False)
    if not reference:
        raise UsageError("A run has to be named.", "Name it by its number, a label, a commit, or `latest`.")
    if match := _LATEST.fullmatch(reference):
        return _latest(connection, int(match[1] or 0), within)
    run = (
        _by_id(connection, reference)
        or _newest(connection, replace(within, label=reference))
        or _by_uuid(connection, reference.lower())
        or _by_commit(connection, reference, within)
    )
    if run is None:
        raise NotFoundError(f"There is no run {reference!r}.", _hint(connection, reference))
    return run


def read_runs(connection: Connection, run_filter: RunFilter) -> tuple[Run, ...]:
    """The newest runs of a filter, oldest first."""
    statement = select_runs().where(*conditions_of(connection, run_filter))
    return runs_of(connection, newest_first(connection, statement, run_filter.last)[::-1])


def read_run(connection: Connection, run_id: int) -> Run | None:
    """The run with a number."""
    return next(iter(_where(connection, runs.c.id == run_id)), None)


def read_companions(connection: Connection, run: Run) -> tuple[Run, ...]:
    """The runs that help to judge a run, by number."""
    statement = select_runs().where(runs.c.companion_of == run.id).order_by(runs.c.id)
    return runs_of(connection, connection.execute(statement).all())


def _where(connection: Connection, condition: ColumnElement[bool], limit: int = 1) -> tuple[Run, ...]:
    return runs_of(connection, newest_first(connection, select_runs().where(condition), limit))


def _newest(connection: Connection, run_filter: RunFilter) -> Run | None:
    return next(iter(read_runs(connection, replace(run_filter, last=1))), None)


def _latest(connection: Connection, before: int, within: RunFilter) -> Run:
    statement = select_runs().where(*conditions_of(connection, within)).offset(before)
    found = runs_of(connection, newest_first(connection, statement, 1))
    if found:
        return found[0]
    if not (newer := read_runs(connection, replace(within, last=before or 1))):
        which = "run" if within == RunFilter() else "such run"
        raise NotFoundError(f"There is no {which} yet.", "`aicmo-perf run` makes one.")
    raise NotFoundError(
        f"There is no latest~{before}: only {count_of(len(newer), 'run')} can be counted back.", _LIST_HINT
    )


def _by_id(connection: Connection, reference: str) -> Run | None:
    if not _is_number(reference) or int(reference) > _LARGEST_ID:
        return None
    return read_run(connection, int(reference))


def _is_number(reference: str) -> bool:
    return reference.isascii() and reference.isdigit()


def _by_uuid(connection: Connection, start: str) -> Run | None:
    if not _UUID_START.fullmatch(start):
        return None
    found = _where(connection, starts_with(runs.c.uuid, start), limit=4)
    if len(found) > 1:
        some = ", ".join(f"{run.uuid} ({run.title})" for run in found[:3])
        raise UsageError(
            f"{start!r} is the start of several runs' uuids: {some}{', …' if len(found) > 3 else ''}.",
            "Give more digits, or the run's number.",
        )
    return found[0] if found else None


def _by_commit(connection: Connection, reference: str, within: RunFilter) -> Run | None:
    if not is_commit_sha(reference):
        return None
    return _newest(connection, replace(within, commit_sha=reference, state=within.state or RunState.COMPLETE))


def _hint(connection: Connection, reference: str) -> str:
    newest: Any = connection.execute(select(func.max(runs.c.id))).scalar()
    if newest is None:
        return "The database has no runs yet; `aicmo-perf run` makes the first."
    if _is_number(reference):
        return f"The newest is run {newest}; `aicmo-perf runs` lists them."
    return nearest_hint(reference, ["latest", *_labels(connection)], otherwise=_LIST_HINT)


def _labels(connection: Connection) -> Sequence[str]:
    is_findable = runs.c.label.is_not(None) & runs.c.companion_of.is_(None)
    statement = select(runs.c.label).where(is_findable).distinct().limit(1000)
    return connection.execute(statement).scalars().all()
