"""The program around the commands: what they share, and how anything that goes wrong is said.

A command body parses, calls one workflow, renders and returns its exit code. Errors surface here, as one sentence
and a hint on standard error; ``--debug`` shows the traceback as well.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aicmo_perf.errors import UNABLE_EXIT_CODE, USAGE_EXIT_CODE, AicmoPerfError

if TYPE_CHECKING:
    from aicmo_perf.config import Settings

INTERRUPTED_EXIT_CODE = 130
CLOSED_PIPE_EXIT_CODE = 141


@dataclass(frozen=True, slots=True)
class App:
    """What the options before the command's name say.

    Attributes:
        db: the database, as given by flag or environment; None for the configured one.
        config_file: an explicit configuration file.
        debug: show tracebacks.
    """

    db: str | None
    config_file: str | None
    debug: bool

    def settings(self, **given: object) -> Settings:
        """The project's configuration with what flags and environment variables say on top."""
        from pathlib import Path

        from aicmo_perf.config import load_settings

        # A path given here is relative to where the user stands, unlike one in the configuration file.
        db = self.db
        if db is not None and "://" not in db:
            db = str(Path(db).expanduser().absolute())
        return load_settings(Path.cwd(), config_file=Path(self.config_file) if self.config_file else None).override(
            db=db, **given
        )


pass_app = click.make_pass_decorator(App)


class _ClosedPipe(Exception):
    """Whoever read standard output has closed it."""


class Program(click.Group):
    """The command group, with errors in users' words and the exit codes of the contract."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and leave with its exit code: 0 fine, 1 judged and failed, 2 usage, 3 unable."""
        kwargs["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            # A terminal or pipe of another encoding gets question marks for sparklines, not an error.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            code = super().main(*args, **kwargs)
            # What is still buffered may meet a closed pipe; better here than at interpreter exit.
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            code = USAGE_EXIT_CODE
        except AicmoPerfError as error:
            _say(error.message, error.hint)
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            code = INTERRUPTED_EXIT_CODE
        except (BrokenPipeError, _ClosedPipe):
            # Whoever read the output has read enough (``| head``). The code is the shell's for SIGPIPE: 1 would mean
            # that something was judged and failed.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = CLOSED_PIPE_EXIT_CODE
        except OSError as error:
            _say(f"The output cannot be written: {error.strerror or error}.", "Make room, or write it elsewhere.")
            code = UNABLE_EXIT_CODE
        except Exception as error:
            _say(
                f"Something unexpected happened: {type(error).__name__}: {error}.",
                "This is a defect of aicmo-perf; run the same with --debug and report what it prints.",
            )
            code = UNABLE_EXIT_CODE
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command; with ``--debug`` its traceback is printed before the error is reported."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except BrokenPipeError as error:
            # Click would leave with 1, which means here that something was judged and failed.
            raise _ClosedPipe from error
        except Exception:
            if ctx.params.get("debug"):
                import traceback

                traceback.print_exc()
            raise


def _say(message: str, hint: str) -> None:
    click.echo(f"Error: {message}", err=True)
    if hint:
        click.echo(f"Hint: {hint}", err=True)


def command(
    name: str, *, example: str, cls: type[click.Command] = click.Command
) -> Callable[[Callable[..., int | None]], click.Command]:
    """A Click command, of a class of its own if need be, whose help ends with an example, one invocation a line."""
    lines = "\n".join(f"  {line}" for line in example.strip().splitlines())
    return click.command(name, cls, epilog=f"\b\nExample:\n{lines}")
