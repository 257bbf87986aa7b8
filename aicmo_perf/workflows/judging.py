"""Find a run's baselines in the store, compare, judge.

Run, report, compare and gate all look at a run this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from aicmo_perf.baseline import (
    Baseline,
    BaselineKind,
    BaselineSpec,
    baseline_queries,
    choose_baseline,
    named_baseline,
)
from aicmo_perf.comparison import RunComparison, SuiteBaseline, compare_with_baselines
from aicmo_perf.config import GateSettings, Settings
from aicmo_perf.environment import default_branch
from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.gate import GatePolicy, Rule, Verdict, judge
from aicmo_perf.model import FeatureKey, Run, RunFilter, SelfTestResult, Series
from aicmo_perf.stats.comparison import SlownessPolicy
from aicmo_perf.store import Store
from aicmo_perf.units import count_of


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run with all that a report says of it.

    Attributes:
        result: the run and its features.
        comparison: its features beside their baselines.
        recent: each feature's runtimes in seconds over the baseline runs and this one, oldest first; None for a
            run without one.
        verdict: what the gate decides.
    """

    result: SelfTestResult
    comparison: RunComparison
    recent: dict[FeatureKey, tuple[float | None, ...]]
    verdict: Verdict


def judge_run(
    store: Store,
    result: SelfTestResult,
    settings: Settings,
    *,
    rules: frozenset[Rule] | None = None,
    baselines: Sequence[Baseline] | None = None,
) -> JudgedRun:
    """Compare a stored run with its baselines and judge it.

    Args:
        store: where the past is.
        result: the run, as stored.
        settings: what the gate looks for and which baseline it takes.
        rules: judge by those of these that the settings switch on; None for all of them.
        baselines: compare with these; None for those the settings' gate chooses.

    Raises: UsageError for a malformed baseline, NotFoundError when it names a run that does not exist.
    """
    policy = gate_policy(settings.gate, rules)
    if baselines is None:
        baselines = _chosen_baselines(store, result.run, settings, policy)
    suites = _series_of(store, baselines)
    comparison = compare_with_baselines(result, suites, policy.slowness)
    recent: dict[FeatureKey, tuple[float | None, ...]] = {}
    past = {(suite.baseline.suite, name): series for suite in suites for name, series in suite.series.items()}
    for status in result.features:
        series = past.get(status.key)
        earlier = tuple(point.runtime_seconds for point in series.points) if series is not None else ()
        recent[status.key] = (*earlier, status.runtime_seconds)
    return JudgedRun(result, comparison, recent, judge(result, comparison, policy))


def check_gate(store: Store, settings: Settings) -> None:
    """See that a gate can be judged by these settings, before anything is measured for it.

    Raises: UsageError for a malformed baseline or threshold, NotFoundError for a baseline that does not exist.
    """
    gate_policy(settings.gate)
    spec = BaselineSpec.parse(settings.gate.baseline)
    _named_run(store, spec)
    _refuse_unknown(store, spec)


def gate_policy(settings: GateSettings, rules: frozenset[Rule] | None = None) -> GatePolicy:
    """The policy that the settings describe, of these rules at most; what is not set is the policy's own default."""
    switched_on = frozenset(rule for rule in rules or Rule if getattr(settings, rule.value))
    policy_runs = settings.min_run_count or SlownessPolicy().min_run_count
    if settings.window < policy_runs:
        raise UsageError(
            f"A window of {count_of(settings.window, 'run')} never holds the {policy_runs} that a judgement needs.",
            "Raise the window, or lower the least number of runs.",
        )
    thresholds = {
        item.name: value for item in fields(SlownessPolicy) if (value := getattr(settings, item.name, None)) is not None
    }
    return GatePolicy(rules=switched_on, slowness=SlownessPolicy(**thresholds))


def _chosen_baselines(store: Store, run: Run, settings: Settings, policy: GatePolicy) -> list[Baseline]:
    spec = BaselineSpec.parse(settings.gate.baseline)
    named = _named_run(store, spec)
    if named is not None:
        how = f"pinned as {spec.value}" if spec.kind is BaselineKind.NAME else "as asked"
        return [named_baseline(run, suite, named, why=f"{named.title}, {how}") for suite in run.suites]
    _refuse_unknown(store, spec)
    main = settings.default_branch or default_branch(settings.project_root)
    chosen = []
    for suite in run.suites:
        queries = baseline_queries(run, suite, spec, default_branch=main, window=settings.gate.window)
        found = [(query, store.runs(query.run_filter)) for query in queries]
        chosen.append(choose_baseline(run, suite, found, min_run_count=policy.slowness.min_run_count))
    return chosen


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


def _series_of(store: Store, baselines: Sequence[Baseline]) -> list[SuiteBaseline]:
    """The baselines with their features' series; runs that several suites share are read once."""
    read: dict[tuple[str, ...], tuple[Series, ...]] = {(): ()}
    uuids = [tuple(run.uuid for run in baseline.runs) for baseline in baselines]
    for baseline, key in zip(baselines, uuids, strict=True):
        if key not in read:
            read[key] = store.all_series(baseline.runs)
    return [
        SuiteBaseline(
            baseline,
            {series.feature.qualified_name: series for series in read[key] if series.feature.suite == baseline.suite},
        )
        for baseline, key in zip(baselines, uuids, strict=True)
    ]
