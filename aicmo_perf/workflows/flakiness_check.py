"""What a flakiness check does after its iterations: further ones until a rate is excluded, then the search for causes.

Each of the two ends when it is done or its time is over, whichever comes first. Further iterations exercise only the
features of which too little is known; where the time is too short for all of them, those first that the history
suspects. The trials of the search are not stored; what they found out is.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure, SuiteError
from aicmo_perf.flakiness.bench import Bench
from aicmo_perf.flakiness.design import Design
from aicmo_perf.flakiness.diagnosis import diagnose
from aicmo_perf.flakiness.evidence import inconsistent
from aicmo_perf.flakiness.history import read_history
from aicmo_perf.flakiness.rates import runs_to_exclude
from aicmo_perf.flakiness.wording import percent
from aicmo_perf.model import (
    FeatureKey,
    FlakinessFinding,
    FlakyState,
    IterationKind,
    IterationResult,
    PlannedIteration,
    RunFilter,
    Status,
    Trial,
)
from aicmo_perf.self_test.bench import EngineBench
from aicmo_perf.self_test.engine import EngineEvent, run_iteration
from aicmo_perf.self_test.load import usable_cpu_count
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.possibilities import possibilities
from aicmo_perf.self_test.working_directory import WorkingDirectory, top_level_entries
from aicmo_perf.store import Store
from aicmo_perf.units import count_of, format_ratio, format_seconds
from aicmo_perf.workflows.recording import Recording

_PLAIN_RUNS_IN_BUDGET = 10.0
_LEAST_BUDGET_SECONDS = 60.0
_SUSPECT_BUDGET_SECONDS = 10.0
"""What one suspect takes by itself, 10 to 15 trials, beside those that all share."""

_SUSPECT_STATES = frozenset({FlakyState.FLAKY, FlakyState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """Features are tried under other conditions, to find out what an outcome depends on.

    Attributes:
        number: of the trial, from 1.
        feature: the one it is about: the last of those tried.
    """

    number: int
    feature: FeatureKey


def default_budget_seconds(plain_seconds: float, suspect_count: int = 0) -> float:
    """What further iterations may take, and the search for causes: ten plain iterations, a minute at least.

    Args:
        plain_seconds: what a plain iteration takes.
        suspect_count: features for each of which a cause is sought, which takes some seconds more.
    """
    return max(_PLAIN_RUNS_IN_BUDGET * plain_seconds, _LEAST_BUDGET_SECONDS) + _SUSPECT_BUDGET_SECONDS * suspect_count


class FlakinessCheck:
    """What comes after the iterations of a flakiness check.

    It is made before them: what they leave in the project's folder is hidden from what comes after.

    Args:
        store: where the run is, and the history.
        recording: of the run, which has yet to begin.
        plan: how it is run.
        settings: with the budget.
        interrupt, on_event: as in execute_run.
        clock: for the budget, in seconds.

    Attributes:
        notices: what people should know, a sentence each.
    """

    def __init__(
        self,
        store: Store,
        recording: Recording,
        plan: EnginePlan,
        settings: Settings,
        *,
        interrupt: int | None,
        on_event: Callable[[EngineEvent | TrialStarted], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._recording = recording
        self._plan = plan
        self._settings = settings
        self._interrupt = interrupt
        self._on_event = on_event
        self._clock = clock
        self._entries = top_level_entries(plan.project_root)
        self._bench = _RememberingBench(EngineBench(plan, interrupt=interrupt, on_trial=self._tell_trial))
        self._trial_count = 0
        self.notices: list[str] = []

    def exclude(self, rate: float) -> None:
        """Add perturbed iterations until each feature was seen to be inconsistent, or often enough not to be.

        No iteration is begun that would end after the budget, judged by the one before.

        Args:
            rate: a feature that differs from its usual self so often is seen to, with 95 % probability.

        Raises: as run_engine.
        """
        runs_needed = runs_to_exclude(rate)
        run_counts = Counter({key: len(results) for key, results in self._recording.results.items()})
        suspects = self._suspects()
        design = Design(
            self._recording.features,
            possibilities(self._plan),
            self._plan.options.seed,
            now=self._recording.run.started_at,
        )
        number = self._recording.iterations[-1].number
        whole_seconds = expected_seconds = self._judged_seconds
        deadline = self._clock() + self._budget_seconds()
        while undecided := self._undecided(run_counts, runs_needed):
            began = self._clock()
            if began + expected_seconds > deadline:
                break
            number, planned = _next_perturbed(design, number)
            runs_left = runs_needed - min(run_counts[key] for key in undecided)
            chosen = set(undecided)
            if began + runs_left * whole_seconds > deadline:
                chosen = suspects & chosen or chosen
            order = tuple(key for key in planned.order or undecided if key in chosen)
            self._run(replace(planned, order=order))
            # a feature that is not found any more has had its turn too, lest it be waited for
            run_counts.update(order)
            expected_seconds = self._clock() - began
        self._tell_of_rate(rate, run_counts, undecided)

    def _run(self, planned: PlannedIteration) -> None:
        with ExitStack() as stack:
            directory = None
            if planned.conditions.fresh_directory:
                directory = stack.enter_context(WorkingDirectory(self._plan.project_root, entries=self._entries))
            events = run_iteration(
                self._plan, planned, only=planned.order, interrupt=self._interrupt, directory=directory
            )
            for event in stack.enter_context(closing(events)):
                self._recording.take(event)
                self._on_event(event)

    def explain(self) -> bool:
        """Find out what the inconsistent features of the complete run depend on, and store it.

        Returns: whether it came to its own end; otherwise somebody interrupted it, and what was found is stored.
        """
        began = self._clock()
        deadline = began + self._budget_seconds(len(inconsistent(self._recording.results)))
        is_interrupted = is_out_of_time = False
        trouble = ""

        def may_go_on() -> bool:
            nonlocal is_out_of_time
            is_out_of_time = self._clock() >= deadline
            return not is_out_of_time

        try:
            findings = self._diagnose(self._bench, may_go_on)
        except (KeyboardInterrupt, SuiteError, EnvironmentFailure) as error:
            is_interrupted = isinstance(error, KeyboardInterrupt)
            trouble = "" if isinstance(error, KeyboardInterrupt) else error.message
            # a diagnosis follows from its trials: the same ones lead it as far again
            memory = _Memory(self._bench.results)
            findings = self._diagnose(memory, lambda: memory.has_more)
        self._store.add_findings(self._recording.run, findings)
        self._tell_cost(self._clock() - began)
        self._tell_untried()
        if is_interrupted:
            self.notices.append(
                "The search for causes was cut short; the run is complete, and what was found is stored."
            )
        elif trouble:
            self.notices.append(f"The search for causes had to end: {trouble}")
        elif is_out_of_time:
            self.notices.append("The search for causes ended with --flakiness-budget; some may be missing.")
        return not is_interrupted

    def _diagnose(self, bench: Bench, may_go_on: Callable[[], bool]) -> tuple[FlakinessFinding, ...]:
        recording = self._recording
        return diagnose(
            recording.features,
            recording.iterations,
            recording.results,
            bench,
            cpu_count=usable_cpu_count(),
            may_go_on=may_go_on,
        )

    def _tell_trial(self, trial: Trial) -> None:
        self._trial_count += 1
        if trial.features:
            self._on_event(TrialStarted(self._trial_count, trial.features[-1]))

    @property
    def _plain_seconds(self) -> float:
        return self._recording.iterations[0].duration_seconds or 0.0

    @property
    def _judged_seconds(self) -> float:
        """How long an iteration of all features takes that is not measured."""
        took = [each.duration_seconds or 0.0 for each in self._recording.iterations if not each.planned.is_measured]
        return max(took, default=self._plain_seconds)

    def _budget_seconds(self, suspect_count: int = 0) -> float:
        given = self._settings.flakiness.budget_seconds
        return default_budget_seconds(self._plain_seconds, suspect_count) if given is None else given

    def _suspects(self) -> set[FeatureKey]:
        """The features that earlier runs say something against."""
        features = self._recording.features
        record = read_history(self._store.outcomes(RunFilter(), features), features)
        suspected = {each.feature.key for each in record.features if each.state in _SUSPECT_STATES}
        return suspected.union(self._store.latest_findings())

    def _undecided(self, run_counts: Mapping[FeatureKey, int], runs_needed: int) -> tuple[FeatureKey, ...]:
        """The features that agree with themselves so far and were exercised too seldom; skipped ones never are."""
        return tuple(
            key
            for key, results in self._recording.results.items()
            if run_counts[key] < runs_needed and not _differ(results) and results[0].status is not Status.SKIP
        )

    def _tell_of_rate(
        self, rate: float, run_counts: Mapping[FeatureKey, int], undecided: tuple[FeatureKey, ...]
    ) -> None:
        results = self._recording.results
        found_count = sum(map(_differ, results.values()))
        skipped_count = sum(of_one[0].status is Status.SKIP and not _differ(of_one) for of_one in results.values())
        excluded_count = len(results) - found_count - skipped_count - len(undecided)
        text = (
            f"A flake rate of {percent(rate)} is excluded (95%) for {count_of(excluded_count, 'feature')}; "
            f"{found_count} found inconsistent"
        )
        if undecided:
            seen = count_of(min(run_counts[key] for key in undecided), "iteration")
            text += f"; {len(undecided)} left open after {seen}, when --flakiness-budget was spent"
        self.notices.append(f"{text}.")

    def _tell_cost(self, seconds: float) -> None:
        """How long everything took, beside a plain run: with one there is something to choose by."""
        took = sum(iteration.duration_seconds or 0.0 for iteration in self._recording.iterations)
        text = f"{count_of(len(self._recording.iterations), 'iteration')} took {format_seconds(took)}"
        if self._plain_seconds:
            text += f", {format_ratio(took / self._plain_seconds)} one plain run"
        if self._trial_count:
            text += f"; the causes took {count_of(self._trial_count, 'trial')}, {format_seconds(seconds)}"
        self.notices.append(f"{text}.")

    def _tell_untried(self) -> None:
        """What could not be changed here, so that nobody takes it for excluded."""
        possible = possibilities(self._plan)
        untried = {
            "another date (pip install 'aicmo-perf[clock]')": possible.clock,
            "another locale (none is installed)": possible.locales,
            "fewer CPUs (there is one)": possible.cpu_count > 1,
        }
        if left_out := [text for text, can_be_had in untried.items() if not can_be_had]:
            self.notices.append(f"Not tried, as it cannot be had here: {', '.join(left_out)}.")


def _next_perturbed(design: Design, number: int) -> tuple[int, PlannedIteration]:
    """The first perturbed iteration of a design after a number."""
    while True:
        number += 1
        planned = design.iteration(number)
        if planned.kind is IterationKind.PERTURBED:
            return number, planned


def _differ(results: Iterable[IterationResult]) -> bool:
    """Whether the iterations of a feature have different signatures."""
    return len({result.signature for result in results}) > 1


class _RememberingBench:
    """A bench that keeps what its trials said.

    Attributes:
        results: of each trial, in order.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.results: list[Mapping[FeatureKey, IterationResult]] = []

    def run(self, trial: Trial) -> Mapping[FeatureKey, IterationResult]:
        """As the bench itself."""
        self.results.append(self._bench.run(trial))
        return self.results[-1]


class _Memory:
    """A bench that says once more what the trials of another said, as long as there are any."""

    def __init__(self, results: Iterable[Mapping[FeatureKey, IterationResult]]) -> None:
        self._results = deque(results)

    @property
    def has_more(self) -> bool:
        """Whether another trial is remembered."""
        return bool(self._results)

    def run(self, trial: Trial) -> Mapping[FeatureKey, IterationResult]:
        """What the trial of this place said; nothing when there was none."""
        return self._results.popleft() if self._results else {}
