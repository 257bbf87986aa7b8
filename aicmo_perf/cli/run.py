"""``aicmo-perf run``: exercise the suites, store what they did, report it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aicmo_perf.cli.options import DURATION, RATIO, Parsed, gate_options, option, setting, stacked
from aicmo_perf.cli.output import note, show_document, write_machine_output
from aicmo_perf.cli.program import INTERRUPTED_EXIT_CODE, App, command, pass_app
from aicmo_perf.cli.progress import run_progress
from aicmo_perf.cli.verdict import FAILED_EXIT_CODE, announce, exit_code_of
from aicmo_perf.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from aicmo_perf.config import Settings
    from aicmo_perf.workflows.judging import JudgedRun

REPORT_NAME = "AICMO_SELF_TEST_REPORT"

_CHECK_FLAG = "--flakiness-check"
_AS_USUAL = "yes"
_MOST_ITERATIONS = 1000
_GOES_WITH_REPLAY = frozenset({"replay", "selection", "verbose"})


class RunCommand(click.Command):
    """``run``, whose --flakiness-check takes a number only behind ``=``.

    Click would take the suite of ``run --flakiness-check selftest.py`` for its value.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with the bare flag written as what it stands for."""
        end = args.index("--") if "--" in args else len(args)
        options = [f"{_CHECK_FLAG}={_AS_USUAL}" if text == _CHECK_FLAG else text for text in args[:end]]
        return super().parse_args(ctx, options + args[end:])


def _check_count(text: str) -> int:
    """How many iterations a flakiness check has; 0 for as many as usual.

    Raises: ValueError for what is neither a number of them nor a yes.
    """
    if text in (_AS_USUAL, "true", "on"):
        return 0
    if not text.isdecimal() or not 2 <= int(text) <= _MOST_ITERATIONS:
        raise ValueError(f"{text!r} is no number of iterations to compare: it takes two to {_MOST_ITERATIONS}.")
    return int(text)


def _scrubber(text: str) -> str:
    from aicmo_perf.scrubbing import parse_scrubber

    return parse_scrubber(text)


class _FlakinessCheck(click.Option):
    """The option as it is to be written."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its line of help, with the number where it belongs."""
        record = super().get_help_record(ctx)
        return None if record is None else (f"{_CHECK_FLAG}[=N]", record[1])


_flakiness_options = stacked(
    option(
        "run",
        _CHECK_FLAG,
        type=Parsed("number", _check_count),
        cls=_FlakinessCheck,
        help="N iterations (otherwise 3) that change what must not matter, compared with one another; "
        "deterministic unless --live is given.",
    ),
    option(
        "run",
        "--until-rate",
        type=RATIO,
        metavar="SHARE",
        help="Then go on until each feature has differed, or a flake rate of e.g. 5% is excluded (95%).",
    ),
    setting(
        "--flakiness-budget",
        "budget_seconds",
        type=DURATION,
        help="Time for --until-rate, and as much for finding causes (otherwise ten times the first iteration's, at "
        "least 1min, and for causes 10s more for each inconsistent feature).",
    ),
    setting(
        "--scrub",
        type=Parsed("name", _scrubber),
        multiple=True,
        help="Taken out of outputs before they are compared: timestamp, uuid, address, path or regex:...; repeatable.",
    ),
    option(
        "run",
        "--replay",
        metavar="RUN:ITERATION",
        help="Run an iteration of a stored run again, and store nothing; exits with 1 when a shown feature fails.",
    ),
)
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
aicmo-perf run selftest.py shop.generators --flakiness-check=10
aicmo-perf run --until-rate 5%
git bisect run aicmo-perf run --replay 12:4 -k swot
aicmo-perf run --gate --confirm-budget 2min
aicmo-perf run --against origin/main
aicmo-perf run -k 'persona*' --json - | jq .features[0].runtime_seconds""",
    cls=RunCommand,
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@setting("--deterministic/--live", help="Fixed seeds, no LLM, no network; or as in production (the default).")
@setting("--iterations", type=click.IntRange(min=1), help="Passes over the suites, each in a fresh process.")
@_flakiness_options
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
    flakiness_check: int | None,
    until_rate: float | None,
    scrub: tuple[str, ...],
    replay: str | None,
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

    --flakiness-check changes order, seeds, date, locale, folders, processes from the second iteration on, and then
    looks for what each inconsistent feature depends on. --replay repeats one such iteration, with the options and in
    the order it had; with -k, what comes after the features named is left out.
    """
    if replay is not None:
        return _replay(app, replay, selection, verbose=verbose)
    from pathlib import Path

    from aicmo_perf.model import RunState
    from aicmo_perf.workflows.against import execute_against
    from aicmo_perf.workflows.run import execute_run

    if label is not None and (label.isdigit() or label.startswith("latest")):
        raise click.UsageError(f"A run could not be found by the label {label!r}, which means another run.")
    settings = app.settings(
        selection=selection or None, quick=None if full is None else not full, scrub=scrub or None, **given
    )
    settings = _with_check(settings, flakiness_check, until_rate, given)
    settings = _with_suites(settings, suites)
    if ref is not None and (settings.options.flakiness_check or given["iterations"] is not None):
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
        if outcome.judged.result.run.state is RunState.INTERRUPTED:
            note("The run was interrupted; what was finished is stored.")
        return INTERRUPTED_EXIT_CODE
    if gate or ref is not None:
        announce(outcome.judged, "console", err=json_target == "-")
        return exit_code_of(outcome.judged, strict=settings.gate.strict)
    return exit_code_of(outcome.judged, strict=False)


