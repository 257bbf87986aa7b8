"""Where a diagnosis tries features: trials do not see each other, and nothing of them stays."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from aicmo_perf.flakiness.bench import Bench
from aicmo_perf.model import PLAIN, Conditions, Trial
from aicmo_perf.self_test.bench import EngineBench

SUITE = Path(__file__).parent / "suites" / "conditional.py"


@pytest.fixture
def keys():
    return lambda *names: tuple(("conditional", f"conditional.{name}") for name in names)


@pytest.fixture
def bench(tmp_path, make_plan, monkeypatch):
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(SUITE, root)
    (root / "kept").write_text("kept")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    trials: list[Trial] = []
    made: Bench = EngineBench(make_plan("conditional.py", project_root=root), on_trial=trials.append)
    yield made
    assert list((tmp_path / "tmp").iterdir()) == []
    assert trials, "each is told"


def test_a_trial_runs_its_features_alone_and_in_its_order(bench, keys):
    asked = keys("says_something_else_each_time", "no_such", "dies", "reads_and_writes")
    results = bench.run(Trial(features=asked))
    assert list(results) == [key for key in asked if key[1] != "conditional.no_such"]
    assert [str(result.status) for result in results.values()] == ["pass", "error", "pass"]
    assert all(result.samples_seconds == () and result.output_form is None for result in results.values())


def test_trials_share_no_files_unless_they_are_told_to(bench, keys):
    (asked,) = keys("fails_where_it_was_before")
    conditions = [PLAIN, PLAIN, Conditions(earlier_process_count=1), PLAIN]
    statuses = [str(bench.run(Trial(features=(asked,), conditions=one))[asked].status) for one in conditions]
    assert statuses == ["pass", "pass", "fail", "pass"]


def test_a_trial_shows_the_project_as_it_was_before_the_run(bench, keys, tmp_path):
    (tmp_path / "project" / "new").write_text("of an iteration")
    (asked,) = keys("reads_and_writes")
    assert str(bench.run(Trial(features=(asked,)))[asked].status) == "pass"
    assert (tmp_path / "project" / "new").read_text() == "of an iteration"


def test_outputs_that_hold_the_directory_differ_only_when_it_is_changed(bench, keys):
    told = [
        bench.run(Trial(features=keys("tells_its_folders"), conditions=one, wants_outputs=True))
        for one in (PLAIN, PLAIN, Conditions(fresh_directory=True))
    ]
    first, second, elsewhere = (next(iter(results.values())).output_form for results in told)
    assert first is not None
    assert first == second != elsewhere
