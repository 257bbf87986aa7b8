"""A store in a temporary folder, outside any git repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.store import open_store
from tests.workflows.past import Past


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The default settings of a project without a repository, whose default branch is known; nothing is in CI."""
    for name in list(os.environ):
        if name.startswith(("AICMO_", "GITHUB_", "CI_", "CHANGE_")):
            monkeypatch.delenv(name)
    return Settings(project_root=tmp_path, default_branch="main")


@pytest.fixture
def past(settings: Settings) -> Iterator[Past]:
    """An empty store to be filled."""
    with open_store(settings.db_url) as store:
        yield Past(store)
