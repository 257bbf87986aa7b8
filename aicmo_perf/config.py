"""Configuration: ``[tool.aicmo-perf]`` of ``pyproject.toml`` or ``aicmo-perf.toml`` becomes frozen Settings.

Every key is described once, in the tables below; parsing, the refusal of unknown keys and the commented section
that ``init`` writes all read them. Flags and environment variables come on top (the command line resolves those).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from aicmo_perf.errors import ConfigError, UsageError, nearest_hint
from aicmo_perf.model import Category, DiscoverRule, RunOptions
from aicmo_perf.units import parse_ratio, parse_seconds

SECTION = "tool.aicmo-perf"
DEFAULT_DB = ".aicmo-perf/history.db"
DEFAULT_OUTPUT = "self_test_artifacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """What the gate looks for, and how much it takes.

    Attributes:
        critical_failing, newly_failing, vanished_critical, flaky, slower: each rule's switch.
        min_effect_ratio: a slowdown below this share is not worth a red build.
        min_effect_seconds: nor is one below this time.
        min_run_count: baseline runs under which the answer is ``inconclusive``.
        min_runtime_seconds: features that take less are too short to judge.
        max_visible_ratio: features whose smallest visible ratio to the baseline is above this are too noisy to judge.
        window: baseline runs looked at.
        significance: share of false alarms allowed among the features called changed.
        baseline: which runs to compare with, as ``--baseline`` takes it.
        strict: not being able to judge is an error (exit code 3).
    """

    critical_failing: bool = True
    newly_failing: bool = True
    vanished_critical: bool = True
    flaky: bool = True
    slower: bool = True
    min_effect_ratio: float | None = None
    min_effect_seconds: float | None = None
    min_run_count: int | None = None
    min_runtime_seconds: float | None = None
    max_visible_ratio: float | None = None
    window: int = 20
    significance: float | None = None
    baseline: str = "auto"
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project configured, defaults filled in.

    Attributes:
        project_root: the folder of ``pyproject.toml``, ``aicmo-perf.toml`` or ``.git``, else the current one.
        source: the file the values came from; None when there is none.
        db: a path (relative to the project's root) or an SQLAlchemy URL.
        suites: what ``run`` runs when nothing is named.
        discover: rules that find features in undecorated code.
        output: the folder of the report files, relative to the current folder.
        deterministic: whether runs are deterministic unless ``--live`` is given.
        default_branch: the branch whose runs are a new branch's baseline; None to ask git.
        options: how runs measure.
        gate: what the gate looks for.
    """

    project_root: Path
    source: Path | None = None
    db: str = DEFAULT_DB
    suites: tuple[str, ...] = ()
    discover: tuple[DiscoverRule, ...] = ()
    output: str = DEFAULT_OUTPUT
    deterministic: bool = False
    default_branch: str | None = None
    options: RunOptions = field(default_factory=RunOptions)
    gate: GateSettings = field(default_factory=GateSettings)

    @property
    def db_url(self) -> str:
        """The database as ``open_store`` takes it: a URL, or an absolute path."""
        return self.db if "://" in self.db else str(self.project_root / Path(self.db).expanduser())

    def override(self, **given: object) -> Settings:
        """These settings with the values that were given; those that are None leave it as it is.

        A name belongs to the settings, to their options or to their gate.
        """
        own: dict[str, Any] = {}
        options: dict[str, Any] = {}
        gate: dict[str, Any] = {}
        option_names = {item.name for item in fields(RunOptions)}
        gate_names = {item.name for item in fields(GateSettings)}
        for name, value in given.items():
            if value is None:
                continue
            target = options if name in option_names else gate if name in gate_names else own
            target[name] = value
        try:
            return replace(
                self,
                **own,
                options=replace(self.options, **options),
                gate=replace(self.gate, **gate),
            )
        except ValueError as error:
            raise UsageError(f"These options do not fit: {error}.") from error


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration file.

    Attributes:
        name: as written in the file.
        target: the field of Settings, RunOptions, GateSettings or DiscoverRule that it fills.
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
    Key("min_effect", "min_effect_ratio", _ratio, '"10%"', "smaller slowdowns are not reported"),
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
    Key("window", "window", _positive_count, "20", "baseline runs looked at"),
    Key(
        "significance",
        "significance",
        _significance,
        "0.02",
        "share of false alarms among the changes reported",
    ),
    Key("baseline", "baseline", _text, '"auto"', "run:ID, last:N, branch:NAME, commit:SHA or name:PINNED"),
    Key("strict", "strict", _flag, "false", "exit with 3 when it cannot be judged"),
)
DISCOVER_KEYS = (
    Key("modules", "modules", _text, '"shop.generators.*"', "dotted modules, with wildcards"),
    Key("functions", "functions", _text, '"generate_*"', "public functions defined there"),
    Key("category", "category", _category, '"generator"', "one of " + ", ".join(Category)),
    Key("critical", "critical", _flag, "false", "whether a failure fails the run"),
    Key("scenarios", "scenarios", _text, '"shop.selftest:briefs"', "their inputs: module:attribute"),
    Key("suite", "suite", _text, '"shop"', "the suite's name (else from modules)"),
)


