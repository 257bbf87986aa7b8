"""Runs whose process died without a word are interrupted runs, whatever the store still says.

Writing commands correct the store; reading ones only show it right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aicmo_perf.environment import is_alive
from aicmo_perf.model import Run, RunState
from aicmo_perf.store import Store

# A process on another host cannot be looked at; no CI provider lets a job run longer than this by default.
_PATIENCE_WITH_OTHER_HOSTS = timedelta(hours=24)


def is_dead(run: Run, now: datetime) -> bool:
    """Whether a run in state ``running`` has no process any more."""
    if run.state is not RunState.RUNNING:
        return False
    alive = is_alive(run.owner) if run.owner is not None else None
    return not alive if alive is not None else now - run.started_at > _PATIENCE_WITH_OTHER_HOSTS


def as_it_is(run: Run) -> Run:
    """The run with the state ``interrupted`` where its process died."""
    return replace(run, state=RunState.INTERRUPTED) if is_dead(run, datetime.now(UTC)) else run


def all_as_they_are(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The same for several runs."""
    return tuple(as_it_is(run) for run in runs)


def bury_the_dead(store: Store) -> None:
    """Mark the runs of dead processes as interrupted in the store."""
    now = datetime.now(UTC)
    dead = [run.id for run in store.running() if is_dead(run, now) and run.id is not None]
    if dead:
        store.mark_interrupted(dead)
