"""What is found out about machine, repository, CI and processes; real git, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aicmo_perf.environment import (
    CiJob,
    Commit,
    current_ci_job,
    current_commit,
    current_environment,
    current_owner,
    default_branch,
    is_alive,
)
from aicmo_perf.model import IDENTITY_FACTS


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file.txt").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_the_environment_is_the_same_at_a_second_look() -> None:
    first, second = current_environment(), current_environment()
    assert first.fingerprint == second.fingerprint
    assert set(first.facts) == set(IDENTITY_FACTS)
    assert all(first.facts.values())


def test_commit_branch_and_cleanliness(repository: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD")
    assert current_commit(repository, {}) == Commit(sha=sha, branch="main", dirty=False)
    (repository / "untracked.txt").touch()
    assert current_commit(repository, {}).dirty is False
    (repository / "file.txt").write_text("two")
    assert current_commit(repository, {}).dirty is True


def test_a_detached_checkout_takes_the_branch_from_ci(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert current_commit(repository, {}).branch is None
    assert current_commit(repository, {"GITHUB_REF_NAME": "main"}).branch == "main"
    assert current_commit(repository, {"GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "fix"}).branch == "fix"


def test_outside_git_and_before_the_first_commit(tmp_path: Path) -> None:
    outside, empty = tmp_path / "outside", tmp_path / "empty"
    outside.mkdir()
    empty.mkdir()
    git(empty, "init", "-q")
    assert current_commit(outside, {}) == Commit()
    assert current_commit(empty, {}).sha is None


def test_default_branch(repository: Path) -> None:
    assert default_branch(repository, {}) == "main"
    git(repository, "branch", "-m", "trunk")
    assert default_branch(repository, {}) is None
    clone = repository / "clone"
    git(repository, "clone", "-q", str(repository), str(clone))
    assert default_branch(clone, {}) == "trunk"


def test_in_ci_a_checkout_knows_no_other_branch(repository: Path) -> None:
    git(repository, "branch", "-m", "topic")
    assert default_branch(repository, {}) is None
    assert default_branch(repository, {"GITHUB_BASE_REF": "main"}) == "main"
    assert default_branch(repository, {"CI_DEFAULT_BRANCH": "trunk"}) == "trunk"


def test_where_git_does_not_help_ci_does(tmp_path: Path) -> None:
    environ = {"GITHUB_SHA": "f" * 40, "GITHUB_REF_NAME": "main"}
    assert current_commit(tmp_path, environ) == Commit(sha="f" * 40, branch="main")


@pytest.mark.parametrize(
    ("environ", "job"),
    [
        ({}, CiJob()),
        ({"CI": "true"}, CiJob(provider="ci")),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_RUN_ID": "7",
            },
            CiJob(provider="github", url="https://github.example/o/r/actions/runs/7"),
        ),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "https://x/1"}, CiJob(provider="gitlab", url="https://x/1")),
    ],
)
def test_ci_jobs(environ: dict[str, str], job: CiJob) -> None:
    assert current_ci_job(environ) == job


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/12/merge"}, "12"),
        ({"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/pull/12/merge"}, "12"),
        (
            {
                "GITHUB_EVENT_NAME": "pull_request_target",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_HEAD_REF": "fix/leak",
            },
            "fix/leak",
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}, None),
        ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7"}, "7"),
        ({"JENKINS_URL": "x", "CHANGE_ID": "34"}, "34"),
        ({"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": "https://example.org/o/r/pull/56"}, "56"),
        ({"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "78"}, "78"),
        ({"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST": "false"}, None),
        ({"TF_BUILD": "True", "SYSTEM_PULLREQUEST_PULLREQUESTID": "90"}, "90"),
        ({"CI": "true", "BITBUCKET_PR_ID": "9"}, "9"),
        ({"CI": "true", "TRAVIS_PULL_REQUEST": "false"}, None),
        ({"CI": "true", "TRAVIS_PULL_REQUEST": "11"}, "11"),
        ({}, None),
    ],
)
def test_the_pull_request_that_ci_measures(environ: dict[str, str], number: str | None) -> None:
    assert current_ci_job(environ).pull_request == number


def test_a_process_is_alive_until_it_ends() -> None:
    me = current_owner()
    assert is_alive(me) is True
    assert is_alive(replace(me, process_started="another time")) is False
    assert is_alive(replace(me, hostname="another host")) is None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = subprocess.run(
            [
                sys.executable,
                "-c",
                f"from aicmo_perf.environment import _process_started; print(_process_started({child.pid}))",
            ],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        ).stdout.strip()
        owner = replace(me, pid=child.pid, process_started=started)
        assert is_alive(owner) is True
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_alive(owner) is False, "a zombie is not alive"
    finally:
        child.kill()
        child.wait()
    assert is_alive(owner) is False
