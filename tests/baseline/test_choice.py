"""Which runs are a baseline: the preference of branches, what is comparable, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo_perf.baseline import (
    DEFAULT_WINDOW,
    Baseline,
    BaselineSpec,
    Terms,
    baseline_queries,
    choose_baseline,
    named_baseline,
    paired_baseline,
)
from aicmo_perf.errors import UsageError
from aicmo_perf.model import Environment, Mode, RunFilter, RunOptions, RunRole, RunState
from tests.baseline.runs import MACHINE, make_run

NOW = make_run(31)
ON_FEATURE = replace(NOW, branch="faster-swot")
OF_PULL_REQUEST = replace(ON_FEATURE, pull_request="7")


# what the store is asked


COMPARABLE = RunFilter(
    suite="aicmo",
    mode=Mode.DETERMINISTIC,
    environment=MACHINE.fingerprint,
    quick=True,
    state=RunState.COMPLETE,
    before=NOW.moment,
    pull_requests=False,
    last=DEFAULT_WINDOW,
)


def queries_of(run, text="auto", default_branch="main", window=DEFAULT_WINDOW, **values):
    return baseline_queries(
        run, "aicmo", BaselineSpec.parse(text), default_branch=default_branch, window=window, **values
    )


@pytest.mark.parametrize(
    ("run", "default_branch", "branches"),
    [
        (NOW, "main", [["main"]]),
        (NOW, None, [["main"]]),
        (ON_FEATURE, "main", [["main", "faster-swot"]]),
        (ON_FEATURE, None, [["faster-swot"]]),
        (OF_PULL_REQUEST, "main", [["main"]]),
        (OF_PULL_REQUEST, None, [[None]]),
        (replace(NOW, pull_request="7"), "main", [["main"]]),
        (replace(NOW, branch=None), "main", [["main"], [None]]),
        (replace(NOW, branch=None), None, [[None]]),
    ],
)
def test_auto_takes_the_default_branch_then_the_own_one(run, default_branch, branches):
    queries = queries_of(run, default_branch=default_branch)
    assert [query.run_filters for query in queries] == [
        tuple(replace(COMPARABLE, branch=branch) for branch in names) for names in branches
    ]
    assert all(query.goes_by_history for query in queries)


@pytest.mark.parametrize(
    ("text", "restricted"),
    [
        ("last:7", replace(COMPARABLE, last=7)),
        ("branch:release", replace(COMPARABLE, branch="release", pull_requests=True, last=12)),
        # a fork's pull request may come from a branch of that name
        ("branch:main", replace(COMPARABLE, branch="main", last=12)),
        ("commit:ABCDEF0", replace(COMPARABLE, commit_sha="abcdef0", pull_requests=True, last=12)),
    ],
)
def test_other_baselines_restrict(text, restricted):
    (query,) = queries_of(ON_FEATURE, text, window=12)
    assert query.run_filters == (restricted,)
    assert not query.goes_by_history


def test_the_query_follows_the_run():
    run = replace(NOW, mode=Mode.LIVE, options=RunOptions(quick=False), environment=Environment())
    (query,) = baseline_queries(run, "shop", BaselineSpec(), default_branch=None, window=5)
    (asked,) = query.run_filters
    assert (asked.suite, asked.mode, asked.quick) == ("shop", Mode.LIVE, False)
    assert asked.environment == Environment().fingerprint
    assert query.why == "complete runs of suite shop on branch main before run 31 (live, full, this machine)"


def test_any_environment_restricts_to_no_machine():
    (query,) = queries_of(NOW, any_environment=True)
    assert query.run_filters == (replace(COMPARABLE, branch="main", environment=None),)
    assert query.why.endswith("(deterministic, quick, any machine)")


@pytest.mark.parametrize("text", ["run:12", "name:release"])
def test_a_named_run_is_no_query(text):
    with pytest.raises(ValueError, match="needs no query"):
        queries_of(NOW, text)


# what is chosen


DETACHED = replace(NOW, branch=None)


def found(run, counts, default_branch="main"):
    """The queries of a run with so many runs each, all of them before it."""
    queries = queries_of(run, default_branch=default_branch)
    return [
        (query, [make_run(number, branch=query.run_filters[0].branch) for number in range(31 - count, 31)])
        for query, count in zip(queries, counts, strict=True)
    ]


@pytest.mark.parametrize(
    ("counts", "branch", "count"),
    [
        ((5, 20), "main", 5),
        ((4, 20), None, 20),
        ((4, 3), "main", 4),
        ((2, 3), None, 3),
        ((3, 3), "main", 3),
        ((0, 1), None, 1),
    ],
)
def test_the_first_answer_with_enough_runs_else_the_one_with_most(counts, branch, count):
    baseline = choose_baseline(DETACHED, "aicmo", found(DETACHED, counts), min_run_count=5)
    assert {run.branch for run in baseline.runs} == {branch}
    assert len(baseline.runs) == count
    assert baseline.is_usable


@pytest.mark.parametrize(
    ("run", "counts", "why"),
    [
        (
            NOW,
            (20,),
            "the last 20 complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine)",
        ),
        (
            NOW,
            (1,),
            "the last of the complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine)",
        ),
        (
            ON_FEATURE,
            (20,),
            "the last 20 complete runs of suite aicmo on branch main, then on faster-swot before run 31 "
            "(deterministic, quick, this machine)",
        ),
        (
            OF_PULL_REQUEST,
            (20,),
            "the last 20 complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine), without those of pull requests",
        ),
        (
            DETACHED,
            (2, 20),
            "the last 20 complete runs of suite aicmo before run 31 (deterministic, quick, this machine), "
            "because branch main has only 2 runs",
        ),
        (
            DETACHED,
            (0, 20),
            "the last 20 complete runs of suite aicmo before run 31 (deterministic, quick, this machine), "
            "because branch main has none",
        ),
        (
            NOW,
            (0,),
            "there are no complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine)",
        ),
    ],
)
def test_the_choice_is_explained(run, counts, why):
    assert choose_baseline(run, "aicmo", found(run, counts), min_run_count=5).why == why


def test_without_any_answer_there_is_no_baseline():
    baseline = choose_baseline(NOW, "aicmo", [], min_run_count=5)
    assert (baseline.runs, baseline.is_usable) == ((), False)
    assert baseline.why == "there are no complete runs of suite aicmo before run 31"


def test_a_commit_is_explained_too():
    (query,) = queries_of(NOW, "commit:abcdef0")
    assert query.why.startswith("complete runs of suite aicmo of commit abcdef0 before run 31")


UNFIT = {
    "itself": NOW,
    "a later one": make_run(32),
    "interrupted": make_run(9, state=RunState.INTERRUPTED),
    "still running": make_run(9, state=RunState.RUNNING),
    "another mode": make_run(9, mode=Mode.LIVE),
    "another depth": make_run(9, options=RunOptions(quick=False)),
    "another machine": make_run(9, environment=Environment({"cpu_model": "Other"})),
    "another suite": make_run(9, suites=("shop",)),
    "a companion": make_run(9, role=RunRole.RERUN_HEAD, companion_of=8),
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT.keys())
def test_what_is_no_baseline_is_passed_over_whatever_the_store_says(unfit):
    (query,) = queries_of(NOW)
    fit = make_run(10)
    assert choose_baseline(NOW, "aicmo", [(query, [unfit, fit])], min_run_count=1).runs == (fit,)


def test_the_order_is_that_of_time_whatever_the_numbers_say():
    (query,) = queries_of(NOW)
    imported = make_run(40, started_at=make_run(3).started_at)
    assert choose_baseline(NOW, "aicmo", [(query, [imported])], min_run_count=1).runs == (imported,)


def test_a_run_that_is_not_stored_goes_by_its_time():
    fresh = replace(NOW, id=None)
    (query,) = queries_of(fresh)
    assert query.run_filters[0].before == (NOW.started_at, 0)
    chosen = choose_baseline(fresh, "aicmo", [(query, [make_run(30), make_run(32)])], min_run_count=1)
    assert [run.id for run in chosen.runs] == [30]


# by the history of the run's commit


COMMITTED = replace(ON_FEATURE, commit_sha="f" * 40)
PAST = [
    make_run(1, commit_sha="a" * 40),
    make_run(2, commit_sha="b" * 40),
    make_run(3),
    make_run(4, branch="faster-swot", commit_sha="c" * 40),
]


def by_history(run, past, is_in_history, text="auto"):
    (query,) = queries_of(run, text)
    terms = Terms(is_in_history=is_in_history)
    return choose_baseline(run, "aicmo", [(query, past)], min_run_count=1, terms=terms)


@pytest.mark.parametrize(
    ("known", "ids"),
    [
        ({"a": True, "b": True, "c": True}, [1, 2, 3, 4]),
        ({"a": True, "b": False, "c": True}, [1, 3, 4]),
        ({"a": False, "b": False, "c": False}, [3]),
        ({"b": False}, [1, 3, 4]),
    ],
    ids=["all in it", "one after the fork", "none", "hardly known"],
)
def test_runs_of_commits_outside_the_history_are_passed_over(known, ids):
    baseline = by_history(COMMITTED, PAST, lambda sha: known.get(sha[0]))
    assert [run.id for run in baseline.runs] == ids
    assert baseline.why.endswith(", in the history of commit ffffffffff")


def test_what_people_name_is_taken_from_any_history():
    baseline = by_history(COMMITTED, PAST, lambda sha: False, "branch:main")
    assert len(baseline.runs) == 4
    assert "history" not in baseline.why
    assert baseline.notes == ()


@pytest.mark.parametrize(
    ("run", "is_in_history", "note"),
    [
        (COMMITTED, None, "2 of the 4 baseline runs may be of later code than run 31 forked from"),
        (COMMITTED, {"a": True}.get, "2 of the 4 baseline runs may be of later code"),
        (replace(COMMITTED, branch="main"), None, "1 of the 4 baseline runs"),
        (replace(COMMITTED, branch="main", pull_request="7"), None, "3 of the 4 baseline runs"),
        (replace(COMMITTED, commit_sha=None), None, None),
        (COMMITTED, lambda sha: True, None),
    ],
    ids=["no repository", "shallow", "own branch", "pull request", "no commit", "known"],
)
def test_what_is_not_known_of_the_history_is_said_of_other_branches(run, is_in_history, note):
    baseline = by_history(run, PAST, is_in_history)
    assert len(baseline.runs) == 4
    if note is None:
        assert baseline.notes == ()
    else:
        (told,) = baseline.notes
        assert note in told


@pytest.mark.parametrize(
    ("min_run_count", "ids"), [(1, [1, 3]), (2, [1, 3]), (3, [1, 2, 3, 4])], ids=["enough", "just", "too few"]
)
def test_repeating_a_run_is_no_baseline_of_it_while_others_are_enough(min_run_count, ids):
    run = replace(COMMITTED, branch="main", dirty=False)
    same = {"commit_sha": run.commit_sha, "dirty": False}
    past = [make_run(1, commit_sha="a" * 40), make_run(2, **same), make_run(3, **{**same, "dirty": True})]
    past.append(make_run(4, **same))
    (query,) = queries_of(run)
    baseline = choose_baseline(run, "aicmo", [(query, past)], min_run_count=min_run_count)
    assert [chosen.id for chosen in baseline.runs] == ids
    assert ("without 2 runs of the very code under judgement" in baseline.why) is (len(ids) == 2)


def test_by_time_is_said_where_there_is_a_commit_and_no_repository():
    assert by_history(COMMITTED, PAST, None).why.endswith(", by time: the history of ffffffffff is not at hand")
    assert by_history(replace(COMMITTED, commit_sha=None), PAST, None).why.endswith("this machine)")


def test_several_machines_are_never_pooled_silently():
    (query,) = queries_of(NOW, any_environment=True)
    terms = Terms(any_environment=True)
    others = [make_run(number, environment=Environment({"cpu_model": f"Other {number % 2}"})) for number in range(4)]
    chosen = choose_baseline(NOW, "aicmo", [(query, others)], min_run_count=1, terms=terms)
    assert chosen.runs == tuple(others)
    (note,) = chosen.notes
    assert note.startswith("Suite aicmo was measured on 3 machines or interpreters: runtimes are compared relative to")
    alike = choose_baseline(NOW, "aicmo", [(query, [make_run(1)])], min_run_count=1, terms=terms)
    assert alike.notes == ()


# runs that people name


def test_a_named_run_is_a_baseline_of_one():
    named = make_run(12)
    assert named_baseline(NOW, "aicmo", named, why="run 12, as asked") == Baseline(
        suite="aicmo", runs=(named,), why="run 12, as asked"
    )


def test_a_named_run_that_is_not_comparable_comes_with_its_obstacle():
    baseline = named_baseline(NOW, "aicmo", make_run(12, mode=Mode.LIVE), why="run 12, as asked")
    assert baseline.obstacle == "run 12 was measured in live mode, run 31 in deterministic mode"
    assert len(baseline.runs) == 1
    assert not baseline.is_usable


def test_a_named_run_without_the_suite_is_no_baseline_of_it():
    baseline = named_baseline(NOW, "aicmo", make_run(12, suites=("shop",)), why="run 12, as asked")
    assert (baseline.runs, baseline.why) == ((), "run 12 did not exercise suite aicmo")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (NOW, "Run 31 cannot be its own baseline."),
        (make_run(40), "Run 40 is later than run 31 and cannot be its baseline."),
        (make_run(12, state=RunState.INTERRUPTED), "Run 12 is interrupted and cannot be a baseline."),
        (make_run(12, state=RunState.RUNNING), "Run 12 is running and cannot be a baseline."),
        (make_run(12, companion_of=11), "Run 12 only helps to judge run 11 and cannot be a baseline."),
    ],
)
def test_a_named_run_that_cannot_be_one_is_refused(named, message):
    with pytest.raises(UsageError) as caught:
        named_baseline(NOW, "aicmo", named, why="as asked")
    assert caught.value.message == message
    assert caught.value.hint


def test_full_runs_are_no_runs_of_a_selection():
    full, newer, selected = make_run(3), make_run(4), make_run(5, options=RunOptions(selection=("a*",)))
    assert Baseline(suite="aicmo", runs=(full, newer, selected)).full_runs == (full, newer)
    assert Baseline(suite="aicmo", runs=(selected,)).full_runs == ()


def test_the_other_side_of_a_paired_run_is_its_baseline():
    base = make_run(32, role=RunRole.PAIRED_BASE, companion_of=31, commit_sha="a" * 40)
    baseline = paired_baseline(NOW, "aicmo", base, 8)
    assert baseline.runs == (base,)
    assert baseline.why == "run 32, interleaved with commit aaaaaaaaaa in 8 pairs"
    assert baseline.is_usable
    assert paired_baseline(NOW, "shop", base, 8).why == "commit aaaaaaaaaa has no suite shop"
