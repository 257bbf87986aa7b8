"""The project's git repository: what is in the history of a commit, and any commit's files in a folder of their own.

The user's tree, index, branches and hooks are never touched. A worktree lies in the system's temporary folder and is
known to the repository only while it is in use; one that a killed process left behind is removed by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aicmo_perf.errors import EnvironmentFailure, NotFoundError, UsageError, nearest_hint

MOST_COMMITS = 10_000
"""How far back a history is read; what lies before is not known."""

_QUESTION_SECONDS = 60.0
_CHECKOUT_SECONDS = 900.0
"""A checkout may have to fetch what a partial clone lacks."""

_LOCK_NAME = "in-use"

# What `git rev-parse --local-env-vars` lists but for configuration: a git hook's own process has these set, and they
# would send every question to the repository, index or objects of that hook.
_MISDIRECTING_VARIABLES = frozenset(
    f"GIT_{name}"
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES",
        "COMMON_DIR",
        "DIR",
        "GRAFT_FILE",
        "IMPLICIT_WORK_TREE",
        "INDEX_FILE",
        "NAMESPACE",
        "OBJECT_DIRECTORY",
        "PREFIX",
        "QUARANTINE_PATH",
        "SHALLOW_FILE",
        "WORK_TREE",
    )
)


@dataclass(frozen=True, slots=True)
class Ancestry:
    """The history of a commit, as far as it is at hand.

    Attributes:
        shas: the commit and those before it, forty hex digits each.
        is_shallow: whether the repository was cloned without its older history.
        is_complete: whether every commit of the history is among the shas.
    """

    shas: frozenset[str]
    is_shallow: bool
    is_complete: bool

    def contains(self, sha: str) -> bool | None:
        """Whether a commit is in the history; None when that is not known, since the history is cut off."""
        if sha in self.shas:
            return True
        return False if self.is_complete else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """A commit's files, beside the user's.

    Attributes:
        root: its top folder.
        project_root: the counterpart of the project's root in it.
        original_root: the top folder of the user's own tree.
        added: files and folders (those end in a slash) of the user's tree that the commit lacks, relative to its top;
            without what git ignores.
    """

    root: Path
    project_root: Path
    original_root: Path
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a git command said: its output when it succeeded, its complaint otherwise."""

    output: str | None
    complaint: str = ""


def ancestry_of(project_root: Path, sha: str) -> Ancestry | None:
    """The history of a commit, up to MOST_COMMITS; None where git, the repository or the commit is missing."""
    listing = _git(project_root, "rev-list", f"--max-count={MOST_COMMITS + 1}", "--end-of-options", sha, "--").output
    if not listing:
        return None
    shas = listing.split()
    is_shallow = _git(project_root, "rev-parse", "--is-shallow-repository").output != "false\n"
    return Ancestry(frozenset(shas), is_shallow, is_complete=not is_shallow and len(shas) <= MOST_COMMITS)


