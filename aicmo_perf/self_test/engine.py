"""The engine: yields what becomes of each feature, and lets no feature stop it.

Every iteration runs in a fresh worker process. When it dies or hangs, the feature or module it was busy with is
given the blame, and a new worker goes on with the rest: a feature is exercised once an iteration, never twice, and
each worker that dies leaves less to do, so that this ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aicmo_perf import errors
from aicmo_perf.errors import AicmoPerfError, EnvironmentFailure
from aicmo_perf.model import Feature, FeatureKey, IterationResult, Status
from aicmo_perf.self_test.channel import TICK_SECONDS
from aicmo_perf.self_test.determinism import worker_environment
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.protocol import (
    Assignment,
    Began,
    Ended,
    Finished,
    Found,
    Importing,
    Refused,
    Tick,
    decode,
)
from aicmo_perf.self_test.worker_process import Overran, WorkerProcess

START_UP_SECONDS = 60.0
"""How long a worker may take until it begins with the first import."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The features of an iteration are known; once an iteration, before anything else of it.

    Attributes:
        iteration: which one.
        features: in the order they will be called.
        suites_inside, missing: of another version, as in Found.
    """

    iteration: int
    features: tuple[Feature, ...]
    suites_inside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A feature is being exercised."""

    feature: Feature
    iteration: int


EngineEvent = Collected | Started | IterationResult


def run_engine(plan: EnginePlan, *, interrupt: int | None = None) -> Generator[EngineEvent, None, None]:
    """Run a plan; yield what happens as it happens.

    Closing the generator, or an exception in the middle of it, ends the worker and whatever it started.

    Args:
        plan: what to run.
        interrupt: a descriptor that becomes readable when the run is to end early: what is finished by then is still
            yielded, unlike with an exception that strikes just anywhere.

    Yields: for each iteration Collected, then for each feature Started and its IterationResult. A feature whose
        process died has a result as well, and so has one that other iterations found, but not this one: an error, which
        for an earlier iteration comes just before the result of the one that found it.

    Raises:
        SuiteError: a suite cannot be found, or a suite or a rule has no features.
        NotFoundError: a glob of the selection matches no feature.
        EnvironmentFailure: no worker process can be started.
        KeyboardInterrupt: the descriptor became readable.
    """
    found_in: dict[FeatureKey, int] = {}
    features: dict[FeatureKey, Feature] = {}
    for iteration in range(1, plan.options.iterations + 1):
        with closing(run_iteration(plan, iteration, interrupt=interrupt)) as events:
            missing = dict(features)
            for event in events:
                if isinstance(event, IterationResult):
                    key = event.feature.key
                    missing.pop(key, None)
                    if key not in features:
                        features[key], found_in[key] = event.feature, iteration
                        for earlier in range(1, iteration):
                            yield _not_found(event.feature, earlier, found_in=iteration)
                yield event
        for key, feature in missing.items():
            yield _not_found(feature, iteration, found_in=found_in[key])


def run_iteration(
    plan: EnginePlan, iteration: int, *, only: Collection[FeatureKey] | None = None, interrupt: int | None = None
) -> Generator[EngineEvent, None, None]:
    """One pass over the suites of a plan, in a fresh process; see run_engine.

    Args:
        plan: what to run, whatever number of iterations it has.
        iteration: its number, from 1.
        only: the features to exercise, as far as they are found; None for all that the plan means.
        interrupt: as in run_engine.

    Yields: Collected; then for each feature Started and its IterationResult.
    """
    return _Iteration(plan, iteration, only, interrupt).events()


def _not_found(feature: Feature, iteration: int, *, found_in: int) -> IterationResult:
    return _error(feature, iteration, f"was not found in iteration {iteration}, but in iteration {found_in}")


def _error(feature: Feature, iteration: int, text: str) -> IterationResult:
    return IterationResult(feature=feature, iteration=iteration, status=Status.ERROR, errors=(text,))


