"""Exercising one feature: each scenario's first call is judged, then the warm calls are measured.

A warm call that fails after its scenario passed makes the feature partial, and a feature that failed has no samples: a
crash is never fast. Where nothing is measured, calls may be judged instead: the feature is set up and torn down around
each of them, so that what a later one sees of an earlier one is what the feature itself left behind. One that fails at
first and passes later is partial as well: the later call must not hide the failure.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from aicmo_perf.self_test.scenario_outcomes import NO_SCENARIO, ScenarioOutcome, joint_result
from aicmo_perf.self_test.scenarios import Scenario, ScenarioFailure, ScenarioLoader
from aicmo_perf.signature import canonical_output

if TYPE_CHECKING:
    from aicmo_perf.scrubbing import Scrubbing


class FeatureExecutor:
    """Exercises features, one after the other, in this process.

    Args:
        options: how to measure.
        seeding: fixes the random generators before each call.
        clock: for all times.
        before_call: called before whatever may take long; the time-out starts anew.
        is_measured: whether features are sampled, or only judged.
        judged_calls: how often each is judged, as Conditions say.
        tear_down: called between two judged calls, to put back what a feature may have replaced.
        wants_outputs: whether results hold the outputs themselves.
    """

    def __init__(
        self,
        options: RunOptions,
        seeding: Seeding,
        clock: Clock,
        before_call: Callable[[], None] = lambda: None,
        *,
        is_measured: bool = True,
        judged_calls: int = 1,
        tear_down: Callable[[], None] = lambda: None,
        wants_outputs: bool = False,
    ) -> None:
        self._seeding = seeding
        self._clock = clock
        self._before_call = before_call
        self._policy = SamplingPolicy.from_options(options) if is_measured else None
        self._judged_calls = judged_calls
        self._tear_down = tear_down
        self._wants_outputs = wants_outputs
        self._scrub = options.scrub
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
        try:
            scenarios: Sequence[Scenario] = (NO_SCENARIO,)
            if definition.scenarios is not None:
                scenarios = self._scenarios.load(definition.scenarios)
            check_call(definition.function, takes_scenario=definition.scenarios is not None)
        except (ScenarioFailure, CannotCall) as error:
            return _could_not_be_called(found, iteration, str(error))
        first = self._call(found, definition, scenarios, iteration)
        told = first
        for number in range(2, self._judged_calls + 1):
            self._tear_down()
            result = replace(
                self._call(found, definition, scenarios, iteration, had_passed=not first.errors), judged_calls=number
            )
            if result.signature != first.signature:
                # one that passes when it is called again has failed all the same
                hides_failure = first.status.is_failing and not result.status.is_failing
                return replace(first, status=Status.PARTIAL, judged_calls=number) if hides_failure else result
            # of outputs alone, the first that differs is kept in case that no signature does
            if told.output_digest == first.output_digest:
                told = result
        return told

    def _call(
        self,
        found: FoundFeature,
        definition: FeatureDefinition,
        scenarios: Sequence[Scenario],
        iteration: int,
        *,
        had_passed: bool = False,
    ) -> IterationResult:
        """One call with each scenario, and their measurement; the feature's result by it.

        Args:
            found, definition, scenarios, iteration: what to call, with what, and when.
            had_passed: whether it repeats a call without errors.
        """
        scrubbing = _scrubbing(self._scrub)
        exercise = _Exercise(
            definition,
            self._seeding,
            self._clock,
            self._before_call,
            scrubbing=scrubbing,
            wants_outputs=self._wants_outputs,
        )
        try:
            outcomes = [exercise.judge(scenario, self._memory) for scenario in scenarios]
            measurement = None
            if self._policy is not None and not any(outcome.errors for outcome in outcomes):
                measurement = exercise.measure([o for o in outcomes if o.skip_reason is None], self._policy)
        finally:
            exercise.close()
        if had_passed:
            for outcome in outcomes:
                outcome.mark_as_repeated()
        return joint_result(
            found.feature,
            iteration,
            outcomes,
            measurement=measurement,
            scrubbed=scrubbing.hidden if scrubbing is not None else (),
            wants_output=self._wants_outputs,
        )


class _WarmCallFailed(Exception):
    """A call that was to be measured failed."""


class _Exercise:
    """One feature in the process of being exercised. It is the Workload that is measured, over its scenarios."""

    def __init__(
        self,
        definition: FeatureDefinition,
        seeding: Seeding,
        clock: Clock,
        before_call: Callable[[], None],
        *,
        scrubbing: Scrubbing | None,
        wants_outputs: bool,
    ) -> None:
        self._definition = definition
        self._takes_scenario = takes_scenario = definition.scenarios is not None
        self._scrubbing = scrubbing
        self._wants_outputs = wants_outputs
        self._seeding = seeding
        self._clock = clock
        self._before_call = before_call
        self._caller: Caller = caller_for(definition.function, takes_scenario=takes_scenario, clock=clock)
        self._uses_randomness = False
        self._measured: Sequence[ScenarioOutcome] = ()
        self._pid = os.getpid()

    def judge(self, scenario: Scenario, memory: PeakMemory) -> ScenarioOutcome:
        """The first call with a scenario: timed, its output digested and validated, its warnings caught."""
        outcome = ScenarioOutcome(scenario)
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
                    self._keep(output, outcome)
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

    def _keep(self, output: Any, outcome: ScenarioOutcome) -> None:
        outcome.output = canonical_output(output, read_output_file, self._scrubbing)
        if self._wants_outputs:
            outcome.shown_form = canonical_output(output, read_output_file, self._scrubbing, shows_content=True).form

    def _first_call(self, value: Any, outcome: ScenarioOutcome) -> Any:
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

    def measure(self, outcomes: Sequence[ScenarioOutcome], policy: SamplingPolicy) -> Measurement | None:
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
                outcome.errors.append(text)
            outcome.errors += dict.fromkeys(collector.errors)
            if outcome.errors:
                outcome.mark_as_repeated()
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


def _scrubbing(names: Sequence[str]) -> Scrubbing | None:
    if not names:
        return None
    from aicmo_perf.scrubbing import Scrubbing  # seldom needed, and its patterns take long to compile

    return Scrubbing(names)


def _could_not_be_called(found: FoundFeature, iteration: int, text: str) -> IterationResult:
    return IterationResult(feature=found.feature, iteration=iteration, status=Status.ERROR, errors=(text,))


def _warning_text(caught: warnings.WarningMessage) -> str:
    # the file's name without its folder: the text is compared between machines
    return f"{caught.category.__name__}: {caught.message} ({Path(caught.filename).name}:{caught.lineno})"
