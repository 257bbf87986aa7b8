"""The engine's door for callers from Python: one call, one result, nothing stored and nothing printed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aicmo_perf.model import (
    DiscoverRule,
    FeatureKey,
    FeatureStatus,
    Iteration,
    IterationResult,
    Mode,
    Run,
    RunOptions,
    SelfTestResult,
    time_ordered_uuid,
)
from aicmo_perf.self_test.engine import IterationEnded, run_engine
from aicmo_perf.self_test.plan import EnginePlan, default_suites
from aicmo_perf.version import __version__


class SelfTestOrchestrator:
    """Runs suites and says what became of each feature.

    Args:
        suites: as in EnginePlan; when there are neither suites nor rules, as ``default_suites`` says.
        discover: rules for code that is not decorated.
        project_root: where the workers start; the current directory by default.
        options: how to measure.
    """

    def __init__(
        self,
        suites: Sequence[str] | None = None,
        *,
        discover: Sequence[DiscoverRule] = (),
        project_root: str | os.PathLike[str] | None = None,
        options: RunOptions | None = None,
    ) -> None:
        if suites is None:
            suites = () if discover else default_suites()
        self._suites = tuple(suites)
        self._discover = tuple(discover)
        self._project_root = Path.cwd() if project_root is None else Path(project_root)
        self._options = options or RunOptions()

    def run_self_test(
        self, quick_mode: bool = True, deterministic: bool = False, flakiness_check: bool = False
    ) -> SelfTestResult:
        """Exercise every feature; the caller's process and environment stay as they are.

        Args:
            quick_mode: the first two scenarios of each feature only.
            deterministic: fixed seeds, no network, no LLM.
            flakiness_check: three iterations, each in a fresh process, in deterministic mode: a plain one, one that
                changes what must not matter, and the first one again; their signatures are compared in
                ``flakiness_check_results``.

        Raises:
            SuiteError: a suite cannot be found, or a suite or a rule has no features.
            NotFoundError: the selection in the options matches nothing.
        """
        options = self._options.for_flakiness_check() if flakiness_check else self._options
        plan = EnginePlan(
            suites=self._suites,
            discover=self._discover,
            mode=Mode.DETERMINISTIC if deterministic or flakiness_check else Mode.LIVE,
            options=replace(options, quick=quick_mode),
            project_root=self._project_root,
        )
        started_at = datetime.now(UTC)
        results: dict[FeatureKey, list[IterationResult]] = {}
        iterations: list[Iteration] = []
        with closing(run_engine(plan)) as events:
            for event in events:
                if isinstance(event, IterationResult):
                    results.setdefault(event.feature.key, []).append(event)
                elif isinstance(event, IterationEnded):
                    iterations.append(event.iteration)
        run = Run(
            uuid=time_ordered_uuid(time.time_ns() // 1_000_000, os.urandom(10)),
            started_at=started_at,
            finished_at=datetime.now(UTC),
            mode=plan.mode,
            suites=tuple(dict.fromkeys(suite for suite, _ in results)),
            options=plan.options,
            tool_version=__version__,
        )
        features = tuple(FeatureStatus.from_iterations(each) for each in results.values())
        return SelfTestResult(run, features, tuple(iterations))
