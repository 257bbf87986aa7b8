"""What can be changed here, as far as this machine has it."""

from __future__ import annotations

import os
import subprocess

import pytest

from aicmo_perf.model import Mode
from aicmo_perf.self_test.load import usable_cpu_count
from aicmo_perf.self_test.possibilities import possibilities


@pytest.fixture
def installed(monkeypatch):
    """Says which locales are installed; with none, there is no program to tell."""

    def install(*names: str) -> None:
        def run(command, **settings):
            if not names:
                raise FileNotFoundError(command[0])
            return subprocess.CompletedProcess(command, 0, "\n".join(names).encode())

        monkeypatch.setattr(subprocess, "run", run)

    return install


@pytest.mark.parametrize(
    ("mode", "variables", "names", "locales"),
    [
        (Mode.DETERMINISTIC, {"LC_ALL": "de_DE.UTF-8"}, ["C", "POSIX", "de_DE.utf8"], ("de_DE.utf8",)),
        (Mode.LIVE, {"LC_ALL": "de_DE.UTF-8"}, ["C", "C.utf8", "de_DE.utf8"], ("C", "C.utf8")),
        (Mode.LIVE, {"LANG": "C"}, ["C", "POSIX", "tr_TR.utf8"], ("tr_TR.utf8",)),
        (Mode.LIVE, {}, [], ()),
    ],
)
def test_other_locales_are_those_installed_but_the_plain_one(
    installed, make_plan, monkeypatch, mode, variables, names, locales
):
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    installed(*names)
    assert possibilities(make_plan(mode=mode)).locales == locales


@pytest.mark.parametrize(("mode", "random_seed"), [(Mode.LIVE, True), (Mode.DETERMINISTIC, False)])
def test_the_generators_seed_is_a_factor_in_live_mode_only(make_plan, mode, random_seed):
    possible = possibilities(make_plan(mode=mode))
    assert possible.random_seed is random_seed
    assert possible.clock, "time-machine is installed with the tests"


def test_the_cpus_are_those_that_may_be_used(make_plan, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5}, raising=False)
    assert possibilities(make_plan()).cpu_count == usable_cpu_count() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cpu_count() == 64
