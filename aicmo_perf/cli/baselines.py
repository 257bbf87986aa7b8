"""``aicmo-perf baseline``: name runs to compare with, and take changes as they are."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import click

from aicmo_perf.cli.options import option
from aicmo_perf.cli.program import App, command, pass_app

if TYPE_CHECKING:
    from datetime import datetime


@click.group(
    epilog="\b\nExample:\n  aicmo-perf baseline accept persona --reason 'a better model'\n"
    "  aicmo-perf baseline pin release-1.0 latest\n  aicmo-perf gate --baseline name:release-1.0"
)
def baseline() -> None:
    """Say what later runs are judged by.

    A pinned run is compared with when a baseline names it. An accepted change begins a new level of one feature, from
    which all later runs are judged.
    """


@command("accept", example="aicmo-perf baseline accept persona --reason 'a better model takes longer'")
@click.argument("feature")
@option("baseline_accept", "--reason", default="", help="Why it is fine; shown in reports.")
@option(
    "baseline_accept",
    "--run",
    metavar="RUN",
    help="The first run of the new level; otherwise the newest one in which the feature passed.",
)
@pass_app
def accept(app: App, feature: str, reason: str, run: str | None) -> int:
    """Take the change of FEATURE as it is: its new level begins here.

    FEATURE is a name, a qualified name or suite:qualified_name. The level holds for the branch of the run.
    """
    from aicmo_perf.workflows.accepting import accept_change

    accepted = accept_change(app.settings(), feature, run, reason)
    branch = f" of branch {accepted.run.branch}" if accepted.run.branch else ""
    click.echo(f"Accepted {accepted.feature.name} as it is from {accepted.run.title}{branch} on.")
    return 0


@command("withdraw", example="aicmo-perf baseline withdraw persona")
@click.argument("feature")
@pass_app
def withdraw(app: App, feature: str) -> int:
    """Forget the accepted changes of FEATURE."""
    from aicmo_perf.workflows.accepting import withdraw_changes

    withdrawn = withdraw_changes(app.settings(), feature)
    click.echo(f"Withdrew what was accepted of {withdrawn.name}.")
    return 0


@command("pin", example='aicmo-perf baseline pin release-1.0 latest --reason "shipped to customers"')
@click.argument("name")
@click.argument("run", default="latest")
@option("baseline_pin", "--reason", default="", help="Why this run is worth comparing with.")
@pass_app
def pin(app: App, name: str, run: str, reason: str) -> int:
    """Pin RUN (otherwise the latest) under NAME; an earlier pin of that name moves."""
    from aicmo_perf.workflows.pins import pin_run

    pinned = pin_run(app.settings(), name, run, reason)
    click.echo(f"Pinned {pinned.run.title} as {pinned.name}.")
    return 0


@command("list", example="aicmo-perf baseline list")
@pass_app
def list_(app: App) -> int:
    """List the pinned runs and the accepted changes."""
    from aicmo_perf.workflows.accepting import list_accepted
    from aicmo_perf.workflows.pins import list_pins

    settings = app.settings()
    pins, accepted = list_pins(settings), list_accepted(settings)
    for pinned in pins:
        when = _when("pinned", pinned.pinned_at, pinned.pinned_by, pinned.reason)
        click.echo(f"{pinned.name}  {pinned.run.title}  {when}")
    for change in accepted:
        when = _when("accepted", change.accepted_at, change.accepted_by, change.reason)
        click.echo(f"{change.feature.suite}:{change.feature.qualified_name}  from {change.run.title} on  {when}")
    if not pins and not accepted:
        click.echo("No run is pinned, and no change accepted.")
    return 0


def _when(verb: str, moment: datetime, user: str | None, reason: str) -> str:
    by = f" by {user}" if user else ""
    return f"{verb} {moment.astimezone(UTC):%Y-%m-%d}{by}" + (f": {reason}" if reason else "")


@command("remove", example="aicmo-perf baseline remove release-1.0")
@click.argument("name")
@pass_app
def remove(app: App, name: str) -> int:
    """Forget the pin NAME; the run itself stays."""
    from aicmo_perf.workflows.pins import unpin

    unpin(app.settings(), name)
    click.echo(f"Removed the pin {name}.")
    return 0


for subcommand in (accept, list_, pin, remove, withdraw):
    baseline.add_command(subcommand)
