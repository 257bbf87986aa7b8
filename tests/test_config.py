"""The configuration file: where it is found, what it may say, how mistakes are named."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from aicmo_perf.baseline import DEFAULT_WINDOW
from aicmo_perf.config import (
    DEFAULT_DB,
    FEATURE_KEYS,
    FLAKINESS_KEYS,
    GATE_KEYS,
    OPTION_KEYS,
    QUARANTINE_KEYS,
    SETTINGS_KEYS,
    FlakinessSettings,
    Settings,
    find_project_root,
    load_settings,
)
from aicmo_perf.errors import ConfigError, UsageError
from aicmo_perf.model import Category, DiscoverRule, FeatureThresholds, Quarantine
from aicmo_perf.stats.comparison import SlownessPolicy


def write(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_without_a_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.source is None
    assert settings.options.quick is True
    assert settings.db_url == str(tmp_path / DEFAULT_DB)


@pytest.mark.parametrize("marker", ["pyproject.toml", "aicmo-perf.toml", ".git"])
def test_the_root_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / marker).touch()
    assert find_project_root(below) == tmp_path


def test_every_kind_of_value(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [tool.aicmo-perf]
        db = "perf/history.db"
        suites = ["selftest.py", "shop.selftest"]
        deterministic = true
        full = true
        iterations = 3
        timeout = "2min"
        min-samples = 4

        [tool.aicmo-perf.gate]
        slower = false
        min_effect = "5%"
        min_effect_time = 0.001
        baseline = "last:7"
        any_environment = true
        fail_on_improvement = true
        confirm_budget = "30s"
        retries = 0

        [tool.aicmo-perf.flakiness]
        half_life = "2d"
        budget = "1min"
        scrub = ["uuid", "regex:run [0-9]+"]

        [tool.aicmo-perf.quarantine]
        "persona*" = { reason = "the clock", until = 2026-12-31 }
        "shop:shop.deck" = { reason = "a race", until = "2027-01-02" }

        [[tool.aicmo-perf.gate.feature]]
        match = "persona*"
        min_effect = "10%"

        [[tool.aicmo-perf.gate.feature]]
        match = "persona"
        min-effect-time = "1ms"

        [[tool.aicmo-perf.discover]]
        modules = "shop.generators.*"
        functions = "generate_*"
        category = "generator"
        scenarios = "shop.selftest:briefs"
        """,
    )
    settings = load_settings(tmp_path)
    assert settings.db_url == str(tmp_path / "perf/history.db")
    assert settings.suites == ("selftest.py", "shop.selftest")
    assert settings.deterministic is True
    assert (settings.options.quick, settings.options.iterations) == (False, 3)
    assert (settings.options.timeout_seconds, settings.options.min_sample_count) == (120.0, 4)
    assert (settings.gate.slower, settings.gate.min_effect_ratio) == (False, 0.05)
    assert (settings.gate.min_effect_seconds, settings.gate.baseline) == (0.001, "last:7")
    assert (settings.gate.any_environment, settings.gate.fail_on_improvement) == (True, True)
    assert (settings.gate.confirm_budget, settings.gate.retries) == ("30s", 0)
    assert settings.flakiness == FlakinessSettings(half_life_days=2.0, budget_seconds=60.0)
    assert settings.options.scrub == ("uuid", "regex:run [0-9]+")
    assert settings.quarantine == (
        Quarantine(feature="persona*", reason="the clock", until=date(2026, 12, 31), in_file=True),
        Quarantine(feature="shop:shop.deck", reason="a race", until=date(2027, 1, 2), in_file=True),
    )
    assert settings.gate.thresholds == (
        FeatureThresholds(match="persona*", min_effect_ratio=0.1),
        FeatureThresholds(match="persona", min_effect_seconds=0.001),
    )
    assert settings.discover == (
        DiscoverRule(
            modules="shop.generators.*",
            functions="generate_*",
            category=Category.GENERATOR,
            scenarios="shop.selftest:briefs",
        ),
    )


def test_own_file_has_no_prefix_and_wins(tmp_path: Path) -> None:
    write(tmp_path, "[tool.aicmo-perf]\niterations = 2\n")
    write(tmp_path, "iterations = 5\n[gate]\nstrict = true\n", "aicmo-perf.toml")
    settings = load_settings(tmp_path)
    assert (settings.options.iterations, settings.gate.strict) == (5, True)


