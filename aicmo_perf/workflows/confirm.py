"""Confirming the suspects of a gated run: they are re-run in fresh processes before anybody is told that they changed.

One run alone cannot be both quiet and powerful: at a hundred features, some look slower by chance nearly every time.
Re-running those few can. Where the code of the baseline is at hand, it takes turns with the new one, so that a machine
that is slow today slows both. Re-runs are stored as companions of the run, so that a later look at it has them too.

The code of the baseline is that of the newest run in which the suspects were as fast as their levels are
(`aicmo_perf.comparison.rerun_base`), of those without uncommitted changes whose commit the repository still has. It is
checked out even if it is the very commit that was run, since files that git does not know may have changed in between.
Suspects of another level, and suites that no code of the repository has a part in, are re-run alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from aicmo_perf.comparison import RerunBase, rerun_base
from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure, NotFoundError, SuiteError, UsageError
from aicmo_perf.model import FeatureKey, IterationResult, Run, RunRole, SelfTestResult
from aicmo_perf.repository import has_commit, worktree
from aicmo_perf.self_test.engine import Collected, EngineEvent, IterationStarted, Started
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.store import Store
from aicmo_perf.units import count_of, format_seconds, parse_ratio, parse_seconds
from aicmo_perf.workflows.judging import JudgedRun, judge_run
from aicmo_perf.workflows.recording import describe_companion
from aicmo_perf.workflows.turns import Side, Turns, TurnStarted, collected_by, moved_plan, take_turns, undecided_of

LEAST_SHARE_SECONDS = 10.0
"""What a share of the run's time is worth at least: nobody minds these seconds, and half of a run that takes two would
not let a single re-run begin."""


@dataclass(frozen=True, slots=True)
class ConfirmBudget:
    """How much longer re-runs may make a run.

    Attributes:
        share: of the run's own time, though never less than LEAST_SHARE_SECONDS; None for a fixed time.
        fixed_seconds: when there is no share.
    """

    share: float | None = None
    fixed_seconds: float = 0.0

    @classmethod
    def parse(cls, text: str) -> ConfirmBudget:
        """From a share like ``50%``, or a duration like ``30s``; ``0`` switches re-runs off.

        Raises: UsageError when it is neither.
        """
        try:
            return cls(share=parse_ratio(text)) if "%" in text else cls(fixed_seconds=parse_seconds(text))
        except UsageError as error:
            raise UsageError(
                f"{text!r} is no time for confirming.", "Write a share of the run's time like 50%, or one like 30s."
            ) from error

    @property
    def is_none(self) -> bool:
        """Whether it allows no re-run of any run."""
        return not (self.fixed_seconds if self.share is None else self.share)

    def seconds_for(self, run_seconds: float) -> float:
        """What it allows for a run that took so long; 0 for no re-runs."""
        if self.share is None:
            return self.fixed_seconds
        return max(self.share * run_seconds, LEAST_SHARE_SECONDS) if self.share > 0 else 0.0


class Timetable:
    """How long the parts of a run took, to tell beforehand how long re-running some will.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._feature_began = self._began
        self._start_up_seconds: float | None = None
        self._is_measured = True
        self._feature_seconds: dict[FeatureKey, float] = {}

    def note(self, event: EngineEvent) -> None:
        """Take an event of the run as it arrives."""
        now = self._clock()
        if isinstance(event, Collected) and self._start_up_seconds is None:
            self._start_up_seconds = now - self._began
        elif isinstance(event, IterationStarted):
            # what is but judged is over sooner
            self._is_measured = event.iteration.planned.is_measured
        elif isinstance(event, Started):
            self._feature_began = now
        elif isinstance(event, IterationResult) and self._is_measured:
            self._feature_seconds[event.feature.key] = now - self._feature_began

    def expected_seconds(self, features: Sequence[FeatureKey]) -> float:
        """How long one process will take that exercises these."""
        return (self._start_up_seconds or 0.0) + sum(self._feature_seconds.get(key, 0.0) for key in features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How the confirming went.

    Attributes:
        notices: what people should know, a sentence each.
        interrupted: whether it was ended early, by Ctrl-C or a signal.
    """

    notices: tuple[str, ...] = ()
    interrupted: bool = False


def confirm_suspects(
    store: Store,
    result: SelfTestResult,
    plan: EnginePlan,
    settings: Settings,
    budget: ConfirmBudget,
    timetable: Timetable,
    *,
    interrupt: int | None,
    on_event: Callable[[EngineEvent | TurnStarted], None],
    clock: Callable[[], float] = time.monotonic,
) -> Confirmation:
    """Re-run the features of a complete run that look slower, until none needs it or the budget is spent.

    No re-run is begun that would end after the budget, judged by the one before; the first one by how long its
    features took in the run itself.

    Args:
        store: where the run is, and where its re-runs go.
        result: the run.
        plan: how it was run.
        settings: with the gate's, which decide who is a suspect.
        budget: how long it may take.
        timetable: of the run.
        interrupt, on_event: as in execute_run.
        clock: for the budget, in seconds.
    """
    run = result.run
    took_seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at is not None else 0.0
    budget_seconds = budget.seconds_for(took_seconds)
    if not budget_seconds:
        return Confirmation()

    def judge() -> JudgedRun:
        return judge_run(store, result, settings, confirming=True)

    judged = judge()
    suspects = undecided_of(judged)
    if not suspects:
        return Confirmation()
    began = clock()
    process_seconds = timetable.expected_seconds(suspects)
    make_side = partial(Side, store, interrupt=interrupt, on_event=on_event)
    head = make_side(plan, lambda: describe_companion(run, RunRole.RERUN_HEAD))
    base: Side | None = None
    notices: list[str] = []
    with ExitStack() as stack:
        chosen = _rerun_base(judged, settings)
        sha = chosen.run.commit_sha if chosen is not None else None
        # to look into it takes a process of its own, which measures nothing
        pair_seconds = timetable.expected_seconds(()) + 2 * process_seconds
        if chosen is not None and sha is not None and pair_seconds <= budget_seconds:
            try:
                tree = stack.enter_context(worktree(settings.project_root, sha))
                base_plan = moved_plan(plan, tree)
                there = collected_by(base_plan, interrupt)
            except (SuiteError, NotFoundError, EnvironmentFailure) as error:
                notices.append(f"The baseline's code could not be re-run: {error.message}")
            except KeyboardInterrupt:
                return Confirmation(notices=(_INTERRUPTED,), interrupted=True)
            else:
                inside = {each.key for each in there.features if each.suite in there.suites_inside}
                base = make_side(
                    base_plan,
                    lambda: describe_companion(run, RunRole.RERUN_BASE, commit_sha=sha),
                    features=inside.intersection(chosen.features),
                )
        budget_seconds -= clock() - began
        turns = take_turns(
            head,
            base,
            suspects,
            lambda: undecided_of(judge()),
            role=RunRole.RERUN_HEAD,
            most_turns=judged.comparison.policy.max_rerun_count,
            budget_seconds=budget_seconds,
            first_seconds=process_seconds * (1 if base is None else 2),
            on_event=on_event,
            clock=clock,
        )
    notices.append(_INTERRUPTED if turns.interrupted else _summary(turns, len(suspects), base, sha))
    return Confirmation(notices=tuple(notices), interrupted=turns.interrupted)


_INTERRUPTED = "The suspects' re-runs were cut short; the measuring before them is complete."


def _summary(turns: Turns, suspect_count: int, base: Side | None, sha: str | None) -> str:
    whom = count_of(suspect_count, "suspect")
    if not turns.count:
        return f"Confirming {whom} would take longer than --confirm-budget allows; this run alone was judged."
    beside = (
        f" beside the baseline's code ({sha[:7]})" if sha is not None and base is not None and base.has_begun else ""
    )
    text = f"Re-ran {whom} {count_of(turns.count, 'time')}{beside} within {format_seconds(turns.seconds)}"
    if turns.undecided:
        return f"{text}; {len(turns.undecided)} could not be confirmed within --confirm-budget."
    return f"{text}."


def _rerun_base(judged: JudgedRun, settings: Settings) -> RerunBase | None:
    """The code of the baseline that suspects are re-run beside; None if none without uncommitted changes is at hand."""

    def is_at_hand(run: Run) -> bool:
        return run.commit_sha is not None and not run.dirty and has_commit(settings.project_root, run.commit_sha)

    return rerun_base([item for item in judged.comparison.features if item.wants_rerun], is_at_hand)
