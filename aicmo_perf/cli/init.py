"""``aicmo-perf init``: set a project up."""

from __future__ import annotations

import click

from aicmo_perf.cli.options import option
from aicmo_perf.cli.program import command


@command("init", example="aicmo-perf init --example --github\naicmo-perf run")
@option("init", "--example", is_flag=True, help="Also a first suite, selftest.py.")
@option("init", "--github", is_flag=True, help="Also a GitHub Actions workflow that keeps the history between runs.")
@option("init", "--gitlab", is_flag=True, help="Also a GitLab CI job that keeps the history between pipelines.")
def init(example: bool, github: bool, gitlab: bool) -> int:
    """Write a configuration, and on request CI recipes.

    Every key is there, commented out. Nothing that exists is overwritten.
    """
    from pathlib import Path

    from aicmo_perf.workflows.init import initialise

    written = initialise(Path.cwd(), example=example, github=github, gitlab=gitlab)
    for path in written.paths:
        click.echo(f"Wrote {path}.")
    if written.advice:
        click.echo(written.advice)
    click.echo("Keep .aicmo-perf/ and self_test_artifacts/ out of version control; CI keeps them in its cache.")
    return 0
