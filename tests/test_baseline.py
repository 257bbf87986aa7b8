"""Which runs are a baseline: the preference of branches, what is comparable, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aicmo_perf.baseline import (
    Baseline,
    BaselineKind,
    BaselineSpec,
    baseline_queries,
    choose_baseline,
    named_baseline,
    obstacle_between,
    runs_before_change,
)
from aicmo_perf.errors import UsageError
from aicmo_perf.model import Environment, Mode, Run, RunFilter, RunOptions, RunState

MACHINE = Environment(
    {"cpu_model": "Example CPU", "cpu_count": 8, "python_implementation": "CPython", "python_version": "3.12.4"}
)
START = datetime(2025, 1, 1, tzinfo=UTC)


def make_run(number, **values):
    defaults = {
        "uuid": f"00000000-0000-7000-8000-{number:012}",
        "id": number,
        "started_at": START + timedelta(hours=number),
        "mode": Mode.DETERMINISTIC,
        "suites": ("aicmo",),
        "environment": MACHINE,
        "branch": "main",
    }
    return Run(**{**defaults, **values})


NOW = make_run(31)
ON_FEATURE = replace(NOW, branch="faster-swot")


# what people write


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("auto", BaselineSpec()),
        ("run:12", BaselineSpec(BaselineKind.RUN, "12")),
        ("run:latest~3", BaselineSpec(BaselineKind.RUN, "latest~3")),
        (" last : 10 ", BaselineSpec(BaselineKind.LAST, "10")),
        ("branch:feature/x:y", BaselineSpec(BaselineKind.BRANCH, "feature/x:y")),
        ("commit:ABCDEF0", BaselineSpec(BaselineKind.COMMIT, "ABCDEF0")),
        ("name:release 1", BaselineSpec(BaselineKind.NAME, "release 1")),
    ],
)
def test_a_baseline_is_parsed(text, spec):
    assert BaselineSpec.parse(text) == spec
    assert BaselineSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "'' is not a baseline.", "Write auto, run:ID"),
        ("brunch:main", "'brunch:main' is not a baseline.", "Did you mean branch or run? Write auto"),
        ("12", "'12' is not a baseline.", "run:ID"),
        ("auto:1", "The baseline auto takes no value, but was given '1'.", "Write auto"),
        ("branch:", "The baseline branch needs a value.", "branch:NAME"),
        ("run", "The baseline run needs a value.", "run:ID"),
        ("last:0", "The baseline last:0 needs a number of runs.", "last:10"),
        ("last:-3", "The baseline last:-3 needs a number of runs.", "last:10"),
        ("last:²", "The baseline last:² needs a number of runs.", "last:10"),
        ("commit:abc", "The baseline commit:abc needs a commit of 7 hexadecimal digits or more.", "git rev-parse"),
        ("commit:main~12", "The baseline commit:main~12 needs a commit of 7 hexadecimal digits or more.", "git"),
    ],
)
def test_what_is_no_baseline_is_refused_with_a_hint(text, message, hint):
    with pytest.raises(UsageError) as caught:
        BaselineSpec.parse(text)
    assert caught.value.message == message
    assert hint in caught.value.hint


# what the store is asked


COMPARABLE = RunFilter(
    suite="aicmo",
    mode=Mode.DETERMINISTIC,
    environment=MACHINE.fingerprint,
    quick=True,
    state=RunState.COMPLETE,
    before_id=31,
    last=20,
)


@pytest.mark.parametrize(
    ("run", "default_branch", "branches"),
    [
        (NOW, "main", ["main"]),
        (NOW, None, ["main"]),
        (ON_FEATURE, "main", ["faster-swot", "main"]),
        (ON_FEATURE, None, ["faster-swot"]),
        (replace(NOW, branch=None), "main", ["main", None]),
        (replace(NOW, branch=None), None, [None]),
    ],
)
def test_auto_prefers_the_own_branch(run, default_branch, branches):
    queries = baseline_queries(run, "aicmo", BaselineSpec(), default_branch=default_branch)
    assert [query.run_filter for query in queries] == [replace(COMPARABLE, branch=branch) for branch in branches]


@pytest.mark.parametrize(
    ("text", "restricted"),
    [
        ("last:7", replace(COMPARABLE, last=7)),
        ("branch:release", replace(COMPARABLE, branch="release", last=12)),
        ("commit:ABCDEF0", replace(COMPARABLE, commit_sha="abcdef0", last=12)),
    ],
)
def test_other_baselines_restrict(text, restricted):
    (query,) = baseline_queries(ON_FEATURE, "aicmo", BaselineSpec.parse(text), default_branch="main", window=12)
    assert query.run_filter == restricted


def test_the_query_follows_the_run():
    run = replace(NOW, mode=Mode.LIVE, options=RunOptions(quick=False), environment=Environment())
    (query,) = baseline_queries(run, "shop", BaselineSpec(), default_branch=None)
    asked = query.run_filter
    assert (asked.suite, asked.mode, asked.quick) == ("shop", Mode.LIVE, False)
    assert asked.environment == Environment().fingerprint
    assert query.why == "complete runs of suite shop on branch main before run 31 (live, full, this machine)"


@pytest.mark.parametrize("text", ["run:12", "name:release"])
def test_a_named_run_is_no_query(text):
    with pytest.raises(ValueError, match="needs no query"):
        baseline_queries(NOW, "aicmo", BaselineSpec.parse(text), default_branch="main")


# what is chosen


def found(run, counts, default_branch="main"):
    """The queries of a run with so many runs each, all of them before it."""
    queries = baseline_queries(run, "aicmo", BaselineSpec(), default_branch=default_branch)
    return [
        (query, [make_run(number, branch=query.run_filter.branch) for number in range(31 - count, 31)])
        for query, count in zip(queries, counts, strict=True)
    ]


@pytest.mark.parametrize(
    ("counts", "branch", "count"),
    [
        ((5, 20), "faster-swot", 5),
        ((4, 20), "main", 20),
        ((4, 3), "faster-swot", 4),
        ((2, 3), "main", 3),
        ((3, 3), "faster-swot", 3),
        ((0, 1), "main", 1),
    ],
)
def test_the_first_branch_with_enough_runs_else_the_one_with_most(counts, branch, count):
    baseline = choose_baseline(ON_FEATURE, "aicmo", found(ON_FEATURE, counts), min_run_count=5)
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
            (2, 20),
            "the last 20 complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine), because branch faster-swot has only 2 runs",
        ),
        (
            ON_FEATURE,
            (0, 20),
            "the last 20 complete runs of suite aicmo on branch main before run 31 "
            "(deterministic, quick, this machine), because branch faster-swot has none",
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


def test_commits_and_detached_heads_are_explained_too():
    detached = replace(NOW, branch=None)
    assert choose_baseline(detached, "aicmo", found(detached, (2, 9)), min_run_count=5).why.endswith(
        "before run 31 (deterministic, quick, this machine), because branch main has only 2 runs"
    )
    (query,) = baseline_queries(NOW, "aicmo", BaselineSpec.parse("commit:abcdef0"), default_branch="main")
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
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT.keys())
def test_what_is_no_baseline_is_passed_over_whatever_the_store_says(unfit):
    (query,) = baseline_queries(NOW, "aicmo", BaselineSpec(), default_branch="main")
    fit = make_run(10)
    assert choose_baseline(NOW, "aicmo", [(query, [unfit, fit])], min_run_count=1).runs == (fit,)


def test_a_run_that_is_not_stored_goes_by_its_time():
    fresh = replace(NOW, id=None)
    (query,) = baseline_queries(fresh, "aicmo", BaselineSpec(), default_branch="main")
    assert query.run_filter.before_id is None
    chosen = choose_baseline(fresh, "aicmo", [(query, [make_run(30), make_run(32)])], min_run_count=1)
    assert [run.id for run in chosen.runs] == [30]


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
    ],
)
def test_a_named_run_that_cannot_be_one_is_refused(named, message):
    with pytest.raises(UsageError) as caught:
        named_baseline(NOW, "aicmo", named, why="as asked")
    assert caught.value.message == message
    assert caught.value.hint


FACTS = {
    "cpu_model": "Apple M2",
    "cpu_count": 8,
    "system": "Darwin",
    "python_implementation": "CPython",
    "python_version": "3.12.4",
}


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        (FACTS, ""),
        ({**FACTS, "python_version": "3.12.9"}, ""),
        ({**FACTS, "python_version": "3.13.0"}, "run 12 was measured on another interpreter (Python 3.13)"),
        (
            {**FACTS, "python_implementation": "PyPy"},
            "run 12 was measured on another interpreter (PyPy 3.12)",
        ),
        (
            {**FACTS, "cpu_count": 1},
            "run 12 was measured on another machine (Apple M2, 1 CPU, Darwin, Python 3.12)",
        ),
        ({"architecture": "arm64"}, "run 12 was measured on another machine (arm64)"),
        ({}, "run 12 was measured on another machine"),
    ],
)
def test_another_environment_is_named(facts, obstacle):
    run = replace(NOW, environment=Environment(FACTS))
    assert obstacle_between(run, make_run(12, environment=Environment(facts))) == obstacle


def test_another_depth_is_named():
    full = make_run(12, options=RunOptions(quick=False))
    assert obstacle_between(NOW, full) == "run 12 was a full run, run 31 a quick one"


def test_full_runs_are_no_runs_of_a_selection():
    full, newer, selected = make_run(3), make_run(4), make_run(5, options=RunOptions(selection=("a*",)))
    assert Baseline(suite="aicmo", runs=(full, newer, selected)).full_runs == (full, newer)
    assert Baseline(suite="aicmo", runs=(selected,)).full_runs == ()


# which of them tell what was


@pytest.mark.parametrize(
    ("commit", "commits", "told"),
    [
        ("c", "aabb", [4]),
        ("b", "aabb", [2]),
        ("b", "abab", [3]),
        ("b", "bbbb", [4, 3, 2]),
        ("b", "b", [1]),
        ("b", "..bb", [2]),
        (None, "....", [4, 3, 2]),
        (None, "aabb", [4, 3, 2]),
        (None, "..", [2, 1]),
        ("b", "", []),
        (None, "", []),
    ],
)
def test_what_was_is_told_by_another_commit_else_by_the_last_three_runs(commit, commits, told):
    past = [make_run(number, commit_sha=None if sha == "." else sha) for number, sha in enumerate(commits, start=1)]
    assert [run.id for run in runs_before_change(replace(NOW, commit_sha=commit), past)] == told
