"""Exercising one feature: each scenario's first call is judged, then the warm calls are measured.

A feature's status is that of its scenarios together: all fine is a pass, some is partial, none is a failure; that it
could not be called at all is an error. A warm call that fails after its scenario passed makes the feature partial, and
a feature that failed has no samples: a crash is never fast.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aicmo_perf.model import IterationResult, RunOptions, Status
from aicmo_perf.self_test.calling import AsyncCaller, Caller, CannotCall, caller_for, check_call
from aicmo_perf.self_test.determinism import Seeding
from aicmo_perf.self_test.discovery import FoundFeature
from aicmo_perf.self_test.failure_text import describe_exception
from aicmo_perf.self_test.feature import Collector, FeatureDefinition, Skip, collect_into
from aicmo_perf.self_test.measure import (
    BatchTime,
    Clock,
    Measurement,
    SamplingPolicy,
    measure,
    paused_garbage_collection,
)
from aicmo_perf.self_test.memory import PeakMemory
from aicmo_perf.self_test.outputs import output_complaints, read_output_file
from aicmo_perf.self_test.scenarios import Scenario, ScenarioFailure, ScenarioLoader
from aicmo_perf.signature import digest

_NO_SCENARIO = Scenario(label="", value=None, immutable=True)


class FeatureExecutor:
    """Exercises features, one after the other, in this process.

    Args:
        options: how to measure.
        seeding: fixes the random generators before each call.
        clock: for all times.
        before_call: called before whatever may take long; the time-out starts anew.
    """

    def __init__(
        self, options: RunOptions, seeding: Seeding, clock: Clock, before_call: Callable[[], None] = lambda: None
    ) -> None:
        self._seeding = seeding
        self._clock = clock
        self._before_call = before_call
        self._policy = SamplingPolicy.from_options(options)
        self._scenarios = ScenarioLoader(quick=options.quick)
        self._memory = PeakMemory()

    def execute(self, found: FoundFeature, iteration: int) -> IterationResult:
        """Exercise one feature; nothing that it raises gets out."""
        if found.definition is None:
            return _could_not_be_called(found, iteration, found.import_error)
        try:
            return self._execute(found, found.definition, iteration)
        except BaseException as error:
            # an object so odd that not even its failure can be told: a warning whose text cannot be had, and the like
            return _could_not_be_called(found, iteration, f"cannot be exercised: {describe_exception(error)}")

    def _execute(self, found: FoundFeature, definition: FeatureDefinition, iteration: int) -> IterationResult:
        self._seeding.seed()
        takes_scenario = definition.scenarios is not None
        try:
            scenarios: Sequence[Scenario] = (_NO_SCENARIO,)
            if definition.scenarios is not None:
                scenarios = self._scenarios.load(definition.scenarios)
            check_call(definition.function, takes_scenario=takes_scenario)
        except (ScenarioFailure, CannotCall) as error:
            return _could_not_be_called(found, iteration, str(error))
        exercise = _Exercise(definition, takes_scenario, self._seeding, self._clock, self._before_call)
        try:
            outcomes = [exercise.judge(scenario, self._memory) for scenario in scenarios]
            measurement = None
            if not any(outcome.errors for outcome in outcomes):
                measurement = exercise.measure([o for o in outcomes if o.skip_reason is None], self._policy)
        finally:
            exercise.close()
        return _result(found, iteration, outcomes, measurement)


@dataclass(slots=True)
class _Outcome:
    """What became of one scenario: it was skipped, with a reason, or exercised. A warm call that fails
    after the first one passed adds errors.
    """

    scenario: Scenario
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    passed_at_first: bool = False
    skip_reason: str | None = None
    first_call_seconds: float | None = None
    peak_rss_bytes: int | None = None
    output_digest: str | None = None


class _WarmCallFailed(Exception):
    """A call that was to be measured failed."""


class _Exercise:
    """One feature in the process of being exercised. It is the Workload that is measured, over its scenarios."""

    def __init__(
        self,
        definition: FeatureDefinition,
        takes_scenario: bool,
        seeding: Seeding,
        clock: Clock,
        before_call: Callable[[], None],
    ) -> None:
        self._definition = definition
        self._takes_scenario = takes_scenario
        self._seeding = seeding
        self._clock = clock
        self._before_call = before_call
        self._caller: Caller = caller_for(definition.function, takes_scenario=takes_scenario, clock=clock)
        self._uses_randomness = False
        self._measured: Sequence[_Outcome] = ()
        self._pid = os.getpid()

    def judge(self, scenario: Scenario, memory: PeakMemory) -> _Outcome:
        """The first call with a scenario: timed, its output digested and validated, its warnings caught."""
        outcome = _Outcome(scenario)
        collector = Collector()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            collect_into(collector)
            try:
                value = scenario.fresh()
                memory.reset()
                try:
                    output = self._first_call(value, outcome)
                finally:
                    outcome.peak_rss_bytes = memory.peak_bytes()
                self._before_call()
                if output is not None:
                    outcome.output_digest = digest(output, read_output_file)
                outcome.errors += output_complaints(self._definition, output)
            except Skip as reason:
                outcome.skip_reason = reason.reason
            except BaseException as error:
                outcome.errors.append(describe_exception(error))
            finally:
                collect_into(None)
        outcome.errors += collector.errors
        outcome.warnings += [*map(_warning_text, caught), *collector.warnings]
        # what was found to be wrong before it left stays wrong
        if outcome.errors and outcome.skip_reason is not None:
            outcome.warnings.append(f"was skipped after it had failed: {outcome.skip_reason}")
            outcome.skip_reason = None
        return outcome

    def _first_call(self, value: Any, outcome: _Outcome) -> Any:
        clock = self._clock.wall_nanoseconds
        self._before_call()
        self._seeding.seed()
        try:
            with paused_garbage_collection():
                began = clock()
                output = self._caller.call(value)
                if inspect.isawaitable(output):
                    output = self._await_late(output)
                ended = clock()
        finally:
            # a feature that forks and lets its child return would be exercised twice from here on
            if os.getpid() != self._pid:
                os._exit(0)
            self._uses_randomness = self._seeding.consume_evidence() or self._uses_randomness
        outcome.first_call_seconds = (ended - began) / 1e9
        return output

    def _await_late(self, awaitable: Any) -> Any:
        """Await what a plain function returned, and from now on call it as an asynchronous one."""
        caller = AsyncCaller(self._definition.function, takes_scenario=self._takes_scenario, clock=self._clock)
        self._caller = caller
        return caller.finish(awaitable)

    def measure(self, outcomes: Sequence[_Outcome], policy: SamplingPolicy) -> Measurement | None:
        """Sample the scenarios that passed; None, and an error in one of the outcomes, when a warm call fails."""
        if not outcomes:
            return None
        self._measured = outcomes
        with warnings.catch_warnings():
            # they were counted in the first call
            warnings.simplefilter("ignore")
            try:
                return measure(self, policy, self._clock)
            except _WarmCallFailed:
                return None
            finally:
                collect_into(None)

    def run_batch(self, loop_count: int) -> BatchTime:
        """Call it so many times with each scenario.

        Raises: _WarmCallFailed, after the scenario's outcome was told why.
        """
        total = BatchTime(0, 0)
        for outcome in self._measured:
            collector = Collector()
            collect_into(collector)
            try:
                total += self._time_calls(outcome.scenario, loop_count)
            except BaseException as error:
                text = f"was skipped: {error.reason}" if isinstance(error, Skip) else describe_exception(error)
                outcome.errors.append(f"in a repeated call: {text}")
            outcome.errors += [f"in a repeated call: {text}" for text in dict.fromkeys(collector.errors)]
            if outcome.errors:
                outcome.passed_at_first = True
                raise _WarmCallFailed
        return total

    def _time_calls(self, scenario: Scenario, loop_count: int) -> BatchTime:
        """Each call finds the generators freshly seeded, as the first one did.

        Where no call draws from them, seeding once for all is the same.
        """
        self._before_call()
        if not self._uses_randomness:
            values = scenario.fresh_batch(loop_count)
            self._seeding.seed()
            time = self._caller.time_block(values)
            if not self._seeding.consume_evidence():
                return time
            self._uses_randomness = True
        # the clocks are read for every call, which must not count as the call's own time
        reading = self._caller.time_block(())
        wall_nanoseconds = cpu_nanoseconds = 0
        for _ in range(loop_count):
            value = scenario.fresh()
            self._seeding.seed()
            time = self._caller.time_block((value,))
            wall_nanoseconds += max(0, time.wall_nanoseconds - reading.wall_nanoseconds)
            cpu_nanoseconds += max(0, time.cpu_nanoseconds - reading.cpu_nanoseconds)
        return BatchTime(wall_nanoseconds, cpu_nanoseconds)

    def close(self) -> None:
        """Let go of the event loop, if there is one."""
        with contextlib.suppress(Exception):
            self._caller.close()


def _result(
    found: FoundFeature,
    iteration: int,
    outcomes: Sequence[_Outcome],
    measurement: Measurement | None,
) -> IterationResult:
    exercised = [outcome for outcome in outcomes if outcome.skip_reason is None]
    skipped = [outcome for outcome in outcomes if outcome.skip_reason is not None]
    failed = [outcome for outcome in exercised if outcome.errors]
    several = len(outcomes) > 1

    def labelled(outcome: _Outcome, text: str) -> str:
        return f"{outcome.scenario.label}: {text}" if several else text

    skip_reason = None
    skip_warnings: list[str] = []
    if not exercised:
        status = Status.SKIP
        skip_reason = "; ".join(dict.fromkeys(outcome.skip_reason or "" for outcome in skipped))
    else:
        # What passed once and failed when repeated is half a failure, and unlike one at first: that it is one in this
        # process and the other in the next is what a flakiness check has to see.
        wholly = [outcome for outcome in failed if not outcome.passed_at_first]
        status = Status.PASS if not failed else Status.FAIL if len(wholly) == len(exercised) else Status.PARTIAL
        skip_warnings = [f"{o.scenario.label} was skipped: {o.skip_reason}" for o in skipped]
    first_calls = [outcome.first_call_seconds for outcome in exercised]
    digests = [outcome.output_digest for outcome in exercised]
    return IterationResult(
        feature=found.feature,
        iteration=iteration,
        status=status,
        errors=tuple(labelled(outcome, text) for outcome in exercised for text in outcome.errors),
        warnings=(
            *(labelled(outcome, text) for outcome in outcomes for text in outcome.warnings),
            *skip_warnings,
        ),
        skip_reason=skip_reason,
        scenario_count=sum(outcome.scenario is not _NO_SCENARIO for outcome in exercised),
        samples_seconds=measurement.samples_seconds if measurement else (),
        loop_count=measurement.loop_count if measurement else 1,
        first_call_seconds=_sum_if_all(first_calls),
        cpu_seconds=measurement.cpu_seconds if measurement else None,
        peak_rss_bytes=max((o.peak_rss_bytes for o in exercised if o.peak_rss_bytes is not None), default=None),
        output_digest=_joint_digest(digests),
    )


def _sum_if_all(seconds: Sequence[float | None]) -> float | None:
    """The sum; None when there is none, or when one call never returned."""
    known = [value for value in seconds if value is not None]
    return sum(known) if known and len(known) == len(seconds) else None


def _joint_digest(digests: Sequence[str | None]) -> str | None:
    if all(one is None for one in digests):
        return None
    return digests[0] if len(digests) == 1 else digest(list(digests))


def _could_not_be_called(found: FoundFeature, iteration: int, text: str) -> IterationResult:
    return IterationResult(feature=found.feature, iteration=iteration, status=Status.ERROR, errors=(text,))


def _warning_text(caught: warnings.WarningMessage) -> str:
    # the file's name without its folder: the text is compared between machines
    return f"{caught.category.__name__}: {caught.message} ({Path(caught.filename).name}:{caught.lineno})"
