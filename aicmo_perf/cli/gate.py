"""``aicmo-perf gate``: judge a stored run; the exit code is the answer."""

from __future__ import annotations

import click

from aicmo_perf.cli.options import gate_options, option
from aicmo_perf.cli.program import App, command, pass_app
from aicmo_perf.cli.verdict import GATE_FORMATS, announce, exit_code_of


@command(
    "gate",
    example="""
aicmo-perf gate
aicmo-perf gate latest --baseline branch:main --format github
aicmo-perf gate --no-slower --min-effect 5%""",
)
@click.argument("run", default="latest")
@gate_options
@option(
    "gate", "--format", "form", type=click.Choice(GATE_FORMATS), default="console", help="How to print the verdict."
)
@pass_app
def gate(app: App, /, run: str, form: str, **given: object) -> int:
    """Judge a run; the exit code is the answer.

    Judges RUN (otherwise the latest) against its baseline, and exits with 1 when a rule finds something. RUN is an
    id, the start of a uuid, latest, latest~3, a commit or a label. A project's first run has no baseline: the gate
    says so and passes, unless --strict.
    """
    from aicmo_perf.workflows.report import load_complete

    settings = app.settings(**given)
    judged = load_complete(settings, run)
    announce(judged, form)
    return exit_code_of(judged, strict=settings.gate.strict)
