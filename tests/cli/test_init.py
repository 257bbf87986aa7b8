"""``init``: what it writes works, and nothing that exists is overwritten."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from aicmo_perf.config import (
    DISCOVER_KEYS,
    FLAKINESS_KEYS,
    GATE_KEYS,
    OPTION_KEYS,
    SETTINGS_KEYS,
    Key,
    load_settings,
)
from aicmo_perf.workflows.init import configuration
from tests.cli.project import Invoke


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_the_example_runs(empty: Path, invoke: Invoke) -> None:
    assert invoke("init", "--example").exit_code == 0
    answer = invoke("run", "--deterministic", "--max-time", "0s")
    assert answer.exit_code == 0
    assert "generate_title" in answer.stdout


def test_a_pyproject_is_added_to(empty: Path, invoke: Invoke) -> None:
    (empty / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert invoke("init").exit_code == 0
    text = (empty / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "shop"\n')
    assert tomllib.loads(text)["tool"]["aicmo-perf"] == {"gate": {}, "flakiness": {}, "quarantine": {}}
    assert invoke("init").exit_code == 2
    assert (empty / "pyproject.toml").read_text() == text


def test_recipes_keep_the_history_and_are_not_overwritten(empty: Path, invoke: Invoke) -> None:
    assert invoke("init", "--github", "--gitlab").exit_code == 0
    for recipe in (".github/workflows/self-test.yml", ".gitlab/self-test.gitlab-ci.yml"):
        text = (empty / recipe).read_text()
        assert ".aicmo-perf" in text
        assert "aicmo-perf gate" in text
        (empty / recipe).write_text("mine")
    assert invoke("init", "--github").exit_code == 2
    assert (empty / ".github/workflows/self-test.yml").read_text() == "mine"


def test_a_malformed_pyproject_is_left_alone(empty: Path, invoke: Invoke) -> None:
    (empty / "pyproject.toml").write_text("[project\n")
    assert invoke("init").exit_code == 2
    assert (empty / "pyproject.toml").read_text() == "[project\n"


@pytest.mark.parametrize(
    "key",
    [*SETTINGS_KEYS, *OPTION_KEYS, *GATE_KEYS, *FLAKINESS_KEYS, *DISCOVER_KEYS],
    ids=lambda key: key.name,
)
def test_every_example_value_is_valid(key: Key) -> None:
    key.parse(tomllib.loads(f"key = {key.example}")["key"])


def test_uncommented_the_configuration_is_valid(tmp_path: Path) -> None:
    lines = configuration("").splitlines()
    uncommented = [line.removeprefix("# ") if "=" in line or "[[" in line else line for line in lines]
    (tmp_path / "aicmo-perf.toml").write_text("\n".join(uncommented))
    settings = load_settings(tmp_path)
    assert settings.discover
    assert settings.suites == ("selftest.py",)
    assert [entry.feature for entry in settings.quarantine] == ["persona*"]
