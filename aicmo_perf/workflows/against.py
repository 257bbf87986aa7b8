"""A run beside another commit's: both versions measured in turns on the same machine, and judged pair by pair.

No history is needed, and a noisy machine is no obstacle, since what disturbs it disturbs both versions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from aicmo_perf.config import Settings
from aicmo_perf.errors import SuiteError
from aicmo_perf.model import RunRole
from aicmo_perf.repository import resolve_commit, worktree
from aicmo_perf.self_test.engine import EngineEvent
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.stats.paired import DEFAULT_PAIR_COUNT
from aicmo_perf.store import open_store
from aicmo_perf.units import count_of, format_seconds
from aicmo_perf.workflows.interrupts import signals_as_descriptor
from aicmo_perf.workflows.judging import JudgedRun, check_gate, judge_run
from aicmo_perf.workflows.liveness import bury_the_dead
from aicmo_perf.workflows.recording import describe_companion, describe_run, planned_run
from aicmo_perf.workflows.run import RunOutcome
from aicmo_perf.workflows.turns import Side, Turns, TurnStarted, collected_by, moved_plan, take_turns, undecided_of


def execute_against(
    settings: Settings,
    ref: str,
    *,
    budget_seconds: float,
    label: str | None = None,
    pull_request: str | None = None,
    relay_output: bool = False,
    on_event: Callable[[EngineEvent | TurnStarted], None] = lambda event: None,
    clock: Callable[[], float] = time.monotonic,
) -> RunOutcome:
    """Measure the user's tree and another commit in turns, persist both, and judge by all rules.

    Args:
        settings: as for execute_run; their iterations and their baseline do not count.
        ref: the other commit: a branch, a tag, a sha, an expression like ``HEAD~1``.
        budget_seconds: no pair is begun that would end later than this, judged by the one before; the first always is.
        label, pull_request, relay_output, on_event: as in execute_run.
        clock: for the budget, in seconds.

    Raises:
        UsageError: the project is in no git repository.
        NotFoundError: there is no such commit.
        SuiteError: a suite cannot be run here, or there is nothing in it that could be compared.
    """
    sha = resolve_commit(settings.project_root, ref)
    version = f"{ref} ({sha[:7]})"
    settings = settings.override(iterations=1, baseline="auto")
    planned = planned_run(settings, relay_output=relay_output)
    notices = list(planned.notices)
    with open_store(settings.db_url) as store, signals_as_descriptor() as interrupt:
        notices += store.notices
        bury_the_dead(store)
        check_gate(store, settings)
        described = describe_run(settings, planned.plan, label=label, pull_request=pull_request)
        with worktree(settings.project_root, sha) as tree:
            base_plan = moved_plan(planned.plan, tree)
            notices += _look_into(planned.plan, base_plan, version, interrupt)
            head = Side(
                store,
                planned.plan,
                lambda: replace(described, role=RunRole.PAIRED_HEAD),
                interrupt=interrupt,
                on_event=on_event,
            )
            base = Side(
                store,
                base_plan,
                lambda: describe_companion(head.run, RunRole.PAIRED_BASE, commit_sha=sha),
                interrupt=interrupt,
                on_event=on_event,
            )

            def judge() -> JudgedRun:
                return judge_run(store, store.result(head.run), settings)

            turns = take_turns(
                head,
                base,
                None,
                lambda: undecided_of(judge()),
                role=RunRole.PAIRED_HEAD,
                most_turns=DEFAULT_PAIR_COUNT,
                budget_seconds=budget_seconds,
                first_seconds=None,
                on_event=on_event,
                clock=clock,
            )
        if not head.has_begun:
            raise KeyboardInterrupt
        return RunOutcome(judge(), (*notices, _summary(turns, version)), turns.interrupted)


def _look_into(head: EnginePlan, base: EnginePlan, version: str, interrupt: int | None) -> list[str]:
    """See that there is something to compare, before anything is measured or stored; what must be said besides.

    Raises: SuiteError when there is not.
    """
    here = collected_by(head, interrupt)
    there = collected_by(base, interrupt)
    if not {feature.key for feature in here.features} & {feature.key for feature in there.features}:
        raise SuiteError(
            " ".join([f"{version} has no feature in common with this version.", *there.missing]),
            "Was the suite added or renamed since? Without --against it is judged by its own history.",
        )
    suites = dict.fromkeys(feature.suite for feature in there.features)
    outside = [suite for suite in suites if suite not in there.suites_inside]
    if len(outside) == len(suites):
        raise SuiteError(
            f"Nothing that {_suites(outside)} imports lies in the repository: it is the same here and in {version}.",
            "Compare versions of a suite that lies in the repository, or that uses code of it.",
        )
    notices = [f"In {version}: {sentence}" for sentence in there.missing]
    if outside:
        notices.append(
            f"The code of {_suites(outside)} lies outside the repository and does not change with {version}."
        )
    return notices


def _suites(names: list[str]) -> str:
    return f"the {'suite' if len(names) == 1 else 'suites'} {', '.join(names)}"


def _summary(turns: Turns, version: str) -> str:
    pairs = count_of(turns.count, "pair")
    text = f"Compared with {version} in {pairs} of processes within {format_seconds(turns.seconds)}"
    if not turns.undecided:
        return f"{text}."
    text += f"; {count_of(len(turns.undecided), 'feature')} could not be decided"
    is_out_of_time = not turns.interrupted and turns.count < DEFAULT_PAIR_COUNT
    return f"{text} within --against-budget." if is_out_of_time else f"{text}."
