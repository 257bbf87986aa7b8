"""``aicmo-perf baseline``: name runs to compare with."""

from __future__ import annotations

import click

from aicmo_perf.cli.options import option
from aicmo_perf.cli.program import App, command, pass_app


@click.group(
    epilog="\b\nExample:\n  aicmo-perf baseline pin release-1.0 latest\n  aicmo-perf gate --baseline name:release-1.0"
)
def baseline() -> None:
    """Pin runs by name, to judge later runs against."""


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
    """List the pinned runs."""
    from aicmo_perf.workflows.pins import list_pins

    pins = list_pins(app.settings())
    for pinned in pins:
        by = f" by {pinned.pinned_by}" if pinned.pinned_by else ""
        reason = f": {pinned.reason}" if pinned.reason else ""
        click.echo(f"{pinned.name}  {pinned.run.title}  pinned {pinned.pinned_at:%Y-%m-%d}{by}{reason}")
    if not pins:
        click.echo("No run is pinned.")
    return 0


@command("remove", example="aicmo-perf baseline remove release-1.0")
@click.argument("name")
@pass_app
def remove(app: App, name: str) -> int:
    """Forget the pin NAME; the run itself stays."""
    from aicmo_perf.workflows.pins import unpin

    unpin(app.settings(), name)
    click.echo(f"Removed the pin {name}.")
    return 0


for subcommand in (pin, list_, remove):
    baseline.add_command(subcommand)
