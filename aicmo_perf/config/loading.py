"""From the file to the settings: where it is found, and how mistakes in it are named."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aicmo_perf.config.keys import (
    DISCOVER_KEYS,
    FEATURE_KEYS,
    FLAKINESS_KEYS,
    GATE_KEYS,
    OPTION_KEYS,
    QUARANTINE_KEYS,
    SECTION,
    SETTINGS_KEYS,
    Key,
)
from aicmo_perf.config.settings import Settings
from aicmo_perf.errors import ConfigError, UsageError, nearest_hint
from aicmo_perf.model import DiscoverRule, FeatureThresholds, Quarantine


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
    gate_table = _table_of(rest, "gate", path)
    features = _tables_of(gate_table, "feature", "gate.feature", path)
    flakiness = _table_of(rest, "flakiness", path)
    quarantine = _table_of(rest, "quarantine", path)
    rules = _tables_of(rest, "discover", "discover", path)
    tables = ("gate", "flakiness", "quarantine", "discover")
    values = _parse(rest, SETTINGS_KEYS + OPTION_KEYS, f"[{SECTION}]", path, extra=tables)
    values |= _parse(gate_table, GATE_KEYS, f"[{SECTION}.gate]", path, extra=("feature",))
    values |= _parse(flakiness, FLAKINESS_KEYS, f"[{SECTION}.flakiness]", path)
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
        values["thresholds"] = (*values.get("thresholds", ()), FeatureThresholds(**parsed))
    quarantined = tuple(_quarantine(feature, entry, path) for feature, entry in quarantine.items())
    try:
        return Settings(project_root=root, source=path, discover=tuple(discover), quarantine=quarantined).override(
            **values
        )
    except UsageError as error:
        raise ConfigError(f"{path}: {error.message}", error.hint) from error


def _table_of(table: dict[str, object], name: str, path: Path) -> dict[str, object]:
    """Take a table out of another one; empty when it is not there."""
    found = table.pop(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"[{SECTION}.{name}] in {path} must be a table.")
    return dict(found)


def _tables_of(table: dict[str, object], name: str, full_name: str, path: Path) -> list[dict[str, object]]:
    """Take an array of tables out of a table; empty when it is not there."""
    found = table.pop(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ConfigError(f"[[{SECTION}.{full_name}]] in {path} must be an array of tables.")
    return found


def _quarantine(feature: str, entry: object, path: Path) -> Quarantine:
    """One line of the quarantine."""
    line = f"{json.dumps(feature)} in [{SECTION}.quarantine] of {path}"
    example = ", ".join(f"{key.name} = {key.example}" for key in QUARANTINE_KEYS)
    example = f"For example: {json.dumps(feature)} = {{ {example} }}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{line} must be a table with a reason and a date.", example)
    parsed = _parse(entry, QUARANTINE_KEYS, f"{json.dumps(feature)} of [{SECTION}.quarantine]", path)
    for key in QUARANTINE_KEYS:
        if key.target not in parsed:
            raise ConfigError(f"{line} has no {key.name}: {key.help}.", example)
    return Quarantine(feature=feature, in_file=True, **parsed)


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
