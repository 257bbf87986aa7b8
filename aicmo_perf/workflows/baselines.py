"""The baselines of a run, found in the store: the runs that were asked for, or those that git and time suggest."""

from __future__ import annotations

from dataclasses import replace

from aicmo_perf.baseline import (
    DEFAULT_WINDOW,
    Baseline,
    BaselineKind,
    BaselineQuery,
    BaselineSpec,
    Terms,
    baseline_queries,
    choose_baseline,
    fits,
    named_baseline,
)
from aicmo_perf.config import Settings
from aicmo_perf.environment import default_branch
from aicmo_perf.errors import NotFoundError, nearest_hint
from aicmo_perf.model import Run, RunFilter
from aicmo_perf.store import Store

_MOST_RUNS_LOOKED_AT = 2000
"""How far back a branch is searched for runs of the right history: a year of five runs a day."""

_PAGE_GROWTH = 4


def check_baseline(store: Store, settings: Settings) -> None:
    """See that the configured baseline exists, before anything is measured for it.

    Raises: UsageError for a malformed one, NotFoundError for one that does not exist.
    """
    spec = BaselineSpec.parse(settings.gate.baseline)
    _named_run(store, spec)
    _refuse_unknown(store, spec)


def find_baselines(store: Store, run: Run, settings: Settings, *, min_run_count: int) -> list[Baseline]:
    """The baseline of each suite of a run, as the settings ask for it.

    Args:
        store: where the past is.
        run: the run under judgement.
        settings: which baseline, its window, the default branch, where the repository is.
        min_run_count: runs that make a baseline enough.

    Raises: UsageError for a malformed baseline, NotFoundError when it names a run that does not exist.
    """
    spec = BaselineSpec.parse(settings.gate.baseline)
    any_environment = settings.gate.any_environment
    named = _named_run(store, spec)
    if named is not None:
        how = f"pinned as {spec.value}" if spec.kind is BaselineKind.NAME else "as asked"
        why = f"{named.title}, {how}"
        terms = Terms(any_environment=any_environment)
        return [named_baseline(run, suite, named, why=why, terms=terms) for suite in run.suites]
    _refuse_unknown(store, spec)
    is_auto = spec.kind is BaselineKind.AUTO
    goes_by_branch = is_auto or spec.kind is BaselineKind.BRANCH
    main = (settings.default_branch or default_branch(settings.project_root)) if goes_by_branch else None
    terms = _terms(run, settings) if is_auto else Terms(any_environment=any_environment)
    window = settings.gate.window or DEFAULT_WINDOW
    chosen = []
    for suite in run.suites:
        queries = baseline_queries(
            run, suite, spec, default_branch=main, window=window, any_environment=any_environment
        )
        found = [(query, _answer(store, run, suite, query, terms)) for query in queries]
        chosen.append(choose_baseline(run, suite, found, min_run_count=min_run_count, terms=terms))
    return chosen


def _terms(run: Run, settings: Settings) -> Terms:
    """What the runs are compared on, with the history of the run's commit where git knows it."""
    ancestry = None
    if run.commit_sha is not None:
        from aicmo_perf.repository import ancestry_of  # not needed where nothing is committed

        ancestry = ancestry_of(settings.project_root, run.commit_sha)
    return Terms(
        any_environment=settings.gate.any_environment,
        is_in_history=ancestry.contains if ancestry is not None else None,
    )


def _answer(store: Store, run: Run, suite: str, query: BaselineQuery, terms: Terms) -> tuple[Run, ...]:
    """The newest runs that a query means, as many as its window holds, in the order of its filters."""
    found: tuple[Run, ...] = ()
    for run_filter in reversed(query.run_filters):
        window = run_filter.last or DEFAULT_WINDOW
        if len(found) < window:
            wanted = replace(run_filter, last=window - len(found))
            found = (*_newest(store, run, suite, wanted, query, terms), *found)
    return found


def _newest(
    store: Store, run: Run, suite: str, wanted: RunFilter, query: BaselineQuery, terms: Terms
) -> tuple[Run, ...]:
    """The newest fitting runs of a filter, oldest first; pages grow while what they hold lies in other histories."""
    count = wanted.last or DEFAULT_WINDOW
    page, looked_at = wanted, 0
    found: tuple[Run, ...] = ()
    while len(found) < count and looked_at < _MOST_RUNS_LOOKED_AT:
        runs = store.runs(page)
        found = (*(past for past in runs if fits(run, past, suite, query, terms)), *found)
        looked_at += len(runs)
        if len(runs) < (page.last or 0):
            break
        page = replace(page, before=runs[0].moment, last=_PAGE_GROWTH * len(runs))
    return found[-count:]


def _named_run(store: Store, spec: BaselineSpec) -> Run | None:
    """The run that a baseline names; None for a baseline that is looked for."""
    if spec.kind is BaselineKind.NAME:
        return store.pinned(spec.value)
    return store.find_run(spec.value) if spec.kind is BaselineKind.RUN else None


def _refuse_unknown(store: Store, spec: BaselineSpec) -> None:
    """See that a branch or commit asked for has ever been run: a misspelt one would pass every gate.

    Raises: NotFoundError when there are runs, but none of it.
    """
    wanted = {BaselineKind.BRANCH: RunFilter(branch=spec.value), BaselineKind.COMMIT: RunFilter(commit_sha=spec.value)}
    run_filter = wanted.get(spec.kind)
    if run_filter is None or store.runs(replace(run_filter, last=1)):
        return
    newest = store.runs(RunFilter(last=200))
    known = [run.branch if spec.kind is BaselineKind.BRANCH else run.commit_sha for run in newest]
    if any(known):
        raise NotFoundError(
            f"There is no run of {spec.kind} {spec.value!r} to compare with.",
            nearest_hint(spec.value, filter(None, known), otherwise="'aicmo-perf runs' lists the runs."),
        )
