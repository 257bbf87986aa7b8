"""The engine: yields what becomes of each feature, and lets no feature stop it.

Every iteration runs in fresh worker processes. Those of a flakiness check are designed: the first one is plain, each
further one changes what must not matter, or changes nothing at all.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime

from aicmo_perf.flakiness.design import Design
from aicmo_perf.model import Feature, FeatureKey, Iteration, IterationResult, PlannedIteration, Status
from aicmo_perf.self_test.conditions import refuse_impossible
from aicmo_perf.self_test.crew import Crew
from aicmo_perf.self_test.events import Collected, EngineEvent, IterationEnded, IterationStarted, Started
from aicmo_perf.self_test.load import busy_processes, load_average
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.possibilities import possibilities
from aicmo_perf.self_test.working_directory import WorkingDirectory, top_level_entries

__all__ = [
    "Collected",
    "EngineEvent",
    "IterationEnded",
    "IterationStarted",
    "Started",
    "run_engine",
    "run_iteration",
]


def run_engine(plan: EnginePlan, *, interrupt: int | None = None) -> Generator[EngineEvent, None, None]:
    """Run a plan; yield what happens as it happens.

    Closing the generator, or an exception in the middle of it, ends the workers and whatever they started.

    Args:
        plan: what to run.
        interrupt: a descriptor that becomes readable when the run is to end early: what is finished by then is still
            yielded, unlike with an exception that strikes just anywhere.

    Yields: for each iteration what run_iteration does. A feature that other iterations found, but not this one, has a
        result as well: an error, which for an earlier iteration comes just before the result of the one that found it.

    Raises:
        SuiteError: a suite cannot be found, or a suite or a rule has no features.
        NotFoundError: a glob of the selection matches no feature.
        EnvironmentFailure: no worker process can be started.
        KeyboardInterrupt: the descriptor became readable.
    """
    planner = _Planner(plan)
    found_in: dict[FeatureKey, int] = {}
    features: dict[FeatureKey, Feature] = {}
    for number in range(1, plan.options.iterations + 1):
        missing = dict(features)
        with ExitStack() as stack:
            planned = planner.iteration(number)
            directory = None
            if planned.conditions.fresh_directory:
                directory = stack.enter_context(WorkingDirectory(plan.project_root, entries=planner.entries))
            events = stack.enter_context(
                closing(run_iteration(plan, planned, interrupt=interrupt, directory=directory))
            )
            for event in events:
                if isinstance(event, Collected):
                    planner.note(event)
                elif isinstance(event, IterationResult):
                    key = event.feature.key
                    missing.pop(key, None)
                    if key not in features:
                        features[key], found_in[key] = event.feature, number
                        for earlier in range(1, number):
                            yield _not_found(event.feature, earlier, found_in=number)
                elif isinstance(event, IterationEnded):
                    for key, feature in missing.items():
                        yield _not_found(feature, number, found_in=found_in[key])
                yield event


def run_iteration(
    plan: EnginePlan,
    iteration: int | PlannedIteration,
    *,
    only: Collection[FeatureKey] | None = None,
    interrupt: int | None = None,
    wants_outputs: bool = False,
    directory: WorkingDirectory | None = None,
) -> Generator[EngineEvent, None, None]:
    """One pass over the suites of a plan, in fresh processes; see run_engine.

    Args:
        plan: what to run, whatever number of iterations it has.
        iteration: what to do; a plain one if it is but a number, from 1.
        only: the features to exercise, as far as they are found; None for all that the plan means.
        interrupt: as in run_engine.
        wants_outputs: whether results hold the outputs themselves.
        directory: where the workers run; None for a new one if the conditions ask for it, else the project's root.

    Yields: IterationStarted; Collected; then for each feature Started and its IterationResult; IterationEnded. A
        feature whose process died has a result as well. With several workers, features are exercised side by side.

    Raises: as run_engine; EnvironmentFailure, too, when the conditions ask for what cannot be done here.
    """
    planned = PlannedIteration(number=iteration) if isinstance(iteration, int) else iteration
    conditions = planned.conditions
    refuse_impossible(conditions)
    began = time.monotonic()
    started = Iteration(planned=planned, started_at=datetime.now(UTC), load_average=load_average())
    yield IterationStarted(started)
    with ExitStack() as stack:
        if directory is None and conditions.fresh_directory:
            directory = stack.enter_context(WorkingDirectory(plan.project_root))
        stack.enter_context(busy_processes(conditions.busy_process_count))
        for _ in range(conditions.earlier_process_count):
            earlier = Crew(plan, planned, only=only, directory=directory, interrupt=interrupt)
            with closing(earlier.events()) as events:
                for _ in events:
                    pass
        crew = Crew(plan, planned, only=only, directory=directory, interrupt=interrupt, wants_outputs=wants_outputs)
        yield from crew.events()
    yield IterationEnded(replace(started, duration_seconds=time.monotonic() - began))


class _Planner:
    """Says what the iterations of a run are: plain ones, or those of a flakiness check.

    A check is designed as soon as the first iteration has found the features; until then nothing is changed anyway.

    Attributes:
        entries: what the project's root held before the first iteration.
    """

    def __init__(self, plan: EnginePlan) -> None:
        self._plan = plan
        self._design: Design | None = None
        self.entries = top_level_entries(plan.project_root)

    def note(self, collected: Collected) -> None:
        """Take the features of an iteration; those of the first one count."""
        if self._plan.options.flakiness_check and self._design is None:
            self._design = Design(
                collected.features, possibilities(self._plan), self._plan.options.seed, now=datetime.now(UTC)
            )

    def iteration(self, number: int) -> PlannedIteration:
        """What to do as the iteration of a number, from 1; they are asked for in order."""
        if self._design is None:
            return PlannedIteration(number=number, seed=self._plan.options.seed)
        return self._design.iteration(number)


def _not_found(feature: Feature, iteration: int, *, found_in: int) -> IterationResult:
    text = f"was not found in iteration {iteration}, but in iteration {found_in}"
    return IterationResult(feature=feature, iteration=iteration, status=Status.ERROR, errors=(text,))
