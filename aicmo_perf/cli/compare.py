"""``aicmo-perf compare``: two runs or two commits side by side."""

from __future__ import annotations

import click

from aicmo_perf.cli.options import option
from aicmo_perf.cli.output import show_document
from aicmo_perf.cli.program import App, command, pass_app


@command(
    "compare",
    example="""
aicmo-perf compare latest~1 latest
aicmo-perf compare 1a2b3c4 5d6e7f8 --format markdown""",
)
@click.argument("before")
@click.argument("after", default="latest")
@option(
    "compare",
    "--format",
    "form",
    type=click.Choice(["console", "markdown", "json"]),
    default="console",
    help="How to print it.",
)
@pass_app
def compare(app: App, before: str, after: str, form: str) -> int:
    """Compare a run with another, or with a commit's.

    BEFORE is what was: a run, or all comparable runs of a commit. AFTER (otherwise the latest run) is what is: a run,
    or the newest of a commit. Suites that AFTER did not run are left out.
    """
    from aicmo_perf.report import compare_report, to_json, to_markdown
    from aicmo_perf.workflows.compare import compare_runs

    judged = compare_runs(app.settings(), before, after)
    if form == "json":
        click.echo(to_json.dumps(to_json.comparison_payload(judged.result, judged.comparison)), nl=False)
        return 0
    document = compare_report.build_compare_report(judged.result, judged.comparison, first=before, second=after)
    if form == "markdown":
        click.echo(to_markdown.to_markdown(document), nl=False)
    else:
        show_document(document)
    return 0
