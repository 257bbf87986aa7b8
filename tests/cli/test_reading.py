"""report, show, runs, history, compare, gate and baseline on a history of real runs."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest

from tests.cli.project import SUITE, Invoke


@pytest.fixture
def past(project: Path, invoke: Invoke) -> Path:
    """Three runs; the last has a label."""
    for label in ("one", "two", "three"):
        assert invoke("run", "--deterministic", "--label", label).exit_code == 0
    return project


def test_report_makes_any_run_again_from_the_store(past: Path, invoke: Invoke) -> None:
    written = (past / "self_test_artifacts/AICMO_SELF_TEST_REPORT.md").read_text()
    assert invoke("report", "latest", "--format", "markdown").stdout == written
    again = json.loads(invoke("report", "latest", "--format", "json").stdout)
    assert again == json.loads((past / "self_test_artifacts/AICMO_SELF_TEST_REPORT.json").read_text())
    assert "slogan" in invoke("report", "latest~2").stdout
    assert invoke("report", "one", "--format", "markdown", "-o", "one.md").exit_code == 0
    assert "no baseline" in (past / "one.md").read_text()


@pytest.mark.parametrize("reference", ["2", "latest~1", "two"])
def test_a_run_has_several_names(past: Path, invoke: Invoke, reference: str) -> None:
    shown = json.loads(invoke("show", reference, "--format", "json").stdout)
    assert shown["run"]["label"] == "two"
    uuid = shown["run"]["uuid"]
    assert json.loads(invoke("show", uuid[:18], "--format", "json").stdout)["run"]["uuid"].startswith(uuid[:18])


def test_no_such_run(past: Path, invoke: Invoke) -> None:
    answer = invoke("show", "latest~9")
    assert answer.exit_code == 3
    assert answer.stdout == ""
    assert invoke("show", "thre").exit_code == 3
    assert "three" in invoke("show", "thre").stderr


def test_runs(past: Path, invoke: Invoke) -> None:
    listed = json.loads(invoke("runs", "--format", "json").stdout)["runs"]
    assert [run["label"] for run in listed] == ["one", "two", "three"]
    assert [run["label"] for run in json.loads(invoke("runs", "--last", "1", "--format", "json").stdout)["runs"]] == [
        "three"
    ]
    assert json.loads(invoke("runs", "--mode", "live", "--format", "json").stdout)["runs"] == []
    assert json.loads(invoke("runs", "--until", "2020-01-01", "--format", "json").stdout)["runs"] == []
    assert len(json.loads(invoke("runs", "--since", "1d", "--format", "json").stdout)["runs"]) == 3
    assert "two" in invoke("runs").stdout


def test_history_of_all_and_of_one(past: Path, invoke: Invoke) -> None:
    overview = invoke("history")
    assert overview.exit_code == 0
    assert "slogan" in overview.stdout
    assert "title" in overview.stdout
    one = json.loads(invoke("history", "slogan", "--format", "json").stdout)
    assert (one["format"], one["version"]) == ("aicmo-perf/history", 1)
    rows = list(csv.DictReader(io.StringIO(invoke("history", "slogan", "--format", "csv").stdout)))
    assert len(rows) == 3
    assert {row["feature"] if "feature" in row else row["name"] for row in rows} == {"slogan"}
    assert "|" in invoke("history", "--format", "markdown").stdout
    assert len(list(csv.DictReader(io.StringIO(invoke("history", "*", "--format", "csv").stdout)))) == 6
    failing = csv.DictReader(io.StringIO(invoke("history", "slogan", "--status", "fail", "--format", "csv").stdout))
    assert list(failing) == []


def test_history_of_nothing_suggests(past: Path, invoke: Invoke) -> None:
    answer = invoke("history", "slogn")
    assert answer.exit_code == 3
    assert "slogan" in answer.stderr


def test_compare(past: Path, invoke: Invoke) -> None:
    answer = invoke("compare", "one", "three")
    assert answer.exit_code == 0
    assert "slogan" in answer.stdout
    payload = json.loads(invoke("compare", "one", "three", "--format", "json").stdout)
    assert payload["format"] == "aicmo-perf/comparison"
    backwards = invoke("compare", "three", "one", "--format", "json")
    assert backwards.exit_code == 0


def test_gate_without_enough_past_passes_unless_strict(past: Path, invoke: Invoke) -> None:
    answer = invoke("gate")
    assert answer.exit_code == 0
    assert "5 are needed" in answer.stdout or "inconclusive" in answer.stdout
    assert invoke("gate", "--strict").exit_code == 3
    assert invoke("gate", env={"AICMO_PERF_STRICT": "1"}).exit_code == 3


def test_gate_in_every_format(past: Path, invoke: Invoke) -> None:
    (past / "selftest.py").write_text(SUITE.replace('return "A title"', 'raise ValueError("100% burnt\\nagain")'))
    assert invoke("run", "--deterministic").exit_code == 0
    verdict = invoke("gate", "--format", "json")
    assert verdict.exit_code == 1
    payload = json.loads(verdict.stdout)
    assert payload["format"] == "aicmo-perf/gate"
    assert [finding["rule"] for finding in payload["findings"]] == ["newly_failing"]
    summary = past / "summary.md"
    annotations = invoke("gate", "--format", "github", env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert annotations.stdout.startswith("::error ")
    assert "title" in summary.read_text()
    suites = Xml.fromstring(invoke("gate", "--format", "junit").stdout)
    assert len(list(suites.iter("failure"))) == 1
    assert invoke("gate", "--no-newly-failing").exit_code == 0
    assert invoke("gate", "three").exit_code == 0


def test_pinned_baselines(past: Path, invoke: Invoke) -> None:
    assert invoke("baseline", "list").stdout.strip() == "No run is pinned, and no change accepted."
    assert invoke("baseline", "pin", "release", "one", "--reason", "shipped").exit_code == 0
    listed = invoke("baseline", "list").stdout
    assert "release" in listed
    assert "shipped" in listed
    payload = json.loads(invoke("gate", "--baseline", "name:release", "--format", "json").stdout)
    assert "pinned as release" in json.dumps(payload)
    assert invoke("baseline", "remove", "release").exit_code == 0
    assert invoke("baseline", "remove", "release").exit_code == 3
    assert invoke("gate", "--baseline", "name:release").exit_code == 3
    assert invoke("gate", "--baseline", "sometimes").exit_code == 2


def test_accepted_changes(past: Path, invoke: Invoke) -> None:
    assert invoke("baseline", "accept", "slogan", "--reason", "a new cache", "--run", "two").exit_code == 0
    answer = invoke("baseline", "accept", "shop*:*title")
    assert answer.exit_code == 3, "no such suite"
    assert "slogan" in invoke("baseline", "accept", "slogn").stderr
    assert "means 2 features" in invoke("baseline", "accept", "*").stderr
    assert invoke("baseline", "accept", "slogan", "--run", "99").exit_code == 3
    assert "from run 3 on" in invoke("baseline", "accept", "title").stdout.replace(" of branch main", "")
    listed = invoke("baseline", "list").stdout.splitlines()
    assert len(listed) == 2
    assert "slogan  from run 2 on  accepted" in listed[0]
    assert listed[0].endswith(": a new cache")
    assert "a new cache" in " ".join(invoke("gate", "two").stdout.split())
    assert invoke("baseline", "withdraw", "slogan").exit_code == 0
    assert invoke("baseline", "withdraw", "slogan").exit_code == 3
    assert "slogan" not in invoke("baseline", "list").stdout


@pytest.mark.parametrize("baseline", ["branch:nope", "commit:abcdef1", "run:99", "name:nope"])
def test_a_baseline_that_nobody_has_never_passes(past: Path, invoke: Invoke, baseline: str) -> None:
    with contextlib.closing(sqlite3.connect(past / ".aicmo-perf/history.db")) as database, database:
        database.execute("UPDATE runs SET branch = 'main', commit_sha = ?", ("0" * 40,))
    answer = invoke("gate", "--baseline", baseline)
    assert answer.exit_code == 3
    assert baseline.split(":")[1] in answer.stderr
    assert invoke("run", "--deterministic", "--gate", "--baseline", baseline).exit_code == 3
    assert len(json.loads(invoke("runs", "--format", "json").stdout)["runs"]) == 3, "nothing was measured for it"


def test_strict_says_why_it_fails(past: Path, invoke: Invoke) -> None:
    assert "--strict" in invoke("gate", "--strict").stderr


def test_reading_commands_never_write(past: Path, invoke: Invoke) -> None:
    database = past / ".aicmo-perf/history.db"
    before = database.read_bytes()
    for arguments in (["runs"], ["show"], ["report"], ["history"], ["gate"], ["compare", "1"], ["baseline", "list"]):
        invoke(*arguments)
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["history.db"]
