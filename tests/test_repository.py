"""Ancestry, commits by name, and worktrees that leave nothing behind; with real git."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from aicmo_perf import repository
from aicmo_perf.errors import NotFoundError, UsageError
from aicmo_perf.repository import ancestry_of, has_commit, resolve_commit, worktree


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "file.txt").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the commits one and two; temporary folders lie beside it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for text in ("one", "two"):
        commit(folder, text)
    return folder


def nothing_is_left(folder: Path) -> bool:
    known = git(folder, "worktree", "list", "--porcelain").count("worktree ")
    return known == 1 and not any((folder.parent / "temporary").iterdir())


def test_the_history_of_a_commit(folder: Path) -> None:
    one, two = git(folder, "rev-list", "--reverse", "HEAD").split()
    git(folder, "checkout", "-qb", "side", one)
    side = commit(folder, "side")
    history = ancestry_of(folder, side)
    assert history is not None
    assert [history.contains(sha) for sha in (one, side, two)] == [True, True, False]
    assert not history.is_shallow
    assert ancestry_of(folder, "0" * 40) is None
    assert ancestry_of(folder.parent, side) is None
    assert has_commit(folder, side)
    assert not has_commit(folder, "0" * 40)


def test_what_lies_before_a_shallow_history_is_not_known(folder: Path) -> None:
    one, two = git(folder, "rev-list", "--reverse", "HEAD").split()
    shallow = folder.parent / "shallow"
    git(folder.parent, "clone", "-q", "--depth=1", folder.as_uri(), str(shallow))
    history = ancestry_of(shallow, two)
    assert history is not None
    assert history.is_shallow
    assert [history.contains(sha) for sha in (two, one)] == [True, None]
    with pytest.raises(NotFoundError) as caught:
        resolve_commit(shallow, "HEAD~1")
    assert "shallow" in caught.value.hint


def test_a_long_history_is_read_to_a_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = git(folder, "rev-list", "--reverse", "HEAD").split()
    monkeypatch.setattr(repository, "MOST_COMMITS", 2)
    whole = ancestry_of(folder, two)
    assert whole is not None
    assert whole.contains("f" * 40) is False
    three = commit(folder, "three")
    cut = ancestry_of(folder, three)
    assert cut is not None
    assert [cut.contains(sha) for sha in (two, "f" * 40)] == [True, None]
    assert cut.contains(one) is not False


@pytest.mark.parametrize("ref", ["HEAD~1", "main~1", "v1"])
def test_a_commit_by_name(folder: Path, ref: str) -> None:
    git(folder, "tag", "-am", "one", "v1", "HEAD~1")
    assert resolve_commit(folder, ref) == git(folder, "rev-parse", "HEAD~1")


def test_a_commit_that_does_not_exist(folder: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        resolve_commit(folder, "mian")
    assert "main" in caught.value.hint
    for odd in ("--all", "HEAD:file.txt", ""):
        with pytest.raises(NotFoundError):
            resolve_commit(folder, odd)
    with pytest.raises(UsageError, match="not in a git repository"):
        resolve_commit(folder.parent, "HEAD")


def test_a_worktree_leaves_the_users_tree_alone(folder: Path) -> None:
    hook = folder / ".git/hooks/post-checkout"
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    (folder / "file.txt").write_text("changed")
    (folder / "new.py").touch()
    before = git(folder, "status", "--porcelain")
    with worktree(folder, resolve_commit(folder, "HEAD~1")) as tree:
        assert (tree.project_root / "file.txt").read_text() == "one"
        assert not (tree.root / "hooked").exists()
        assert tree.added == ("new.py",)
        assert git(folder, "status", "--porcelain") == before
    assert nothing_is_left(folder)
    assert (folder / "file.txt").read_text() == "changed"


def test_a_project_below_the_top_of_its_repository(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below/module.py").write_text("x = 1")
    sha = commit(folder, "three")
    with worktree(folder / "below", sha) as tree:
        assert tree.project_root == tree.root / "below"
        assert (tree.project_root / "module.py").exists()
        assert tree.original_root == folder
    with pytest.raises(NotFoundError, match="below"), worktree(folder / "below", resolve_commit(folder, "HEAD~1")):
        pass
    assert nothing_is_left(folder)


def test_files_committed_since_are_told(folder: Path) -> None:
    (folder / "later.py").touch()
    (folder / "package").mkdir()
    (folder / "package/wip.py").touch()
    (folder / ".gitignore").write_text("*.so\n")
    (folder / "built.so").touch()
    git(folder, "add", "later.py", ".gitignore")
    git(folder, "commit", "-qm", "three")
    with worktree(folder, resolve_commit(folder, "HEAD~1")) as tree:
        assert set(tree.added) == {"later.py", ".gitignore", "package/"}


def test_an_error_inside_removes_it(folder: Path) -> None:
    def break_it_and_leave() -> None:
        with worktree(folder, resolve_commit(folder, "HEAD")) as tree:
            (tree.root / "unexpected").touch()
            (tree.root / ".git").unlink()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_it_and_leave()
    assert nothing_is_left(folder)


def test_the_variables_of_a_git_hook_do_not_misdirect(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder.parent / "other"
    other.mkdir()
    git(other, "init", "-q")
    sha = git(folder, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert resolve_commit(folder, "HEAD") == sha
    with worktree(folder, sha) as tree:
        assert (tree.root / "file.txt").read_text() == "two"


_HOLD = """
import sys, time
from pathlib import Path
from aicmo_perf.repository import resolve_commit, worktree
folder = Path(sys.argv[1])
with worktree(folder, resolve_commit(folder, "HEAD")):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_is_in_use_stays(folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(folder.parent / "temporary")}
    processes = []
    try:
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", _HOLD, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
            )
            processes.append(process)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        dead, living = processes
        dead.kill()
        dead.wait()
        with worktree(folder, resolve_commit(folder, "HEAD")):
            assert git(folder, "worktree", "list").count("aicmo-perf-") == 2
        living.send_signal(signal.SIGINT)
        living.wait()
        assert nothing_is_left(folder)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_one_whose_folder_is_gone_is_forgotten(folder: Path) -> None:
    with worktree(folder, resolve_commit(folder, "HEAD")) as tree:
        shutil.rmtree(tree.root.parent)
        with worktree(folder, resolve_commit(folder, "HEAD")):
            assert git(folder, "worktree", "list").count("aicmo-perf-") == 1
    assert nothing_is_left(folder)
