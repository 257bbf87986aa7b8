"""A flakiness check and a replay from the outside: what is asked for, what is found, what is seen again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import SuiteError
from aicmo_perf.workflows import run as run_workflow
from tests.cli.project import Invoke

REPORT = "self_test_artifacts/AICMO_SELF_TEST_REPORT"

SUITE = """
import sys
from aicmo_perf import feature

CACHE = {}


@feature
def victim():
    assert not CACHE, "somebody was here"


@feature
def polluter():
    CACHE["tea"] = True


@feature
def hashing():
    assert not sys.flags.hash_randomization


@feature
def innocent():
    return 1
"""


@pytest.fixture
def asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that a run would have had; it ends there."""
    settings_of_runs: list[Settings] = []

    def execute_run(settings: Settings, **_: Any) -> None:
        settings_of_runs.append(settings)
        raise SuiteError("This run was only to be asked for.")

    monkeypatch.setattr(run_workflow, "execute_run", execute_run)
    return settings_of_runs


@pytest.mark.parametrize(
    ("arguments", "iterations", "deterministic"),
    [
        (["--flakiness-check"], 3, True),
        (["--flakiness-check=10"], 10, True),
        (["--flakiness-check", "--iterations", "7"], 7, True),
        (["--iterations", "2", "--flakiness-check"], 2, True),
        (["--flakiness-check=7", "--iterations", "7"], 7, True),
        (["--flakiness-check", "--live"], 3, False),
        (["--until-rate", "5%"], 3, True),
        (["--until-rate", "0.05", "--flakiness-check=12"], 12, True),
    ],
)
def test_a_check_is_asked_for(
    invoke: Invoke, asked: list[Settings], arguments: list[str], iterations: int, deterministic: bool
) -> None:
    invoke("run", *arguments)
    options = asked[0].options
    assert (options.flakiness_check, options.iterations) == (True, iterations)
    assert asked[0].deterministic is deterministic
    assert options.until_rate == (0.05 if "--until-rate" in arguments else None)


def test_iterations_alone_are_no_check(invoke: Invoke, asked: list[Settings]) -> None:
    invoke("run", "--iterations", "3")
    assert (asked[0].options.flakiness_check, asked[0].options.iterations) == (False, 3)


def test_the_bare_flag_takes_no_suite_for_its_number(project: Path, invoke: Invoke, asked: list[Settings]) -> None:
    (project / "other.py").touch()
    invoke("run", "--flakiness-check", "other.py")
    invoke("run", "--", "--flakiness-check")
    assert asked[0].suites == ("other.py",)
    assert (asked[1].suites, asked[1].options.flakiness_check) == (("--flakiness-check",), False)


def test_scrubbers_and_budget_are_asked_for(invoke: Invoke, asked: list[Settings]) -> None:
    invoke("run", "--flakiness-check", "--scrub", "uuid", "--scrub", "timestamp", "--flakiness-budget", "2min")
    assert asked[0].options.scrub == ("uuid", "timestamp")
    assert asked[0].flakiness.budget_seconds == 120.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--flakiness-check=1"], "two to 1000"),
        (["--flakiness-check=many"], "two to 1000"),
        (["--flakiness-check=99999999999999999999"], "two to 1000"),
        (["--flakiness-budget", "5s"], "--flakiness-budget is for a flakiness check"),
        (["--flakiness-check", "--iterations", "1"], "at least two"),
        (["--flakiness-check=5", "--iterations", "4"], "contradict each other"),
        (["--until-rate", "0"], "a rate lies between 0 and 1"),
        (["--until-rate", "5%", "--against", "HEAD"], "With --against"),
        (["--scrub", "nonsense"], "nonsense"),
        (["--replay", "1:2", "--gate"], "--gate does not go with --replay"),
        (["--replay", "1:2", "--seed", "3"], "--seed does not go with --replay"),
        (["--replay", "1:2", "selftest.py"], "SUITE does not go with --replay"),
        (["--replay", "1"], "names no iteration"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    invoke: Invoke, asked: list[Settings], arguments: list[str], sentence: str
) -> None:
    answer = invoke("run", *arguments)
    assert answer.exit_code == 2
    assert sentence in answer.stderr
    assert asked == []


def test_failures_by_order_and_by_hash_seed_are_seen_again(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(SUITE)
    checked = invoke("run", "--flakiness-check=2", "--flakiness-budget", "0s")
    assert checked.exit_code == 1
    assert "2 iterations took" in checked.stderr
    assert "one plain run" in checked.stderr
    payload = json.loads((project / f"{REPORT}.json").read_text())
    assert {each["name"] for each in payload["features"] if each["flaky"]} == {"victim", "hashing"}
    for _ in range(2):
        again = invoke("run", "--replay", "latest:2")
        assert again.exit_code == 1
        for name in ("victim", "hashing"):
            (row,) = [line for line in again.stdout.splitlines() if line.startswith(f"{name} ") and "error" in line]
            assert row.count("fail, 1 error") == 2
            assert row.rstrip().endswith("yes")
        assert "innocent" not in again.stdout
    assert invoke("run", "--replay", "1:2", "-k", "innocent").exit_code == 0
    (project / "selftest.py").write_text(SUITE.replace("CACHE[", "dict()["))
    fixed = invoke("run", "--replay", "1:2", "-k", "victim")
    assert fixed.exit_code == 0
    assert fixed.stdout.splitlines()[-1] == "None."
    assert len(json.loads(invoke("runs", "--format", "json").stdout)["runs"]) == 1


def test_the_polluter_is_named(project: Path, invoke: Invoke) -> None:
    (project / "selftest.py").write_text(SUITE)
    checked = invoke("run", "-k", "victim", "-k", "polluter", "--flakiness-check=2", "--flakiness-budget", "1h")
    assert "fails after polluter (victim)" in " ".join(checked.stdout.split())
    assert "the causes took" in checked.stderr


def test_what_is_not_there_cannot_be_replayed(project: Path, invoke: Invoke) -> None:
    assert invoke("run").exit_code == 0
    for reference in ("2:1", "1:2"):
        answer = invoke("run", "--replay", reference)
        assert answer.exit_code == 3
        assert "Hint:" in answer.stderr
