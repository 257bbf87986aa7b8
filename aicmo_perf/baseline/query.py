"""What to ask the store for, so that a run gets its baseline.

``auto`` is made for CI. A branch is judged by the default branch up to where it forked, then by its own runs; the
default branch by itself; a pull request by its target alone, since its own earlier runs hold the very change that is
to be judged. Where git knows the history of the run's commit, runs of commits outside it are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aicmo_perf.baseline.comparable import depth_of
from aicmo_perf.baseline.spec import BaselineKind, BaselineSpec
from aicmo_perf.model import Run, RunFilter, RunState


@dataclass(frozen=True, slots=True)
class BaselineQuery:
    """One way to make a baseline.

    Attributes:
        run_filters: the runs wanted; the answers follow one another in this order, and the newest of all count.
        why: what they are, without their number: ``complete runs of suite aicmo on branch main before run 31 (...)``.
        goes_by_history: whether commits that are known not to be in the history of the run's are passed over.
    """

    run_filters: tuple[RunFilter, ...]
    why: str
    goes_by_history: bool = False

    @property
    def place(self) -> str:
        """Where it looks, for a sentence: ``branch main``."""
        branches = [run_filter.branch for run_filter in self.run_filters if run_filter.branch]
        return f"branch {' or '.join(branches)}" if branches else "the first choice"


def baseline_queries(
    run: Run,
    suite: str,
    spec: BaselineSpec,
    *,
    default_branch: str | None,
    window: int,
    any_environment: bool = False,
) -> tuple[BaselineQuery, ...]:
    """What to ask the store for, in order of preference.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        spec: what was asked for; ``run`` and ``name`` are no queries, see `named_baseline`.
        default_branch: None where it is not known.
        window: runs in a baseline at most; ``last:N`` has its own.
        any_environment: whether other machines' runs are asked for, too.

    Returns: one query; two for a run without a branch (no repository, or a detached head), which takes the default
        branch, then any.

    Raises: ValueError for ``run`` and ``name``.
    """
    if spec.kind in (BaselineKind.RUN, BaselineKind.NAME):
        raise ValueError(f"the baseline {spec} names one run and needs no query")
    comparable = RunFilter(
        suite=suite,
        mode=run.mode,
        environment=None if any_environment else run.environment.fingerprint,
        quick=run.options.quick,
        state=RunState.COMPLETE,
        before=run.moment,
        # a fork's pull request often comes from a branch that is called as the default one
        pull_requests=spec.kind is BaselineKind.COMMIT
        or (spec.kind is BaselineKind.BRANCH and spec.value != default_branch),
        last=window,
    )
    chosen: list[tuple[RunFilter, ...]]
    if spec.kind is BaselineKind.LAST:
        chosen = [(replace(comparable, last=int(spec.value)),)]
    elif spec.kind is BaselineKind.BRANCH:
        chosen = [(replace(comparable, branch=spec.value),)]
    elif spec.kind is BaselineKind.COMMIT:
        chosen = [(replace(comparable, commit_sha=spec.value.lower()),)]
    else:
        own = None if run.pull_request is not None else run.branch
        branches = [branch for branch in dict.fromkeys((default_branch, own)) if branch]
        chosen = [tuple(replace(comparable, branch=branch) for branch in branches)] if branches else []
        if own is None and (run.branch is None or not branches):
            chosen.append((comparable,))
    is_auto = spec.kind is BaselineKind.AUTO
    return tuple(BaselineQuery(filters, _description(run, filters), goes_by_history=is_auto) for filters in chosen)


def _description(run: Run, run_filters: tuple[RunFilter, ...]) -> str:
    first = run_filters[0]
    parts = [f"complete runs of suite {first.suite}"]
    if branches := [run_filter.branch for run_filter in run_filters if run_filter.branch]:
        parts.append(f"on branch {', then on '.join(branches)}")
    if first.commit_sha:
        parts.append(f"of commit {first.commit_sha}")
    parts.append(f"before {run.title}")
    where = "this machine" if first.environment else "any machine"
    none_of = ", without those of pull requests" if run.pull_request is not None and not first.pull_requests else ""
    return " ".join(parts) + f" ({run.mode}, {depth_of(run)}, {where}){none_of}"
