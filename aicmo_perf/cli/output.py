"""Where output goes: machine output to standard output alone, everything for people aside when it does.

Nothing is coloured, and no progress bar is drawn, unless it goes to a terminal; ``NO_COLOR`` is respected.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from aicmo_perf.report.document import Document

# A report piped into a file is read in an editor, not at the width of whatever terminal started it.
_WIDTH_WITHOUT_TERMINAL = 120


def show_document(document: Document, *, err: bool = False) -> None:
    """Print a report for people, on standard output or standard error."""
    import shutil

    from aicmo_perf.report.to_console import to_console

    stream = sys.stderr if err else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    # Rich ends and flushes its own text; click.echo would strip nothing and add a second newline.
    click.echo(to_console(document, width=width, color=has_color(stream)), err=err, nl=False, color=True)


def has_color(stream: TextIO) -> bool:
    """Whether to colour what goes to a stream: a terminal, and neither NO_COLOR nor a dumb one."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


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
    from pathlib import Path

    from aicmo_perf.workflows.files import write_text

    write_text(Path(target), text)
