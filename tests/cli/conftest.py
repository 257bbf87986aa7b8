"""A small project in a temporary folder, and the program called in it as a user would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from aicmo_perf.cli import cli
from tests.cli.project import SUITE, Answer, Invoke


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a suite of two features, the current folder; no variable of ours is set."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "aicmo-perf.toml").write_text('suites = ["selftest.py"]\nmin_samples = 2\n')
    (folder / "selftest.py").write_text(SUITE)
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith(("AICMO_", "GITHUB_")):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def invoke() -> Invoke:
    """Call the program in this process: exit code and both outputs."""

    def call(*arguments: str, env: dict[str, str] | None = None) -> Answer:
        result = CliRunner().invoke(cli, list(arguments), env=env, prog_name="aicmo-perf")
        return Answer(result.exit_code, result.stdout, result.stderr)

    return call
