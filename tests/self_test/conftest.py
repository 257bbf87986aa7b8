from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aicmo_perf.model import IterationResult, Mode, RunOptions
from aicmo_perf.self_test.engine import run_engine
from aicmo_perf.self_test.plan import EnginePlan

QUICKEST = RunOptions(warmup_count=0, min_sample_count=1, min_sampling_seconds=0.0, timeout_seconds=300.0)
"""For tests of anything but the measuring."""

RunSuite = Callable[..., dict[str, IterationResult]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file of a project: its path below the root, and its text."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return write_file


@pytest.fixture
def make_plan(tmp_path: Path) -> Callable[..., EnginePlan]:
    def make(*suites: str, **settings: Any) -> EnginePlan:
        return EnginePlan(
            **{
                "suites": suites,
                "mode": Mode.LIVE,
                "options": QUICKEST,
                "project_root": tmp_path,
                **settings,
            }
        )

    return make


@pytest.fixture
def run_suite(write: Callable[[str, str], Path], make_plan: Callable[..., EnginePlan]) -> RunSuite:
    """Runs one file suite in a worker; its results by the short name of the feature."""

    def run(text: str, **settings: Any) -> dict[str, IterationResult]:
        write("suite.py", "from aicmo_perf import add_error, add_warning, feature, skip\n" + textwrap.dedent(text))
        events = list(run_engine(make_plan("suite.py", **settings)))
        results = [event for event in events if isinstance(event, IterationResult)]
        by_name = {result.feature.name: result for result in results}
        assert len(by_name) == len(results), "a feature has one result"
        return by_name

    return run
