"""Example values: a rich run with every kind of trouble beside its baseline, a minimal one, and a history."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aicmo_perf.baseline import Baseline, FeatureLevel, paired_baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate import Coverage, Finding, Rule, Verdict
from aicmo_perf.model import (
    AcceptedChange,
    Category,
    Change,
    ChangePoint,
    Environment,
    Feature,
    FeatureKey,
    FeatureStatus,
    IterationResult,
    Owner,
    PastResult,
    Run,
    RunOptions,
    RunRole,
    RunState,
    SelfTestResult,
    Series,
    Status,
)
from aicmo_perf.stats.comparison import CommonFactor, RuntimeChange
from tests.report.examples import (
    BASELINE_RUNS,
    MACHINE,
    PAST,
    START,
    item_of,
    make_change,
    make_feature,
    make_judgement,
    make_run,
    with_item,
)

GOLDEN = Path(__file__).parent / "golden"
TRACEBACK = """Traceback (most recent call last):
  File "shop/packagers.py", line 12, in deck
    raise KeyError("[bold]logo[/bold]")
KeyError: '[bold]logo[/bold]'"""


def _iterations(feature: Feature, *statuses: Status, scale: float = 0.0, digests: str = "aaa", **given: object):
    for number, status in enumerate(statuses, start=1):
        measured = scale > 0 and status is Status.PASS
        yield IterationResult(
            feature=feature,
            iteration=number,
            status=status,
            samples_seconds=tuple(scale * factor for factor in (0.98, 1.0, 1.03)) if measured else (),
            first_call_seconds=scale * 20 if measured else None,
            peak_rss_bytes=48_000_000,
            output_digest=f"v1:{digests[(number - 1) % len(digests)]}" if status is Status.PASS else None,
            errors=(TRACEBACK, "two | pipes and\na `backtick`") if status.is_failing else (),
            **given,  # type: ignore[arg-type]
        )


def _status(feature: Feature, *statuses: Status, **given: object) -> FeatureStatus:
    return FeatureStatus.from_iterations(list(_iterations(feature, *statuses, **given)))  # type: ignore[arg-type]


@pytest.fixture
def rich_result() -> SelfTestResult:
    run = make_run(
        12,
        options=RunOptions(iterations=3, selection=("*_generator", "generate_*")),
        label="before release",
        branch="feature/pipes|and`ticks`",
        dirty=True,
        ci_provider="github",
        ci_url="https://ci.example/run/9",
        owner=Owner(hostname="mac-mini", pid=4711, process_started="t1"),
    )
    ok = (Status.PASS,) * 3
    return SelfTestResult(
        run,
        (
            _status(make_feature("persona_generator", critical=True), *ok, scale=0.00123),
            _status(make_feature("swot_generator", critical=True), *ok, scale=0.0000042),
            _status(make_feature("calendar_generator"), Status.PASS, Status.FAIL, Status.PASS, scale=0.01),
            _status(make_feature("pillars_generator"), *ok, scale=0.0021, digests="xyz", warnings=("deprecated <b>",)),
            _status(make_feature("deck", Category.PACKAGER, critical=True), *(Status.ERROR,) * 3),
            _status(make_feature("zip_package", Category.PACKAGER), *ok, scale=1.7),
            _status(make_feature("pdf", Category.PACKAGER), *(Status.SKIP,) * 3, skip_reason="fpdf2 is not installed"),
            _status(make_feature("html", Category.PACKAGER), *(Status.PARTIAL,) * 3),
        ),
    )


@pytest.fixture
def rich_comparison(rich_result: SelfTestResult) -> RunComparison:
    runs = tuple(make_run(number) for number in BASELINE_RUNS)
    items = []
    for status in rich_result.features:
        past_seconds, change, reason = PAST.get(status.name, (None, Change.INCONCLUSIVE, "new"))
        if past_seconds is None:
            items.append(FeatureComparison(feature=status.feature, status=status.status))
            continue
        values = tuple(past_seconds * factor for factor in (0.99, 1.0, 1.012, 1.0, 0.995, 1.003))
        items.append(
            FeatureComparison(
                feature=status.feature,
                status=status.status,
                previous_status=Status.PASS,
                previous_run=runs[-1],
                runtime_seconds=status.runtime_seconds,
                past_runtime_seconds=past_seconds * 1.02,
                level_seconds=status.low_seconds,
                judgement=make_judgement(status.low_seconds, past_seconds, change, reason),
                level=FeatureLevel(runs),
                level_value_runs=runs,
                level_values_seconds=values,
                min_effect_ratio=0.03,
                min_effect_seconds=50e-6,
            )
        )
    return RunComparison(
        baselines=(
            Baseline(suite="aicmo", runs=runs, why="the last 6 complete runs on branch main with the same machine"),
        ),
        features=tuple(items),
        vanished=(make_feature("old_generator", critical=True),),
        common_factor=CommonFactor(
            ratio=1.004, is_clear=False, is_removed=False, feature_count=3, is_machine_difference=False
        ),
    )


@pytest.fixture
def confirmed_comparison(rich_comparison: RunComparison) -> RunComparison:
    """As after re-runs on a slow machine: a common factor, levels that began somewhere, waiting, a tail."""
    persona = item_of(rich_comparison, "persona_generator")
    zipped = item_of(rich_comparison, "zip_package")
    assert persona.judgement is not None
    assert zipped.judgement is not None
    runs = persona.level_value_runs
    started = ChangePoint(
        feature=persona.feature, run=runs[1], previous_run=runs[0],
        before_seconds=0.0012, after_seconds=0.00098, confidence=0.97,
    )  # fmt: skip
    held_back = dataclasses.replace(
        started, run=runs[5], previous_run=runs[4], before_seconds=0.00098, after_seconds=0.0012
    )
    comparison = with_item(
        rich_comparison,
        "persona_generator",
        judgement=dataclasses.replace(persona.judgement, rerun_count=3, rerun_ratio=1.21),
        level=FeatureLevel(runs[1:5], earlier=(runs[:1],), start=started, held_back=held_back),
        level_value_runs=runs[1:5],
        level_values_seconds=persona.level_values_seconds[1:5],
        head_reruns_seconds=(0.00119, 0.0012, 0.00121),
        base_reruns_seconds=(0.00098, 0.00099, 0.00101),
        cpu_ratio=1.01,
        is_waiting=True,
    )
    comparison = with_item(
        comparison,
        "zip_package",
        accepted=AcceptedChange(
            feature=zipped.feature, run=runs[3], accepted_at=START, accepted_by="ann", reason="smaller archives"
        ),
    )
    tail = RuntimeChange(change=Change.REGRESSED, ratio=1.45)
    return dataclasses.replace(
        with_item(comparison, "pillars_generator", tail=tail),
        common_factor=CommonFactor(
            ratio=1.21, is_clear=True, is_removed=True, feature_count=9, is_machine_difference=True
        ),
    )


@pytest.fixture
def paired_comparison(rich_comparison: RunComparison) -> RunComparison:
    """As of a run that was interleaved with another commit."""
    persona = item_of(rich_comparison, "persona_generator")
    assert persona.judgement is not None
    base = make_run(11, role=RunRole.PAIRED_BASE, companion_of=12)
    comparison = with_item(
        rich_comparison,
        "persona_generator",
        judgement=dataclasses.replace(persona.judgement, rerun_count=8, rerun_ratio=1.21, baseline_run_count=1),
        level=None,
        level_value_runs=(),
        level_values_seconds=(),
        head_reruns_seconds=tuple(0.0012 + 0.00001 * number for number in range(8)),
        base_reruns_seconds=tuple(0.00098 + 0.00001 * number for number in range(8)),
    )
    return dataclasses.replace(comparison, baselines=(paired_baseline(make_run(12), "aicmo", base, 8),), is_paired=True)


@pytest.fixture
def recent(rich_result: SelfTestResult) -> dict[FeatureKey, tuple[float | None, ...]]:
    return {
        status.key: (0.001, 0.0011, None, 0.0009, status.runtime_seconds)
        for status in rich_result.features
        if status.runtime_seconds is not None
    }


@pytest.fixture
def minimal_result() -> SelfTestResult:
    """What a caller from Python may have: no commit, no environment, no times, one bare feature."""
    run = Run(uuid="01950000-0000-7000-8000-000000000001", started_at=START)
    return SelfTestResult(run, (FeatureStatus("only", Category.OTHER, Status.PASS),))


@pytest.fixture
def interrupted_result(rich_result: SelfTestResult) -> SelfTestResult:
    run = make_run(13, state=RunState.INTERRUPTED, finished_at=None, options=RunOptions(iterations=3))
    first = _status(make_feature("persona_generator"), Status.PASS, scale=0.5)
    return SelfTestResult(run, (first,))


@pytest.fixture
def history_series() -> tuple[Series, ...]:
    runs = [
        make_run(
            number,
            environment=MACHINE if number != 4 else Environment({"cpu_model": "Xeon"}),
            branch="main" if number % 2 else "fix",
            commit_sha=None if number == 2 else f"{number}" * 40,
        )
        for number in range(1, 9)
    ]
    steady = tuple(
        PastResult(run=run, status=Status.PASS, runtime_seconds=0.002 + 0.0001 * (position % 3), scenario_count=2)
        for position, run in enumerate(runs)
    )
    shaky = tuple(
        PastResult(
            run=run,
            status=Status.ERROR if position == 3 else Status.PASS,
            runtime_seconds=None if position == 3 else 0.1 * (position + 1),
            error_count=int(position == 3),
            is_flaky=position == 5,
            output_varies=position == 6,
        )
        for position, run in enumerate(runs)
        if position != 1
    )
    return (Series(make_feature("persona_generator", critical=True), steady), Series(make_feature("deck"), shaky))


@pytest.fixture
def changes() -> tuple[ChangePoint, ...]:
    """Two features that changed at one commit, one of them also before."""
    return (
        make_change("persona_generator", 7, 0.0024, 0.8, confidence=0.9999),
        make_change("persona_generator", 5, 0.002, 1.18),
        make_change("deck", 7, 0.1, 1.5),
    )


@pytest.fixture
def failed_verdict() -> Verdict:
    persona, deck = make_feature("persona_generator", critical=True), make_feature("deck", critical=True)
    gone = make_feature("old_generator", critical=True)
    return Verdict(
        findings=(
            Finding(rule=Rule.CRITICAL_FAILING, feature=deck, message="deck ended in an error.", advice="Read it."),
            Finding(
                rule=Rule.VANISHED_CRITICAL,
                feature=gone,
                message="old_generator has vanished.",
                advice="Restore it, 100%: now.",
            ),
            Finding(
                rule=Rule.SLOWER,
                feature=persona,
                message="persona_generator takes 1.23 ms against 1.00 ms (+23.0%).",
                advice="Look at 9999999999..cccccccccc.",
            ),
        ),
        notes=("1 feature was inconclusive.",),
        rules=tuple(Rule),
        coverage=Coverage(judged_count=3, inconclusive_count=2, new_count=3, vanished_count=1),
    )


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name; ``UPDATE_GOLDEN=1`` writes the file anew instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
