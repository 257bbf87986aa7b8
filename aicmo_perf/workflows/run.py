"""One run from end to end: engine, store, causes, retries, comparison, re-runs of the suspects, verdict."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure, SuiteError
from aicmo_perf.gate import Rule
from aicmo_perf.model import RunState
from aicmo_perf.self_test.engine import EngineEvent, run_engine
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.store import open_store
from aicmo_perf.workflows.confirm import Confirmation, ConfirmBudget, Timetable, confirm_suspects
from aicmo_perf.workflows.flakiness_check import FlakinessCheck, TrialStarted
from aicmo_perf.workflows.interrupts import signals_as_descriptor
from aicmo_perf.workflows.judging import JudgedRun, check_gate, judge_run
from aicmo_perf.workflows.liveness import bury_the_dead
from aicmo_perf.workflows.recording import Recording, describe_run, planned_run
from aicmo_perf.workflows.retries import retry_failures
from aicmo_perf.workflows.turns import TurnStarted

# A run without the gate is still judged by what it can know without a past.
RULES_WITHOUT_HISTORY = frozenset({Rule.CRITICAL_FAILING, Rule.FLAKY})


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A finished or interrupted run.

    Attributes:
        judged: the run, compared and judged; an interrupted one too.
        notices: what else people should know, a sentence each.
        interrupted: whether it was ended early by Ctrl-C or a signal, or what came after it: the search for causes,
            the retries, the re-runs that were to confirm it.
    """

    judged: JudgedRun
    notices: tuple[str, ...] = ()
    interrupted: bool = False


def execute_run(
    settings: Settings,
    *,
    label: str | None = None,
    pull_request: str | None = None,
    gate: bool = False,
    relay_output: bool = False,
    on_event: Callable[[EngineEvent | TrialStarted | TurnStarted], None] = lambda event: None,
) -> RunOutcome:
    """Run the configured suites, persist every result as it arrives, compare and judge.

    A flakiness check goes on until its rate is excluded, if it has one, and looks for the causes of what it found.

    Args:
        settings: suites, mode, options, database, gate.
        label: a name for the run.
        pull_request: which one is measured; None for the one that CI says, if any.
        gate: judge by all rules that the settings switch on, not only by those that need no past, retry what failed,
            and confirm what looks slower by re-runs.
        relay_output: pass on what the features print, to standard error.
        on_event: called with each event of the engine, and as each trial and each re-run begins, for progress.

    Raises: SuiteError when a suite is missing or has no features; StoreError when the database fails.
    """
    planned = planned_run(settings, relay_output=relay_output)
    notices = list(planned.notices)
    # a budget that makes no sense is refused before anything is measured
    budget = ConfirmBudget.parse(settings.gate.confirm_budget)
    with open_store(settings.db_url) as store, signals_as_descriptor() as interrupt:
        notices += store.notices
        bury_the_dead(store)
        check_gate(store, settings)
        described = describe_run(settings, planned.plan, label=label, pull_request=pull_request)
        if gate and not budget.is_none:
            described = replace(described, options=replace(described.options, confirmed=True))
        timetable = Timetable()

        def pass_on(event: EngineEvent) -> None:
            timetable.note(event)
            on_event(event)

        recording = Recording(store, lambda: described)
        check = None
        if planned.plan.options.flakiness_check:
            check = FlakinessCheck(store, recording, planned.plan, settings, interrupt=interrupt, on_event=on_event)
        interrupted = _record(recording, planned.plan, check, interrupt, pass_on) is RunState.INTERRUPTED
        if check is not None:
            interrupted = interrupted or not check.explain()
            notices += check.notices
        if gate and not interrupted:
            retries = retry_failures(store, recording, planned.plan, settings, interrupt=interrupt, on_event=on_event)
            notices += retries.notices
            interrupted = retries.interrupted
        result = store.result(recording.run)
        if gate and not interrupted:
            try:
                confirmation = confirm_suspects(
                    store, result, planned.plan, settings, budget, timetable, interrupt=interrupt, on_event=on_event
                )
            except (SuiteError, EnvironmentFailure) as error:
                # the run itself is complete, and is judged without
                confirmation = Confirmation(notices=(f"The suspects could not be re-run: {error.message}",))
            notices += confirmation.notices
            interrupted = confirmation.interrupted
        judged = judge_run(store, result, settings, rules=None if gate else RULES_WITHOUT_HISTORY)
    return RunOutcome(judged, tuple(notices), interrupted)


def _record(
    recording: Recording,
    plan: EnginePlan,
    check: FlakinessCheck | None,
    interrupt: int | None,
    on_event: Callable[[EngineEvent], None],
) -> RunState:
    """Drive the engine and store what it yields; the state in which the run ended."""
    state = RunState.INTERRUPTED
    try:
        with closing(run_engine(plan, interrupt=interrupt)) as events:
            for event in events:
                recording.take(event)
                on_event(event)
        if check is not None and plan.options.until_rate is not None:
            check.exclude(plan.options.until_rate)
        state = RunState.COMPLETE
    except KeyboardInterrupt:
        if not recording.has_begun:
            raise
    finally:
        recording.finish(state)
    return state
