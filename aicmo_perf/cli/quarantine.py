"""``aicmo-perf flaky quarantine``: set features aside whose failures are not to gate for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aicmo_perf.cli.options import DAY, option
from aicmo_perf.cli.output import note, show_document
from aicmo_perf.cli.program import App, command, pass_app
from aicmo_perf.units import count_of

if TYPE_CHECKING:
    from datetime import date

    from aicmo_perf.workflows.quarantine import QuarantineChange

QUARANTINE_FORMATS = ("table", "json")


@click.group(
    epilog="\b\nExample:\n  aicmo-perf flaky quarantine add persona --reason 'a race' --until 2026-12-31\n"
    "  aicmo-perf flaky quarantine list\n  aicmo-perf flaky quarantine remove persona"
)
def quarantine() -> None:
    """Set features aside whose failures are not to gate for a while.

    They still run, and are recorded; that one of them is gone or slower still gates. Entries of the configuration's
    [tool.aicmo-perf.quarantine] can be reviewed with the code, and win over those in the database.
    """


@command("add", example="aicmo-perf flaky quarantine add 'persona*' --reason 'waits for a fix' --until 2026-12-31")
@click.argument("feature")
@option("flaky_quarantine_add", "--reason", required=True, help="Why its failures do not matter for now.")
@option("flaky_quarantine_add", "--until", type=DAY, required=True, metavar="DATE", help="The last day it holds.")
@pass_app
def add(app: App, feature: str, reason: str, until: date) -> int:
    """Put FEATURE into quarantine.

    FEATURE is a name, a qualified name, suite:qualified_name, or a glob of these. An entry of the same words is
    replaced.
    """
    from aicmo_perf.workflows.quarantine import add_quarantine

    change = add_quarantine(app.settings(), feature, reason=reason, until=until)
    click.echo(f"Quarantined {_whom(change)} until {change.entry.until}.")
    _say_what_wins(change)
    return 0


@command("list", example="aicmo-perf flaky quarantine list --format json")
@option(
    "flaky_quarantine_list",
    "--format",
    "form",
    type=click.Choice(QUARANTINE_FORMATS),
    default="table",
    help="How to print it.",
)
@pass_app
def list_(app: App, form: str) -> int:
    """List what is in quarantine, by the configuration and by the database."""
    from aicmo_perf.report import quarantine_report
    from aicmo_perf.workflows.quarantine import list_quarantine, today

    lines = list_quarantine(app.settings())
    if form == "json":
        from aicmo_perf.report import to_json

        click.echo(to_json.dumps(quarantine_report.quarantine_payload(lines, today())), nl=False)
    else:
        show_document(quarantine_report.build_quarantine_report(lines, today()))
    return 0


@command("remove", example="aicmo-perf flaky quarantine remove 'persona*'")
@click.argument("feature")
@pass_app
def remove(app: App, feature: str) -> int:
    """Take FEATURE out of quarantine, by the words it was put there with."""
    from aicmo_perf.workflows.quarantine import remove_quarantine

    change = remove_quarantine(app.settings(), feature)
    click.echo(f"Released {_whom(change)} from quarantine.")
    _say_what_wins(change)
    return 0


def _whom(change: QuarantineChange) -> str:
    """What was written, and what it means unless that is the same."""
    names = [feature.name for feature in change.features]
    if names == [change.entry.feature]:
        return change.entry.feature
    return f"{change.entry.feature} ({count_of(len(names), 'feature')})"


def _say_what_wins(change: QuarantineChange) -> None:
    for entry in change.in_file:
        note(f"The configuration has {entry.feature} in quarantine until {entry.until}, and wins over the database.")


for subcommand in (add, list_, remove):
    quarantine.add_command(subcommand)
