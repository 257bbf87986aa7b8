"""From the file to the settings: where it is found, and how mistakes in it are named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aicmo_perf.config.keys import DISCOVER_KEYS, FEATURE_KEYS, GATE_KEYS, OPTION_KEYS, SECTION, SETTINGS_KEYS, Key
from aicmo_perf.config.settings import Settings
from aicmo_perf.errors import ConfigError, UsageError, nearest_hint
from aicmo_perf.model import DiscoverRule, FeatureThresholds


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
    gate_rest = dict(gate_table)
    features = gate_rest.pop("feature", [])
    if not isinstance(features, list) or not all(isinstance(table, dict) for table in features):
        raise ConfigError(f"[[{SECTION}.gate.feature]] in {path} must be an array of tables.")
    values = _parse(rest, SETTINGS_KEYS + OPTION_KEYS, f"[{SECTION}]", path, extra=("gate", "discover"))
    gate = _parse(gate_rest, GATE_KEYS, f"[{SECTION}.gate]", path, extra=("feature",))
    discover = []
    for rule in rules:
        parsed = _parse(rule, DISCOVER_KEYS, f"[[{SECTION}.discover]]", path)
        if "modules" not in parsed:
            raise ConfigError(
                f"A [[{SECTION}.discover]] table in {path} has no modules.", "Name the modules to look in."
            )
        discover.append(DiscoverRule(**parsed))
    for table in features:
        parsed = _parse(table, FEATURE_KEYS, f"[[{SECTION}.gate.feature]]", path)
        if "match" not in parsed:
            raise ConfigError(
                f"A [[{SECTION}.gate.feature]] table in {path} has no match.", "Name the features that it is about."
            )
        gate["thresholds"] = (*gate.get("thresholds", ()), FeatureThresholds(**parsed))
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
