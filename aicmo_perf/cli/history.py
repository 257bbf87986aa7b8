"""``aicmo-perf history``: features over runs, and since when they are as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aicmo_perf.cli.options import option, run_filter_options
from aicmo_perf.cli.output import note, show_document
from aicmo_perf.cli.program import App, command, pass_app
from aicmo_perf.cli.progress import counted_progress

if TYPE_CHECKING:
    from aicmo_perf.config import Settings
    from aicmo_perf.model import RunFilter
    from aicmo_perf.report.document import Document

DEFAULT_WINDOW = 50


@command(
    "history",
    example="""
aicmo-perf history
aicmo-perf history persona_generator --last 30
aicmo-perf history --changes --since 30d
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
@option("history", "--changes", is_flag=True, help="Where levels shifted, newest first, together by commit.")
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
    app: App,
    /,
    features: tuple[str, ...],
    status: tuple[str, ...],
    changes: bool,
    form: str,
    last: int | None,
    **given: Any,
) -> int:
    """Show every feature's trend, or one feature's runs.

    FEATURE is a name, a qualified name, suite:name, or a glob; several, or a glob of several, show trends. Looks at
    the last 50 runs, unless --last or a time says otherwise. Change points are marked; --changes lists those of all
    features.
    """
    from aicmo_perf.workflows.history import load_history, run_filter

    window = run_filter(last=last, default_last=DEFAULT_WINDOW, **given)
    if changes:
        if status:
            raise click.UsageError("Changes have no status: give --changes or --status.")
        return _show_changes(app.settings(), features, window, form)
    with counted_progress("analysing series") as on_progress:
        found = load_history(app.settings(), features, window, status, on_progress=on_progress)
    if form == "json":
        from aicmo_perf.report import history_json, to_json

        click.echo(to_json.dumps(history_json.history_payload(found.series, found.changes)), nl=False)
    elif form == "csv":
        from aicmo_perf.report import to_csv

        click.echo(to_csv.history_csv(found.series), nl=False)
    elif not any(series.points for series in found.series):
        note("No run fits these filters.")
    else:
        from aicmo_perf.report import history_report

        document = (
            history_report.build_feature_history(found.series[0], found.changes)
            if found.is_one_feature
            else history_report.build_history_overview(found.series, found.changes)
        )
        _print(document, form)
    return 0


def _show_changes(settings: Settings, features: tuple[str, ...], window: RunFilter, form: str) -> int:
    from aicmo_perf.workflows.history import load_changes

    with counted_progress("analysing series") as on_progress:
        found = load_changes(settings, features, window, on_progress=on_progress)
    if form == "json":
        from aicmo_perf.report import history_json, to_json

        click.echo(to_json.dumps(history_json.changes_payload(found.changes, found.run_count)), nl=False)
    elif form == "csv":
        from aicmo_perf.report import to_csv

        click.echo(to_csv.changes_csv(found.changes), nl=False)
    elif not found.run_count:
        note("No run fits these filters.")
    else:
        from aicmo_perf.report import changes_report

        _print(changes_report.build_changes_report(found.changes, found.run_count), form)
    return 0


def _print(document: Document, form: str) -> None:
    if form == "markdown":
        from aicmo_perf.report import to_markdown

        click.echo(to_markdown.to_markdown(document), nl=False)
    else:
        show_document(document)
