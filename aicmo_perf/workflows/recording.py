"""Storing a run as it goes: each result the moment it arrives, so that whatever ends it, what was finished is kept.

A run under judgement and the companions that help to judge it are recorded alike; what they have in common (machine,
CI job, writing process) is looked up once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_ci_job, current_commit, current_environment, current_owner
from aicmo_perf.model import (
    Feature,
    FeatureKey,
    FeatureStatus,
    Iteration,
    IterationResult,
    Mode,
    Run,
    RunRole,
    RunState,
    time_ordered_uuid,
)
from aicmo_perf.self_test.engine import Collected, EngineEvent, IterationEnded, IterationStarted
from aicmo_perf.self_test.plan import REFERENCE_SUITE, EnginePlan, default_suites
from aicmo_perf.store import Store
from aicmo_perf.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """What is to run, and what people should know of the choice.

    Attributes:
        plan: for the engine.
        notices: a sentence each.
    """

    plan: EnginePlan
    notices: tuple[str, ...] = ()


def planned_run(settings: Settings, *, relay_output: bool = False) -> PlannedRun:
    """The engine's plan for what is configured; the announced suites, or the reference suite, when nothing is."""
    suites, notices = settings.suites, []
    if not suites and not settings.discover:
        suites = default_suites()
        if suites == (REFERENCE_SUITE,):
            notices.append(
                "No suite is named or configured: this ran the reference suite; 'aicmo-perf init' sets up your own."
            )
    plan = EnginePlan(
        suites=suites,
        discover=settings.discover,
        mode=Mode.DETERMINISTIC if settings.deterministic else Mode.LIVE,
        options=settings.options,
        project_root=settings.project_root,
        relay_output=relay_output,
    )
    return PlannedRun(plan=plan, notices=tuple(notices))


def describe_run(
    settings: Settings, plan: EnginePlan, *, label: str | None = None, pull_request: str | None = None
) -> Run:
    """A run that begins now, in the user's tree.

    Args:
        settings: whose tree.
        plan: what is run.
        label: a name for it.
        pull_request: which one is measured; None for the one that CI says, if any.
    """
    commit, job = current_commit(settings.project_root), current_ci_job()
    return Run(
        uuid=_new_uuid(),
        started_at=datetime.now(UTC),
        mode=plan.mode,
        state=RunState.RUNNING,
        options=plan.options,
        environment=current_environment(),
        commit_sha=commit.sha,
        branch=commit.branch,
        dirty=commit.dirty,
        ci_provider=job.provider,
        ci_url=job.url,
        pull_request=pull_request or job.pull_request,
        label=label,
        tool_version=__version__,
        owner=current_owner(),
    )


def describe_companion(run: Run, role: RunRole, *, commit_sha: str | None = None) -> Run:
    """A run that begins now and helps to judge a stored one.

    Args:
        run: the one to judge.
        role: what the companion is for.
        commit_sha: of the other version that it measures; None for the run's own tree.
    """
    companion = replace(
        run,
        uuid=_new_uuid(),
        started_at=datetime.now(UTC),
        finished_at=None,
        state=RunState.RUNNING,
        role=role,
        companion_of=run.id,
        label=None,
        owner=current_owner(),
        id=None,
    )
    return (
        companion
        if commit_sha is None
        else replace(companion, commit_sha=commit_sha, branch=None, dirty=False, pull_request=None)
    )


class Recording:
    """A run on its way into the store: it is there from the moment its features are known.

    Args:
        store: where to.
        describe: the run, when it begins; its suites are those of the features.
    """

    def __init__(self, store: Store, describe: Callable[[], Run]) -> None:
        self._store = store
        self._describe = describe
        self._run: Run | None = None
        self._iterations: dict[int, Iteration] = {}
        self._results: dict[FeatureKey, list[IterationResult]] = {}

    @property
    def has_begun(self) -> bool:
        """Whether the run is in the store."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """The run as it is stored, once it has begun."""
        assert self._run is not None, "a run is stored from its first features on"
        return self._run

    @property
    def features(self) -> tuple[Feature, ...]:
        """Those that have results, in the order in which they came to have them."""
        return tuple(results[0].feature for results in self._results.values())

    @property
    def iterations(self) -> tuple[Iteration, ...]:
        """Those that were begun, by number."""
        return tuple(self._iterations[number] for number in sorted(self._iterations))

    @property
    def results(self) -> Mapping[FeatureKey, Sequence[IterationResult]]:
        """What the iterations said of each feature."""
        return self._results

    def take(self, event: EngineEvent) -> None:
        """Store what an event of the engine tells; it is safe when this returns."""
        match event:
            case IterationStarted(iteration) | IterationEnded(iteration):
                self._iterations[iteration.number] = iteration
                if self._run is not None:
                    self._store.record_iteration(self._run, iteration)
            case Collected(features=features) if self._run is None:
                suites = dict.fromkeys(feature.suite for feature in features)
                self._run = self._store.start_run(replace(self._describe(), suites=tuple(suites)))
                for iteration in self._iterations.values():
                    self._store.record_iteration(self._run, iteration)
            case IterationResult():
                results = self._results.setdefault(event.feature.key, [])
                results.append(event)
                self._store.record(self.run, event, FeatureStatus.from_iterations(results))

    def finish(self, state: RunState) -> None:
        """End the run, if it has begun."""
        if self._run is not None:
            self._run = self._store.finish_run(self._run, state, datetime.now(UTC))


def _new_uuid() -> str:
    return time_ordered_uuid(time.time_ns() // 1_000_000, os.urandom(10))
