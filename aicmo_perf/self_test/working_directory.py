"""A place of its own for workers: the project's files are where they were, and new ones go elsewhere.

The working directory is a folder of symbolic links to whatever the project's root holds, so that relative paths are
read as usual and files made beside them do not stay. What is written *through* a link, in a folder of the project's
or over one of its files, ends up in the project all the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from aicmo_perf.errors import EnvironmentFailure

_PREFIX = "aicmo-perf-"
_WORKING, _TEMPORARY = "project", "tmp"


class WorkingDirectory:
    """A context manager: made on entry, removed on exit, whatever features did to it.

    Args:
        root: the project's.
        entries: the names of what the project's root is shown to hold; None for all that it holds by then.
        folder: where to make it, so that it has the same path every time; None for a new folder of temporary files.

    Attributes:
        path: the working directory, once it is made.
        temporary: the folder of temporary files, empty at first.

    Raises: EnvironmentFailure when it cannot be made.
    """

    path: Path
    temporary: Path

    def __init__(self, root: Path, *, entries: Collection[str] | None = None, folder: Path | None = None) -> None:
        self._root = root.resolve()
        self._entries = entries
        self._folder = folder
        self._made: Path | None = None

    def __enter__(self) -> WorkingDirectory:
        try:
            if self._folder is None:
                made = Path(tempfile.mkdtemp(prefix=_PREFIX))
            else:
                made = self._folder
                made.mkdir(mode=0o700)
            self._made = made
            self.path, self.temporary = made / _WORKING, made / _TEMPORARY
            self.path.mkdir()
            self.temporary.mkdir()
            # sorted, since the order in which they are made may be the one in which they are listed
            for name in sorted(top_level_entries(self._root) if self._entries is None else self._entries):
                if os.path.lexists(self._root / name):
                    (self.path / name).symlink_to(self._root / name)
        except OSError as error:
            self._remove()
            raise EnvironmentFailure(
                f"No working directory can be made: {error}.", "Is there room in the folder of temporary files?"
            ) from error
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        if self._made is None:
            return
        # links are removed, not what they lead to
        shutil.rmtree(self._made, ignore_errors=True)
        if self._made.exists():
            _permit_removal(self._made)
            shutil.rmtree(self._made, ignore_errors=True)


def top_level_entries(root: Path) -> frozenset[str]:
    """The names of what a folder holds; of none that cannot be read."""
    try:
        return frozenset(entry.name for entry in root.iterdir())
    except OSError:
        return frozenset()


def new_folder() -> Path:
    """A path for a working directory, where nothing is yet; no two calls give the same."""
    return Path(tempfile.gettempdir(), f"{_PREFIX}{os.urandom(8).hex()}")


def _permit_removal(folder: Path) -> None:
    """Undo what a feature did to the permissions of its folders."""
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            inside = Path(parent, name)
            # a link's permissions are those of the project's own folder
            if not inside.is_symlink():
                with contextlib.suppress(OSError):
                    inside.chmod(0o700)
