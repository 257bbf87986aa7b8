"""Importing from another version's tree in place of the user's, whichever way their environment finds the code.

An editable install, a ``.pth`` file, ``PYTHONPATH`` or a symbolic link points into the user's tree, and the other
version would silently be measured with the user's code. So, in a worker of that version, whatever any finder finds in
the user's tree is replaced by its counterpart in the other tree; code that the other version does not have is not
found at all. What the tree holds beside code, such as a virtual environment, has no counterpart and stays where it is.

The engine's own modules stay what they are: both versions are measured by the same engine.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from aicmo_perf.errors import SuiteError

_PATH_VARIABLE = "PYTHONPATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTree:
    """Another version of the user's tree, in a folder of its own.

    Attributes:
        original_root: the top folder of the user's tree.
        root: the top folder of the other version.
        added: files and folders (those end in a slash) that the user's version alone has, relative to the top.
    """

    original_root: str
    root: str
    added: tuple[str, ...] = ()

    def original(self, path: Path) -> Path:
        """Where a path of the other version lies in the user's tree."""
        return Path(self.original_root) / path.relative_to(self.root)

    def place_of(self, path: str | os.PathLike[str]) -> str | None:
        """Where a path lies in the user's tree, relative to the top and links followed; None outside and for what is
        installed there.
        """
        real = os.path.realpath(path)
        if _is_below(real, self.root) or not _is_below(real, self.original_root):
            return None
        place = Path(real).relative_to(self.original_root)
        prefix = os.path.realpath(sys.prefix)
        is_installed = _is_below(prefix, self.original_root) and _is_below(real, prefix)
        if is_installed or {"site-packages", "dist-packages"} & set(place.parts):
            return None
        return place.as_posix()

    def counterpart(self, path: str | os.PathLike[str]) -> str | None:
        """The same file or folder in the other version; None outside the user's tree and where it does not exist."""
        place = self.place_of(path)
        other = Path(self.root, place) if place is not None else None
        return str(other) if other is not None and other.exists() else None

    def locate(self, path: Path) -> Path:
        """Where a path of the user's tree would lie in the other version; any other path as it is."""
        place = self.place_of(path)
        return path if place is None else Path(self.root, place)

    def is_added(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file is code that the user's version alone has."""
        place = self.place_of(path)
        if place is None:
            return False
        return any(place == name or (name.endswith("/") and place.startswith(name)) for name in self.added)

    def is_inside(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file belongs to the other version."""
        return _is_below(os.path.realpath(path), self.root)


def import_from(tree: MovedTree) -> None:
    """From now on this process imports the other version; programs that it starts at least look there first."""
    sys.path[:] = [tree.counterpart(entry) or entry for entry in sys.path]
    if variable := os.environ.get(_PATH_VARIABLE):
        entries = variable.split(os.pathsep)
        os.environ[_PATH_VARIABLE] = os.pathsep.join(tree.counterpart(entry) or entry for entry in entries)
    sys.path_importer_cache.clear()
    sys.meta_path.insert(0, _MovingFinder(tree))


def refuse_left_behind(tree: MovedTree) -> None:
    """See that nothing was imported from the user's tree: start-up code may have done so, or a loader of its own.

    Raises: SuiteError with what was.
    """
    for name, file in _imported_files():
        if not _is_engine(name) and (tree.is_added(file) or tree.counterpart(file) is not None):
            raise SuiteError(
                f"The other version would be measured with this version's code: {name} was imported from {file}.",
                "Something imports it at start-up or loads files by itself; this environment cannot compare the two.",
            )


def suites_inside(tree: MovedTree, namespaces: Mapping[str, Sequence[Mapping[str, object]]]) -> tuple[str, ...]:
    """The suites that the other version's code has a part in: defined there, or using something that is.

    Args:
        tree: the other version.
        namespaces: of each suite, the globals of the modules that define its features.
    """
    inside = {name for name, file in _imported_files() if tree.is_inside(file)}

    def is_inside(namespace: Mapping[str, object]) -> bool:
        file = namespace.get("__file__")
        if isinstance(file, str) and tree.is_inside(file):
            return True
        names = (
            value.__name__ if isinstance(value, ModuleType) else _defined_in(value) for value in [*namespace.values()]
        )
        return any(isinstance(name, str) and name in inside for name in names)

    return tuple(suite for suite, own in namespaces.items() if any(map(is_inside, own)))


def _defined_in(value: object) -> object:
    try:
        return getattr(value, "__module__", None)
    except Exception:  # objects that compute their attributes may fail at it
        return None


class _MovingFinder:
    """Asks the other finders, and moves what they find in the user's tree into the other version's."""

    def __init__(self, tree: MovedTree) -> None:
        self._tree = tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if _is_engine(fullname):
            return None
        # a copy, since finders may take themselves out
        for finder in tuple(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return self._moved(spec)
        return None

    def _moved(self, spec: importlib.machinery.ModuleSpec) -> importlib.machinery.ModuleSpec:
        locations = spec.submodule_search_locations
        if spec.origin is None or not spec.has_location:
            if locations is not None:
                # a package without __init__.py, in all its folders
                spec.submodule_search_locations = [self._tree.counterpart(each) or each for each in locations]
            return spec
        if (file := self._tree.counterpart(spec.origin)) is not None:
            moved = importlib.util.spec_from_file_location(
                spec.name,
                file,
                submodule_search_locations=None
                if locations is None
                else [self._tree.counterpart(each) or each for each in locations],
            )
            return moved or spec
        if not self._tree.is_added(spec.origin):
            return spec
        # a module may have been a package in the other version, or the reverse
        around = Path(spec.origin).parent if locations is None else Path(spec.origin).parent.parent
        folder = self._tree.counterpart(around)
        other = importlib.machinery.PathFinder.find_spec(spec.name, [folder]) if folder is not None else None
        if other is None:
            raise ModuleNotFoundError(
                f"No module named {spec.name!r}: this version does not have {self._tree.place_of(spec.origin)}",
                name=spec.name,
            )
        return other


def _imported_files() -> Iterator[tuple[str, str]]:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            yield name, file


def _is_engine(name: str) -> bool:
    package = __name__.partition(".")[0]
    return f"{name}.".startswith(f"{package}.") and not f"{name}.".startswith(f"{package}.suites.")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
