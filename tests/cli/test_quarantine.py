"""``flaky quarantine`` as a user calls it, and what the gate makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.project import Invoke

FAR = "9999-12-31"


@pytest.fixture
def failing(project: Path, invoke: Invoke) -> Path:
    """A project with a run in which the critical feature fails."""
    text = (project / "selftest.py").read_text()
    (project / "selftest.py").write_text(text.replace('return f"Nothing', 'raise ValueError("no"); return f"Nothing'))
    invoke("run", "--deterministic")
    return project


def test_what_is_in_quarantine_does_not_gate_until_it_is_released(failing: Path, invoke: Invoke) -> None:
    assert invoke("gate").exit_code == 1
    added = invoke("flaky", "quarantine", "add", "slogan", "--reason", "a race", "--until", FAR)
    assert (added.exit_code, added.stdout) == (0, f"Quarantined slogan until {FAR}.\n")
    gate = invoke("gate")
    assert gate.exit_code == 0
    assert "slogan failed and is quarantined until 9999-12-31 (a race): it does not gate." in " ".join(
        gate.stdout.split()
    )
    removed = invoke("flaky", "quarantine", "remove", "slogan")
    assert (removed.exit_code, removed.stdout) == (0, "Released slogan from quarantine.\n")
    assert invoke("gate").exit_code == 1


def test_the_list(failing: Path, invoke: Invoke) -> None:
    assert "Nothing is in quarantine." in invoke("flaky", "quarantine", "list").stdout
    invoke("flaky", "quarantine", "add", "*t*", "--reason", "a race", "--until", FAR)
    with (failing / "aicmo-perf.toml").open("a") as file:
        file.write('[quarantine]\ntitle = { reason = "over", until = 2000-01-01 }\n')
    table = " ".join(invoke("flaky", "quarantine", "list").stdout.split())
    assert "title title 2000-01-01 expired over configuration –" in table
    assert f"*t* slogan, title {FAR} holds, overruled for 1 a race database" in table
    answer = json.loads(invoke("flaky", "quarantine", "list", "--format", "json").stdout)
    assert (answer["format"], answer["version"]) == ("aicmo-perf/quarantine", 1)
    assert [
        (entry["feature"], entry["expired"], entry["in_file"], len(entry["features"]), len(entry["overruled"]))
        for entry in answer["quarantine"]
    ] == [("title", True, True, 1, 0), ("*t*", False, False, 2, 1)]


def test_that_the_configuration_wins_is_said(failing: Path, invoke: Invoke) -> None:
    with (failing / "aicmo-perf.toml").open("a") as file:
        file.write(f'[quarantine]\ntitle = {{ reason = "a race", until = {FAR} }}\n')
    added = invoke("flaky", "quarantine", "add", "title", "--reason", "a race", "--until", FAR)
    assert added.stderr == (f"The configuration has title in quarantine until {FAR}, and wins over the database.\n")


def test_mistakes(failing: Path, invoke: Invoke) -> None:
    why, until = ("--reason", "a race"), ("--until", FAR)
    for arguments, exit_code, error in (
        (("add", "titel", *why, *until), 3, "Did you mean title?"),
        (("add", "title", *why, "--until", "2000-01-01"), 2, "2000-01-01 is over."),
        (("add", "title", *why, "--until", "soon"), 2, "'soon' is no date; write 2026-12-31"),
        (("add", "title", *until), 2, "--reason"),
        (("add", "title", *why), 2, "--until"),
        (("remove", "title"), 3, "'title' is not in quarantine."),
    ):
        answer = invoke("flaky", "quarantine", *arguments)
        assert (answer.exit_code, error in answer.stderr) == (exit_code, True), arguments


def test_retries_are_an_option_and_a_key(project: Path, invoke: Invoke) -> None:
    text = (project / "selftest.py").read_text()
    broken = text.replace('return "A title"', 'raise ValueError("no"); return "A title"')
    (project / "selftest.py").write_text(f'{broken}\n\n@feature(category="generator")\ndef other():\n    return 1\n')
    assert "it failed every time" in invoke("run", "--deterministic", "--gate").stderr
    assert "Retried" not in invoke("run", "--deterministic", "--gate", "--retries", "0").stderr
    (project / "aicmo-perf.toml").write_text('suites = ["selftest.py"]\nmin_samples = 2\n[gate]\nretries = 0\n')
    assert "Retried" not in invoke("run", "--deterministic", "--gate").stderr
