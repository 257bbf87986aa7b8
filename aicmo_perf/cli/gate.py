"""``aicmo-perf gate``: judge a stored run; the exit code is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aicmo_perf.cli.options import gate_options, option
from aicmo_perf.cli.output import show_document
from aicmo_perf.cli.program import App, command, pass_app
from aicmo_perf.cli.verdict import GATE_FORMATS, announce, exit_code_of

if TYPE_CHECKING:
    from aicmo_perf.workflows.judging import JudgedRun

EXPLANATION_FORMATS = ("console", "markdown", "json")


@command(
    "gate",
    example="""
aicmo-perf gate
aicmo-perf gate latest --baseline branch:main --format github
aicmo-perf gate --explain persona_generator
aicmo-perf gate --no-slower --min-effect 5%""",
)
@click.argument("run", default="latest")
@gate_options
@option("gate", "--explain", metavar="FEATURE", help="Show the numbers behind the judgement of this feature instead.")
@option(
    "gate", "--format", "form", type=click.Choice(GATE_FORMATS), default="console", help="How to print the verdict."
)
@pass_app
def gate(app: App, /, run: str, explain: str | None, form: str, **given: object) -> int:
    """Judge a run; the exit code is the answer.

    Judges RUN (otherwise the latest) against its baseline, and exits with 1 when a rule finds something. RUN is an
    id, the start of a uuid, latest, latest~3, a commit or a label. A project's first run has no baseline: the gate
    says so and passes, unless --strict.
    """
    from aicmo_perf.workflows.report import load_complete

    if explain is not None and form not in EXPLANATION_FORMATS:
        raise click.UsageError(f"An explanation is printed as {', '.join(EXPLANATION_FORMATS)}, not as {form}.")
    settings = app.settings(**given)
    judged = load_complete(settings, run)
    if explain is None:
        announce(judged, form)
    else:
        _explain(judged, explain, form)
    return exit_code_of(judged, strict=settings.gate.strict)


def _explain(judged: JudgedRun, feature: str, form: str) -> None:
    from aicmo_perf.workflows.explain import find_judged_feature

    arguments = (judged.result, judged.comparison, find_judged_feature(judged, feature))
    if form == "json":
        from aicmo_perf.report import explanation_json, to_json

        click.echo(to_json.dumps(explanation_json.explanation_payload(*arguments)), nl=False)
        return
    from aicmo_perf.report import explanation

    document = explanation.build_explanation(*arguments)
    if form == "markdown":
        from aicmo_perf.report import to_markdown

        click.echo(to_markdown.to_markdown(document), nl=False)
    else:
        show_document(document)
