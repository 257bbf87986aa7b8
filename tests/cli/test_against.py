"""``run --against`` and re-runs of suspects from the outside: real git, real workers, a real database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.project import Answer, Invoke

SUITE = """
from aicmo_perf import feature
from shop import work


@feature
def heavy():
    return work(HEAVY)


@feature
def steady():
    return work(20_000)
"""

CLOCK = """
import random
import time

jitter = random.Random()
now_nanoseconds = 0


def spend(nanoseconds):
    global now_nanoseconds
    now_nanoseconds += round(nanoseconds * jitter.uniform(0.995, 1.005))


def read():
    spend(40)
    return now_nanoseconds


time.perf_counter_ns = time.process_time_ns = read
"""
"""Imported by workers before all else: work takes the time that it says, give or take half a percent, however busy the
machine is.
"""

WORK = "from sitecustomize import spend\n\n\ndef work(count):\n    spend(COUNT)\n    return count\n"

QUICK = ("--against-budget", "0s")
"""One pair."""

ENDLESS = "1h"
"""A budget that ends nothing: whatever is to be decided is decided long before."""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "another")


def write_suite(project: Path, heavy: int) -> None:
    (project / "selftest.py").write_text(SUITE.replace("HEAVY", str(heavy)))


def write_work(project: Path, nanoseconds: str) -> None:
    (project / "src/shop.py").write_text(WORK.replace("COUNT", nanoseconds))


@pytest.fixture
def repository(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as a git repository of one commit, its library and the clock found through ``PYTHONPATH``."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    (tmp_path / "start").mkdir()
    (tmp_path / "start/sitecustomize.py").write_text(CLOCK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "start"), str(project / "src")]))
    (project / "src").mkdir()
    write_work(project, "50 * count")
    (project / ".gitignore").write_text(".aicmo-perf/\nself_test_artifacts/\n__pycache__/\n")
    write_suite(project, 20_000)
    git(project, "init", "-q")
    commit(project)
    return project


def nothing_is_left(project: Path) -> bool:
    return git(project, "worktree", "list").count("\n") == 0 and not any((project.parent / "temporary").iterdir())


def stored_count(project: Path) -> int:
    with contextlib.closing(sqlite3.connect(project / ".aicmo-perf/history.db")) as database:
        return int(database.execute("SELECT COUNT(*) FROM results").fetchone()[0])


def the_runs(invoke: Invoke) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(invoke("runs", "--format", "json").stdout)["runs"]
    return listed


def the_run(answer: Answer, name: str) -> dict[str, object]:
    features: list[dict[str, object]] = json.loads(answer.stdout)["features"]
    return next(feature for feature in features if feature["name"] == name)


def test_a_slowdown_that_is_not_even_committed_is_found(repository: Path, invoke: Invoke) -> None:
    write_work(repository, "8 * 50 * count")
    before = git(repository, "status", "--porcelain")
    answer = invoke("run", "--against", "HEAD", "--against-budget", ENDLESS)
    assert answer.exit_code == 1, answer.stderr
    assert "heavy is slower" in answer.stdout
    assert "steady is slower" in answer.stdout
    assert "Compared with HEAD (" in answer.stderr
    assert git(repository, "status", "--porcelain") == before
    assert nothing_is_left(repository)
    # the head is an ordinary run, and the base its companion
    head, base = the_runs(invoke)
    assert (head["role"], base["role"]) == ("paired_head", "paired_base")
    assert base["companion_of"] == head["id"]
    assert base["commit_sha"] == git(repository, "rev-parse", "HEAD")
    # and it is judged alike ever after
    assert invoke("gate").exit_code == 1


def test_the_unchanged_is_not_called(repository: Path, invoke: Invoke) -> None:
    write_suite(repository, 160_000)
    commit(repository)
    answer = invoke("run", "--against", "HEAD~1", "--against-budget", ENDLESS, "--json", "-")
    assert answer.exit_code == 1, answer.stderr
    assert the_run(answer, "heavy")["change"] == "regressed"
    assert the_run(answer, "steady")["change"] == "unchanged"


def test_features_of_one_version_are_new_or_vanished(repository: Path, invoke: Invoke) -> None:
    (repository / "later.py").write_text(
        "from aicmo_perf import feature\nfrom shop import work\n@feature\ndef later(): work(99)\n"
    )
    (repository / "selftest.py").write_text(SUITE.replace("HEAVY", "20_000").replace("def steady", "def renamed"))
    commit(repository)
    answer = invoke("run", "selftest.py", "later.py", "--against", "HEAD~1", *QUICK)
    assert answer.exit_code == 0, answer.stderr
    assert "There is no file later.py." in answer.stderr
    assert "new: 1; vanished: 1" in answer.stdout


def test_a_version_that_cannot_be_imported_says_so(repository: Path, invoke: Invoke) -> None:
    (repository / "src/shop.py").write_text("raise RuntimeError('burnt')")
    commit(repository)
    write_work(repository, "count")
    answer = invoke("run", "--against", "HEAD")
    assert answer.exit_code == 3
    assert "has no feature in common" in answer.stderr
    assert "selftest cannot be imported: RuntimeError: burnt" in answer.stderr
    assert the_runs(invoke) == []
    assert nothing_is_left(repository)


def test_a_suite_outside_is_the_same_in_both(repository: Path, invoke: Invoke) -> None:
    outside = repository.parent / "outside.py"
    outside.write_text(
        "from aicmo_perf import feature\nfrom sitecustomize import spend\n@feature\ndef same(): spend(9_999)\n"
    )
    answer = invoke("run", str(outside), "--against", "HEAD")
    assert answer.exit_code == 3
    assert "lies in the repository: it is the same here and in HEAD" in answer.stderr
    answer = invoke("run", str(outside), "selftest.py", "--against", "HEAD", *QUICK)
    assert answer.exit_code == 0
    assert "lies outside the repository and does not change with HEAD" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("--against", "mian"), 3, "There is no commit 'mian'"),
        (("--against", "HEAD", "--flakiness-check"), 2, "the number of iterations is what"),
        (("--against", "HEAD", "-k", "nothing"), 3, "No feature matches 'nothing'"),
        (("--against", "HEAD", "nowhere.py"), 3, "There is no file nowhere.py"),
    ],
)
def test_what_makes_no_sense_is_refused(
    repository: Path, invoke: Invoke, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    answer = invoke("run", *arguments)
    assert answer.exit_code == exit_code
    assert words in answer.stderr
    assert nothing_is_left(repository)


def test_outside_git_it_says_so(project: Path, invoke: Invoke) -> None:
    answer = invoke("run", "--against", "HEAD")
    assert answer.exit_code == 2
    assert "is not in a git repository" in answer.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_pair_leaves_nothing_behind(repository: Path, invoke: Invoke, number: signal.Signals) -> None:
    (repository / "selftest.py").write_text(
        SUITE.replace("HEAVY", "20_000")
        + """

