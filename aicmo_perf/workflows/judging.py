"""Find a run's baselines in the store, compare, judge.

Run, report, compare and gate all look at a run this way. What was measured to help (the other side of a paired run,
re-runs of suspects) is read from the store like all the rest, so that a later look at a run has it too. What has come
to the history since (later runs show change points, people accept changes) may still move a feature's level.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from aicmo_perf.baseline import DEFAULT_WINDOW, Baseline, BaselineKind, BaselineSpec, LevelRules, paired_baseline
from aicmo_perf.comparison import Circumstances, RunComparison, SuiteBaseline, compare_with_baselines
from aicmo_perf.config import GateSettings, Settings
from aicmo_perf.errors import UsageError
from aicmo_perf.gate import GatePolicy, Rule, Verdict, judge
from aicmo_perf.model import (
    AcceptedChange,
    ChangePoint,
    Feature,
    FeatureKey,
    Line,
    Run,
    SelfTestResult,
    Series,
)
from aicmo_perf.stats.comparison import SlownessPolicy
from aicmo_perf.store import Store
from aicmo_perf.units import count_of
from aicmo_perf.workflows.baselines import check_baseline, find_baselines
from aicmo_perf.workflows.change_points import change_points_of
from aicmo_perf.workflows.companions import Companions, read_companions
from aicmo_perf.workflows.knowledge import read_knowledge


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run with all that a report says of it.

    Attributes:
        result: the run and its features.
        comparison: its features beside their baselines.
        recent: each feature's runtimes in seconds over the baseline runs and this one, oldest first; None for a
            run without one.
        verdict: what the gate decides.
        change_points: where levels shifted in the run's own history, among the baseline's runs and this one; oldest
            first.
    """

    result: SelfTestResult
    comparison: RunComparison
    recent: dict[FeatureKey, tuple[float | None, ...]]
    verdict: Verdict
    change_points: tuple[ChangePoint, ...] = ()


def judge_run(
    store: Store,
    result: SelfTestResult,
    settings: Settings,
    *,
    rules: frozenset[Rule] | None = None,
    baselines: Sequence[Baseline] | None = None,
    confirming: bool = False,
) -> JudgedRun:
    """Compare a stored run with its baselines and judge it.

    Args:
        store: where the past is.
        result: the run, as stored.
        settings: what the gate looks for and which baseline it takes.
        rules: judge by those of these that the settings switch on, by nothing but the run and its baselines; None for
            all of them, and then a failure is judged against its record and the quarantine.
        baselines: compare with exactly these runs; None for those the settings' gate chooses, of which each feature's
            level counts.
        confirming: whether suspects can still be re-run, so that one run alone need not decide.

    Raises: UsageError for a malformed baseline, NotFoundError when it names a run that does not exist.
    """
    run = result.run
    policy = gate_policy(settings.gate, rules)
    spec = BaselineSpec.parse(settings.gate.baseline)
    is_given = baselines is not None
    as_pairs = spec.kind is BaselineKind.AUTO
    companions = read_companions(store, run, as_pairs=as_pairs) if baselines is None else Companions()
    base = companions.paired_base
    has_levels = baselines is None and base is None and spec.has_levels
    if base is not None:
        baselines = [paired_baseline(run, suite, base, companions.pair_count) for suite in run.suites]
    elif baselines is None:
        baselines = find_baselines(store, run, settings, min_run_count=policy.slowness.min_run_count)
    accepted = _accepted_changes(store)
    levels = [LevelRules(run, baseline.runs) for baseline in baselines] if has_levels else []
    points = _change_points(store, run, levels, [status.feature for status in result.features])
    suites = _series_of(store, baselines)
    if has_levels:
        suites = [
            _with_levels(suite, rules_of_suite, result, points, accepted)
            for suite, rules_of_suite in zip(suites, levels, strict=True)
        ]
    circumstances = Circumstances(
        thresholds=policy.thresholds,
        reruns=companions.reruns,
        accepted={key: change for key, changes in accepted.items() for change in changes if change.run.id == run.id},
        is_confirming=confirming or run.options.confirmed,
        is_paired=base is not None,
    )
    comparison = compare_with_baselines(result, suites, policy.slowness, circumstances)
    # whoever only compares, or looks for suspects of slowness, asks for no more
    knows = rules is None and not confirming and not is_given
    knowledge = read_knowledge(store, result, comparison, settings) if knows else None
    return JudgedRun(
        result,
        comparison,
        _recent(result, suites),
        judge(result, comparison, policy, knowledge),
        _among(points[Line.of(run)], run, baselines),
    )


