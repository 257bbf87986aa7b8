"""Storing a run as it goes: each result the moment it arrives, so that whatever ends it, what was finished is kept.

A run under judgement and the companions that help to judge it are recorded alike; what they have in common (machine,
CI job, writing process) is looked up once.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_ci_job, current_commit, current_environment, current_owner
from aicmo_perf.model import FeatureKey, FeatureStatus, IterationResult, Mode, Run, RunRole, RunState, time_ordered_uuid
from aicmo_perf.self_test.engine import Collected
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
    """A run on its way into the store.

    Args:
        store: where to.
        run: as it is described; its suites are those of the features.
        collected: the features of its first iteration.

    Attributes:
        run: as it is stored.
    """

    def __init__(self, store: Store, run: Run, collected: Collected) -> None:
        suites = dict.fromkeys(feature.suite for feature in collected.features)
        self._store = store
        self._iterations: dict[FeatureKey, list[IterationResult]] = {}
        self.run = store.start_run(replace(run, suites=tuple(suites)))

    def add(self, result: IterationResult) -> None:
        """Store what an iteration said of a feature."""
        earlier = self._iterations.setdefault(result.feature.key, [])
        earlier.append(result)
        self._store.record(self.run, result, FeatureStatus.from_iterations(earlier))

    def finish(self, state: RunState) -> Run:
        """End the run."""
        self.run = self._store.finish_run(self.run, state, datetime.now(UTC))
        return self.run


def _new_uuid() -> str:
    return time_ordered_uuid(time.time_ns() // 1_000_000, os.urandom(10))
