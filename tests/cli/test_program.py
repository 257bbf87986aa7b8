"""What holds for the whole program: help, exit codes, errors in one sentence, what is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aicmo_perf.cli import cli
from aicmo_perf.version import __version__
from tests.cli.project import Invoke


def all_commands(
    path: tuple[str, ...] = (), command: click.Command = cli
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from all_commands((*path, name), child)


@pytest.mark.parametrize("path", [path for path, _ in all_commands()], ids=" ".join)
def test_every_help_has_an_example_of_itself(path: tuple[str, ...], invoke: Invoke) -> None:
    answer = invoke(*path, "--help")
    assert answer.exit_code == 0
    example = answer.stdout.split("Example:\n", 1)[1]
    assert " ".join(("aicmo-perf", *path)) in example


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (" ".join(path), option.name)
        for path, command in all_commands()
        for option in command.params
        if isinstance(option, click.Option)
    ],
)
def test_every_option_has_help(path: str, name: str) -> None:
    command: click.Command = cli
    for part in path.split():
        assert isinstance(command, click.Group)
        command = command.commands[part]
    option = next(option for option in command.params if option.name == name)
    assert isinstance(option, click.Option)
    assert option.help


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = "import aicmo_perf.cli, sys; print({'sqlalchemy', 'alembic', 'numpy', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_module_and_console_script_are_the_same_program(project: Path) -> None:
    script = Path(sys.executable).with_name("aicmo-perf")
    for command in ([sys.executable, "-m", "aicmo_perf"], [str(script)]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == f"aicmo-perf, version {__version__}"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["nonsense"], 2, "No such command"),
        (["run", "--iterations", "0"], 2, "--iterations"),
        (["run", "--timeout", "soon"], 2, "'soon' is not a duration"),
        (["run", "--timeout", "1e999"], 2, "is not a duration"),
        (["run", "--label", "12"], 2, "could not be found by the label"),
        (["run", "--label", "latest"], 2, "could not be found by the label"),
        (["gate", "--min-effect", "much"], 2, "'much' is not a ratio"),
        (["gate", "--significance", "2"], 2, "up to 0.5"),
        (["history", "--since", "yesterday"], 2, "is no time"),
        (["run", "--flakiness-check", "--iterations", "1"], 2, "at least two iterations"),
        (["--config", "missing.toml", "runs"], 2, "no configuration file"),
        (["runs"], 3, "There is no database"),
        (["gate"], 3, "There is no database"),
        (["db", "current"], 3, "There is no database"),
        (["run", "missing.py"], 3, "missing.py"),
        (["run", "no.such.module"], 3, "no.such.module"),
    ],
)
def test_mistakes_are_one_sentence_and_an_exit_code(
    project: Path, invoke: Invoke, arguments: list[str], exit_code: int, message: str
) -> None:
    answer = invoke(*arguments)
    assert answer.exit_code == exit_code
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    assert arguments[0] == "run" or not list(project.glob("**/*.db"))


def test_debug_shows_the_traceback(project: Path, invoke: Invoke) -> None:
    assert "Traceback" in invoke("--debug", "runs").stderr


def test_an_unexpected_error_is_said_as_such(project: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("the dog ate it")

    monkeypatch.setattr("aicmo_perf.workflows.history.load_runs", broken)
    answer = invoke("runs")
    assert answer.exit_code == 3
    assert "RuntimeError: the dog ate it" in answer.stderr
    assert "--debug" in answer.stderr


def test_a_reader_that_has_enough_costs_no_report(project: Path) -> None:
    program = f"{sys.executable} -m aicmo_perf"
    done = subprocess.run(
        ["bash", "-c", f"{program} run --max-time 0s | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 141, done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "self_test_artifacts/AICMO_SELF_TEST_REPORT.json").exists()


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_an_output_of_another_encoding_is_no_error(project: Path, encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aicmo_perf", "run", "--max-time", "0s"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert b"slogan" in done.stdout


@pytest.mark.parametrize(
    ("path", "option"),
    [
        (path, option)
        for path, command in all_commands()
        for option in command.params
        if isinstance(option, click.Option) and option.name not in ("help", "version")
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value.name,
)
def test_every_option_has_an_environment_variable_of_its_name(path: tuple[str, ...], option: click.Option) -> None:
    long_name = next(name for name in option.opts if name.startswith("--")).removeprefix("--")
    expected = {"_".join(["aicmo_perf", *path, long_name]), f"aicmo_perf_{long_name}"}
    assert str(option.envvar) in {name.upper().replace("-", "_") for name in expected}
    assert option.show_envvar
