"""Example values: a rich run with every kind of trouble beside its baseline, a minimal one, and a history."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate import Coverage, Finding, Rule, Verdict
from aicmo_perf.model import (
    Category,
    Change,
    ChangePoint,
    Environment,
    Feature,
    FeatureKey,
    FeatureStatus,
    IterationResult,
    Mode,
    Owner,
    PastResult,
    Run,
    RunOptions,
    RunState,
    SelfTestResult,
    Series,
    Status,
)

START = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
MACHINE = Environment(
    {
        "cpu_model": "Apple M2",
        "cpu_count": 8,
        "architecture": "arm64",
        "system": "Darwin",
        "python_implementation": "CPython",
        "python_version": "3.12.1",
        "hostname": "mac|mini",
    }
)
GOLDEN = Path(__file__).parent / "golden"
TRACEBACK = """Traceback (most recent call last):
  File "shop/packagers.py", line 12, in deck
    raise KeyError("[bold]logo[/bold]")
KeyError: '[bold]logo[/bold]'"""


def make_run(number: int, **changes: object) -> Run:
    values: dict[str, object] = {
        "id": number,
        "uuid": f"0195{number:04x}-0000-7000-8000-{number:012x}",
        "started_at": START + timedelta(hours=number),
        "finished_at": START + timedelta(hours=number, seconds=12.345),
        "mode": Mode.DETERMINISTIC,
        "suites": ("aicmo",),
        "environment": MACHINE,
        "commit_sha": f"{number:x}" * 40 if number < 16 else f"{number:040x}",
        "branch": "main",
        "dirty": False,
        "tool_version": "0.1.0",
    }
    return Run(**{**values, **changes})  # type: ignore[arg-type]


def make_feature(name: str, category: Category = Category.GENERATOR, *, critical: bool = False) -> Feature:
    return Feature(
        suite="aicmo", qualified_name=f"shop.features.{name}", name=name, category=category, critical=critical
    )


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
    runs = tuple(make_run(number) for number in (3, 5, 6, 7, 8, 9))
    past: dict[str, tuple[float, Change, str]] = {
        "persona_generator": (0.0010, Change.REGRESSED, ""),
        "swot_generator": (0.0000041, Change.INCONCLUSIVE, "too short to judge (under 10 µs)"),
        "pillars_generator": (0.0021, Change.UNCHANGED, ""),
        "deck": (0.25, Change.INCONCLUSIVE, "it fails now"),
        "zip_package": (2.4, Change.IMPROVED, ""),
    }
    items = []
    for status in rich_result.features:
        before, change, reason = past.get(status.name, (None, Change.INCONCLUSIVE, "new"))
        now = status.runtime_seconds
        items.append(
            FeatureComparison(
                feature=status.feature,
                status=status.status,
                previous_status=Status.PASS if before is not None else None,
                previous_run=runs[-1] if before is not None else None,
                runtime_seconds=now,
                baseline_seconds=before,
                baseline_run_count=6 if before is not None else 0,
                ratio=now / before if now is not None and before is not None else None,
                change=change,
                reason=reason,
                p_value=0.001 if change is Change.REGRESSED else None,
            )
        )
    return RunComparison(
        baselines=(
            Baseline(suite="aicmo", runs=runs, why="the last 6 complete runs on branch main with the same machine"),
        ),
        features=tuple(items),
        vanished=(make_feature("old_generator", critical=True),),
    )


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


def make_change(name: str, run: int, before_seconds: float, ratio: float, *, confidence: float = 0.97) -> ChangePoint:
    return ChangePoint(
        feature=make_feature(name),
        run=make_run(run),
        previous_run=make_run(run - 1 if name != "deck" else run - 2),
        before_seconds=before_seconds,
        after_seconds=before_seconds * ratio,
        confidence=confidence,
    )


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
