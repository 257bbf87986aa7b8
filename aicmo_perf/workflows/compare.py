"""Two runs, or the runs of two commits, side by side: whichever is named first is what was."""

from __future__ import annotations

from dataclasses import replace

from aicmo_perf.baseline import Baseline, obstacle_between
from aicmo_perf.config import Settings
from aicmo_perf.model import Run, RunFilter, RunState
from aicmo_perf.store import Store, open_store
from aicmo_perf.workflows.judging import JudgedRun, judge_run
from aicmo_perf.workflows.liveness import as_it_is


def compare_runs(settings: Settings, before: str, after: str) -> JudgedRun:
    """The run ``after`` beside ``before``: one run, or all comparable runs of a commit when it is named by its sha.

    Raises: NotFoundError when either does not exist.
    """
    with open_store(settings.db_url, write=False) as store:
        later = store.find_run(after)
        earlier = store.find_run(before)
        is_commit = len(before) >= 7 and (earlier.commit_sha or "").startswith(before.lower())
        baselines = [
            _of_commit(store, later, suite, earlier) if is_commit else _of_run(later, suite, earlier)
            for suite in later.suites
        ]
        result = store.result(later)
        return judge_run(store, replace(result, run=as_it_is(result.run)), settings, baselines=baselines)


def _of_run(later: Run, suite: str, earlier: Run) -> Baseline:
    """One run as it is: unlike the gate's, it may also be newer, incomplete or a companion."""
    if suite not in earlier.suites:
        return Baseline(suite=suite, why=f"{earlier.title} did not exercise suite {suite}")
    obstacle = obstacle_between(later, earlier)
    return Baseline(suite=suite, runs=(earlier,), why=f"{earlier.title}, as asked", obstacle=obstacle)


def _of_commit(store: Store, later: Run, suite: str, earlier: Run) -> Baseline:
    comparable = RunFilter(
        suite=suite,
        mode=later.mode,
        environment=later.environment.fingerprint,
        quick=later.options.quick,
        commit_sha=earlier.commit_sha,
        state=RunState.COMPLETE,
    )
    runs = tuple(run for run in store.runs(comparable) if run.id != later.id)
    if not runs:
        return _of_run(later, suite, earlier)
    return Baseline(suite=suite, runs=runs, why=f"the comparable runs of commit {(earlier.commit_sha or '')[:10]}")
