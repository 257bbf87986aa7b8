"""Runs the planted suite through a whole flakiness check, and says what was found rightly and what wrongly."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aicmo_perf.flakiness.diagnosis import diagnose
from aicmo_perf.flakiness.evidence import inconsistent
from aicmo_perf.model import Feature, FeatureKey, FlakinessFinding, Iteration, IterationResult, Mode, RunOptions, Trial
from aicmo_perf.self_test.bench import EngineBench
from aicmo_perf.self_test.engine import Collected, IterationEnded, run_engine
from aicmo_perf.self_test.load import usable_cpu_count
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.possibilities import possibilities
from aicmo_perf.workflows.flakiness_check import default_budget_seconds
from tests.flakiness_suite.table import DRAWING, PLANTED, Planted

PROJECT = Path(__file__).parent / "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check of a suite came to.

    Attributes:
        found: qualified names of the features that are inconsistent.
        findings: why, by qualified name; none when nobody looked.
        planted: what could have shown here.
        feature_count: of the suite.
        iterations: as they were run.
        trial_count: runs of some features, made in order to find causes.
        trial_seconds: how long these took.
    """

    found: frozenset[str]
    findings: dict[str, FlakinessFinding]
    planted: tuple[Planted, ...]
    feature_count: int
    iterations: tuple[Iteration, ...]
    trial_count: int
    trial_seconds: float

    @property
    def missed(self) -> list[str]:
        """What shows for certain, and was not found."""
        return [one.name for one in self.planted if one.is_certain and one.name not in self.found]

    @property
    def accused(self) -> list[str]:
        """What was found and agrees with itself."""
        known = {one.name for one in self.planted}
        return sorted(self.found - known)

    @property
    def misjudged(self) -> list[str]:
        """What was found, and not for what it is: the qualified name, and what is said of it."""
        return [
            f"{one.name}: {describe(self.findings[one.name])}"
            for one in self.planted
            if one.name in self.findings and not _is_right(self.findings[one.name], one)
        ]


def check(
    folder: Path,
    seed: int,
    *,
    live: bool = False,
    selection: Sequence[str] = (),
    iterations: int = 10,
    explain: bool = True,
) -> Checked:
    """Check the planted suite, or in live mode the one that draws, in a copy of the project.

    Args:
        folder: where the copy is made; it must not hold one yet.
        seed: of the design.
        live: whether in live mode.
        selection: globs that choose features; all if empty.
        iterations: how many.
        explain: whether causes are looked for.
    """
    root = folder / "project"
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns("__pycache__"))
    plan = EnginePlan(
        suites=("drawing" if live else "planted",),
        mode=Mode.LIVE if live else Mode.DETERMINISTIC,
        options=RunOptions(
            iterations=iterations,
            flakiness_check=True,
            seed=seed,
            selection=tuple(selection),
            warmup_count=0,
            min_sample_count=2,
            min_sampling_seconds=0.0,
            timeout_seconds=300.0,
        ),
        project_root=root,
    )
    trials: list[Trial] = []
    bench = EngineBench(plan, on_trial=trials.append)
    features: dict[FeatureKey, Feature] = {}
    results: dict[FeatureKey, list[IterationResult]] = {}
    ended: list[Iteration] = []
    with closing(run_engine(plan)) as events:
        for event in events:
            match event:
                case Collected(features=found):
                    features = features or {feature.key: feature for feature in found}
                case IterationResult():
                    results.setdefault(event.feature.key, []).append(event)
                case IterationEnded(iteration=iteration):
                    ended.append(iteration)
                case _:
                    pass
    began = time.monotonic()
    # what people get who say nothing of it
    deadline = began + default_budget_seconds(ended[0].duration_seconds or 0.0, len(inconsistent(results)))
    findings: tuple[FlakinessFinding, ...] = ()
    if explain:
        findings = diagnose(
            list(features.values()),
            ended,
            results,
            bench,
            cpu_count=usable_cpu_count(),
            may_go_on=lambda: time.monotonic() < deadline,
        )
    return Checked(
        found=frozenset(name for _, name in inconsistent(results)),
        findings={finding.feature.qualified_name: finding for finding in findings},
        planted=_that_can_show(plan, DRAWING if live else PLANTED, features),
        feature_count=len(features),
        iterations=tuple(ended),
        trial_count=len(trials),
        trial_seconds=time.monotonic() - began,
    )


def _that_can_show(
    plan: EnginePlan, planted: Sequence[Planted], features: dict[FeatureKey, Feature]
) -> tuple[Planted, ...]:
    possible = possibilities(plan)
    able = {
        "": True,
        "clock": possible.clock,
        "locales": bool(possible.locales),
        "cpu_count": possible.cpu_count > 1,
        "random_seed": possible.random_seed,
    }
    names = {feature.qualified_name for feature in features.values()}
    return tuple(one for one in planted if able[one.needs] and {one.name, *one.features} <= names)


def _is_right(finding: FlakinessFinding, planted: Planted) -> bool:
    """Whether the causes are those that are planted, and of an order the role and the features too."""
    if not planted.is_certain and planted.role is None:
        return any(frozenset(one.causes) in planted.explanations for one in finding.explanations)
    ordered = [one for one in finding.explanations if one.role is not None]
    return (
        finding.inconsistency is planted.inconsistency
        and {frozenset(one.causes) for one in finding.explanations} == planted.explanations
        and {one.role for one in ordered} == ({planted.role} if planted.role else set())
        and all({name for _, name in one.features} == planted.features for one in ordered)
    )


def describe(finding: FlakinessFinding) -> str:
    """A finding in one line."""
    parts = []
    for one in finding.explanations:
        names = ", ".join(name for _, name in one.features)
        role = f" ({one.role}: {names})" if one.role else f" ({names})" if names else ""
        parts.append(" and ".join(one.causes) + role + (f" [{one.detail}]" if one.detail else ""))
    return f"{finding.inconsistency} differs in {list(finding.iterations)}: " + ("; or ".join(parts) or "nothing")
