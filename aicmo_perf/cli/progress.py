"""Progress on a terminal: how far, at what, and for how long already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from aicmo_perf.cli.output import has_color

if TYPE_CHECKING:
    from aicmo_perf.self_test.engine import EngineEvent
    from aicmo_perf.workflows.turns import TurnStarted


@contextmanager
def run_progress(iterations: int) -> Iterator[Callable[[EngineEvent | TurnStarted], None]]:
    """A callback for a run's events that draws a bar on standard error, and nothing where that is no terminal.

    A turn of a paired run, or a re-run of suspects, fills a bar of its own: how many there will be is not known.
    """
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from aicmo_perf.model import IterationResult
    from aicmo_perf.self_test.engine import Collected, Started
    from aicmo_perf.workflows.turns import TurnStarted

    console = Console(stderr=True, no_color=not has_color(sys.stderr))
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("collecting features", total=None)

        turns = ""
        total = 0

        def show(event: EngineEvent | TurnStarted) -> None:
            nonlocal turns, total
            if isinstance(event, TurnStarted):
                turns, total = _turn(event), 0
                progress.reset(task, total=None, description=turns)
            elif isinstance(event, Collected):
                # both sides of a turn share its bar
                total = total + len(event.features) if turns else len(event.features) * iterations
                progress.update(task, total=total)
            elif isinstance(event, Started):
                where = f" (iteration {event.iteration} of {iterations})" if iterations > 1 else ""
                progress.update(
                    task, description=f"{turns}: {event.feature.name}" if turns else event.feature.name + where
                )
            elif isinstance(event, IterationResult):
                progress.advance(task)

        yield show


def _turn(event: TurnStarted) -> str:
    """``confirming 3 suspects, re-run 2 of at most 6``; ``pair 4 of at most 24, 2 features undecided``."""
    from aicmo_perf.model import RunRole
    from aicmo_perf.units import count_of

    place = f"{event.turn} of at most {event.most_turns}"
    if event.role is RunRole.RERUN_HEAD:
        return f"confirming {count_of(event.feature_count or 0, 'suspect')}, re-run {place}"
    if event.feature_count is None:
        return f"pair {place}"
    return f"pair {place}, {count_of(event.feature_count, 'feature')} undecided"


@contextmanager
def counted_progress(description: str) -> Iterator[Callable[[int, int], None]]:
    """A callback for (done, total) that draws a bar on standard error, from its first call on and on terminals only."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with ExitStack() as stack:
        bar: list[Callable[[int, int], None]] = []

        def show(done: int, total: int) -> None:
            if not bar:
                bar.append(stack.enter_context(_counted_bar(description)))
            bar[0](done, total)

        yield show


@contextmanager
def _counted_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not has_color(sys.stderr))
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
