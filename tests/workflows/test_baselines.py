"""Which runs of the store a run is judged by: branches, forks, pull requests, machines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import Environment, Run, RunRole, RunState
from aicmo_perf.workflows.baselines import find_baselines
from tests.workflows.past import Past

NO_FEATURES: dict[str, object] = {"names": ()}


def baseline_of(past: Past, run: Run, settings: Settings, **gate):
    (baseline,) = find_baselines(past.store, run, settings.override(**gate), min_run_count=5)
    return baseline


def ids(baseline):
    return [run.id for run in baseline.runs]


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def commits(tmp_path: Path) -> dict[str, str]:
    """A repository in which ``topic`` forked from ``main`` between two commits of the latter, by name."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    tree = git(tmp_path, "mktree", "--missing")
    shas: dict[str, str] = {}
    for name, parent in (("first", None), ("fork", "first"), ("later", "fork"), ("own", "fork"), ("tip", "own")):
        shas[name] = git(tmp_path, "commit-tree", tree, "-m", name, *(("-p", shas[parent]) if parent else ()))
    git(tmp_path, "update-ref", "refs/heads/main", shas["later"])
    git(tmp_path, "update-ref", "refs/heads/topic", shas["tip"])
    return shas


def test_a_branch_is_judged_by_the_default_branch_up_to_the_fork_then_by_its_own_runs(
    past: Past, settings: Settings, commits: dict[str, str]
) -> None:
    add = past.add
    first = add(**NO_FEATURES, commit_sha=commits["first"])
    own = add(**NO_FEATURES, commit_sha=commits["own"], branch="topic")
    fork = add(**NO_FEATURES, commit_sha=commits["fork"], dirty=True)
    add(**NO_FEATURES, commit_sha=commits["later"])
    add(**NO_FEATURES, commit_sha=commits["first"], branch="other")
    add(**NO_FEATURES, commit_sha=commits["first"], pull_request="7")
    add(**NO_FEATURES, commit_sha=commits["own"], branch="topic", state=RunState.INTERRUPTED)
    unknown = add(**NO_FEATURES, commit_sha=None)
    tip = add(**NO_FEATURES, commit_sha=commits["tip"], branch="topic")
    baseline = baseline_of(past, tip, settings)
    assert baseline.runs == (first, fork, unknown, own)
    assert baseline.notes == ()
    assert f"in the history of commit {commits['tip'][:10]}" in baseline.why
    of_pull_request = add(**NO_FEATURES, commit_sha=commits["tip"], branch="topic", pull_request="8")
    assert baseline_of(past, of_pull_request, settings).runs == (first, fork, unknown)
    later = add(**NO_FEATURES, commit_sha=commits["later"])
    assert ids(baseline_of(past, later, settings)) == [first.id, fork.id, 4, unknown.id]


def test_runs_of_other_histories_do_not_use_up_the_window(
    past: Past, settings: Settings, commits: dict[str, str]
) -> None:
    fork = past.add_many(4, **NO_FEATURES, commit_sha=commits["fork"])
    past.add_many(25, **NO_FEATURES, commit_sha=commits["later"])
    tip = past.add(**NO_FEATURES, commit_sha=commits["tip"], branch="topic")
    assert baseline_of(past, tip, settings, window=3).runs == tuple(fork[1:])
    assert baseline_of(past, tip, settings, window=10).runs == tuple(fork)


def test_the_newest_runs_fill_the_window_the_own_ones_last(past: Past, settings: Settings) -> None:
    main = past.add_many(3, **NO_FEATURES)
    own = past.add_many(4, **NO_FEATURES, branch="topic")
    now = past.add(**NO_FEATURES, branch="topic")
    assert baseline_of(past, now, settings, window=6).runs == (*main[1:], *own)
    assert baseline_of(past, now, settings, window=3).runs == tuple(own[1:])


def test_without_a_repository_it_goes_by_time_and_says_so(past: Past, settings: Settings) -> None:
    past.add(**NO_FEATURES, commit_sha="a" * 40)
    now = past.add(**NO_FEATURES, commit_sha="b" * 40, branch="topic")
    past.add(**NO_FEATURES, commit_sha="c" * 40)
    baseline = baseline_of(past, now, settings)
    assert ids(baseline) == [1]
    assert "by time" in baseline.why
    assert "may be of later code" in baseline.notes[0]


def test_pull_requests_judge_nobody_unless_they_are_named(past: Past, settings: Settings) -> None:
    theirs = past.add(**NO_FEATURES, branch="topic", pull_request="7")
    now = past.add(**NO_FEATURES, branch="topic", pull_request="7")
    assert baseline_of(past, now, settings).runs == ()
    assert baseline_of(past, now, settings, baseline="last:9").runs == ()
    assert baseline_of(past, now, settings, baseline="branch:topic").runs == (theirs,)
    assert baseline_of(past, now, settings, baseline="run:1").runs == (theirs,)


def test_companions_judge_nobody(past: Past, settings: Settings) -> None:
    run = past.add(**NO_FEATURES)
    past.add(**NO_FEATURES, role=RunRole.RERUN_HEAD, companion_of=run.id)
    now = past.add(**NO_FEATURES)
    assert baseline_of(past, now, settings).runs == (run,)


def test_the_order_is_that_of_time_after_an_import(past: Past, settings: Settings) -> None:
    first = past.add(**NO_FEATURES)
    now = past.add(**NO_FEATURES)
    imported = past.add(**NO_FEATURES, started_at=first.started_at.replace(year=2024))
    assert baseline_of(past, now, settings).runs == (imported, first)


def test_other_machines_count_only_when_they_are_asked_for(past: Past, settings: Settings) -> None:
    other = past.add(**NO_FEATURES, environment=Environment({"cpu_model": "Processor 2"}))
    now = past.add(**NO_FEATURES)
    assert baseline_of(past, now, settings).runs == ()
    baseline = baseline_of(past, now, settings, any_environment=True)
    assert baseline.runs == (other,)
    assert "measured on 2 machines" in baseline.notes[0]
    named = baseline_of(past, now, settings, baseline="run:1", any_environment=True)
    assert (named.obstacle, len(named.notes)) == ("", 1)
    assert "another machine" in baseline_of(past, now, settings, baseline="run:1").obstacle


def test_a_misspelt_branch_is_refused(past: Past, settings: Settings) -> None:
    past.add(**NO_FEATURES)
    now = past.add(**NO_FEATURES)
    with pytest.raises(NotFoundError, match="no run of branch 'mian'"):
        baseline_of(past, now, settings, baseline="branch:mian")
