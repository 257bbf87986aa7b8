"""The parts that example values are made of."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import Category, Change, ChangePoint, Environment, Feature, Mode, Run
from aicmo_perf.stats.comparison import RuntimeChange

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


# by name: the baseline's low quantile in seconds, the change, its reason
PAST: dict[str, tuple[float, Change, str]] = {
    "persona_generator": (0.00098, Change.REGRESSED, ""),
    "swot_generator": (0.0000040, Change.INCONCLUSIVE, "too short to judge (under 10 µs)"),
    "pillars_generator": (0.00206, Change.UNCHANGED, ""),
    "deck": (0.245, Change.INCONCLUSIVE, "it ended in an error"),
    "zip_package": (2.35, Change.IMPROVED, ""),
}
BASELINE_RUNS = (3, 5, 6, 7, 8, 9)


def make_judgement(low_seconds: float | None, past_seconds: float, change: Change, reason: str) -> RuntimeChange:
    is_judged = change is not Change.INCONCLUSIVE
    return RuntimeChange(
        change=change,
        reason=reason,
        baseline_run_count=len(BASELINE_RUNS),
        baseline_seconds=past_seconds,
        ratio=low_seconds / past_seconds if low_seconds is not None else None,
        spread_ratio=0.015 if is_judged else None,
        own_spread_ratio=0.012 if is_judged else None,
        suite_spread_ratio=0.019 if is_judged else None,
        degrees=6.0 if is_judged else None,
        t={Change.REGRESSED: 13.6, Change.IMPROVED: 22.5}.get(change, 0.1) if is_judged else None,
        p_slower={Change.REGRESSED: 0.0004, Change.IMPROVED: 0.9999}.get(change, 0.4) if is_judged else None,
        p_faster={Change.REGRESSED: 0.9996, Change.IMPROVED: 0.00001}.get(change, 0.6) if is_judged else None,
        adjusted_p=0.0012 if change is Change.REGRESSED else 0.6 if is_judged else None,
        bh_rank=1 if change is Change.REGRESSED else 2 if is_judged else None,
        critical_p=0.0333 if is_judged else None,
        smallest_visible_ratio=1.06 if is_judged else None,
    )


def with_item(comparison: RunComparison, name: str, **changes: object) -> RunComparison:
    """The comparison with one feature's values replaced."""
    items = tuple(
        dataclasses.replace(item, **changes) if item.feature.name == name else item  # type: ignore[arg-type]
        for item in comparison.features
    )
    return dataclasses.replace(comparison, features=items)


def item_of(comparison: RunComparison, name: str) -> FeatureComparison:
    return next(item for item in comparison.features if item.feature.name == name)


def make_change(name: str, run: int, before_seconds: float, ratio: float, *, confidence: float = 0.97) -> ChangePoint:
    return ChangePoint(
        feature=make_feature(name),
        run=make_run(run),
        previous_run=make_run(run - 1 if name != "deck" else run - 2),
        before_seconds=before_seconds,
        after_seconds=before_seconds * ratio,
        confidence=confidence,
    )
