"""One stored run, as it was and beside its baseline."""

from __future__ import annotations

from dataclasses import replace

from aicmo_perf.config import Settings
from aicmo_perf.errors import StoreError
from aicmo_perf.model import RunState
from aicmo_perf.store import open_store
from aicmo_perf.workflows.judging import JudgedRun, judge_run
from aicmo_perf.workflows.liveness import as_it_is


def load_judged(settings: Settings, reference: str) -> JudgedRun:
    """A run from the store alone, compared and judged by the settings' gate.

    Args:
        settings: database, gate and baseline.
        reference: id, uuid prefix, ``latest``, ``latest~N``, commit or label.

    Raises: NotFoundError when there is no such run.
    """
    with open_store(settings.db_url, write=False) as store:
        run = store.find_run(reference)
        result = store.result(run)
        return judge_run(store, replace(result, run=as_it_is(result.run)), settings)


def load_complete(settings: Settings, reference: str) -> JudgedRun:
    """The same for a run that is complete: the gate must not pass what was cut short.

    Raises: StoreError for a run that was interrupted or still goes on.
    """
    judged = load_judged(settings, reference)
    run = judged.result.run
    if run.state is RunState.INTERRUPTED:
        raise StoreError(f"{run.title_at_start} was interrupted and cannot be judged.", "Run the suite again.")
    if run.state is RunState.RUNNING:
        raise StoreError(f"{run.title_at_start} still goes on.", "Judge it when it has ended.")
    return judged
