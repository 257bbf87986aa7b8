"""Configuration: ``[tool.aicmo-perf]`` of ``pyproject.toml`` or ``aicmo-perf.toml`` becomes frozen Settings.

Every key is described once, in the tables of `keys`; parsing, the refusal of unknown keys and the commented section
that ``init`` writes all read them. Flags and environment variables come on top (the command line resolves those).
"""

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
from aicmo_perf.config.loading import find_project_root, load_settings
from aicmo_perf.config.settings import DEFAULT_DB, DEFAULT_OUTPUT, FlakinessSettings, GateSettings, Settings

__all__ = [
    "DEFAULT_DB",
    "DEFAULT_OUTPUT",
    "DISCOVER_KEYS",
    "FEATURE_KEYS",
    "FLAKINESS_KEYS",
    "GATE_KEYS",
    "OPTION_KEYS",
    "QUARANTINE_KEYS",
    "SECTION",
    "SETTINGS_KEYS",
    "FlakinessSettings",
    "GateSettings",
    "Key",
    "Settings",
    "find_project_root",
    "load_settings",
]
