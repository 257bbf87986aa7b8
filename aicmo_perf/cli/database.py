"""``aicmo-perf db``: look after the database."""

from __future__ import annotations

import click

from aicmo_perf.cli.output import note
from aicmo_perf.cli.program import App, command, pass_app


@click.group(epilog="\b\nExample:\n  aicmo-perf db check")
def db() -> None:
    """Upgrade, check and back up the database."""


@command("upgrade", example="aicmo-perf db upgrade")
@pass_app
def upgrade(app: App) -> int:
    """Bring the database to this version's schema; an older file is backed up beside itself first."""
    from aicmo_perf.workflows.database import revisions, upgrade_database

    settings = app.settings()
    for notice in upgrade_database(settings):
        note(notice)
    click.echo(f"{settings.db_url} is at revision {revisions(settings).current}.")
    return 0


@command("current", example="aicmo-perf db current")
@pass_app
def current(app: App) -> int:
    """Show the database's revision and this version's."""
    from aicmo_perf.workflows.database import revisions

    settings = app.settings()
    found = revisions(settings)
    if found.current is None:
        click.echo(f"{settings.db_url} is empty.")
        return 0
    state = "up to date" if found.current == found.head else f"this version's is {found.head}"
    click.echo(f"{settings.db_url} is at revision {found.current} ({state}).")
    return 0


@command("check", example="aicmo-perf db check")
@pass_app
def check(app: App) -> int:
    """Check the database's integrity, foreign keys and schema; exits with 3 when something is wrong."""
    from aicmo_perf.errors import UNABLE_EXIT_CODE
    from aicmo_perf.workflows.database import problems_of_database

    settings = app.settings()
    problems = problems_of_database(settings)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{settings.db_url} is sound.")
    return UNABLE_EXIT_CODE if problems else 0


@command("backup", example="aicmo-perf db backup history-before-cleanup.db")
@click.argument("target")
@pass_app
def backup(app: App, target: str) -> int:
    """Copy the database to the file TARGET, also while runs write to it."""
    from pathlib import Path

    from aicmo_perf.workflows.database import backup_database

    backup_database(app.settings(), Path(target))
    click.echo(f"Copied to {target}.")
    return 0


for subcommand in (upgrade, current, check, backup):
    db.add_command(subcommand)