def _with_check(
    settings: Settings, flakiness_check: int | None, until_rate: float | None, given: dict[str, Any]
) -> Settings:
    """The settings of a flakiness check, if one is asked for; it is deterministic unless live mode is, too."""
    if flakiness_check is None and until_rate is None:
        if given["budget_seconds"] is not None:
            raise UsageError("--flakiness-budget is for a flakiness check.", "Add --flakiness-check or --until-rate.")
        return settings
    iterations = given["iterations"]
    if flakiness_check and iterations not in (None, flakiness_check):
        raise UsageError(
            f"--flakiness-check={flakiness_check} and --iterations {iterations} contradict each other.",
            f"Say it once: --flakiness-check={flakiness_check}.",
        )
    iterations = flakiness_check or iterations or settings.options.for_flakiness_check().iterations
    if iterations == 1:
        raise UsageError("A flakiness check needs at least two iterations to compare.", "Leave --iterations out.")
    return settings.override(
        deterministic=given["deterministic"] is not False,
        iterations=iterations,
        flakiness_check=True,
        until_rate=until_rate,
    )


def _with_suites(settings: Settings, suites: tuple[str, ...]) -> Settings:
    """The settings with the suites that are named, if any is."""
    if not suites:
        return settings
    suites = tuple(_from_root(suite, settings.project_root) for suite in suites)
    # A named suite is a rule's if a rule has that name; the other rules rest.
    rules = tuple(rule for rule in settings.discover if rule.suite_name in suites)
    names = {rule.suite_name for rule in rules}
    return replace(settings, suites=tuple(suite for suite in suites if suite not in names), discover=rules)


def _from_root(suite: str, root: Path) -> str:
    """A suite file as seen from the project's root, when the user named it from where they stand."""
    import os
    from pathlib import Path

    here = Path.cwd() / suite
    return Path(os.path.relpath(here, root)).as_posix() if suite.endswith(".py") and here.is_file() else suite


def _replay(app: App, reference: str, selection: tuple[str, ...], *, verbose: bool) -> int:
    """Run an iteration of a stored run again and show what became of it."""
    from aicmo_perf.report.replay_report import build_replay_report
    from aicmo_perf.workflows.replay import replay_iteration

    ctx = click.get_current_context()
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name not in _GOES_WITH_REPLAY and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            written = parameter.opts[0] if isinstance(parameter, click.Option) else "SUITE"
            raise UsageError(
                f"{written} does not go with --replay, which repeats what the run was asked for.",
                "Only -k and -v do, which say what is shown.",
            )
    with run_progress(1) as on_event:
        replay = replay_iteration(
            app.settings(), reference, selection=selection, everything=verbose, relay_output=verbose, on_event=on_event
        )
    for notice in replay.notices:
        note(notice)
    show_document(build_replay_report(replay))
    return FAILED_EXIT_CODE if replay.is_failing else 0


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
