"""What a bar shows as a run goes on."""

from __future__ import annotations

from datetime import UTC, datetime

from aicmo_perf.cli.course import Course
from aicmo_perf.model import (
    Conditions,
    Feature,
    Iteration,
    IterationKind,
    IterationResult,
    OrderKind,
    PlannedIteration,
    RunRole,
    Status,
)
from aicmo_perf.self_test.engine import Collected, IterationStarted, Started
from aicmo_perf.workflows.flakiness_check import TrialStarted
from aicmo_perf.workflows.turns import TurnStarted

SLOGAN, TITLE = (Feature(suite="s", qualified_name=f"shop.{name}", name=name) for name in ("slogan", "title"))
REVERSE = Conditions(order=OrderKind.REVERSE, hash_seed=17)


def begin(course: Course, number: int, conditions: Conditions | None = None) -> None:
    planned = PlannedIteration(
        number=number,
        kind=IterationKind.PLAIN if conditions is None else IterationKind.PERTURBED,
        conditions=conditions or Conditions(),
    )
    course.follow(IterationStarted(Iteration(planned=planned, started_at=datetime(2026, 1, 1, tzinfo=UTC))))
    course.follow(Collected(number, (SLOGAN, TITLE)))
    course.follow(Started(SLOGAN, number))


def test_the_only_iteration_is_not_counted() -> None:
    course = Course(1)
    begin(course, 1)
    assert (course.description, course.done, course.total) == ("slogan", 0, 2)


def test_iterations_say_what_they_change() -> None:
    course = Course(3)
    begin(course, 1)
    assert (course.description, course.total) == ("slogan (iteration 1 of 3)", 6)
    course.follow(IterationResult(feature=SLOGAN, status=Status.PASS))
    begin(course, 2, REVERSE)
    assert course.description == "slogan (iteration 2 of 3: reverse order, PYTHONHASHSEED=17)"
    assert (course.part, course.done, course.total) == (1, 1, 6)


def test_what_goes_beyond_has_a_bar_of_its_own() -> None:
    course = Course(1)
    begin(course, 1)
    course.follow(IterationResult(feature=SLOGAN, status=Status.PASS))
    begin(course, 4, REVERSE)
    assert (course.part, course.done, course.total) == (2, 0, 2)
    assert course.description == "slogan (iteration 4: reverse order, PYTHONHASHSEED=17)"
    for number in (1, 2):
        course.follow(TrialStarted(number, TITLE.key))
    assert (course.part, course.total) == (3, None)
    assert course.description == "looking for the cause: 2 trials, shop.title"


def test_both_sides_of_a_turn_share_its_bar() -> None:
    course = Course(1)
    course.follow(TurnStarted(RunRole.PAIRED_HEAD, 2, 24, 1))
    begin(course, 2)
    begin(course, 2)
    assert (course.total, course.description) == (4, "pair 2 of at most 24, 1 feature undecided: slogan")
