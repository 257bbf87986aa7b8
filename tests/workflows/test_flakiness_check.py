"""What comes after the iterations of a flakiness check: which further ones, for how long, and the search for causes.

The engine, the diagnosis and the clock are told what to do; the store is real.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure
from aicmo_perf.flakiness.bench import Bench
from aicmo_perf.model import (
    PLAIN,
    Factor,
    Feature,
    FeatureKey,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    IterationResult,
    Mode,
    PlannedIteration,
    Possibilities,
    RateEstimate,
    Run,
    RunFilter,
    RunOptions,
    Signature,
    Status,
    Trial,
    time_ordered_uuid,
)
from aicmo_perf.self_test.engine import Collected, EngineEvent, IterationEnded, IterationStarted
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.workflows import flakiness_check
from aicmo_perf.workflows.flakiness_check import FlakinessCheck, TrialStarted, default_budget_seconds
from aicmo_perf.workflows.recording import Recording
from tests.workflows.past import Past

BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)
STEADY, SHAKY, SKIPPED = (
    Feature(suite="shop", qualified_name=f"shop.{name}", name=name) for name in ("steady", "shaky", "skipped")
)
PASS, FAIL = Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Engine:
    """Takes a second for each iteration of each feature; the features fail in the iterations that are named."""

    def __init__(self, clock: Clock, features: Sequence[Feature] = (STEADY, SHAKY)) -> None:
        self.clock = clock
        self.features = features
        self.failing: dict[FeatureKey, set[int]] = {}
        self.ran: list[tuple[int, tuple[str, ...]]] = []
        self.interrupted_at: int | None = None

    def run_iteration(
        self, plan: EnginePlan, planned: PlannedIteration, *, only: Sequence[FeatureKey] | None = None, **_: Any
    ) -> Generator[EngineEvent, None, None]:
        if planned.number == self.interrupted_at:
            raise KeyboardInterrupt
        features = [each for each in self.features if only is None or each.key in only]
        self.ran.append((planned.number, tuple(each.name for each in features)))
        iteration = Iteration(planned=planned, started_at=BEGINNING)
        yield IterationStarted(iteration)
        yield Collected(planned.number, tuple(features))
        for feature in features:
            self.clock.seconds += 1.0
            fails = planned.number in self.failing.get(feature.key, ())
            status = Status.SKIP if feature is SKIPPED else Status.FAIL if fails else Status.PASS
            yield IterationResult(
                feature=feature, iteration=planned.number, status=status, errors=("no",) if fails else ()
            )
        yield IterationEnded(replace(iteration, duration_seconds=float(len(features))))


class Case:
    """A run of some iterations, on its way into the store."""

    def __init__(self, past: Past, settings: Settings, engine: Engine, iterations: int = 3) -> None:
        self.store = past.store
        self.engine = engine
        self.events: list[object] = []
        options = RunOptions(flakiness_check=True, iterations=iterations)
        self.plan = EnginePlan(suites=("shop",), mode=Mode.DETERMINISTIC, options=options)
        uuid = time_ordered_uuid(len(past.store.runs(RunFilter())), b"0123456789")
        run = Run(uuid=uuid, started_at=BEGINNING, options=options)
        self.recording = Recording(past.store, lambda: run)
        self.check = FlakinessCheck(
            past.store,
            self.recording,
            self.plan,
            settings,
            interrupt=None,
            on_event=self.events.append,
            clock=engine.clock,
        )
        for number in range(1, iterations + 1):
            kind = {1: IterationKind.PLAIN, 3: IterationKind.TWIN}.get(number, IterationKind.PERTURBED)
            for event in engine.run_iteration(self.plan, PlannedIteration(number=number, kind=kind)):
                self.recording.take(event)
        engine.ran.clear()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine(Clock())
    monkeypatch.setattr(flakiness_check, "run_iteration", engine.run_iteration)
    return engine


def test_iterations_go_on_until_the_rate_is_excluded(past: Past, settings: Settings, engine: Engine) -> None:
    case = Case(past, settings, engine)
    case.check.exclude(0.3)  # takes nine
    assert [number for number, _ in engine.ran] == [4, 5, 6, 7, 8, 9]
    assert case.check.notices == ["A flake rate of 30% is excluded (95%) for 2 features; 0 found inconsistent."]
    stored = case.store.result(case.recording.run)
    assert [iteration.number for iteration in stored.iterations] == list(range(1, 10))
    assert {len(status.signatures) for status in stored.features} == {9}


def test_what_was_found_is_left_out_from_then_on(past: Past, settings: Settings, engine: Engine) -> None:
    engine.failing[SHAKY.key] = {5}
    case = Case(past, settings, engine)
    case.check.exclude(0.3)
    assert engine.ran[:3] == [(4, ("steady", "shaky")), (5, ("steady", "shaky")), (6, ("steady",))]
    assert "for 1 feature; 1 found inconsistent" in case.check.notices[0]
    stored = case.store.result(case.recording.run)
    orders = {iteration.number: iteration.planned.order for iteration in stored.iterations}
    assert orders[6] == (STEADY.key,)


def test_where_time_is_short_those_go_first_that_the_history_suspects(
    past: Past, settings: Settings, engine: Engine
) -> None:
    earlier = Case(past, settings, Engine(Clock()))
    past.store.add_findings(earlier.recording.run, [finding_of(SHAKY)])
    case = Case(past, settings.override(budget_seconds=9.0), engine)
    case.check.exclude(0.3)
    assert engine.ran[:6] == [(number, ("shaky",)) for number in range(4, 10)]
    assert engine.ran[6:] == [(number, ("steady",)) for number in range(10, 13)]
    assert "for 1 feature; 0 found inconsistent; 1 left open after 6 iterations" in case.check.notices[0]


def test_where_there_is_time_all_go_together(past: Past, settings: Settings, engine: Engine) -> None:
    earlier = Case(past, settings, Engine(Clock()))
    past.store.add_findings(earlier.recording.run, [finding_of(SHAKY)])
    case = Case(past, settings.override(budget_seconds=12.0), engine)
    case.check.exclude(0.3)
    assert engine.ran == [(number, ("steady", "shaky")) for number in range(4, 10)]


def test_nothing_is_begun_that_would_end_after_the_budget(past: Past, settings: Settings, engine: Engine) -> None:
    settings = settings.override(budget_seconds=5.0)
    case = Case(past, settings, engine)
    case.check.exclude(0.05)
    assert [number for number, _ in engine.ran] == [4, 5]
    assert case.check.notices == [
        "A flake rate of 5% is excluded (95%) for 0 features; 0 found inconsistent; 2 left open after 5 iterations, "
        "when --flakiness-budget was spent."
    ]


def test_skipped_features_and_lost_ones_are_not_waited_for(past: Past, settings: Settings, engine: Engine) -> None:
    engine.features = (STEADY, SHAKY, SKIPPED)
    case = Case(past, settings, engine)
    engine.features = (STEADY, SKIPPED)
    case.check.exclude(0.3)
    assert {names for _, names in engine.ran} == {("steady",)}
    assert len(engine.ran) == 6


def test_an_interruption_is_passed_on(past: Past, settings: Settings, engine: Engine) -> None:
    case = Case(past, settings, engine)
    engine.interrupted_at = 5
    with pytest.raises(KeyboardInterrupt):
        case.check.exclude(0.05)
    assert {len(each.signatures) for each in case.store.result(case.recording.run).features} == {4}


def finding_of(feature: Feature, detail_count: int = 0) -> FlakinessFinding:
    return FlakinessFinding(
        feature=feature,
        inconsistency=Inconsistency.STATUS,
        usual=PASS,
        other=FAIL,
        rate=RateEstimate(run_count=3, deviating_count=1, rate=1 / 3, low=0.02, high=0.8),
        trial_count=detail_count,
    )


class FakeBench:
    """Answers trials, and is interrupted at one of them."""

    failure: BaseException | None = None
    failing_trial = 0

    def __init__(self, plan: EnginePlan, *, interrupt: int | None, on_trial: Callable[[Trial], None]) -> None:
        self._on_trial = on_trial
        self._count = 0

    def run(self, trial: Trial) -> Mapping[FeatureKey, IterationResult]:
        self._on_trial(trial)
        self._count += 1
        if self._count == self.failing_trial and self.failure is not None:
            raise self.failure
        return {key: IterationResult(feature=SHAKY, status=Status.PASS) for key in trial.features}


def fake_diagnose(
    features: Sequence[Feature],
    iterations: Sequence[Iteration],
    results: Mapping[FeatureKey, Sequence[IterationResult]],
    bench: Bench,
    *,
    cpu_count: int,
    may_go_on: Callable[[], bool],
) -> tuple[FlakinessFinding, ...]:
    """Tries a feature up to four times, and says how many of the trials answered."""
    answered = 0
    for _ in range(4):
        if not may_go_on():
            break
        trial = Trial(conditions=PLAIN.only([Factor.ORDER]), features=(SHAKY.key,))
        answered += bool(bench.run(trial))
    return (finding_of(SHAKY, answered),)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> type[FakeBench]:
    class Bench(FakeBench):
        pass

    monkeypatch.setattr(flakiness_check, "EngineBench", Bench)
    monkeypatch.setattr(flakiness_check, "diagnose", fake_diagnose)
    return Bench


def test_causes_are_stored_and_their_cost_is_told(
    past: Past, settings: Settings, engine: Engine, bench: type[FakeBench]
) -> None:
    case = Case(past, settings, engine)
    assert case.check.explain()
    assert case.store.result(case.recording.run).findings == (finding_of(SHAKY, 4),)
    assert case.events == [TrialStarted(number, SHAKY.key) for number in (1, 2, 3, 4)]
    assert case.check.notices == [
        "3 iterations took 6.00 s, 3.00x one plain run; the causes took 4 trials, 0 s.",
    ]


@pytest.mark.parametrize(
    ("failure", "is_through", "sentence"),
    [
        (KeyboardInterrupt(), False, "was cut short; the run is complete"),
        (EnvironmentFailure("No process can be started."), True, "had to end: No process can be started."),
    ],
)
def test_what_was_found_before_an_interruption_is_stored(
    past: Past,
    settings: Settings,
    engine: Engine,
    bench: type[FakeBench],
    failure: BaseException,
    is_through: bool,
    sentence: str,
) -> None:
    bench.failure, bench.failing_trial = failure, 3
    case = Case(past, settings, engine)
    assert case.check.explain() is is_through
    assert case.store.result(case.recording.run).findings == (finding_of(SHAKY, 2),)
    assert sentence in case.check.notices[-1]


def test_the_search_ends_with_its_budget(
    past: Past, settings: Settings, engine: Engine, bench: type[FakeBench]
) -> None:
    case = Case(past, settings.override(budget_seconds=0.0), engine)
    assert case.check.explain()
    assert case.store.result(case.recording.run).findings == (finding_of(SHAKY, 0),)
    assert "ended with --flakiness-budget" in case.check.notices[-1]


@pytest.mark.parametrize(
    ("plain_seconds", "suspect_count", "expected"),
    [(0.0, 0, 60.0), (2.0, 0, 60.0), (60.0, 0, 600.0), (2.0, 34, 400.0), (60.0, 1, 610.0)],
)
def test_the_budget_is_ten_plain_iterations_a_minute_at_least_and_more_for_each_suspect(
    plain_seconds: float, suspect_count: int, expected: float
) -> None:
    assert default_budget_seconds(plain_seconds, suspect_count) == expected


def test_what_cannot_be_changed_here_is_told(
    past: Past, settings: Settings, engine: Engine, bench: type[FakeBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = Possibilities(locales=("C.utf8",), clock=True, cpu_count=2)
    told = []
    for possible in (everything, Possibilities(locales=("C.utf8",), clock=False, cpu_count=1)):
        monkeypatch.setattr(flakiness_check, "possibilities", lambda plan, possible=possible: possible)
        case = Case(past, settings, engine)
        assert case.check.explain()
        told.append([notice for notice in case.check.notices if notice.startswith("Not tried")])
    sentence = "Not tried, as it cannot be had here: another date (pip install 'aicmo-perf[clock]'), "
    assert told == [[], [f"{sentence}fewer CPUs (there is one)."]]
