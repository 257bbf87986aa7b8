"""Baselines that people pinned by name."""

from __future__ import annotations

from datetime import UTC, datetime

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_user
from aicmo_perf.errors import UsageError
from aicmo_perf.model import RunFilter, RunState
from aicmo_perf.store import Pin, open_store


def pin_run(settings: Settings, name: str, reference: str, reason: str) -> Pin:
    """Pin a complete run under a name; an earlier pin of that name moves.

    Raises: NotFoundError when there is no such run, UsageError when it is not complete, or a companion.
    """
    with open_store(settings.db_url) as store:
        run = store.find_run(reference, within=RunFilter(state=RunState.COMPLETE))
        if run.state is not RunState.COMPLETE:
            raise UsageError(f"{run.title_at_start} is {run.state}.", "Pin a run that was completed.")
        if run.companion_of is not None:
            raise UsageError(
                f"{run.title_at_start} only helps to judge run {run.companion_of}.", "Pin a run that stands for itself."
            )
        return store.pin(name, run, pinned_at=datetime.now(UTC), pinned_by=current_user(), reason=reason)


def unpin(settings: Settings, name: str) -> None:
    """Forget a pin; the run stays.

    Raises: NotFoundError when there is no pin of that name.
    """
    with open_store(settings.db_url) as store:
        store.unpin(name)


def list_pins(settings: Settings) -> tuple[Pin, ...]:
    """All pins by name."""
    with open_store(settings.db_url, write=False) as store:
        return store.pins()
