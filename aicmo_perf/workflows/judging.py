"""Find a run's baselines in the store, compare, judge.

Run, report, compare and gate all look at a run this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

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
from aicmo_perf.gate import GatePolicy, Rule, Verdict, judge
from aicmo_perf.model import FeatureKey, Run, SelfTestResult, Series
from aicmo_perf.stats.comparison import SlownessPolicy
from aicmo_perf.store import Store


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
        rules: judge by these only; None for those the settings switch on.
        baselines: compare with these; None for those the settings' gate chooses.

    Raises: UsageError for a malformed baseline, NotFoundError when it names a run that does not exist.
    """
    policy = gate_policy(settings.gate, rules)
    if baselines is None:
        baselines = _chosen_baselines(store, result.run, settings, policy)
    suites = [SuiteBaseline(baseline, _series_by_name(store, baseline)) for baseline in baselines]
    comparison = compare_with_baselines(result, suites, policy.slowness)
    recent: dict[FeatureKey, tuple[float | None, ...]] = {}
    past = {(suite.baseline.suite, name): series for suite in suites for name, series in suite.series.items()}
    for status in result.features:
        series = past.get(status.key)
        earlier = tuple(point.runtime_seconds for point in series.points) if series is not None else ()
        recent[status.key] = (*earlier, status.runtime_seconds)
    return JudgedRun(result, comparison, recent, judge(result, comparison, policy))


def gate_policy(settings: GateSettings, rules: frozenset[Rule] | None = None) -> GatePolicy:
    """The policy that the settings describe; thresholds that are not set are the policy's own defaults."""
    switched_on = frozenset(rule for rule in Rule if getattr(settings, rule.value))
    thresholds = {
        item.name: value for item in fields(SlownessPolicy) if (value := getattr(settings, item.name, None)) is not None
    }
    return GatePolicy(rules=switched_on if rules is None else rules, slowness=SlownessPolicy(**thresholds))


def _chosen_baselines(store: Store, run: Run, settings: Settings, policy: GatePolicy) -> list[Baseline]:
    spec = BaselineSpec.parse(settings.gate.baseline)
    if spec.kind is BaselineKind.NAME:
        named = store.pinned(spec.value)
        why = f"{named.title}, pinned as {spec.value}"
        return [named_baseline(run, suite, named, why=why) for suite in run.suites]
    if spec.kind is BaselineKind.RUN:
        named = store.find_run(spec.value)
        return [named_baseline(run, suite, named, why=f"{named.title}, as asked") for suite in run.suites]
    main = settings.default_branch or default_branch(settings.project_root)
    chosen = []
    for suite in run.suites:
        queries = baseline_queries(run, suite, spec, default_branch=main, window=settings.gate.window)
        found = [(query, store.runs(query.run_filter)) for query in queries]
        chosen.append(choose_baseline(run, suite, found, min_run_count=policy.slowness.min_run_count))
    return chosen


def _series_by_name(store: Store, baseline: Baseline) -> dict[str, Series]:
    if not baseline.runs:
        return {}
    every = store.all_series(baseline.runs)
    return {series.feature.qualified_name: series for series in every if series.feature.suite == baseline.suite}
