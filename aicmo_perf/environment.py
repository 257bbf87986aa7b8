"""What a run is measured on and of: machine, interpreter, git commit, CI provider, the writing process.

Everything is looked up once, and nothing of it is needed: outside git, outside CI or on an unknown system the
values are simply absent.
"""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aicmo_perf.model import Environment, Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Where the project's work tree stands.

    Attributes:
        sha: forty hex digits; None before the first commit and outside git.
        branch: None when detached and no CI provider names one.
        dirty: whether tracked files were changed; None outside git.
    """

    sha: str | None = None
    branch: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CiJob:
    """The CI job this runs in; all None outside CI.

    Attributes:
        provider, url: who runs it, and the page that shows it.
        pull_request: the number of the pull or merge request that it measures; None for any other job.
    """

    provider: str | None = None
    url: str | None = None
    pull_request: str | None = None


def current_environment() -> Environment:
    """The facts that tell one machine and interpreter from another."""
    return Environment(
        {
            "cpu_model": _cpu_model(),
            "cpu_count": _cpu_count(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "python_implementation": platform.python_implementation(),
            "python_version": ".".join(platform.python_version_tuple()[:2]),
        }
    )


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Hardware", "cpu model")):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    if platform.system() == "Darwin" and (name := _output(["sysctl", "-n", "machdep.cpu.brand_string"])):
        return name
    return platform.processor() or platform.machine()


def _cpu_count() -> int:
    """CPUs this process may use, which in a container can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _output(command: list[str], folder: Path | None = None) -> str | None:
    """What a command prints, stripped; None if it is missing, fails or hangs."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def current_commit(project_root: Path, environ: Mapping[str, str] = os.environ) -> Commit:
    """The commit, branch and cleanliness of the work tree; CI providers name the branch of a detached checkout."""
    # One call of git tells all three; untracked files do not make the measured code another one.
    # No lock is taken: a run must not make a git command of the user's fail.
    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    status = _output(command, project_root)
    if status is None:
        # git is missing or refuses the folder, as it does in containers with a checkout of another user's
        return Commit(sha=_first(environ, "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"), branch=_ci_branch(environ))
    sha = branch = None
    dirty = False
    for line in status.splitlines():
        if line.startswith("# branch.oid "):
            sha = line.removeprefix("# branch.oid ").replace("(initial)", "") or None
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ").replace("(detached)", "") or None
        elif not line.startswith("#"):
            dirty = True
    return Commit(sha=sha, branch=branch or _ci_branch(environ), dirty=dirty)


def _first(environ: Mapping[str, str], *names: str) -> str | None:
    """The first of these variables that is set and neither empty nor ``false``."""
    return next((environ[name] for name in names if environ.get(name, "") not in ("", "false")), None)


def _ci_branch(environ: Mapping[str, str]) -> str | None:
    return _first(
        environ,
        "GITHUB_HEAD_REF",
        "GITHUB_REF_NAME",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
        "CI_COMMIT_REF_NAME",
        "CHANGE_BRANCH",
        "BRANCH_NAME",
        "CIRCLE_BRANCH",
        "BUILDKITE_BRANCH",
        "BITBUCKET_BRANCH",
    )


def default_branch(project_root: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """The branch that others start from.

    What CI says a pull request goes to or the project's default is, since its checkouts know no other branch; else
    the remote's HEAD; else ``main`` or ``master`` where one exists.
    """
    told = _first(
        environ, "GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET", "CI_DEFAULT_BRANCH"
    )
    if told is not None:
        return told
    names = ["refs/remotes/origin/HEAD"]
    names += [f"{place}/{name}" for name in ("main", "master") for place in ("refs/heads", "refs/remotes/origin")]
    listing = _output(["git", "for-each-ref", "--format=%(refname) %(symref)", *names], project_root)
    if not listing:
        return None
    found = dict(line.partition(" ")[::2] for line in listing.splitlines())
    if remote := found.get("refs/remotes/origin/HEAD"):
        return remote.removeprefix("refs/remotes/origin/")
    return next((name.rpartition("/")[2] for name in names[1:] if name in found), None)


def current_ci_job(environ: Mapping[str, str] = os.environ) -> CiJob:
    """The CI provider, the page of this job and the pull request it measures, from what each provider sets."""
    pull_request = _pull_request(environ)
    if environ.get("GITHUB_ACTIONS") == "true":
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        run_id = environ.get("GITHUB_RUN_ID")
        url = f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else None
        return CiJob(provider="github", url=url, pull_request=pull_request)
    for variable, provider, url_variable in (
        ("GITLAB_CI", "gitlab", "CI_JOB_URL"),
        ("JENKINS_URL", "jenkins", "BUILD_URL"),
        ("CIRCLECI", "circleci", "CIRCLE_BUILD_URL"),
        ("BUILDKITE", "buildkite", "BUILDKITE_BUILD_URL"),
        ("TF_BUILD", "azure", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"),
    ):
        if environ.get(variable):
            return CiJob(provider=provider, url=environ.get(url_variable), pull_request=pull_request)
    return CiJob(provider="ci" if environ.get("CI") in ("1", "true", "True") else None, pull_request=pull_request)


_GITHUB_PULL_REQUEST_REF = re.compile(r"refs/pull/(\d+)/")


def _pull_request(environ: Mapping[str, str]) -> str | None:
    """The number of the pull request that CI measures; providers set it to nothing or to ``false`` for other jobs."""
    if environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        ref = _GITHUB_PULL_REQUEST_REF.match(environ.get("GITHUB_REF", ""))
        # pull_request_target runs on the target's ref and tells no number; it still measures a pull request
        return ref[1] if ref is not None else environ.get("GITHUB_HEAD_REF") or None
    told = _first(
        environ,
        "CI_MERGE_REQUEST_IID",
        "CHANGE_ID",
        "CIRCLE_PULL_REQUEST",
        "BUILDKITE_PULL_REQUEST",
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
        "SYSTEM_PULLREQUEST_PULLREQUESTID",
        "BITBUCKET_PR_ID",
        "TRAVIS_PULL_REQUEST",
    )
    # CircleCI gives the page of it
    return told.rstrip("/").rpartition("/")[2] if told is not None else None


def current_owner() -> Owner:
    """The current process, as the writer of a run."""
    return Owner(hostname=socket.gethostname(), pid=os.getpid(), process_started=_process_started(os.getpid()))


def current_user() -> str | None:
    """Who runs this; None where the system does not tell."""
    import getpass  # slow to import, for the one command that asks

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def is_alive(owner: Owner) -> bool | None:
    """Whether the process still runs; None when it is another host's and cannot be seen from here."""
    if owner.hostname != socket.gethostname():
        return None
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not _is_zombie(owner.pid) and _process_started(owner.pid) == owner.process_started


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended, and only waits for a parent that does not ask (as a container's first may not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] in ("Z", "X")


def _process_started(pid: int) -> str:
    """A value that two processes of one pid do not share: boot and start time on Linux, ``ps``'s answer elsewhere."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return _output(["ps", "-o", "lstart=", "-p", str(pid)]) or ""
    # The command name, in parentheses, may itself hold spaces and parentheses; field 22 is the start time.
    fields = stat.rsplit(")", 1)[1].split()
    return f"{boot[:8]}-{fields[19]}"
