"""``aicmo-perf flaky``: who is flaky, who is broken, how often, since when, and why."""

from __future__ import annotations

from typing import Any

import click

from aicmo_perf.cli.options import Parsed, option, run_filter_options, setting
from aicmo_perf.cli.output import note, show_document
from aicmo_perf.cli.program import App, command, pass_app
from aicmo_perf.cli.quarantine import quarantine

_DAY_SECONDS = 86400.0


def _days(text: str) -> float:
    from aicmo_perf.units import parse_seconds

    if not (seconds := parse_seconds(text)) > 0:
        raise ValueError(f"{text!r} is not above zero")
    return seconds / _DAY_SECONDS


class ShowByDefault(click.Group):
    """A group that shows the record unless a subcommand is named: ``flaky persona`` is ``flaky show persona``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default subcommand in front of what names no other one."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=ShowByDefault,
    epilog="\b\nExample:\n  aicmo-perf flaky\n  aicmo-perf flaky persona_generator\n"
    "  aicmo-perf flaky quarantine add persona --reason 'a race' --until 2026-12-31",
)
def flaky() -> None:
    """Say who is flaky, who is broken, how often, since when, and why.

    'aicmo-perf flaky [FEATURE]...' is short for 'aicmo-perf flaky show [FEATURE]...', whose help has the options.
    """


@command(
    "show",
    example="""
aicmo-perf flaky show
aicmo-perf flaky show persona_generator
aicmo-perf flaky --since 30d --format markdown
aicmo-perf flaky --all --format json
aicmo-perf flaky --fail-on flaky --fail-on broken""",
)
@click.argument("features", nargs=-1, metavar="[FEATURE]...")
@run_filter_options("flaky_show")
@setting(
    "--half-life", "half_life_days", type=Parsed("duration", _days), help="A run so old counts half in rates, e.g. 30d."
)
@option("flaky_show", "--all", "shows_all", is_flag=True, help="Stable features too; json and csv always have them.")
@option(
    "flaky_show",
    "--fail-on",
    multiple=True,
    type=click.Choice(["flaky", "broken", "unknown"]),
    help="Exit with 1 when a feature outside quarantine is so; repeatable.",
)
@option(
    "flaky_show",
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    help="How to print it.",
)
@pass_app
def show(
    app: App,
    /,
    features: tuple[str, ...],
    half_life_days: float | None,
    shows_all: bool,
    fail_on: tuple[str, ...],
    form: str,
    last: int | None,
    **given: Any,
) -> int:
    """Show what the history knows of every feature's flakiness, or of one feature in full.

    FEATURE is a name, a qualified name, suite:name, or a glob; several, or a glob of several, are a table. Reads all
    runs, unless --last or a time says otherwise. This is a look, so the exit code is 0 whatever is found, unless
    --fail-on says otherwise; a run is judged by 'aicmo-perf gate'.
    """
    from aicmo_perf.model import FlakyState
    from aicmo_perf.workflows.flaky import load_flakiness
    from aicmo_perf.workflows.history import run_filter

    window = run_filter(last=last, default_last=None, **given)
    known = load_flakiness(app.settings(half_life_days=half_life_days), features, window)
    if form == "json":
        from aicmo_perf.report import flaky_json, to_json

        click.echo(to_json.dumps(flaky_json.flaky_payload(known.overview)), nl=False)
    elif form == "csv":
        from aicmo_perf.report import to_csv

        click.echo(to_csv.flaky_csv(known.overview), nl=False)
    elif not known.overview.record.run_count:
        note("No run fits these filters.")
    else:
        from aicmo_perf.report import flaky_report, to_markdown

        document = (
            flaky_report.build_flaky_feature(known.overview)
            if known.is_one_feature
            else flaky_report.build_flaky_overview(known.overview, shows_all=shows_all)
        )
        if form == "markdown":
            click.echo(to_markdown.to_markdown(document), nl=False)
        else:
            show_document(document)
    return int(known.in_state([FlakyState(state) for state in fail_on]))


for subcommand in (show, quarantine):
    flaky.add_command(subcommand)
