"""An iteration of a stored run once more: same conditions, same order, same seeds. Nothing of it is stored.

What a replay says of the code at hand is no evidence about the run, and a bisection makes dozens of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_commit
from aicmo_perf.errors import EnvironmentFailure, NotFoundError, UsageError
from aicmo_perf.model import (
    Conditions,
    FeatureKey,
    FeatureStatus,
    Iteration,
    IterationResult,
    Possibilities,
    Run,
    SelfTestResult,
)
from aicmo_perf.model.replay import Observed, Replay, ReplayedFeature
from aicmo_perf.self_test.engine import EngineEvent, run_iteration
from aicmo_perf.self_test.plan import EnginePlan, select_features
from aicmo_perf.self_test.possibilities import possibilities
from aicmo_perf.store import open_store
from aicmo_perf.units import count_of
from aicmo_perf.workflows.interrupts import signals_as_descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """An iteration as it was.

    Attributes:
        result: of its run.
        iteration: which one.
        order: the features it exercised, in their order.
    """

    result: SelfTestResult
    iteration: Iteration
    order: tuple[FeatureKey, ...]

    def observed(self, status: FeatureStatus, number: int) -> Observed | None:
        """What an iteration said of a feature; None when it did not exercise it."""
        if number not in status.iterations:
            return None
        place = status.iterations.index(number)
        return Observed(status.signatures[place], status.output_digests[place])

    def shown(self, selection: Sequence[str], *, everything: bool) -> tuple[FeatureStatus, ...]:
        """The features to show, in their order: those selected, or all, or those that differ from the first iteration.

        The first one shows those that differ from it in any other.

        Raises: NotFoundError for a glob that means none.
        """
        by_key = {status.key: status for status in self.result.features}
        ran = [by_key[key] for key in self.order]
        if selection:
            chosen = select_features([status.feature for status in ran], selection)
            return tuple(ran[position] for position in sorted(chosen))
        return tuple(status for status in ran if everything or self._deviates(status))

    def _deviates(self, status: FeatureStatus) -> bool:
        first = self.result.iterations[0].number
        if self.iteration.number == first:
            return status.is_flaky or status.output_varies
        return self.observed(status, self.iteration.number) != self.observed(status, first)


def replay_iteration(
    settings: Settings,
    reference: str,
    *,
    selection: Sequence[str] = (),
    everything: bool = False,
    relay_output: bool = False,
    on_event: Callable[[EngineEvent], None] = lambda event: None,
) -> Replay:
    """Run an iteration of a stored run again.

    Args:
        settings: where the store and the suites are; how it measures is the run's.
        reference: ``RUN:ITERATION``, the run as Store.find_run takes it.
        selection: globs of the features to show; those after the last of them are left out, unless they could matter.
        everything: show all features, not only those that deviated from the run's first iteration.
        relay_output, on_event: as in execute_run.

    Raises:
        UsageError: the reference is malformed.
        NotFoundError: there is no such run, iteration or feature; or none to be shown is in the suites any more.
        EnvironmentFailure: the iteration's conditions cannot be had here.
        SuiteError: a suite of the run cannot be found.
        KeyboardInterrupt: somebody interrupted it.
    """
    past = _read(settings, reference)
    run, planned = past.result.run, past.iteration.planned
    shown = past.shown(selection, everything=everything)
    plan = EnginePlan(
        suites=_suites_of(run, settings),
        discover=tuple(rule for rule in settings.discover if rule.suite_name in run.suites),
        mode=run.mode,
        options=run.options,
        project_root=settings.project_root,
        relay_output=relay_output,
    )
    _check_conditions(planned.conditions, possibilities(plan), past)
    order = past.order
    if selection and not _is_shared(planned.conditions):
        order = order[: 1 + max(order.index(status.key) for status in shown)]
    results: dict[FeatureKey, IterationResult] = {}
    with signals_as_descriptor() as interrupt:
        again = run_iteration(plan, replace(planned, order=order), only=order, interrupt=interrupt)
        with closing(again) as events:
            for event in events:
                if isinstance(event, IterationResult):
                    results[event.feature.key] = event
                on_event(event)
    if shown and not any(status.key in results for status in shown):
        raise NotFoundError(
            f"None of {count_of(len(shown), 'feature')} to be shown is found in {', '.join(run.suites)} any more.",
            "Do the suites still import? A run without --replay says so.",
        )
    features = []
    for status in shown:
        then = past.observed(status, planned.number)
        assert then is not None, "only features are shown that the iteration exercised"
        usual = past.observed(status, past.result.iterations[0].number)
        features.append(ReplayedFeature(feature=status.feature, usual=usual, then=then, now=results.get(status.key)))
    return Replay(run=run, iteration=past.iteration, features=tuple(features), notices=_notices(run, settings))


def _read(settings: Settings, reference: str) -> _Past:
    which, colon, number = reference.rpartition(":")
    if not colon or not number.isdecimal():
        raise UsageError(f"{reference!r} names no iteration of a run.", "Write RUN:ITERATION, like 12:4 or latest:2.")
    with open_store(settings.db_url, write=False) as store:
        run = store.find_run(which)
        result = store.result(run)
    iterations = {iteration.number: iteration for iteration in result.iterations}
    if not iterations:
        raise NotFoundError(
            f"Of {run.title} it is not known what its iterations ran under.",
            "It was stored by a version that could not replay.",
        )
    iteration = iterations.get(int(number))
    if iteration is None:
        raise NotFoundError(
            f"{run.title_at_start} has no iteration {number}.", f"It has {', '.join(map(str, iterations))}."
        )
    ran = [status.key for status in result.features if iteration.number in status.iterations]
    order = iteration.planned.order or ran
    return _Past(result=result, iteration=iteration, order=tuple(key for key in order if key in set(ran)))


def _suites_of(run: Run, settings: Settings) -> tuple[str, ...]:
    """The run's suites as the engine takes them: a file's is named by its path without ``.py``."""
    by_rule = {rule.suite_name for rule in settings.discover}
    configured = {suite.removesuffix(".py"): suite for suite in settings.suites}
    suites = []
    for name in run.suites:
        if name in configured:
            suites.append(configured[name])
        elif name not in by_rule:
            suites.append(f"{name}.py" if (settings.project_root / f"{name}.py").is_file() else name)
    return tuple(suites)


def _is_shared(conditions: Conditions) -> bool:
    """Whether features may depend on those that come after them: in other processes, or by what these left on disk."""
    return conditions.worker_count > 1 or conditions.earlier_process_count > 0


def _check_conditions(conditions: Conditions, possible: Possibilities, past: _Past) -> None:
    """See that the conditions can be had here.

    Raises: EnvironmentFailure when they cannot.
    """
    which = f"Iteration {past.iteration.number} of {past.result.run.title}"
    if conditions.clock_shift_seconds and not possible.clock:
        raise EnvironmentFailure(
            f"{which} ran with another date, which takes time-machine.", "pip install 'aicmo-perf[clock]'"
        )
    if conditions.locale is not None and conditions.locale not in possible.locales:
        raise EnvironmentFailure(
            f"{which} ran with the locale {conditions.locale}, which is not installed here.",
            "Install it, or replay another iteration.",
        )
    if (conditions.cpu_count or 1) > possible.cpu_count:
        raise EnvironmentFailure(
            f"{which} ran with {conditions.cpu_count} CPUs, and here are only {possible.cpu_count}.",
            "Replay it on a machine like that of the run.",
        )


def _notices(run: Run, settings: Settings) -> tuple[str, ...]:
    sha = current_commit(settings.project_root).sha
    if run.commit_sha is None or sha is None or sha == run.commit_sha:
        return ()
    return (f"{run.title_at_start} was of commit {run.commit_sha[:10]}; the code here is of {sha[:10]}.",)
