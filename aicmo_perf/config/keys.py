"""Every key of the configuration file: its name, its value's kind, an example, and a line of help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from aicmo_perf.config.settings import DEFAULT_DB, DEFAULT_OUTPUT
from aicmo_perf.model import Category
from aicmo_perf.units import parse_ratio, parse_seconds

SECTION = "tool.aicmo-perf"

_SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration file.

    Attributes:
        name: as written in the file.
        target: the field of Settings, RunOptions, GateSettings, FeatureThresholds, FlakinessSettings, Quarantine or
            DiscoverRule that it fills.
        parse: from the TOML value; raises ValueError or UsageError with what was expected.
        example: a value as written in the file.
        help: one line for people.
    """

    name: str
    target: str
    parse: Callable[[object], object]
    example: str
    help: str


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is expected")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("a list of texts is expected")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is expected")
    return value


def _not_flag(value: object) -> bool:
    return not _flag(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a whole number, zero or more, is expected")
    return value


def _seed(value: object) -> int:
    if _count(value) >= 2**32:  # what NumPy takes
        raise ValueError("a whole number below 2**32 is expected")
    return _count(value)


def _positive_count(value: object) -> int:
    if _count(value) == 0:
        raise ValueError("a whole number, one or more, is expected")
    return _count(value)


def _at_least_two(value: object) -> int:
    if _count(value) < 2:
        raise ValueError("a whole number, two or more, is expected")
    return _count(value)


def _seconds(value: object) -> float:
    if isinstance(value, str):
        return parse_seconds(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    raise ValueError('a duration like "250ms", or a number of seconds, is expected')


def _positive_seconds(value: object) -> float:
    if _seconds(value) == 0:
        raise ValueError("a duration above zero is expected")
    return _seconds(value)


def _positive_days(value: object) -> float:
    """A bare number means days here: nobody wants a half-life of seconds."""
    days = _positive_seconds(value)
    return days / _SECONDS_PER_DAY if isinstance(value, str) else days


def _ratio(value: object) -> float:
    if isinstance(value, str):
        return parse_ratio(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    raise ValueError('a ratio like "5%" or 0.05 is expected')


def _significance(value: object) -> float:
    if not 0 < (ratio := _ratio(value)) <= 0.5:
        raise ValueError("a share above 0 and up to 0.5 is expected")
    return ratio


def _visible_ratio(value: object) -> float:
    if _ratio(value) == 0:
        raise ValueError("a ratio above zero is expected")
    return 1 + _ratio(value)


def _budget(value: object) -> str:
    text = _text(value)
    (parse_ratio if text.strip().endswith("%") else parse_seconds)(text)
    return text


def _scrubbers(value: object) -> tuple[str, ...]:
    from aicmo_perf.scrubbing import parse_scrubber  # seldom configured, and compiles its patterns

    names = _texts(value)
    for name in names:
        parse_scrubber(name)
    return names


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("a date like 2026-12-31 is expected") from None


def _category(value: object) -> Category:
    try:
        return Category(_text(value))
    except ValueError:
        raise ValueError("one of " + ", ".join(Category) + " is expected") from None


SETTINGS_KEYS = (
    Key(
        "db",
        "db",
        _text,
        f'"{DEFAULT_DB}"',
        "where the history lies: a path from the project's root, or a URL",
    ),
    Key("suites", "suites", _texts, '["selftest.py"]', "what to run: files, modules or entry points"),
    Key("output", "output", _text, f'"{DEFAULT_OUTPUT}"', "the folder of the report files"),
    Key(
        "deterministic",
        "deterministic",
        _flag,
        "false",
        "fixed seeds and stub outputs unless --live is given",
    ),
    Key(
        "default_branch",
        "default_branch",
        _text,
        '"main"',
        "whose runs are a new branch's baseline (else git's)",
    ),
)
OPTION_KEYS = (
    Key("full", "quick", _not_flag, "false", "all scenarios of each feature, not only the first two"),
    Key("iterations", "iterations", _positive_count, "1", "passes over the suite, each in a fresh process"),
    Key("seed", "seed", _seed, "42", "of the random generators, in deterministic mode"),
    Key("warmup", "warmup_count", _count, "1", "calls after the first that are not timed"),
    Key("min_samples", "min_sample_count", _positive_count, "10", "warm samples of each feature at least"),
    Key(
        "min_time",
        "min_sampling_seconds",
        _seconds,
        '"0.5ms"',
        "time that a feature's samples add up to at least",
    ),
    Key("max_time", "max_sampling_seconds", _seconds, '"5s"', "no further sample is begun after this time"),
    Key("timeout", "timeout_seconds", _positive_seconds, '"60s"', "of one call, unless a feature sets its own"),
)
GATE_KEYS = (
    Key("critical_failing", "critical_failing", _flag, "true", "a critical feature fails, wholly or in part"),
    Key("newly_failing", "newly_failing", _flag, "true", "a feature fails that passed in the baseline"),
    Key("vanished_critical", "vanished_critical", _flag, "true", "a critical feature is gone or skipped"),
    Key("flaky", "flaky", _flag, "true", "iterations on unchanged code disagree"),
    Key("slower", "slower", _flag, "true", "a feature is slower than its baseline"),
    Key("fail_on_improvement", "fail_on_improvement", _flag, "false", "a feature is faster than its baseline"),
    Key("min_effect", "min_effect_ratio", _ratio, '"3%"', "smaller slowdowns are not reported"),
    Key("min_effect_time", "min_effect_seconds", _seconds, '"50us"', "nor are slowdowns below this time"),
    Key("min_runs", "min_run_count", _at_least_two, "5", "fewer baseline runs are inconclusive"),
    Key("min_runtime", "min_runtime_seconds", _seconds, '"10us"', "shorter features are inconclusive"),
    Key(
        "max_visible",
        "max_visible_ratio",
        _visible_ratio,
        '"100%"',
        "features so noisy that less cannot be seen are too",
    ),
    Key("window", "window", _positive_count, "30", "baseline runs looked at"),
    Key(
        "significance",
        "significance",
        _significance,
        "0.03",
        "share of false alarms among the changes reported",
    ),
    Key("baseline", "baseline", _text, '"auto"', "run:ID, last:N, branch:NAME, commit:SHA or name:PINNED"),
    Key(
        "any_environment",
        "any_environment",
        _flag,
        "false",
        "also runs of other machines, relative to what each one's features have in common",
    ),
    Key("confirm_budget", "confirm_budget", _budget, '"50%"', "time for re-runs of suspects: of the run's own, or 30s"),
    Key("retries", "retries", _count, "2", "other chances of what failed, in processes of their own; one pass counts"),
    Key("strict", "strict", _flag, "false", "exit with 3 when it cannot be judged"),
)
FEATURE_KEYS = (
    Key("match", "match", _text, '"persona*"', "a name or glob; of several tables that match, the last one counts"),
    Key("min_effect", "min_effect_ratio", _ratio, '"10%"', "smaller slowdowns of these are not reported"),
    Key("min_effect_time", "min_effect_seconds", _seconds, '"1ms"', "nor are slowdowns of these below this time"),
)
FLAKINESS_KEYS = (
    Key("half_life", "half_life_days", _positive_days, '"30d"', "a run so old counts half in a flake rate"),
    Key("budget", "budget_seconds", _seconds, '"10min"', "time for --until-rate, and as much for finding causes"),
    Key("scrub", "scrub", _scrubbers, '["timestamp", "uuid"]', "what is taken out of outputs before they are compared"),
)
QUARANTINE_KEYS = (
    Key("reason", "reason", _text, '"a fix is on its way"', "why its failures do not gate"),
    Key("until", "until", _day, "2026-12-31", "the last day it holds"),
)
DISCOVER_KEYS = (
    Key("modules", "modules", _text, '"shop.generators.*"', "dotted modules, with wildcards"),
    Key("functions", "functions", _text, '"generate_*"', "public functions defined there"),
    Key("category", "category", _category, '"generator"', "one of " + ", ".join(Category)),
    Key("critical", "critical", _flag, "false", "whether a failure fails the run"),
    Key("scenarios", "scenarios", _text, '"shop.selftest:briefs"', "their inputs: module:attribute"),
    Key("suite", "suite", _text, '"shop"', "the suite's name (else from modules)"),
)
