"""Where a feature's level begins, and which runs are left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.baseline import SETTLED_RUN_COUNT, LevelRules
from aicmo_perf.model import AcceptedChange, ChangePoint, Environment, Feature
from tests.baseline.runs import make_run

SWOT = Feature(suite="aicmo", qualified_name="swot", name="swot")
NOW = make_run(31)
PAST = tuple(make_run(number) for number in range(1, 31))


def change_at(number, before_seconds, after_seconds, **values):
    """A change point that begins with a run."""
    return ChangePoint(
        feature=SWOT,
        run=make_run(number, **values),
        previous_run=make_run(number - 1, **values),
        before_seconds=before_seconds,
        after_seconds=after_seconds,
        confidence=0.99,
    )


def accepted_at(number, **values):
    return AcceptedChange(
        feature=SWOT, run=make_run(number, **values), accepted_at=datetime(2025, 2, 3, tzinfo=UTC), accepted_by="anna"
    )


def level_of(points=(), accepted=(), run=NOW, past=PAST):
    return LevelRules(run, past).level_of(points, accepted)


def ids(runs):
    return [run.id for run in runs]


def span(first, last):
    return list(range(first, last + 1))


def test_without_change_points_all_runs_are_one_level():
    level = level_of()
    assert level.runs == PAST
    assert (level.earlier, level.start, level.held_back) == ((), None, None)


@pytest.mark.parametrize("number", [5, 20, 21, 28, 30])
def test_a_faster_level_is_taken_at_once(number):
    faster = change_at(number, 1.0, 0.8)
    level = level_of([faster])
    assert ids(level.runs) == span(number, 30)
    assert [ids(runs) for runs in level.earlier] == [span(1, number - 1)]
    assert (level.start, level.held_back) == (faster, None)


@pytest.mark.parametrize(("number", "is_settled"), [(5, True), (20, True), (21, True), (22, False), (30, False)])
def test_a_slower_level_is_taken_once_it_is_ten_runs_old(number, is_settled):
    assert SETTLED_RUN_COUNT == 10
    slower = change_at(number, 1.0, 1.2)
    level = level_of([slower])
    if is_settled:
        assert ids(level.runs) == span(number, 30)
        assert (level.start, level.held_back) == (slower, None)
    else:
        assert ids(level.runs) == span(1, number - 1)
        assert (level.start, level.held_back, level.earlier) == (None, slower, ())


def test_a_regression_goes_on_failing_for_ten_runs_and_no_longer():
    """The run that is slower first, and the nine after it, are judged by the level before."""
    slower = change_at(25, 1.0, 1.2)
    runs = [make_run(number) for number in range(1, 45)]
    held = [LevelRules(run, runs[: run.id - 1]).level_of([slower], ()).start is None for run in runs]
    assert [run.id for run, is_held in zip(runs, held, strict=True) if not is_held and run.id > 24] == span(35, 44)


@pytest.mark.parametrize(
    ("points", "runs", "held_back"),
    [
        # slower for a while, then as fast again: neither news nor a loss
        ([(15, 1.0, 1.5), (25, 1.5, 1.01)], span(25, 30), None),
        # a partial repair is still slower than what was
        ([(24, 1.0, 1.5), (27, 1.5, 1.2)], span(1, 23), 24),
        # until the first step has settled
        ([(20, 1.0, 1.5), (27, 1.5, 1.2)], span(27, 30), None),
        # two steps, neither settled
        ([(24, 1.0, 1.2), (27, 1.2, 1.5)], span(1, 23), 24),
        # two steps, the first settled
        ([(20, 1.0, 1.2), (27, 1.2, 1.5)], span(20, 26), 27),
        # faster, then slower than that but not than before: what was won must not be lost
        ([(10, 1.0, 0.7), (25, 0.7, 0.9)], span(10, 24), 25),
    ],
    ids=["repaired", "half repaired", "half repaired long ago", "twice", "twice, one settled", "lost again"],
)
def test_several_steps(points, runs, held_back):
    level = level_of([change_at(*point) for point in reversed(points)])
    assert ids(level.runs) == runs
    assert (level.held_back.run.id if level.held_back else None) == held_back


def test_earlier_levels_are_told_apart():
    level = level_of([change_at(6, 1.0, 1.3), change_at(12, 1.3, 0.9)])
    assert [ids(runs) for runs in level.earlier] == [span(1, 5), span(6, 11)]


ON_FEATURE = make_run(31, branch="topic")


@pytest.mark.parametrize(
    "run", [ON_FEATURE, replace(ON_FEATURE, pull_request="7"), replace(NOW, pull_request="7")], ids=str
)
def test_a_step_of_the_branch_that_judges_is_taken_at_once(run):
    slower = change_at(28, 1.0, 1.2)
    level = level_of([slower], run=run)
    assert ids(level.runs) == span(28, 30)
    assert level.start == slower


def test_each_branch_has_its_own_steps_and_the_fork_is_none():
    past = (*PAST[:20], *(make_run(number, branch="topic") for number in range(21, 31)))
    assert level_of(run=ON_FEATURE, past=past).runs == past
    own = change_at(26, 1.0, 1.2, branch="topic")
    level = level_of([change_at(15, 1.1, 1.0), own], run=ON_FEATURE, past=past)
    assert ids(level.runs) == span(15, 25)
    assert level.held_back == own
    faster = change_at(26, 1.0, 0.8, branch="topic")
    level = level_of([faster], run=ON_FEATURE, past=past)
    assert [ids(runs) for runs in level.earlier] == [span(1, 20), span(21, 25)]


@pytest.mark.parametrize(
    "point",
    [
        change_at(40, 1.0, 2.0),
        change_at(31, 1.0, 2.0),
        change_at(28, 1.0, 2.0, branch="other"),
        change_at(28, 1.0, 2.0, environment=Environment({"cpu_model": "Other"})),
        replace(change_at(3, 1.0, 2.0), run=make_run(0)),
    ],
    ids=["later", "the run itself", "another branch", "another machine", "long ago"],
)
def test_steps_outside_the_baseline_are_passed_over(point):
    assert level_of([point]) == level_of()


def test_a_step_whose_run_is_not_in_the_baseline_begins_with_the_next_one():
    past = tuple(run for run in PAST if run.id != 12)
    assert ids(level_of([change_at(12, 1.0, 0.8)], past=past).runs) == span(13, 30)


# accepted changes


def test_an_accepted_change_begins_a_level_whatever_the_statistics_say():
    accepted = accepted_at(28)
    for points in ([], [change_at(25, 1.0, 1.5)], [change_at(28, 1.0, 1.5)], [change_at(30, 1.0, 1.5)]):
        level = level_of(points, [accepted])
        assert ids(level.runs) == span(28, 30)
        assert (level.start, level.held_back) == (accepted, None)


def test_the_newest_accepted_change_counts():
    assert ids(level_of((), [accepted_at(28), accepted_at(12)]).runs) == span(28, 30)


def test_after_an_accepted_change_the_rules_hold_again():
    slower = change_at(24, 1.5, 2.0)
    level = level_of([slower], [accepted_at(12)])
    assert ids(level.runs) == span(12, 23)
    assert level.held_back == slower


@pytest.mark.parametrize("number", [31, 35, 0])
def test_an_accepted_change_of_this_run_of_a_later_one_or_of_long_ago_moves_nothing(number):
    assert level_of((), [accepted_at(number)]).runs == PAST


def test_accepted_before_the_baseline_it_is_all_of_it():
    level = level_of((), [accepted_at(1)])
    assert level.runs == PAST
    assert level.start == accepted_at(1)


def test_a_change_accepted_on_a_branch_holds_there_alone():
    past = (*PAST[:20], *(make_run(number, branch="topic") for number in range(21, 31)))
    accepted = accepted_at(25, branch="topic")
    assert ids(level_of((), [accepted], run=ON_FEATURE, past=past).runs) == span(25, 30)
    assert level_of((), [accepted]).runs == PAST


def test_a_pull_request_has_no_runs_since_its_accepted_change():
    run = replace(ON_FEATURE, pull_request="7")
    accepted = accepted_at(30, branch="topic", pull_request="7")
    level = level_of((), [accepted], run=run, past=PAST[:29])
    assert level.runs == ()
    assert level.start == accepted
    assert level.earlier == (PAST[:29],)


def test_no_baseline_has_no_level():
    level = level_of([change_at(12, 1.0, 2.0)], [accepted_at(3)], past=())
    assert level.runs == ()


@given(
    st.lists(
        st.tuples(st.integers(2, 40), st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from(["main", "topic"])),
        max_size=6,
        unique_by=lambda item: item[0],
    ),
    st.lists(st.integers(0, 40), max_size=2),
    st.integers(0, 30),
    st.sampled_from(["main", "topic"]),
    st.randoms(use_true_random=False),
)
def test_levels_are_pieces_of_the_baseline_in_order(steps, accepted, fork, branch, random):
    past = tuple(run if run.id <= fork else replace(run, branch="topic") for run in PAST)
    points = [change_at(number, before, after, branch=name) for number, before, after, name in steps]
    changes = [accepted_at(number) for number in accepted]
    level = level_of(points, changes, run=replace(NOW, branch=branch), past=past)
    earlier = [run for runs in level.earlier for run in runs]
    assert (*earlier, *level.runs) == past[: len(earlier) + len(level.runs)]
    assert all(level.earlier)
    if level.held_back is None:
        assert len(earlier) + len(level.runs) == len(past)
    else:
        assert len(past) - len(earlier) - len(level.runs) < SETTLED_RUN_COUNT
    random.shuffle(points)
    assert level_of(points, changes, run=replace(NOW, branch=branch), past=past) == level
