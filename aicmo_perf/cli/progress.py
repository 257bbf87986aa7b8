"""Progress of a run on a terminal: how far, at what, and for how long already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aicmo_perf.cli.output import has_color

if TYPE_CHECKING:
    from aicmo_perf.self_test.engine import EngineEvent


@contextmanager
def run_progress(iterations: int) -> Iterator[Callable[[EngineEvent], None]]:
    """A callback for the engine's events that draws a bar on standard error, and nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from aicmo_perf.model import IterationResult
    from aicmo_perf.self_test.engine import Collected, Started

    console = Console(stderr=True, no_color=not has_color(sys.stderr))
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("collecting features", total=None)

        def show(event: EngineEvent) -> None:
            if isinstance(event, Collected):
                progress.update(task, total=len(event.features) * iterations)
            elif isinstance(event, Started):
                turn = f" (iteration {event.iteration} of {iterations})" if iterations > 1 else ""
                progress.update(task, description=f"{event.feature.name}{turn}")
            elif isinstance(event, IterationResult):
                progress.advance(task)

        yield show