def resolve_commit(project_root: Path, ref: str) -> str:
    """The commit, forty hex digits, that a branch, a tag, a sha or an expression like ``HEAD~1`` means.

    Raises:
        UsageError: the project is in no git repository, or git refuses it.
        NotFoundError: there is no such commit.
    """
    _top_level(project_root)
    answer = _git(project_root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if answer.output and not ref.startswith("-"):
        return answer.output.strip()
    if _git(project_root, "rev-parse", "--is-shallow-repository").output == "true\n":
        hint = "This clone is shallow: fetch the older history, with actions/checkout by 'fetch-depth: 0'."
    else:
        names = _git(project_root, "for-each-ref", "--format=%(refname:short)").output or ""
        hint = nearest_hint(ref, names.split(), otherwise="Name a branch, a tag, a commit, or one like HEAD~1.")
    raise NotFoundError(f"There is no commit {ref!r} in the git repository.", hint)


def has_commit(project_root: Path, sha: str) -> bool:
    """Whether a commit is at hand, with its files."""
    return _git(project_root, "cat-file", "-e", f"{sha}^{{commit}}").output is not None


@contextmanager
def worktree(project_root: Path, sha: str) -> Iterator[Worktree]:
    """A commit's files in a temporary folder, for as long as the block lasts.

    It is removed whatever ends the block; signals that come meanwhile wait until it is.

    Args:
        project_root: in the git repository, not necessarily its top.
        sha: a commit, as resolve_commit returns it.

    Raises:
        UsageError: the project is in no git repository.
        NotFoundError: the commit does not have the project's folder.
        EnvironmentFailure: git cannot check it out.
    """
    top = _top_level(project_root)
    _remove_stale(top)
    folder = Path(tempfile.mkdtemp(prefix=_prefix())).resolve()
    root = folder / "tree"
    with (folder / _LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            added = _added(top, sha)
            answer = _git(
                top, "worktree", "add", "--quiet", "--detach", str(root), sha, timeout_seconds=_CHECKOUT_SECONDS
            )
            if answer.output is None:
                raise EnvironmentFailure(
                    f"git cannot check out {sha[:7]} into a temporary folder: {answer.complaint}.",
                    f"Is there room in {folder.parent}?",
                )
            inside = root / project_root.resolve().relative_to(top)
            if not inside.is_dir():
                raise NotFoundError(f"{sha[:7]} does not have the project's folder {project_root.name}.")
            yield Worktree(root=root, project_root=inside, original_root=top, added=added)
        finally:
            with _signals_held_back():
                _remove(top, folder)


def _top_level(project_root: Path) -> Path:
    answer = _git(project_root, "rev-parse", "--show-toplevel")
    if not answer.output:
        raise UsageError(
            f"{project_root} is not in a git repository: {answer.complaint or 'it has no work tree'}.",
            "Commits are compared in a git checkout only.",
        )
    return Path(answer.output.removesuffix("\n")).resolve()


def _added(top: Path, sha: str) -> tuple[str, ...]:
    """What the user's tree has and the commit lacks: committed since, staged, or not yet added."""
    tracked = _git(top, "diff", "--name-only", "--no-renames", "--diff-filter=A", "-z", sha, "--").output or ""
    untracked = _git(top, "ls-files", "--others", "--exclude-standard", "--directory", "-z").output or ""
    return tuple(name for name in (tracked + untracked).split("\0") if name)


def _prefix() -> str:
    """How the names of our folders begin on this host; a repository may be shared with others."""
    host = "".join(character if character.isalnum() else "-" for character in socket.gethostname())
    return f"aicmo-perf-{host}-"


def _remove_stale(top: Path) -> None:
    """Remove the worktrees of ours that no living process uses."""
    listing = _git(top, "worktree", "list", "--porcelain").output or ""
    for entry in listing.splitlines():
        root = Path(entry.removeprefix("worktree "))
        if not entry.startswith("worktree ") or not root.parent.name.startswith(_prefix()):
            continue
        if not _is_in_use(root.parent):
            _remove(top, root.parent)


def _is_in_use(folder: Path) -> bool:
    try:
        with (folder / _LOCK_NAME).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # another user's is none of our business
        return True
    except OSError:
        pass
    return False


def _remove(top: Path, folder: Path) -> None:
    """Remove a worktree of ours: its files, and what the repository knows of it."""
    root = folder / "tree"
    # The files first and not by git, which stops at one that it may not delete, or that a feature broke.
    shutil.rmtree(root, ignore_errors=True)
    _git(top, "worktree", "remove", "--force", "--force", str(root))
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let Ctrl-C and its like wait until the block is over; in a thread they never strike."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    # Not by a mask, which other threads would not share: what they are sent strikes in this one.
    previous = {
        number: signal.signal(number, lambda signum, frame: waiting.append(signum))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for signum in dict.fromkeys(waiting):
            signal.raise_signal(signum)


def _git(folder: Path, *arguments: str, timeout_seconds: float = _QUESTION_SECONDS) -> _Answer:
    """Ask git, in a session of its own, so that a Ctrl-C does not leave it half-way.

    No hook and no file-system monitor of the user's is started, no lock is taken that is not needed, and nothing is
    asked for on the terminal.
    """
    settings = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
    environment = {name: value for name, value in os.environ.items() if name not in _MISDIRECTING_VARIABLES}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *settings, *arguments],
            cwd=folder,
            env={**environment, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _Answer(None, f"git did not answer within {timeout_seconds:g} s")
    except OSError as error:
        return _Answer(None, f"git cannot be started ({error.strerror})")
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        with contextlib.suppress(IndexError):
            return _Answer(None, words[-1].removeprefix("fatal: ").rstrip("."))
        return _Answer(None)
    return _Answer(os.fsdecode(done.stdout))