def test_a_url_is_not_a_path(tmp_path: Path) -> None:
    write(tmp_path, '[tool.aicmo-perf]\ndb = "postgresql://db.example/perf"\n')
    assert load_settings(tmp_path).db_url == "postgresql://db.example/perf"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[tool.aicmo-perf]\niteration = 3\n", "unknown key 'iteration'", "iterations"),
        ("[tool.aicmo-perf.gate]\nmin_efect = 3\n", "unknown key 'min_efect'", "min_effect"),
        ("[tool.aicmo-perf]\niterations = 0\n", "iterations = 0", "iterations = 1"),
        ("[tool.aicmo-perf]\niterations = true\n", "iterations = True", ""),
        ('[tool.aicmo-perf]\ntimeout = "soon"\n', "'soon' is not a duration", "250ms"),
        ("[tool.aicmo-perf]\ntimeout = 0\n", "above zero", ""),
        ('[tool.aicmo-perf.gate]\nmin_effect = "much"\n', "'much' is not a ratio", "5%"),
        ("[tool.aicmo-perf.gate]\nsignificance = 2\n", "up to 0.5", ""),
        ("[tool.aicmo-perf]\nsuites = [1]\n", "a list of texts", ""),
        ("[tool.aicmo-perf]\ngate = 1\n", "must be a table", ""),
        ("[tool.aicmo-perf]\ndiscover = {}\n", "array of tables", ""),
        ('[[tool.aicmo-perf.discover]]\nfunctions = "f*"\n', "has no modules", ""),
        ('[[tool.aicmo-perf.discover]]\nmodules = "a"\ncategory = "big"\n', "one of generator", ""),
        ("[tool.aicmo-perf.gate]\nfeature = 1\n", "[[tool.aicmo-perf.gate.feature]]", ""),
        ('[[tool.aicmo-perf.gate.feature]]\nmin_effect = "1%"\n', "has no match", "Name the features"),
        ('[[tool.aicmo-perf.gate.feature]]\nmatch = "a"\nmin_efect = 1\n', "unknown key 'min_efect'", "min_effect"),
        ('[tool.aicmo-perf.gate]\nconfirm_budget = "some"\n', "'some' is not a duration", ""),
        ('[tool.aicmo-perf.gate]\nconfirm_budget = "x%"\n', "'x%' is not a ratio", ""),
        ("[tool.aicmo-perf.gate]\nretries = -1\n", "retries = -1", "retries = 2"),
        ("[tool.aicmo-perf]\nflakiness = 1\n", "must be a table", ""),
        ('[tool.aicmo-perf.flakiness]\nhalf_life = "long"\n', "'long' is not a duration", ""),
        ("[tool.aicmo-perf.flakiness]\nhalf_life = 0\n", "above zero", ""),
        ("[tool.aicmo-perf.flakiness]\nhalf_live = 3\n", "unknown key 'half_live'", "half_life"),
        ('[tool.aicmo-perf.flakiness]\nscrub = ["uuids"]\n', "scrub in [tool.aicmo-perf.flakiness]", "uuid"),
        ('[tool.aicmo-perf.flakiness]\nscrub = ["regex:("]\n', "scrub in [tool.aicmo-perf.flakiness]", ""),
        ("[tool.aicmo-perf]\nquarantine = 1\n", "must be a table", ""),
        ('[tool.aicmo-perf.quarantine]\nswot = "flaky"\n', '"swot" in [tool.aicmo-perf.quarantine]', '"swot" = {'),
        ("[tool.aicmo-perf.quarantine]\nswot = { until = 2026-01-01 }\n", "has no reason", "reason ="),
        ('[tool.aicmo-perf.quarantine]\nswot = { reason = "clock" }\n', "has no until", "until = 2026-12-31"),
        ('[tool.aicmo-perf.quarantine]\nswot = { reason = "", until = 2026-01-01 }\n', "a text is expected", ""),
        ('[tool.aicmo-perf.quarantine]\nswot = { reason = "a", until = "soon" }\n', '"swot" of', "2026-12-31"),
        ('[tool.aicmo-perf.quarantine]\nswot = { reason = "a", until = 2026-01-01T12:00:00Z }\n', "a date like", ""),
        ('[tool.aicmo-perf.quarantine]\nswot = { reason = "a", untill = 2026-01-01 }\n', "'untill'", "until"),
        ("[tool]\naicmo-perf = 3\n", "must be a table", "init"),
        ("[tool.aicmo-perf\n", "not valid TOML", "Correct"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str, hint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load_settings(tmp_path, config_file=tmp_path / "missing.toml")


def test_thresholds_shown_as_examples_are_the_defaults() -> None:
    policy, gate = SlownessPolicy(), Settings(project_root=Path()).gate
    for key in GATE_KEYS:
        if hasattr(policy, key.target):
            assert key.parse(tomllib.loads(f"key = {key.example}")["key"]) == getattr(policy, key.target)
        if key.name == "window":
            assert key.example == str(DEFAULT_WINDOW)
        elif not hasattr(policy, key.target):
            assert key.parse(tomllib.loads(f"key = {key.example}")["key"]) == getattr(gate, key.target)
    for key in FLAKINESS_KEYS:
        if key.name not in ("scrub", "budget"):
            example = key.parse(tomllib.loads(f"key = {key.example}")["key"])
            assert example == getattr(FlakinessSettings(), key.target)
    for key in (*FEATURE_KEYS, *QUARANTINE_KEYS):
        assert key.parse(tomllib.loads(f"key = {key.example}")["key"])
    for key in (*SETTINGS_KEYS, *OPTION_KEYS):
        settings = Settings(project_root=Path())
        holder = settings if hasattr(settings, key.target) else settings.options
        if key.name not in ("suites", "default_branch"):
            assert key.parse(tomllib.loads(f"key = {key.example}")["key"]) == getattr(holder, key.target)


def test_a_bare_half_life_is_in_days(tmp_path: Path) -> None:
    write(tmp_path, "[tool.aicmo-perf.flakiness]\nhalf_life = 14\n")
    assert load_settings(tmp_path).flakiness.half_life_days == 14


def test_override_leaves_what_is_not_given(tmp_path: Path) -> None:
    settings = load_settings(tmp_path).override(iterations=4, slower=False, db=None, output="here", half_life_days=7.0)
    assert (settings.options.iterations, settings.gate.slower, settings.output) == (4, False, "here")
    assert (settings.db, settings.flakiness.half_life_days) == (DEFAULT_DB, 7.0)


def test_override_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one iteration"):
        load_settings(tmp_path).override(iterations=0)
