"""Another chance for what failed: each retry is a further iteration of the run, in a process of its own.

A retry that passes says that the failure was a flake, and one that fails makes it more likely that it was none. Either
is evidence and stays in the store, where a later look at the run finds it. What it means is the gate's to decide.

Nothing is retried that is in quarantine, or has passed already with nothing changed; and nothing at all when most
features failed, which is the machine's doing, or that of a change too large to be a flake.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure, SuiteError
from aicmo_perf.flakiness.infrastructure import most_failed
from aicmo_perf.model import (
    Conditions,
    FeatureKey,
    IterationKind,
    IterationResult,
    PlannedIteration,
    Status,
    is_of_repeated_call,
)
from aicmo_perf.self_test.engine import EngineEvent, run_iteration
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.store import Store
from aicmo_perf.units import count_of, format_seconds
from aicmo_perf.workflows.quarantine import quarantine_entries, quarantine_of, today
from aicmo_perf.workflows.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How the retrying went.

    Attributes:
        notices: what people should know, a sentence each.
        interrupted: whether it was ended early, by Ctrl-C or a signal.
    """

    notices: tuple[str, ...] = ()
    interrupted: bool = False


def retry_failures(
    store: Store,
    recording: Recording,
    plan: EnginePlan,
    settings: Settings,
    *,
    interrupt: int | None,
    on_event: Callable[[EngineEvent], None],
    clock: Callable[[], float] = time.monotonic,
) -> Retries:
    """Retry the features of a complete run that failed, each until it passes or has had all its chances.

    Args:
        store: where the quarantine is.
        recording: the run, which takes the retries in.
        plan: how it was run.
        settings: how often, and the configuration's quarantine.
        interrupt, on_event: as in execute_run.
        clock: to tell how long it took, in seconds.
    """
    failing = _failing(recording)
    if not failing or not settings.gate.retries:
        return Retries()
    exercised_count = sum(
        any(result.status is not Status.SKIP for result in results) for results in recording.results.values()
    )
    if most_failed(len(failing), exercised_count):
        return Retries(notices=(_MOST_FAILED.format(failing=len(failing), exercised=exercised_count),))
    held = {
        key
        for key, entry in quarantine_of(quarantine_entries(store, settings), recording.features).items()
        if not entry.is_expired(today())
    }
    waiting = [key for key in failing if key not in held]
    if not waiting:
        return Retries()
    count, began = len(waiting), clock()
    try:
        for _ in range(settings.gate.retries):
            if waiting:
                passed = _retry(recording, plan, waiting, interrupt, on_event)
                waiting = [key for key in waiting if key not in passed]
    except KeyboardInterrupt:
        return Retries(notices=(_INTERRUPTED,), interrupted=True)
    except (SuiteError, EnvironmentFailure) as error:
        # the run itself is complete, and is judged without
        return Retries(notices=(f"What failed could not be retried: {error.message}",))
    return Retries(notices=(_summary(count, len(waiting), clock() - began),))


_INTERRUPTED = "The retries of what failed were cut short; the run before them is complete."
_MOST_FAILED = "Nothing was retried, since most features failed ({failing} of {exercised})."


def _summary(count: int, failing_count: int, seconds: float) -> str:
    whom = count_of(count, "feature that failed", "features that failed")
    what = "all passed" if not failing_count else f"{count - failing_count} passed, {failing_count} failed every time"
    if count == 1:
        what = "it passed" if not failing_count else "it failed every time"
    return f"Retried {whom} within {format_seconds(seconds)}: {what}."


def _failing(recording: Recording) -> list[FeatureKey]:
    """The features that failed whenever nothing was changed."""
    perturbed = {iteration.number for iteration in recording.iterations if not iteration.planned.kind.is_unperturbed}
    failing = []
    for key, results in recording.results.items():
        judged = [result.status for result in results if result.iteration not in perturbed]
        if judged and all(status.is_failing for status in judged):
            failing.append(key)
    return failing


def _retry(
    recording: Recording,
    plan: EnginePlan,
    features: Sequence[FeatureKey],
    interrupt: int | None,
    on_event: Callable[[EngineEvent], None],
) -> set[FeatureKey]:
    """Retry some features once; those that did not fail."""
    passed = set()
    repeated = {key for key in features if _failed_when_repeated(recording.results[key])}
    # what failed when it was called again is called again; the others need no more than their first call
    options = plan.options
    for judged_calls, chosen in (
        (1, [key for key in features if key not in repeated]),
        (1 + options.warmup_count + options.min_sample_count, [key for key in features if key in repeated]),
    ):
        if not chosen:
            continue
        planned = PlannedIteration(
            number=recording.iterations[-1].number + 1,
            kind=IterationKind.RETRY,
            conditions=Conditions(judged_calls=judged_calls),
            seed=options.seed,
        )
        with closing(run_iteration(plan, planned, only=chosen, interrupt=interrupt)) as events:
            for event in events:
                recording.take(event)
                on_event(event)
                if isinstance(event, IterationResult) and not event.status.is_failing:
                    passed.add(event.feature.key)
    return passed


def _failed_when_repeated(results: Iterable[IterationResult]) -> bool:
    """Whether the first call passed in each process that it failed in, and a later one did not."""
    failed = [result for result in results if result.status.is_failing]
    return all(result.errors and all(map(is_of_repeated_call, result.errors)) for result in failed)
