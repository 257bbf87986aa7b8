"""Options that several commands share, and the values they take.

An option that has a key in the configuration file is left None unless it is given, so that the file's value
holds; each also has an environment variable of its name, ``AICMO_PERF_MIN_EFFECT`` for ``--min-effect``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from aicmo_perf.errors import AicmoPerfError

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Parsed(click.ParamType[Any]):
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


def _probability(text: str) -> float:
    if not 0 < (ratio := _ratio(text)) < 1:
        raise ValueError(f"{text!r} is not between 0 and 1")
    return ratio


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


DURATION = Parsed("duration", _duration)
RATIO = Parsed("ratio", _ratio)
PROBABILITY = Parsed("probability", _probability)
MOMENT = Parsed("time", _moment)


def setting(*declarations: str, **attributes: Any) -> Callable[[_Function], _Function]:
    """An option on top of the configuration file, with an environment variable of its name."""
    long_name = next(part for part in declarations if part.startswith("--")).split("/")[0]
    variable = "AICMO_PERF_" + long_name.removeprefix("--").upper().replace("-", "_")
    return click.option(*declarations, envvar=variable, show_envvar=True, default=None, **attributes)


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
    setting("--strict/--no-strict", help="Exit with 3 when it cannot be judged, for want of a baseline."),
    setting("--critical-failing/--no-critical-failing", help="Rule: a critical feature fails, wholly or in part."),
    setting("--newly-failing/--no-newly-failing", help="Rule: a feature fails that passed in the baseline."),
    setting("--vanished-critical/--no-vanished-critical", help="Rule: a critical feature of the baseline is gone."),
    setting("--flaky/--no-flaky", help="Rule: iterations on unchanged code disagree."),
    setting("--slower/--no-slower", help="Rule: a feature is slower than its baseline."),
    setting("--min-effect", "min_effect_ratio", type=RATIO, help="Smaller slowdowns are not reported, e.g. 10%."),
    setting(
        "--min-effect-time", "min_effect_seconds", type=DURATION, help="Nor are slowdowns below this time, e.g. 50us."
    ),
    setting("--min-runs", "min_run_count", type=click.IntRange(min=1), help="Fewer baseline runs are inconclusive."),
    setting("--window", type=click.IntRange(min=1), help="Baseline runs looked at."),
    setting("--significance", type=PROBABILITY, help="Share of false alarms among the changes reported."),
)

run_filter_options = stacked(
    click.option("--last", type=click.IntRange(min=1), help="The newest so many runs."),
    click.option("--since", type=MOMENT, help="Runs started then or later: 2026-01-31, or an age like 7d."),
    click.option("--until", type=MOMENT, help="Runs started before then."),
    click.option("--branch", help="Runs of this branch."),
    click.option("--mode", type=click.Choice(["deterministic", "live"]), help="Runs in this mode."),
    click.option("--suite", help="Runs of this suite."),
    click.option("--environment", metavar="FINGERPRINT", help="Runs on this machine and interpreter (or its start)."),
)
