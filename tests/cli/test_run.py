"""``run`` from the outside: table, report files, exit codes, the history it leaves; real workers, a real database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.project import SUITE, Invoke

REPORT = "self_test_artifacts/AICMO_SELF_TEST_REPORT"


def test_the_first_run_and_the_second(project: Path, invoke: Invoke) -> None:
    first = invoke("run", "--deterministic")
    assert first.exit_code == 0
    assert "slogan" in first.stdout
    assert "no baseline yet" in first.stdout
    markdown = (project / f"{REPORT}.md").read_text()
    assert "**Mode:** Deterministic ✅ (stub outputs, fixed seeds)" in markdown
    assert "0.000" not in first.stdout + markdown
    assert invoke("run", "--deterministic").exit_code == 0
    markdown = (project / f"{REPORT}.md").read_text()
    section = markdown.split("## Compared with the baseline", 1)[1]
    assert "slogan" in section
    payload = json.loads((project / f"{REPORT}.json").read_text())
    assert (payload["format"], payload["version"]) == ("aicmo-perf/run", 1)
    assert [feature["status"] for feature in payload["features"]] == ["pass", "pass"]


def test_json_has_standard_output_to_itself(project: Path, invoke: Invoke) -> None:
    answer = invoke("run", "--json", "-")
    assert {feature["name"] for feature in json.loads(answer.stdout)["features"]} == {"slogan", "title"}
    assert "slogan" in answer.stderr


def test_a_failing_critical_feature_fails_the_run(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(
        SUITE.replace('return f"Nothing', 'raise ValueError("burnt"); return f"Nothing')
    )
    answer = invoke("run")
    assert answer.exit_code == 1
    assert "burnt" in answer.stdout
    assert "ValueError: burnt" in (project / f"{REPORT}.md").read_text()


def test_a_failing_other_feature_does_not_fail_the_run(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(SUITE.replace('return "A title"', 'raise ValueError("burnt")'))
    assert invoke("run").exit_code == 0
    assert invoke("run", "--gate").exit_code == 0  # never passed, so not newly failing


def test_newly_failing_needs_a_past_and_the_gate(project: Path, invoke: Invoke) -> None:
    assert invoke("run").exit_code == 0
    (project / "selftest.py").write_text(SUITE.replace('return "A title"', 'raise ValueError("burnt")'))
    answer = invoke("run", "--gate")
    assert answer.exit_code == 1
    assert "title" in answer.stdout
    assert invoke("run", "--gate", "--no-newly-failing").exit_code == 0


def test_flakiness_check(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(
        SUITE
        + """
import pathlib, uuid

MARKER = pathlib.Path("marker")
TUESDAY = MARKER.exists()
MARKER.unlink() if TUESDAY else MARKER.touch()


@feature
def every_second_process():
    if TUESDAY:
        raise RuntimeError("it is Tuesday")


@feature(scenarios=[1])
def identified(number):
    return f"{uuid.uuid4()} {number}"
"""
    )
    answer = invoke("run", "--flakiness-check", "--flakiness-budget", "0s")
    assert answer.exit_code == 1
    payload = json.loads((project / f"{REPORT}.json").read_text())
    assert payload["run"]["mode"] == "deterministic"
    by_name = {feature["name"]: feature for feature in payload["features"]}
    assert {name for name, feature in by_name.items() if feature["flaky"]} == {"every_second_process"}
    assert len(by_name["slogan"]["signatures"]) == 3
    markdown = (project / f"{REPORT}.md").read_text()
    assert "**Flakiness Detected:** ⚠️" in markdown
    assert "**Output Varies:**" in markdown
    assert invoke("run", "-k", "title", "--flakiness-check", "--flakiness-budget", "10min").exit_code == 0
    assert "**Flakiness Check:** No inconsistencies detected ✅" in (project / f"{REPORT}.md").read_text()


def test_rules_can_be_switched_off_without_the_gate_too(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(SUITE.replace("return f", 'raise ValueError("burnt"); return f'))
    assert invoke("run").exit_code == 1
    assert invoke("run", "--no-critical-failing").exit_code == 0


def test_a_suite_file_is_named_from_where_one_stands(project: Path, invoke: Invoke, monkeypatch) -> None:
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    payload = json.loads(invoke("run", "../selftest.py", "--json", "-").stdout)
    assert {feature["suite"] for feature in payload["features"]} == {"selftest"}


def test_a_feature_that_fails_every_second_call_is_flaky(project: Path, invoke: Invoke) -> None:
    """Three calls here: they fail first in one process, when repeated in the next."""
    (project / "selftest.py").write_text(
        """
import pathlib
from aicmo_perf import feature

COUNT = pathlib.Path("count")


@feature
def counting():
    number = int(COUNT.read_text()) + 1 if COUNT.exists() else 1
    COUNT.write_text(str(number))
    if number % 2:
        raise RuntimeError("odd")
