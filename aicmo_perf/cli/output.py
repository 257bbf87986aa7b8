"""Where output goes: machine output to standard output alone, everything for people aside when it does.

Nothing is coloured, and no progress bar is drawn, unless it goes to a terminal; ``NO_COLOR`` is respected.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console


def console(*, err: bool = False) -> Console:
    """A rich console on standard output or standard error; as wide as the terminal, 120 columns where there is none."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 120, soft_wrap=False, highlight=False)


def note(text: str) -> None:
    """A sentence for people, on standard error."""
    click.echo(text, err=True)


def write_machine_output(text: str, target: str) -> None:
    """Write a machine format to a file, or to standard output for ``-``.

    Raises: EnvironmentFailure when the file cannot be written.
    """
    if target == "-":
        click.echo(text, nl=not text.endswith("\n"))
        return
    from aicmo_perf.workflows.files import write_text

    write_text(Path(target), text)
