"""The workers of one pass over the suites: usually one, several at the same time if the conditions say so.

When a worker dies or hangs, the feature or module it was busy with is given the blame, and a new worker goes on in its
place with the rest, in the same order and under the same conditions: a feature is exercised once a pass, never twice,
and each worker that dies leaves less to do, so that this ends.
"""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from aicmo_perf import errors
from aicmo_perf.errors import AicmoPerfError, EnvironmentFailure
from aicmo_perf.model import Feature, FeatureKey, IterationKind, IterationResult, PlannedIteration, Status
from aicmo_perf.self_test.channel import TICK_SECONDS
from aicmo_perf.self_test.conditions import environment_under
from aicmo_perf.self_test.determinism import worker_environment
from aicmo_perf.self_test.events import Collected, EngineEvent, Started
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
from aicmo_perf.self_test.worker_process import Interrupted, Silent, WorkerProcess
from aicmo_perf.self_test.working_directory import WorkingDirectory

START_UP_SECONDS = 60.0
"""How long a worker may take until it begins with the first import."""


@dataclass(slots=True)
class _Place:
    """A worker at work.

    Attributes:
        worker: the process.
        leave: ends the process.
        known_broken: the modules that it was told not to import.
        found: the features it found.
        busy_with: what it is doing; None before the first import.
        timeout_seconds, deadline: how long it may go on without a word, and until when.
    """

    worker: WorkerProcess
    leave: ExitStack
    known_broken: frozenset[tuple[str, str]]
    found: tuple[Feature, ...] = ()
    busy_with: Began | Importing | None = None
    timeout_seconds: float = START_UP_SECONDS
    deadline: float = field(default_factory=lambda: time.monotonic() + START_UP_SECONDS)

    def is_heard(self) -> None:
        """The time-out starts anew."""
        # a tick is left out when the last one was a moment ago, so a call may have that much more
        self.deadline = time.monotonic() + self.timeout_seconds + TICK_SECONDS


