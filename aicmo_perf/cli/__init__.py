"""The command line: a module a group of commands, each parse -> workflow -> render -> exit code.

Nothing heavy is imported here: ``--help`` answers at Click's speed, and a command imports what it needs when run.
"""

from __future__ import annotations

import gc

import click

from aicmo_perf.cli.baselines import baseline
from aicmo_perf.cli.compare import compare
from aicmo_perf.cli.database import db
from aicmo_perf.cli.flaky import flaky
from aicmo_perf.cli.gate import gate
from aicmo_perf.cli.history import history
from aicmo_perf.cli.init import init
from aicmo_perf.cli.program import App, Program
from aicmo_perf.cli.report import report, runs, show
from aicmo_perf.cli.run import run
from aicmo_perf.version import __version__


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExample:\n  aicmo-perf run --deterministic\n  aicmo-perf history",
)
@click.option(
    "--db",
    metavar="PATH_OR_URL",
    help="The database: a file, or an SQLAlchemy URL. Otherwise the configured one, or .aicmo-perf/history.db.",
    envvar="AICMO_PERF_DB",
    show_envvar=True,
)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    help="Read this file in place of pyproject.toml or aicmo-perf.toml.",
    envvar="AICMO_PERF_CONFIG",
    show_envvar=True,
)
@click.option("--debug", is_flag=True, help="Show tracebacks.", envvar="AICMO_PERF_DEBUG", show_envvar=True)
@click.version_option(__version__, prog_name="aicmo-perf")
@click.pass_context
def cli(ctx: click.Context, db: str | None, config_file: str | None, debug: bool) -> None:
    """A self-test engine with a memory: is it slower than it was, is it flaky, since when?

    Exit codes: 0 fine, 1 judged and failed, 2 usage, 3 could not judge or could not run.
    """
    ctx.obj = App(db, config_file, debug)


for command in (run, report, history, runs, show, compare, gate, flaky, baseline, db, init):
    cli.add_command(command)


def main() -> None:
    """The console script."""
    # What a command imports lives as long as it does: looking for garbage among it costs a twentieth of its time.
    gc.set_threshold(100_000, 50, 100)
    cli(prog_name="aicmo-perf")


__all__ = ["cli", "main"]
