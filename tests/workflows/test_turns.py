"""Who is measured when, and when it ends; with sides and a clock that are told what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import pytest

from aicmo_perf.errors import EnvironmentFailure, UsageError
from aicmo_perf.model import (
    Feature,
    FeatureKey,
    Iteration,
    IterationKind,
    IterationResult,
    PlannedIteration,
    RunRole,
    RunState,
    Status,
)
from aicmo_perf.self_test.engine import Collected, IterationStarted, Started
from aicmo_perf.workflows.confirm import ConfirmBudget, Timetable
from aicmo_perf.workflows.turns import Turns, TurnStarted, take_turns

ONE, TWO = ("s", "one"), ("s", "two")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FakeSide:
    """Notes in a common log what it measured, takes a second for each, and may fail."""

    def __init__(self, name: str, log: list[str], clock: Clock, failure: BaseException | None = None) -> None:
        self.name, self.log, self.clock, self.failure = name, log, clock, failure
        self.state: RunState | None = None

    def measure(self, turn: int, only: Collection[FeatureKey] | None) -> None:
        if self.failure is not None and turn == 2:
            raise self.failure
        self.clock.seconds += 1
        names = "all" if only is None else "+".join(name for _, name in only)
        self.log.append(f"{turn} {self.name} {names}")

    def finish(self, state: RunState) -> None:
        self.state = state


class Case:
    """Two sides, and what is left undecided after each turn."""

    def __init__(self, *undecided: tuple[FeatureKey, ...], failure: BaseException | None = None) -> None:
        self.log: list[str] = []
        self.clock = Clock()
        self.head = FakeSide("head", self.log, self.clock)
        self.base = FakeSide("base", self.log, self.clock, failure)
        self.events: list[TurnStarted] = []
        self._undecided: Iterator[tuple[FeatureKey, ...]] = iter(undecided)

    def take(
        self,
        features: tuple[FeatureKey, ...] | None = None,
        *,
        budget_seconds: float = 100.0,
        first_seconds: float | None = None,
        most_turns: int = 5,
    ) -> Turns:
        return take_turns(
            self.head,  # type: ignore[arg-type]
            self.base,  # type: ignore[arg-type]
            features,
            lambda: next(self._undecided),
            role=RunRole.PAIRED_HEAD,
            most_turns=most_turns,
            budget_seconds=budget_seconds,
            first_seconds=first_seconds,
            on_event=self.events.append,
            clock=self.clock,
        )


def test_the_order_alternates_and_the_decided_drop_out() -> None:
    case = Case((ONE, TWO), (TWO,), ())
    turns = case.take()
    assert case.log == ["1 head all", "1 base all", "2 base one+two", "2 head one+two", "3 head two", "3 base two"]
    assert turns == Turns(count=3, seconds=6.0, undecided=(), interrupted=False)
    assert (case.head.state, case.base.state) == (RunState.COMPLETE, RunState.COMPLETE)
    assert [event.feature_count for event in case.events] == [None, 2, 1]


@pytest.mark.parametrize(
    ("budget_seconds", "first_seconds", "count"),
    [
        (0.0, None, 1),  # the first whatever the budget
        (3.9, None, 1),  # the second would end after four seconds
        (4.0, None, 2),
        (1.9, 2.0, 0),
        (2.0, 2.0, 1),
    ],
)
def test_no_turn_is_begun_that_would_end_after_the_budget(
    budget_seconds: float, first_seconds: float | None, count: int
) -> None:
    case = Case((ONE,), (ONE,), (ONE,))
    turns = case.take((ONE,), budget_seconds=budget_seconds, first_seconds=first_seconds)
    assert (turns.count, turns.undecided) == (count, (ONE,))


def test_there_are_no_more_turns_than_asked_for() -> None:
    assert Case((ONE,), (ONE,), (ONE,)).take(most_turns=2).count == 2


def test_an_interruption_ends_both_sides() -> None:
    case = Case((ONE, TWO), failure=KeyboardInterrupt())
    turns = case.take()
    assert turns.interrupted
    assert turns.undecided == (ONE, TWO)
    assert (case.head.state, case.base.state) == (RunState.INTERRUPTED, RunState.INTERRUPTED)


def test_a_failure_ends_both_sides_too() -> None:
    case = Case((ONE,), failure=EnvironmentFailure("No worker process can be started."))
    with pytest.raises(EnvironmentFailure):
        case.take()
    assert (case.head.state, case.base.state) == (RunState.INTERRUPTED, RunState.INTERRUPTED)


@pytest.mark.parametrize(
    ("text", "run_seconds", "budget_seconds"),
    [
        ("50%", 60, 30),
        ("50%", 2, 10),
        ("0%", 60, 0),
        ("30s", 2, 30),
        ("0", 60, 0),
        ("2min", 1, 120),
        ("5ms", 60, 0.005),
    ],
)
def test_a_budget_is_a_share_of_some_seconds_at_least_or_a_time(
    text: str, run_seconds: float, budget_seconds: float
) -> None:
    assert ConfirmBudget.parse(text).seconds_for(run_seconds) == pytest.approx(budget_seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5s", "half", "%"])
def test_a_budget_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no time for confirming"):
        ConfirmBudget.parse(text)


def test_a_re_run_is_expected_to_take_what_its_features_took() -> None:
    clock = Clock()
    timetable = Timetable(clock)
    features = tuple(Feature(suite="s", qualified_name=name, name=name) for name in ("one", "two"))
    clock.seconds = 0.5
    timetable.note(Collected(1, features))
    for feature, seconds in zip(features, (2.0, 30.0), strict=True):
        timetable.note(Started(feature, 1))
        clock.seconds += seconds
        timetable.note(IterationResult(feature=feature, status=Status.PASS))
    assert timetable.expected_seconds([ONE]) == 2.5
    assert timetable.expected_seconds([ONE, TWO]) == 32.5
    # what was but judged does not tell how long measuring takes
    planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED)
    timetable.note(IterationStarted(Iteration(planned=planned, started_at=datetime(2025, 1, 1, tzinfo=UTC))))
    timetable.note(Started(features[0], 2))
    clock.seconds += 0.1
    timetable.note(IterationResult(feature=features[0], iteration=2, status=Status.PASS))
    assert timetable.expected_seconds([ONE]) == 2.5
