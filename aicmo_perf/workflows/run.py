"""One run from end to end: engine, store, comparison, verdict.

Each result is stored the moment it arrives, so that whatever ends the run early, what was finished is kept.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_ci_job, current_commit, current_environment, current_owner
from aicmo_perf.gate import Rule
from aicmo_perf.model import (
    Feature,
    FeatureKey,
    FeatureStatus,
    IterationResult,
    Mode,
    Run,
    RunState,
    time_ordered_uuid,
)
from aicmo_perf.self_test.engine import Collected, EngineEvent, run_engine
from aicmo_perf.self_test.plan import REFERENCE_SUITE, EnginePlan, default_suites
from aicmo_perf.store import Store, open_store
from aicmo_perf.version import __version__
from aicmo_perf.workflows.judging import JudgedRun, check_gate, judge_run
from aicmo_perf.workflows.liveness import bury_the_dead

# A run without the gate is still judged by what it can know without a past.
RULES_WITHOUT_HISTORY = frozenset({Rule.CRITICAL_FAILING, Rule.FLAKY})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A finished or interrupted run.

    Attributes:
        judged: the run, compared and judged; an interrupted one too.
        notices: what else people should know, a sentence each.
    """

    judged: JudgedRun
    notices: tuple[str, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether it was ended early, by Ctrl-C or a signal."""
        return self.judged.result.run.state is RunState.INTERRUPTED


def execute_run(
    settings: Settings,
    *,
    label: str | None = None,
    gate: bool = False,
    relay_output: bool = False,
    on_event: Callable[[EngineEvent], None] = lambda event: None,
) -> RunOutcome:
    """Run the configured suites, persist every result as it arrives, compare and judge.

    Args:
        settings: suites, mode, options, database, gate.
        label: a name for the run.
        gate: judge by all rules that the settings switch on, not only by those that need no past.
        relay_output: pass on what the features print, to standard error.
        on_event: called with each event of the engine, for progress.

    Raises: SuiteError when a suite is missing or has no features; StoreError when the database fails.
    """
    notices: list[str] = []
    suites = settings.suites
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
    with open_store(settings.db_url) as store:
        notices.extend(store.notices)
        bury_the_dead(store)
        check_gate(store, settings)
        run = _record(store, plan, settings, label, on_event)
        judged = judge_run(store, store.result(run), settings, rules=None if gate else RULES_WITHOUT_HISTORY)
    return RunOutcome(judged, tuple(notices))


def _record(
    store: Store, plan: EnginePlan, settings: Settings, label: str | None, on_event: Callable[[EngineEvent], None]
) -> Run:
    """Drive the engine and store what it yields; the run as it ended."""
    run: Run | None = None
    iterations: dict[FeatureKey, list[IterationResult]] = {}
    state = RunState.INTERRUPTED
    started_at = datetime.now(UTC)
    try:
        with _signals_as_descriptor() as interrupt, closing(run_engine(plan, interrupt=interrupt)) as events:
            for event in events:
                if isinstance(event, Collected) and run is None:
                    run = store.start_run(_new_run(plan, settings, label, started_at, event.features))
                elif isinstance(event, IterationResult) and run is not None:
                    earlier = iterations.setdefault(event.feature.key, [])
                    earlier.append(event)
                    store.record(run, event, FeatureStatus.from_iterations(earlier))
                on_event(event)
        state = RunState.COMPLETE
    except KeyboardInterrupt:
        if run is None:
            raise
    finally:
        if run is not None:
            run = store.finish_run(run, state, datetime.now(UTC))
    assert run is not None, "an engine collects before it ends"
    return run


def _new_run(
    plan: EnginePlan, settings: Settings, label: str | None, started_at: datetime, features: tuple[Feature, ...]
) -> Run:
    commit, job = current_commit(settings.project_root), current_ci_job()
    return Run(
        uuid=time_ordered_uuid(time.time_ns() // 1_000_000, os.urandom(10)),
        started_at=started_at,
        mode=plan.mode,
        state=RunState.RUNNING,
        suites=tuple(dict.fromkeys(feature.suite for feature in features)),
        options=plan.options,
        environment=current_environment(),
        commit_sha=commit.sha,
        branch=commit.branch,
        dirty=commit.dirty,
        ci_provider=job.provider,
        ci_url=job.url,
        label=label,
        tool_version=__version__,
        owner=current_owner(),
    )


@contextmanager
def _signals_as_descriptor() -> Iterator[int | None]:
    """A descriptor that becomes readable by Ctrl-C or SIGTERM, which CI sends to a cancelled job; None in a thread.

    A signal that raised just anywhere would undo the result being stored. A second one does raise, for a user whose
    first was not answered.
    """
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    readable, writable = os.pipe()

    def pass_on(signum: int, frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, raise_interrupt)
        os.write(writable, b"x")

    def raise_interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield readable
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