class Crew:
    """One pass over the suites.

    Args:
        plan: what to run.
        planned: as which iteration, under which conditions and in which order.
        only: the features to exercise, as far as they are found; None for all that the plan means.
        directory: where the workers run; None for the project's root.
        interrupt: a descriptor that becomes readable when the run is to end early.
        wants_outputs: whether results hold the outputs themselves.
    """

    def __init__(
        self,
        plan: EnginePlan,
        planned: PlannedIteration,
        *,
        only: Collection[FeatureKey] | None = None,
        directory: WorkingDirectory | None = None,
        interrupt: int | None = None,
        wants_outputs: bool = False,
    ) -> None:
        self._plan = plan
        self._planned = planned
        self._only = None if only is None else tuple(only)
        self._directory = directory
        self._interrupt = interrupt
        self._wants_outputs = wants_outputs
        mode_environment = worker_environment(plan.mode, os.environ, flakiness_check=plan.options.flakiness_check)
        self._environment = environment_under(planned.conditions, mode_environment, directory)
        self._selector = selectors.DefaultSelector()
        self._collected: tuple[Feature, ...] | None = None
        self._done: dict[FeatureKey, None] = {}
        self._broken: dict[tuple[str, str], str] = {}

    def events(self) -> Generator[EngineEvent, None, None]:
        """Run it once; see run_iteration."""
        with ExitStack() as stack:
            stack.enter_context(self._selector)
            shares = range(self._planned.conditions.worker_count)
            places = {share: self._begin(share, stack) for share in shares}
            interrupted = False
            while places:
                # one message of each in turn, so that none waits for one that says a lot
                is_quiet = True
                for share, place in list(places.items()):
                    try:
                        line = place.worker.receive()
                        death = self._death(place) if line is None else ""
                    except Interrupted:
                        interrupted = True
                        del places[share]
                        continue
                    except Silent:
                        if time.monotonic() < place.deadline:
                            continue
                        line, death = None, place.worker.stop_and_describe(place.timeout_seconds)
                    is_quiet = False
                    if line is None:
                        yield from self._blame(place, death)
                        place.leave.close()
                        places[share] = self._begin(share, stack)
                    elif (yield from self._follow(place, line)):
                        place.leave.close()
                        del places[share]
                if is_quiet and places:
                    first_deadline = min(place.deadline for place in places.values())
                    self._selector.select(max(0.0, first_deadline - time.monotonic()))
            if interrupted:
                raise KeyboardInterrupt
        for feature in self._collected or ():
            if feature.key not in self._done:
                yield self._error(feature, "was found at first, but not by the worker that went on after a crash")

    def _begin(self, share: int, stack: ExitStack) -> _Place:
        leave = stack.enter_context(ExitStack())
        worker = leave.enter_context(
            WorkerProcess(
                self._assignment(share),
                self._environment,
                directory=self._directory.path if self._directory is not None else None,
                relay_output=self._plan.relay_output,
                interrupt=self._interrupt,
            )
        )
        self._selector.register(worker, selectors.EVENT_READ)
        leave.callback(self._selector.unregister, worker)
        return _Place(worker, leave, frozenset(self._broken))

    def _assignment(self, share: int) -> Assignment:
        return Assignment(
            suites=self._plan.suites,
            discover=self._plan.discover,
            mode=self._plan.mode,
            options=self._plan.options,
            project_root=str(Path(self._plan.project_root).resolve()),
            iteration=self._planned.number,
            parent_pid=os.getpid(),
            done=tuple(self._done),
            broken=tuple((suite, module, reason) for (suite, module), reason in self._broken.items()),
            moved=self._plan.moved,
            only=self._only,
            conditions=self._planned.conditions,
            order=self._planned.order,
            share=share,
            share_count=self._planned.conditions.worker_count,
            is_measured=self._planned.is_measured,
            wants_outputs=self._wants_outputs,
        )

    def _follow(self, place: _Place, line: bytes) -> Generator[EngineEvent, None, bool]:
        """Take in what a worker says; whether it has nothing left to do."""
        try:
            message = decode(line, place.found, self._planned.number)
        except ValueError:
            return False
        match message:
            case Tick():
                pass
            case Importing():
                place.busy_with, place.timeout_seconds = message, self._plan.options.timeout_seconds
                place.worker.mark_output(message.output_bytes)
            case Found(found, suites_inside, missing):
                place.found = found
                if self._collected is None:
                    self._collected = found
                    yield Collected(self._planned.number, found, suites_inside, missing)
            case Began(position, timeout_seconds):
                place.busy_with, place.timeout_seconds = message, timeout_seconds
                place.worker.mark_output(message.output_bytes)
                yield Started(place.found[position], self._planned.number)
            case Ended(_, result):
                # workers that do not find the same may share the features differently
                if result.feature.key not in self._done:
                    self._done[result.feature.key] = None
                    yield self._kept(result)
            case Refused(error, text, hint):
                raise _refusal(error, text, hint)
            case Finished():
                return True
        place.is_heard()
        return False

    def _kept(self, result: IterationResult) -> IterationResult:
        """What is worth keeping: time and memory under changed conditions say nothing of the code."""
        if self._planned.kind is not IterationKind.PERTURBED:
            return result
        return replace(result, first_call_seconds=None, peak_rss_bytes=None)

    def _death(self, place: _Place) -> str:
        suspicious = isinstance(place.busy_with, Began) and place.busy_with.thread_count > 0
        return place.worker.describe_death(threads_left=suspicious)

    def _blame(self, place: _Place, death: str) -> Iterator[IterationResult]:
        match place.busy_with:
            case Importing(suite, module) if (suite, module) not in place.known_broken:
                self._broken[suite, module] = f"cannot be imported: {death}"
            case Began(position):
                feature = place.found[position]
                self._done[feature.key] = None
                yield self._error(feature, death)
            case _:
                raise EnvironmentFailure(
                    f"A worker process could not begin its work: {death}.", "Is this Python environment intact?"
                )

    def _error(self, feature: Feature, text: str) -> IterationResult:
        return IterationResult(feature=feature, iteration=self._planned.number, status=Status.ERROR, errors=(text,))


def _refusal(name: str, message: str, hint: str) -> AicmoPerfError:
    kind: type[AicmoPerfError] = getattr(errors, name, AicmoPerfError)
    return kind(message, hint)
