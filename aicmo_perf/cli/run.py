"""``aicmo-perf run``: exercise the suites, store what they did, report it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from aicmo_perf.cli.options import DURATION, gate_options, option, setting, stacked
from aicmo_perf.cli.output import note, show_document, write_machine_output
from aicmo_perf.cli.program import INTERRUPTED_EXIT_CODE, App, command, pass_app
from aicmo_perf.cli.progress import run_progress
from aicmo_perf.cli.verdict import announce, exit_code_of

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo_perf.config import Settings
    from aicmo_perf.workflows.judging import JudgedRun

REPORT_NAME = "AICMO_SELF_TEST_REPORT"

_measuring_options = stacked(
    setting("--full/--quick", help="All scenarios of each feature, or the first two."),
    setting("--seed", type=click.IntRange(0, 2**32 - 1), help="Of the random generators, in deterministic mode."),
    setting(
        "--timeout", "timeout_seconds", type=DURATION, help="Of one call, e.g. 30s, unless a feature sets its own."
    ),
    setting("--warmup", "warmup_count", type=click.IntRange(min=0), help="Calls after the first that are not timed."),
    setting("--min-samples", "min_sample_count", type=click.IntRange(min=1), help="Warm samples of each feature."),
    setting("--min-time", "min_sampling_seconds", type=DURATION, help="Time that samples add up to at least."),
    setting("--max-time", "max_sampling_seconds", type=DURATION, help="No further sample is begun after this time."),
)


@command(
    "run",
    example="""
aicmo-perf run --deterministic
aicmo-perf run selftest.py shop.generators --flakiness-check
aicmo-perf run --gate --confirm-budget 2min
aicmo-perf run --against origin/main
aicmo-perf run -k 'persona*' --json - | jq .features[0].runtime_seconds""",
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@setting("--deterministic/--live", help="Fixed seeds, no LLM, no network; or as in production (the default).")
@option("run", "--flakiness-check", is_flag=True, help="Three deterministic iterations, compared with one another.")
@setting("--iterations", type=click.IntRange(min=1), help="Passes over the suites, each in a fresh process.")
@option("run", "-k", "--select", "selection", multiple=True, metavar="GLOB", help="Only these features; repeatable.")
@_measuring_options
@setting("--output", metavar="DIR", help="The folder of the report files (otherwise self_test_artifacts).")
@option("run", "--json", "json_target", metavar="FILE", help="Also write the run as JSON; - for standard output.")
@option("run", "--label", help="A name for this run, to find it by.")
@option("run", "--pull-request", metavar="NUMBER", help="The pull request that is measured, where CI does not tell.")
@option("run", "--gate/--no-gate", default=False, help="Judge by all rules, against the history.")
@setting(
    "--confirm-budget",
    metavar="TIME",
    help="Time to re-run what looks slower to --gate: a share of the run's (10s at least), a duration, or 0.",
)
@option("run", "--against", "ref", metavar="REF", help="Measure this commit too, in turns with yours, and judge by it.")
@option("run", "--against-budget", type=DURATION, default=600.0, help="Time for --against (otherwise 10min).")
@gate_options
@option("run", "-v", "--verbose", is_flag=True, help="Show what the features print.")
@pass_app
def run(
    app: App,
    /,
    suites: tuple[str, ...],
    flakiness_check: bool,
    selection: tuple[str, ...],
    full: bool | None,
    json_target: str | None,
    label: str | None,
    pull_request: str | None,
    gate: bool,
    ref: str | None,
    against_budget: float,
    verbose: bool,
    **given: object,
) -> int:
    """Exercise the suites, store and report what they did.

    SUITE is a file, a dotted module, the name of an entry point, or the name of a discovery rule; otherwise the
    configured suites are run. Exits with 1 when a critical feature fails or a flakiness check finds something, and
    with --gate or --against when any of the gate's rules does.

    --against REF checks a branch, tag or commit out beside your files, which stay as they are, and measures both in
    turns, each in fresh processes, until every feature is decided or the time is up. It needs no history, and a noisy
    machine disturbs both alike.
    """
    from pathlib import Path

    from aicmo_perf.workflows.against import execute_against
    from aicmo_perf.workflows.run import execute_run

    if label is not None and (label.isdigit() or label.startswith("latest")):
        raise click.UsageError(f"A run could not be found by the label {label!r}, which means another run.")
    settings = _settings(app, suites, selection, full, flakiness_check, given)
    if ref is not None and (flakiness_check or given["iterations"] is not None):
        raise click.UsageError("With --against, the number of iterations is what the features need to be decided.")
    with run_progress(settings.options.iterations) as on_event:
        execute = partial(execute_run, settings, gate=gate)
        if ref is not None:
            execute = partial(execute_against, settings, ref, budget_seconds=against_budget)
        outcome = execute(label=label, pull_request=pull_request, relay_output=verbose, on_event=on_event)
    for notice in outcome.notices:
        note(notice)
    _write_reports(outcome.judged, Path(settings.output), json_target)
    if outcome.interrupted:
        note("The run was interrupted; what was finished is stored.")
        return INTERRUPTED_EXIT_CODE
    if gate or ref is not None:
        announce(outcome.judged, "console", err=json_target == "-")
        return exit_code_of(outcome.judged, strict=settings.gate.strict)
    return exit_code_of(outcome.judged, strict=False)


def _settings(
    app: App,
    suites: tuple[str, ...],
    selection: tuple[str, ...],
    full: bool | None,
    flakiness_check: bool,
    given: dict[str, object],
) -> Settings:
    settings = app.settings(selection=selection or None, quick=None if full is None else not full, **given)
    if flakiness_check:
        if given["deterministic"] is False:
            note("A flakiness check is deterministic, whatever --live says.")
        iterations = given["iterations"] or settings.options.for_flakiness_check().iterations
        if iterations == 1:
            raise click.UsageError("A flakiness check needs at least two iterations to compare.")
        settings = settings.override(deterministic=True, iterations=iterations)
    if suites:
        suites = tuple(_from_root(suite, settings.project_root) for suite in suites)
        # A named suite is a rule's if a rule has that name; the other rules rest.
        rules = tuple(rule for rule in settings.discover if rule.suite_name in suites)
        names = {rule.suite_name for rule in rules}
        settings = replace(settings, suites=tuple(suite for suite in suites if suite not in names), discover=rules)
    return settings


def _from_root(suite: str, root: Path) -> str:
    """A suite file as seen from the project's root, when the user named it from where they stand."""
    import os
    from pathlib import Path

    here = Path.cwd() / suite
    return Path(os.path.relpath(here, root)).as_posix() if suite.endswith(".py") and here.is_file() else suite


def _write_reports(judged: JudgedRun, folder: Path, json_target: str | None) -> None:
    from aicmo_perf.report.run_report import build_run_report, build_run_summary
    from aicmo_perf.report.to_json import dumps, run_payload
    from aicmo_perf.report.to_markdown import to_markdown

    payload = dumps(run_payload(judged.result, judged.comparison, judged.change_points))
    # Files before the table: a reader that closes standard output early costs no report.
    markdown = folder / f"{REPORT_NAME}.md"
    document = build_run_report(judged.result, judged.comparison, judged.recent, judged.change_points)
    write_machine_output(to_markdown(document), str(markdown))
    write_machine_output(payload, str(folder / f"{REPORT_NAME}.json"))
    if json_target is not None:
        write_machine_output(payload, json_target)
    show_document(build_run_summary(judged.result, judged.comparison, judged.recent), err=json_target == "-")
    note(f"Report: {markdown}")
