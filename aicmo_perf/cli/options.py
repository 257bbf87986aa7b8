"""Options that several commands share, and the values they take.

An option that has a key in the configuration file is left None unless it is given, so that the file's value
holds; each also has an environment variable of its name, ``AICMO_PERF_MIN_EFFECT`` for ``--min-effect``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import click

from aicmo_perf.errors import AicmoPerfError

_Function = TypeVar("_Function", bound=Callable[..., Any])


# Generic only since Click 8.4, and to type checkers; at run time its bare name serves all versions.
class Parsed(click.ParamType):  # type: ignore[type-arg]
    """A text that one of our parsers understands."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value; values that are none are left alone."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except AicmoPerfError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _duration(text: str) -> float:
    from aicmo_perf.units import parse_seconds

    return parse_seconds(text)


def _ratio(text: str) -> float:
    from aicmo_perf.units import parse_ratio

    return parse_ratio(text)


def _significance(text: str) -> float:
    if not 0 < (ratio := _ratio(text)) <= 0.5:
        raise ValueError(f"{text!r} is not a share above 0 and up to 0.5")
    return ratio


def _visible_ratio(text: str) -> float:
    if not (ratio := _ratio(text)) > 0:
        raise ValueError(f"{text!r} is not above zero")
    return 1 + ratio


def _moment(text: str) -> datetime:
    """An aware time from ISO 8601 (a bare date is its midnight, UTC unless it says otherwise), or an age like 7d."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.now(UTC) - timedelta(seconds=_duration(text))
        except AicmoPerfError:
            raise ValueError(f"{text!r} is no time; write 2026-01-31, 2026-01-31T12:00 or an age like 7d") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write 2026-12-31") from None


DURATION = Parsed("duration", _duration)
RATIO = Parsed("ratio", _ratio)
SIGNIFICANCE = Parsed("share", _significance)
VISIBLE_RATIO = Parsed("ratio", _visible_ratio)
MOMENT = Parsed("time", _moment)
DAY = Parsed("date", _day)


def setting(*declarations: str, **attributes: Any) -> Callable[[_Function], _Function]:
    """An option on top of the configuration file; its environment variable is the same for every command."""
    return click.option(*declarations, envvar=_variable("", declarations), show_envvar=True, default=None, **attributes)


def option(command: str, *declarations: str, **attributes: Any) -> Callable[[_Function], _Function]:
    """An option of one command, which its environment variable also names: ``AICMO_PERF_HISTORY_LAST``."""
    return click.option(*declarations, envvar=_variable(command, declarations), show_envvar=True, **attributes)


def _variable(command: str, declarations: tuple[str, ...]) -> str:
    long_name = next(part for part in declarations if part.startswith("--")).split("/")[0].removeprefix("--")
    return "_".join(["AICMO_PERF", *filter(None, [command, long_name])]).upper().replace("-", "_")


def stacked(*decorators: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """Several options as one decorator, shown in this order."""

    def apply(function: _Function) -> _Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


baseline_option = setting(
    "--baseline",
    metavar="WHICH",
    help="Compare with run:ID, last:N, branch:NAME, commit:SHA or name:PINNED; or the last comparable runs.",
)

gate_options = stacked(
    baseline_option,
    setting("--strict/--no-strict", help="Exit with 3 when nothing could be judged for speed."),
    setting("--critical-failing/--no-critical-failing", help="Rule: a critical feature fails, wholly or in part."),
    setting("--newly-failing/--no-newly-failing", help="Rule: a feature fails that passed in the baseline."),
    setting(
        "--vanished-critical/--no-vanished-critical",
        help="Rule: a critical feature is gone or skipped.",
    ),
    setting("--flaky/--no-flaky", help="Rule: iterations on unchanged code disagree."),
    setting("--slower/--no-slower", help="Rule: a feature is slower than its baseline."),
    setting("--fail-on-improvement/--no-fail-on-improvement", help="Rule: a feature is faster than its baseline."),
    setting("--min-effect", "min_effect_ratio", type=RATIO, help="Smaller slowdowns are not reported, e.g. 3%."),
    setting(
        "--min-effect-time", "min_effect_seconds", type=DURATION, help="Nor are slowdowns below this time, e.g. 50us."
    ),
    setting("--min-runs", "min_run_count", type=click.IntRange(min=2), help="Fewer baseline runs are inconclusive."),
    setting("--min-runtime", "min_runtime_seconds", type=DURATION, help="Shorter features are, too, e.g. 10us."),
    setting(
        "--max-visible",
        "max_visible_ratio",
        type=VISIBLE_RATIO,
        help="So are those so noisy that a smaller slowdown cannot be seen, e.g. 100%.",
    ),
    setting("--window", type=click.IntRange(min=1), help="Baseline runs looked at."),
    setting(
        "--any-environment/--this-environment",
        help="Also runs of other machines, relative to what each one's features have in common.",
    ),
    setting(
        "--retries",
        type=click.IntRange(min=0),
        help="How often 'run --gate' gives what failed another chance; 0 for never.",
    ),
    setting("--significance", type=SIGNIFICANCE, help="Share of false alarms among the changes reported."),
)


def run_filter_options(command: str) -> Callable[[_Function], _Function]:
    """Which runs a command looks at."""
    return stacked(
        option(command, "--last", type=click.IntRange(min=1), help="The newest so many runs."),
        option(command, "--since", type=MOMENT, help="Runs started then or later: 2026-01-31, or an age like 7d."),
        option(command, "--until", type=MOMENT, help="Runs started before then."),
        option(command, "--branch", help="Runs of this branch."),
        option(command, "--mode", type=click.Choice(["deterministic", "live"]), help="Runs in this mode."),
        option(command, "--suite", help="Runs of this suite."),
        option(command, "--environment", metavar="FINGERPRINT", help="Runs on this machine and interpreter."),
    )