@feature
def slow():
    import pathlib, time
    pathlib.Path("slow-has-begun").touch()
    time.sleep(600)
"""
    )
    commit(repository)
    process = subprocess.Popen(
        [sys.executable, "-m", "aicmo_perf", "run", "--against", "HEAD"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ["PYTHONPATH"]])},
    )
    # the look into both versions may get as far as that feature, before anything is stored
    while not (repository / "slow-has-begun").exists() or stored_count(repository) == 0:
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(process.communicate())
    assert git(repository, "worktree", "list").count("\n") == 1
    process.send_signal(number)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert nothing_is_left(repository)
    assert [run["state"] for run in the_runs(invoke)] == ["interrupted"]


@pytest.fixture
def with_history(repository: Path, invoke: Invoke) -> Path:
    """The repository with as many runs as a judgement needs."""
    for _ in range(5):
        assert invoke("run").exit_code == 0
    return repository


def test_suspects_are_re_run_beside_the_baselines_code(with_history: Path, invoke: Invoke) -> None:
    write_suite(with_history, 400_000)
    commit(with_history)
    answer = invoke("run", "--gate", "--confirm-budget", ENDLESS)
    assert answer.exit_code == 1, answer.stdout
    assert "beside the baseline's code" in answer.stderr
    roles = {run["role"]: run for run in the_runs(invoke)[-3:]}
    assert set(roles) == {"single", "rerun_head", "rerun_base"}
    assert roles["rerun_base"]["commit_sha"] == git(with_history, "rev-parse", "HEAD~1")
    assert nothing_is_left(with_history)
    assert invoke("gate").exit_code == 1


def test_without_a_budget_one_run_alone_is_judged(with_history: Path, invoke: Invoke) -> None:
    write_suite(with_history, 400_000)
    invoke("run", "--gate", "--confirm-budget", "0")
    assert {run["role"] for run in the_runs(invoke)} == {"single"}
    answer = invoke("run", "--gate", "--confirm-budget", "1ms")
    assert "would take longer than --confirm-budget allows" in answer.stderr
    assert {run["role"] for run in the_runs(invoke)} == {"single"}
    assert invoke("run", "--gate", "--confirm-budget", "soon").exit_code == 2


def test_the_pull_request_is_kept(project: Path, invoke: Invoke) -> None:
    assert invoke("run", "--pull-request", "17").exit_code == 0
    assert [run["pull_request"] for run in the_runs(invoke)] == ["17"]