class _Iteration:
    """One pass over the suites: as many workers as it takes, nearly always one."""

    def __init__(
        self, plan: EnginePlan, number: int, only: Collection[FeatureKey] | None, interrupt: int | None
    ) -> None:
        self._plan = plan
        self._interrupt = interrupt
        self._number = number
        self._collected: tuple[Feature, ...] | None = None
        self._only = None if only is None else tuple(only)
        self._done: dict[FeatureKey, None] = {}
        self._broken: dict[tuple[str, str], str] = {}

    def events(self) -> Generator[EngineEvent, None, None]:
        environment = worker_environment(self._plan.mode, os.environ)
        finished = False
        while not finished:
            with WorkerProcess(
                self._assignment(), environment, relay_output=self._plan.relay_output, interrupt=self._interrupt
            ) as worker:
                finished = yield from self._follow(worker)
        for feature in self._collected or ():
            if feature.key not in self._done:
                yield _error(
                    feature, self._number, "was found at first, but not by the worker that went on after a crash"
                )

    def _assignment(self) -> Assignment:
        return Assignment(
            suites=self._plan.suites,
            discover=self._plan.discover,
            mode=self._plan.mode,
            options=self._plan.options,
            project_root=str(Path(self._plan.project_root).resolve()),
            iteration=self._number,
            parent_pid=os.getpid(),
            done=tuple(self._done),
            broken=tuple((suite, module, reason) for (suite, module), reason in self._broken.items()),
            moved=self._plan.moved,
            only=self._only,
        )

    def _follow(self, worker: WorkerProcess) -> Generator[EngineEvent, None, bool]:
        """Listen to one worker until it is finished (True) or gone (False)."""
        found: tuple[Feature, ...] = ()
        busy_with: Began | Importing | None = None
        timeout_seconds = START_UP_SECONDS
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                line = worker.receive(deadline)
            except Overran:
                yield from self._blame(busy_with, found, worker.stop_and_describe(timeout_seconds))
                return False
            if line is None:
                suspicious = isinstance(busy_with, Began) and busy_with.thread_count > 0
                yield from self._blame(busy_with, found, worker.describe_death(threads_left=suspicious))
                return False
            try:
                message = decode(line, found, self._number)
            except ValueError:
                continue
            match message:
                case Tick():
                    pass
                case Importing():
                    busy_with, timeout_seconds = message, self._plan.options.timeout_seconds
                    worker.mark_output(message.output_bytes)
                case Found(found, suites_inside, missing):
                    if self._collected is None:
                        self._collected = found
                        yield Collected(self._number, found, suites_inside, missing)
                case Began(position, timeout_seconds):
                    busy_with = message
                    worker.mark_output(message.output_bytes)
                    yield Started(found[position], self._number)
                case Ended(_, result):
                    self._done[result.feature.key] = None
                    yield result
                case Refused(error, text, hint):
                    raise _refusal(error, text, hint)
                case Finished():
                    return True
            # a tick is left out when the last one was a moment ago, so a call may have that much more
            deadline = time.monotonic() + timeout_seconds + TICK_SECONDS

    def _blame(
        self, busy_with: Began | Importing | None, found: tuple[Feature, ...], death: str
    ) -> Iterator[IterationResult]:
        match busy_with:
            case Importing(suite, module) if (suite, module) not in self._broken:
                self._broken[suite, module] = f"cannot be imported: {death}"
            case Began(position):
                feature = found[position]
                self._done[feature.key] = None
                yield _error(feature, self._number, death)
            case _:
                raise EnvironmentFailure(
                    f"A worker process could not begin its work: {death}.", "Is this Python environment intact?"
                )


def _refusal(name: str, message: str, hint: str) -> AicmoPerfError:
    kind: type[AicmoPerfError] = getattr(errors, name, AicmoPerfError)
    return kind(message, hint)
