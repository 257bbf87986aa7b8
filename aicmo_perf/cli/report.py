"""``aicmo-perf report``, ``runs``, ``show``: stored runs, looked at again."""

from __future__ import annotations

from typing import Any

import click

from aicmo_perf.cli.options import baseline_option, option, run_filter_options
from aicmo_perf.cli.output import note, show_document, write_machine_output
from aicmo_perf.cli.program import App, command, pass_app


@command(
    "report",
    example="""
aicmo-perf report
aicmo-perf report latest~1 --format markdown -o report.md""",
)
@click.argument("run", default="latest")
@baseline_option
@option(
    "report",
    "--format",
    "form",
    type=click.Choice(["console", "markdown", "json"]),
    default="console",
    help="How to print it.",
)
@option("report", "-o", "--output", "target", metavar="FILE", default="-", help="A file; - is standard output.")
@pass_app
def report(app: App, run: str, baseline: str | None, form: str, target: str) -> int:
    """Report a stored run beside its baseline.

    RUN (otherwise the latest) is an id, the start of a uuid, latest, latest~3, a commit or a label.
    """
    from aicmo_perf.report import run_report, to_console, to_json, to_markdown
    from aicmo_perf.workflows.report import load_judged

    judged = load_judged(app.settings(baseline=baseline), run)
    if form == "json":
        payload = to_json.run_payload(judged.result, judged.comparison, judged.change_points)
        write_machine_output(to_json.dumps(payload), target)
        return 0
    document = run_report.build_run_report(judged.result, judged.comparison, judged.recent, judged.change_points)
    if form == "markdown":
        write_machine_output(to_markdown.to_markdown(document), target)
    elif target == "-":
        show_document(document)
    else:
        write_machine_output(to_console.to_console(document), target)
    return 0


@command("runs", example="aicmo-perf runs --last 10 --branch main")
@run_filter_options("runs")
@option("runs", "--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print them.")
@pass_app
def runs(app: App, /, form: str, last: int | None, **given: Any) -> int:
    """List runs, oldest first.

    The last 20, unless --last or a time says otherwise. Re-runs and the other sides of paired runs are listed too, with
    the run that they help to judge.
    """
    from aicmo_perf.report import runs_report, to_json
    from aicmo_perf.workflows.history import load_runs, run_filter

    listed = load_runs(app.settings(), run_filter(last=last, default_last=20, **given))
    if form == "json":
        click.echo(to_json.dumps(to_json.runs_payload(listed.runs, listed.counts)), nl=False)
    elif listed.runs:
        show_document(runs_report.build_runs_report(listed.runs, listed.counts))
    else:
        note("No run fits these filters.")
    return 0


@command("show", example="aicmo-perf show latest\naicmo-perf show 12 --format json")
@click.argument("run", default="latest")
@option("show", "--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
@pass_app
def show(app: App, run: str, form: str) -> int:
    """Show one run in detail.

    When, where, how, and every feature of RUN (otherwise the latest), an id, the start of a uuid, latest~3, a commit
    or a label.
    """
    from aicmo_perf.report import runs_report, to_json
    from aicmo_perf.workflows.report import load_judged

    judged = load_judged(app.settings(), run)
    if form == "json":
        payload = to_json.run_payload(judged.result, judged.comparison, judged.change_points)
        click.echo(to_json.dumps(payload), nl=False)
    else:
        show_document(runs_report.build_run_details(judged.result))
    return 0
