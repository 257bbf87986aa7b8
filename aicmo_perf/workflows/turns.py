"""Measuring two versions in turns: head base base head, each time in a fresh process.

What disturbs the machine disturbs both sides of a pair, and since the order alternates, no drift favours one side. A
feature that is decided is left out of further turns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace

from aicmo_perf.model import FeatureKey, Run, RunRole, RunState
from aicmo_perf.repository import Worktree
from aicmo_perf.self_test.engine import Collected, EngineEvent, run_iteration
from aicmo_perf.self_test.moved_tree import MovedTree
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.store import Store
from aicmo_perf.workflows.judging import JudgedRun
from aicmo_perf.workflows.recording import Recording


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Another turn of the sides begins.

    Attributes:
        role: what the turns are for, as the role of the head's run.
        turn: which one, from 1.
        most_turns: how many there are at most.
        feature_count: features still to be decided; None for all, before the first turn.
    """

    role: RunRole
    turn: int
    most_turns: int
    feature_count: int | None


class Side:
    """One of the versions: its plan, and its run in the store from its first pass on.

    Args:
        store: where results go.
        plan: of its tree.
        describe: its run, when it begins.
        interrupt: as in run_engine.
        on_event: called with each event of the engine.
        features: those it has; None for all that are asked for.
    """

    def __init__(
        self,
        store: Store,
        plan: EnginePlan,
        describe: Callable[[], Run],
        *,
        interrupt: int | None,
        on_event: Callable[[EngineEvent], None],
        features: Collection[FeatureKey] | None = None,
    ) -> None:
        self._plan = plan
        self._interrupt = interrupt
        self._on_event = on_event
        self._features = features
        self._recording = Recording(store, describe)

    @property
    def has_begun(self) -> bool:
        """Whether it has a run."""
        return self._recording.has_begun

    @property
    def run(self) -> Run:
        """Its run, once the first pass has begun."""
        return self._recording.run

    def measure(self, turn: int, only: Collection[FeatureKey] | None) -> None:
        """One pass in a fresh process, stored as the iteration of the turn's number.

        Args:
            turn: from 1; the passes of the two sides that belong together have the same.
            only: the features to exercise; None for all.

        Raises: as run_engine.
        """
        if only is not None and self._features is not None:
            only = [key for key in only if key in self._features]
            if not only:
                return
        with closing(run_iteration(self._plan, turn, only=only, interrupt=self._interrupt)) as events:
            for event in events:
                self._recording.take(event)
                self._on_event(event)

    def finish(self, state: RunState) -> None:
        """End its run, if it has begun."""
        self._recording.finish(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How the measuring went.

    Attributes:
        count: turns that were begun.
        seconds: how long they took.
        undecided: the features that could not be decided; None when not even one turn was over.
        interrupted: whether they were ended early.
    """

    count: int
    seconds: float
    undecided: tuple[FeatureKey, ...] | None
    interrupted: bool


def take_turns(
    head: Side,
    base: Side | None,
    features: tuple[FeatureKey, ...] | None,
    undecided: Callable[[], tuple[FeatureKey, ...]],
    *,
    role: RunRole,
    most_turns: int,
    budget_seconds: float,
    first_seconds: float | None,
    on_event: Callable[[TurnStarted], None],
    clock: Callable[[], float],
) -> Turns:
    """Let the sides take turns until every feature is decided or the budget is spent.

    Args:
        head, base: the sides; without a base the head is measured alone.
        features: those to begin with; None for all.
        undecided: which features need another turn, asked after each.
        role: what the turns are for, for progress.
        most_turns: how many are taken at most.
        budget_seconds: no turn is begun that would end later, judged by the one before.
        first_seconds: how long the first turn is expected to take; None to take it whatever the budget.
        on_event: called as each turn begins.
        clock: in seconds.

    Raises: whatever the engine or the store does, but for KeyboardInterrupt; the sides' runs are interrupted ones then.
    """
    began = clock()
    count, expected_seconds = 0, first_seconds
    state = RunState.INTERRUPTED
    try:
        while features != () and count < most_turns:
            if expected_seconds is not None and clock() - began + expected_seconds > budget_seconds:
                break
            turn_began = clock()
            count += 1
            on_event(TurnStarted(role, count, most_turns, None if features is None else len(features)))
            for side in (head, base) if count % 2 else (base, head):
                if side is not None:
                    side.measure(count, features)
            features = undecided()
            expected_seconds = clock() - turn_began
        state = RunState.COMPLETE
    except KeyboardInterrupt:
        pass
    finally:
        for side in (base, head):
            if side is not None:
                side.finish(state)
    return Turns(
        count=count,
        seconds=clock() - began,
        undecided=features,
        interrupted=state is RunState.INTERRUPTED,
    )


def moved_plan(plan: EnginePlan, tree: Worktree) -> EnginePlan:
    """The plan for the same suites in another version's tree."""
    moved = MovedTree(original_root=str(tree.original_root), root=str(tree.root), added=tree.added)
    return replace(plan, project_root=tree.project_root, moved=moved)


def collected_by(plan: EnginePlan, interrupt: int | None) -> Collected:
    """What there is to measure, without measuring it.

    Raises: as run_engine.
    """
    with closing(run_iteration(plan, 1, interrupt=interrupt)) as events:
        return next(event for event in events if isinstance(event, Collected))


def undecided_of(judged: JudgedRun) -> tuple[FeatureKey, ...]:
    """The features that another turn would help to judge."""
    return tuple(each.feature.key for each in judged.comparison.features if each.wants_rerun)
