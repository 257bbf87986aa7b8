"""Progress on a terminal: how far, at what, and for how long already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from aicmo_perf.cli.output import has_color

if TYPE_CHECKING:
    from aicmo_perf.cli.course import RunEvent


@contextmanager
def run_progress(iterations: int) -> Iterator[Callable[[RunEvent], None]]:
    """A callback for a run's events that draws a bar on standard error, and nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from aicmo_perf.cli.course import Course

    console = Console(stderr=True, no_color=not has_color(sys.stderr))
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        course = Course(iterations)
        task, part = progress.add_task(course.description, total=None), course.part

        def show(event: RunEvent) -> None:
            nonlocal task, part
            course.follow(event)
            if course.part != part:
                # a task that has a total cannot lose it again
                progress.remove_task(task)
                task, part = progress.add_task(course.description, total=None), course.part
            progress.update(task, completed=course.done, total=course.total, description=course.description)

        yield show


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
