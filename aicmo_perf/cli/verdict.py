"""A verdict in the formats that CI systems read, and as an exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from aicmo_perf.cli.output import note, show_document
from aicmo_perf.errors import UNABLE_EXIT_CODE, EnvironmentFailure

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo_perf.workflows.judging import JudgedRun

GATE_FORMATS = ("console", "markdown", "json", "github", "junit")
FAILED_EXIT_CODE = 1


def announce(judged: JudgedRun, form: str, *, err: bool = False) -> None:
    """Print the verdict; for GitHub also add it to the job's summary where there is one."""
    arguments = (judged.verdict, judged.result, judged.comparison)
    if form == "json":
        from aicmo_perf.report import to_json

        click.echo(to_json.dumps(to_json.gate_payload(*arguments)), nl=False)
    elif form == "markdown":
        from aicmo_perf.report import to_github

        click.echo(to_github.job_summary(*arguments), nl=False)
    elif form == "junit":
        from aicmo_perf.report import to_junit

        click.echo(to_junit.to_junit(*arguments), nl=False)
    elif form == "github":
        from pathlib import Path

        from aicmo_perf.report import to_github

        click.echo(to_github.to_github(judged.verdict), nl=False)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            _append(Path(summary), to_github.job_summary(*arguments))
    else:
        from aicmo_perf.report import gate_report

        show_document(gate_report.build_gate_report(*arguments), err=err)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFailure(
            f"The job summary {path} cannot be written: {error.strerror or error}.", "Unset GITHUB_STEP_SUMMARY."
        ) from error


def exit_code_of(judged: JudgedRun, *, strict: bool) -> int:
    """0 passed, 1 failed, 3 when strict and nothing could be judged, which is then said."""
    if not judged.verdict.passed:
        return FAILED_EXIT_CODE
    if strict and not judged.verdict.could_judge:
        note("Error: Nothing could be judged for speed, and --strict does not let that pass.")
        note("Hint: It takes comparable earlier runs; the notes above say what is missing.")
        return UNABLE_EXIT_CODE
    return 0
