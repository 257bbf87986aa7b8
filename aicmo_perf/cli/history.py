"""``aicmo-perf history``: features over runs."""

from __future__ import annotations

from typing import Any

import click

from aicmo_perf.cli.options import option, run_filter_options
from aicmo_perf.cli.output import note, show_document
from aicmo_perf.cli.program import App, command, pass_app

DEFAULT_WINDOW = 50


@command(
    "history",
    example="""
aicmo-perf history
aicmo-perf history persona_generator --last 30
aicmo-perf history 'generate_*' --since 30d --format csv""",
)
@click.argument("features", nargs=-1, metavar="[FEATURE]...")
@run_filter_options("history")
@option(
    "history",
    "--status",
    multiple=True,
    type=click.Choice(["pass", "partial", "fail", "error", "skip"]),
    help="Only results with this status; repeatable.",
)
@option(
    "history",
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    help="How to print it.",
)
@pass_app
def history(
    app: App, /, features: tuple[str, ...], status: tuple[str, ...], form: str, last: int | None, **given: Any
) -> int:
    """Show every feature's trend, or one feature's runs.

    FEATURE is a name, a qualified name, suite:name, or a glob; several, or a glob of several, show trends. Looks at
    the last 50 runs, unless --last or a time says otherwise.
    """
    from aicmo_perf.workflows.history import load_history, run_filter

    window = run_filter(last=last, default_last=DEFAULT_WINDOW, **given)
    found = load_history(app.settings(), features, window, status)
    if form == "json":
        from aicmo_perf.report import history_json, to_json

        click.echo(to_json.dumps(history_json.history_payload(found.series)), nl=False)
    elif form == "csv":
        from aicmo_perf.report import to_csv

        click.echo(to_csv.history_csv(found.series), nl=False)
    elif not any(series.points for series in found.series):
        note("No run fits these filters.")
    else:
        from aicmo_perf.report import history_report

        document = (
            history_report.build_feature_history(found.series[0])
            if found.is_one_feature
            else history_report.build_history_overview(found.series)
        )
        if form == "markdown":
            from aicmo_perf.report import to_markdown

            click.echo(to_markdown.to_markdown(document), nl=False)
        else:
            show_document(document)
    return 0