def check_gate(store: Store, settings: Settings) -> None:
    """See that a gate can be judged by these settings, before anything is measured for it.

    Raises: UsageError for a malformed baseline or threshold, NotFoundError for a baseline that does not exist.
    """
    gate_policy(settings.gate)
    check_baseline(store, settings)


def gate_policy(settings: GateSettings, rules: frozenset[Rule] | None = None) -> GatePolicy:
    """The policy that the settings describe, of these rules at most; what is not set is the policy's own default."""
    switched_on = frozenset(rule for rule in rules or Rule if getattr(settings, _SWITCHES.get(rule, rule.value)))
    policy_runs = settings.min_run_count or SlownessPolicy().min_run_count
    window = settings.window or DEFAULT_WINDOW
    if window < policy_runs:
        raise UsageError(
            f"A window of {count_of(window, 'run')} never holds the {policy_runs} that a judgement needs.",
            "Raise the window, or lower the least number of runs.",
        )
    values = {
        item.name: value for item in fields(SlownessPolicy) if (value := getattr(settings, item.name, None)) is not None
    }
    return GatePolicy(rules=switched_on, slowness=SlownessPolicy(**values), thresholds=settings.thresholds)


_SWITCHES = {Rule.FASTER: "fail_on_improvement"}
"""Rules whose switch is called otherwise than they are."""


def _accepted_changes(store: Store) -> dict[FeatureKey, list[AcceptedChange]]:
    accepted: dict[FeatureKey, list[AcceptedChange]] = defaultdict(list)
    for change in store.accepted_changes():
        accepted[change.feature.key].append(change)
    return accepted


def _change_points(
    store: Store, run: Run, levels: Sequence[LevelRules], features: Sequence[Feature]
) -> dict[Line, tuple[ChangePoint, ...]]:
    """The change points of these features on the run's own line and on every one that a baseline has runs of."""
    lines = dict.fromkeys([Line.of(run), *(line for rules in levels for line in rules.lines)])
    return {line: change_points_of(store, line, features) for line in lines}


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


def _with_levels(
    suite: SuiteBaseline,
    levels: LevelRules,
    result: SelfTestResult,
    points: dict[Line, tuple[ChangePoint, ...]],
    accepted: dict[FeatureKey, list[AcceptedChange]],
) -> SuiteBaseline:
    """A suite's baseline with the level of each of its features."""
    of_feature: dict[FeatureKey, list[ChangePoint]] = defaultdict(list)
    for line in levels.lines:
        for point in points[line]:
            of_feature[point.feature.key].append(point)
    return replace(
        suite,
        levels={
            status.qualified_name: levels.level_of(of_feature.get(status.key, ()), accepted.get(status.key, ()))
            for status in result.features
            if status.suite == suite.baseline.suite
        },
    )


def _recent(result: SelfTestResult, suites: Sequence[SuiteBaseline]) -> dict[FeatureKey, tuple[float | None, ...]]:
    """Each feature's runtimes, to be drawn."""
    past = {(suite.baseline.suite, name): series for suite in suites for name, series in suite.series.items()}
    recent: dict[FeatureKey, tuple[float | None, ...]] = {}
    for status in result.features:
        series = past.get(status.key)
        earlier = tuple(point.runtime_seconds for point in series.points) if series is not None else ()
        recent[status.key] = (*earlier, status.runtime_seconds)
    return recent


def _among(points: Sequence[ChangePoint], run: Run, baselines: Sequence[Baseline]) -> tuple[ChangePoint, ...]:
    """The change points that began with one of the runs that a report shows."""
    shown = {run.uuid, *(past.uuid for baseline in baselines for past in baseline.runs)}
    return tuple(point for point in points if point.run.uuid in shown)