"""
    )
    assert invoke("run", "--flakiness-check", "--flakiness-budget", "0s").exit_code == 1
    (feature,) = json.loads((project / f"{REPORT}.json").read_text())["features"]
    assert feature["flaky"]
    assert {signature["status"] for signature in feature["signatures"]} == {"fail", "partial"}


def test_zero_features_is_never_green(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text("")
    answer = invoke("run")
    assert answer.exit_code == 3
    assert "no features" in answer.stderr
    assert "0 features" not in invoke("runs").stdout


def test_an_unknown_selection_suggests(project: Path, invoke: Invoke) -> None:
    answer = invoke("run", "-k", "slogn")
    assert answer.exit_code == 3
    assert "slogan" in answer.stderr


def test_a_suite_that_cannot_be_imported_is_a_failed_run(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text("import no_such_package\n")
    answer = invoke("run")
    assert answer.exit_code == 1
    assert "no_such_package" in answer.stdout


def test_a_selection_does_not_hide_a_suite_that_cannot_be_imported(project: Path, invoke: Invoke) -> None:
    (project / "broken.py").write_text("import no_such_package\n")
    answer = invoke("run", "selftest.py", "broken.py", "-k", "title")
    assert answer.exit_code == 1
    assert "no_such_package" in answer.stdout


def test_one_empty_suite_of_two_is_never_green(project: Path, invoke: Invoke) -> None:
    (project / "empty.py").write_text("")
    answer = invoke("run", "selftest.py", "empty.py")
    assert answer.exit_code == 3
    assert "empty" in answer.stderr


def test_flag_beats_variable_beats_file(project: Path, invoke: Invoke) -> None:
    def sampled(*arguments: str, env: dict[str, str] | None = None) -> int:
        answer = invoke("run", "--json", "-", "--max-time", "0s", *arguments, env=env)
        return int(json.loads(answer.stdout)["run"]["options"]["min_sample_count"])

    assert sampled() == 2
    assert sampled(env={"AICMO_PERF_MIN_SAMPLES": "3"}) == 3
    assert sampled("--min-samples", "4", env={"AICMO_PERF_MIN_SAMPLES": "3"}) == 4


def test_a_report_that_cannot_be_written_keeps_the_old_one_and_the_run(project: Path, invoke: Invoke) -> None:
    assert invoke("run").exit_code == 0
    (project / "file").touch()
    answer = invoke("run", "--output", "file/below")
    assert answer.exit_code == 3
    assert "cannot be written" in answer.stderr
    assert (project / f"{REPORT}.md").exists()
    assert len(json.loads(invoke("runs", "--format", "json").stdout)["runs"]) == 2


SLOW_SUITE = """
import pathlib, time
from aicmo_perf import feature


@feature
def quick():
    return 1


@feature
def slow():
    pathlib.Path("slow-has-begun").touch()
    time.sleep(600)
"""


def _stored_count(project: Path) -> int:
    with contextlib.closing(sqlite3.connect(project / ".aicmo-perf/history.db")) as database:
        return int(database.execute("SELECT COUNT(*) FROM results").fetchone()[0])


def _start_slow_run(project: Path) -> subprocess.Popen[str]:
    (project / "selftest.py").write_text(SLOW_SUITE)
    process = subprocess.Popen(
        [sys.executable, "-m", "aicmo_perf", "run"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    while not (project / "slow-has-begun").exists() or _stored_count(project) == 0:
        assert process.poll() is None, process.communicate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_was_finished(project: Path, invoke: Invoke, number: signal.Signals) -> None:
    process = _start_slow_run(project)
    process.send_signal(number)
    _stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    shown = json.loads(invoke("show", "latest", "--format", "json").stdout)
    assert shown["run"]["state"] == "interrupted"
    assert [feature["name"] for feature in shown["features"]] == ["quick"]
    assert invoke("gate").exit_code == 3


def test_a_killed_run_loses_nothing_and_is_shown_as_interrupted(project: Path, invoke: Invoke) -> None:
    process = _start_slow_run(project)
    process.kill()
    process.communicate(timeout=300)
    listed = json.loads(invoke("runs", "--format", "json").stdout)["runs"]
    assert [run["state"] for run in listed] == ["interrupted"]
    shown = json.loads(invoke("show", "latest", "--format", "json").stdout)
    assert [feature["name"] for feature in shown["features"]] == ["quick"]
    (project / "selftest.py").write_text(SUITE)
    assert invoke("run").exit_code == 0
    with sqlite3.connect(project / ".aicmo-perf/history.db") as database:
        states = [state for (state,) in database.execute("SELECT state FROM runs ORDER BY id")]
    database.close()
    assert states == ["interrupted", "complete"]


def test_ten_runs_at_once_on_a_new_database_all_land(project: Path, invoke: Invoke) -> None:
    command = [sys.executable, "-m", "aicmo_perf", "run", "--output"]
    processes = [
        subprocess.Popen(
            [*command, f"out-{n}"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for n in range(10)
    ]
    outputs = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 10, outputs
    listed = json.loads(invoke("runs", "--format", "json").stdout)["runs"]
    assert [run["state"] for run in listed] == ["complete"] * 10
    with sqlite3.connect(project / ".aicmo-perf/history.db") as database:
        counts = database.execute("SELECT COUNT(*) FROM results GROUP BY run_id").fetchall()
    database.close()
    assert counts == [(2,)] * 10
