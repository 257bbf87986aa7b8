"""Runs beside their baselines, for the gate to judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aicmo_perf.baseline import Baseline, FeatureLevel
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate import judge
from aicmo_perf.model import (
    Category,
    Change,
    FeatureStatus,
    Iteration,
    PlannedIteration,
    Run,
    RunOptions,
    SelfTestResult,
    Status,
)
from aicmo_perf.stats.comparison import RuntimeChange

START = datetime(2025, 1, 1, tzinfo=UTC)
PAST = Run(uuid="past", id=30, started_at=START, suites=("aicmo",), commit_sha="a" * 40)
NOW = Run(
    uuid="now",
    id=31,
    started_at=START + timedelta(hours=1),
    suites=("aicmo",),
    commit_sha="b" * 40,
    options=RunOptions(iterations=3),
)
BASELINE = Baseline(suite="aicmo", runs=(PAST,), why="the last of the complete runs")


def status_of(name="swot", status=Status.PASS, critical=False, **values):
    return FeatureStatus(name, Category.GENERATOR, status, critical, suite="aicmo", **values)


def compared(status, change=Change.UNCHANGED, *, judged=None, **values):
    """A feature with a judgement, of which some values may be others."""
    numbers = {
        "baseline_run_count": 20,
        "baseline_seconds": 0.01,
        "ratio": 1.23,
        "p_slower": 0.0004,
    }
    defaults = {
        "previous_status": Status.PASS,
        "previous_run": PAST,
        "level": FeatureLevel((PAST,)),
        "runtime_seconds": 0.015,
        "level_seconds": 0.0123,
        "judgement": RuntimeChange(change=change, **{**numbers, **(judged or {})}),
    }
    return FeatureComparison(feature=status.feature, status=status.status, **{**defaults, **values})


def not_compared(status, reason, **values):
    """A feature whose runtime was not judged."""
    return compared(status, Change.INCONCLUSIVE, judged={"reason": reason, "p_slower": None, "ratio": None}, **values)


def verdict_on(
    *items,
    run=NOW,
    vanished=(),
    baselines=(BASELINE,),
    policy=None,
    knowledge=None,
    kinds=(),
    findings=(),
    **values,
):
    """The verdict on features, each a status or a status with its comparison; the kinds are those of its iterations."""
    pairs = [item if isinstance(item, tuple) else (item, compared(item)) for item in items]
    comparison = RunComparison(
        baselines=baselines,
        features=tuple(item for _, item in pairs),
        vanished=tuple(vanished),
        last_seen={feature.key: PAST for feature in vanished},
        **values,
    )
    iterations = tuple(
        Iteration(planned=PlannedIteration(number=number, kind=kind), started_at=START)
        for number, kind in enumerate(kinds, 1)
    )
    result = SelfTestResult(run, tuple(status for status, _ in pairs), iterations, tuple(findings))
    return judge(result, comparison, policy, knowledge)


def told(verdict):
    return [(finding.rule, finding.message) for finding in verdict.findings]