def find_project_root(start: Path) -> Path:
    """The nearest folder from ``start`` upwards with ``aicmo-perf.toml``, ``pyproject.toml`` or ``.git``."""
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in ("aicmo-perf.toml", "pyproject.toml", ".git")):
            return folder
    return start


def load_settings(start: Path, *, config_file: Path | None = None) -> Settings:
    """Read the project's configuration.

    Args:
        start: the folder from which the project's root is looked for.
        config_file: an explicit file, read in place of the project's own.

    Raises: ConfigError for a file that cannot be read, malformed TOML, an unknown key or a bad value.
    """
    root = find_project_root(start.absolute())
    if config_file is not None:
        if not config_file.is_file():
            raise ConfigError(f"There is no configuration file {config_file}.", "Check the --config option.")
        table = _section(config_file)
        return _settings(root, config_file, table if table is not None else {})
    for name in ("aicmo-perf.toml", "pyproject.toml"):
        path = root / name
        if path.is_file() and (table := _section(path)) is not None:
            return _settings(root, path, table)
    return Settings(project_root=root)


def _section(path: Path) -> Mapping[str, object] | None:
    """The project's table of a file: all of ``aicmo-perf.toml``, or the section of a ``pyproject.toml``."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", "Correct the file and try again.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Check the file and its permissions.") from error
    tool = document.get("tool", {})
    section = tool.get("aicmo-perf") if isinstance(tool, dict) else None
    if path.name == "pyproject.toml" or section is not None:
        if section is not None and not isinstance(section, dict):
            raise ConfigError(f"[{SECTION}] in {path} must be a table.", "Run 'aicmo-perf init' to see its form.")
        return section
    return document


def _settings(root: Path, path: Path, table: Mapping[str, object]) -> Settings:
    rest = dict(table)
    gate_table, rules = rest.pop("gate", {}), rest.pop("discover", [])
    if not isinstance(gate_table, dict):
        raise ConfigError(f"[{SECTION}.gate] in {path} must be a table.")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ConfigError(f"[[{SECTION}.discover]] in {path} must be an array of tables.")
    values = _parse(rest, SETTINGS_KEYS + OPTION_KEYS, f"[{SECTION}]", path, extra=("gate", "discover"))
    gate = _parse(gate_table, GATE_KEYS, f"[{SECTION}.gate]", path)
    discover = []
    for rule in rules:
        parsed = _parse(rule, DISCOVER_KEYS, f"[[{SECTION}.discover]]", path)
        if "modules" not in parsed:
            raise ConfigError(
                f"A [[{SECTION}.discover]] table in {path} has no modules.", "Name the modules to look in."
            )
        discover.append(DiscoverRule(**parsed))
    try:
        return Settings(project_root=root, source=path, discover=tuple(discover)).override(**values, **gate)
    except UsageError as error:
        raise ConfigError(f"{path}: {error.message}", error.hint) from error


def _parse(
    table: Mapping[str, object], keys: tuple[Key, ...], where: str, path: Path, *, extra: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The table's values by target field; every key must be known and every value of its kind."""
    known = {key.name: key for key in keys}
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = known.get(name) or known.get(name.replace("-", "_"))
        if key is None:
            names = (*known, *extra)
            raise ConfigError(
                f"{where} in {path} has an unknown key {name!r}.",
                nearest_hint(name, names, otherwise="Known keys: " + ", ".join(names) + "."),
            )
        try:
            values[key.target] = key.parse(value)
        except UsageError as error:
            raise ConfigError(f"{key.name} in {where} of {path}: {error.message}", error.hint) from error
        except ValueError as error:
            raise ConfigError(
                f"{key.name} = {value!r} in {where} of {path} is not valid: {error}.",
                f"For example: {name} = {key.example}",
            ) from error
    return values
