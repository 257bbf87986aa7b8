"""Finding features: importing suites, in the worker, in such a way that nothing vanishes silently.

A module that cannot be imported becomes a feature with the import error; what cannot be found at all is refused with
the names that exist, and so is a suite or a rule that has no features: each on its own, for one that was emptied must
not hide behind the others. Two definitions of one qualified name both stay, the second as ``name#2``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

from aicmo_perf.errors import SuiteError, nearest_hint
from aicmo_perf.model import DiscoverRule, Feature
from aicmo_perf.self_test.failure_text import describe_exception
from aicmo_perf.self_test.feature import FeatureDefinition, registered_definitions
from aicmo_perf.self_test.plan import ENTRY_POINT_GROUP

_DECORATE_HINT = "Decorate functions with @feature, or add a [[tool.aicmo-perf.discover]] rule."
_RULE_HINT = "A rule means public functions, in the modules that define them; check both of its patterns."


@dataclass(frozen=True, slots=True)
class FoundFeature:
    """A feature, and what to call; or why there is nothing to call.

    Attributes:
        feature: who it is.
        definition: what to call, and how; None when its module cannot be imported.
        import_error: why not.
    """

    feature: Feature
    definition: FeatureDefinition | None = None
    import_error: str = ""


class Discovery:
    """Collects the features of suites and rules, in the order they are added.

    Args:
        root: the project's root, which the names of file suites are relative to.
        broken: modules that must not be imported, since they kill the process: (suite, module) to the reason.
        before_import: called with suite and module before each import.
        locate: where a suite's file really lies, by its path below the root.
        may_be_empty: whether a suite or a rule without features is let pass: an earlier worker found some, and whoever
            compares the two says what is missing.
    """

    def __init__(
        self,
        root: Path,
        broken: Mapping[tuple[str, str], str],
        before_import: Callable[[str, str], None] = lambda suite, module: None,
        *,
        locate: Callable[[Path], Path] = lambda path: path,
        may_be_empty: bool = False,
    ) -> None:
        self._root = root
        self._broken = broken
        self._before_import = before_import
        self._locate = locate
        self._may_be_empty = may_be_empty
        self._suites: dict[str, _Suite] = {}

    def features(self) -> tuple[FoundFeature, ...]:
        """Everything found so far, each with a qualified name of its own.

        Raises: SuiteError when that is nothing, since neither a suite nor a rule was added.
        """
        everything = tuple(found for suite in self._suites.values() for found in suite.features())
        if not everything and not self._may_be_empty:
            raise SuiteError("There are no features, for no suite and no rule is given.", _DECORATE_HINT)
        return everything

    def add_suite(self, text: str) -> None:
        """Add a file, an entry point or a dotted module, whichever of the three exists first.

        Of a dotted package every module is imported; an entry point means the module it names, which says by its
        imports what belongs to the suite.

        Raises: SuiteError when none does, or when it has no features.
        """
        name, path = text, None
        if text.endswith(".py"):
            path = self._locate(self._root / text)
            if not path.is_file():
                raise SuiteError(f"There is no file {text}.", f"Looked for {path}.")
            name = Path(os.path.relpath(self._root / text, self._root)).with_suffix("").as_posix()
        suite = self._suite(name)
        with self._expecting_features(suite, f"There are no features in the suite {name}.", _DECORATE_HINT):
            if path is not None:
                self._add_module(suite, lambda: _load_file(path))
            elif (target := entry_point_modules().get(text)) is not None:
                self._add_module(suite, lambda: _import_existing(target))
            else:
                for submodule in self._walk(suite, self._add_module(suite, lambda: _import_existing(text))):
                    suite.add_features_of(submodule)

    def add_rule(self, rule: DiscoverRule) -> None:
        """Add the functions that a rule means; decorated ones keep their own settings.

        Raises: SuiteError when the rule names no package, or none that exists, or when no function matches.
        """
        suite = self._suite(rule.suite_name)
        message = f"No function matches the rule for functions {rule.functions!r} in modules {rule.modules!r}."
        with self._expecting_features(suite, message, _RULE_HINT):
            for module in self._modules_of_rule(rule, suite):
                for name, function in vars(module).copy().items():
                    if _is_own_function(name, function, module) and fnmatchcase(name, rule.functions):
                        suite.add_function(name, function, module, rule)

    def _suite(self, name: str) -> _Suite:
        return self._suites.setdefault(name, _Suite(name))

    @contextmanager
    def _expecting_features(self, suite: _Suite, message: str, hint: str) -> Iterator[None]:
        """Refuse what is added inside when it comes to nothing; what was there already counts again."""
        before = suite.added_count
        yield
        if suite.added_count == before and not self._may_be_empty:
            raise SuiteError(message, hint)

    def _add_module(self, suite: _Suite, load: Callable[[], ModuleType]) -> ModuleType | None:
        module = self._import(suite, suite.name, load)
        if module is not None:
            suite.add_features_of(module)
        return module

    def _modules_of_rule(self, rule: DiscoverRule, suite: _Suite) -> Iterator[ModuleType]:
        fixed = next((i for i, character in enumerate(rule.modules) if character in "*?["), None)
        if fixed is None:
            module = self._import(suite, rule.modules, lambda: _import_existing(rule.modules))
            if module is not None:
                yield module
            return
        package_name = rule.modules[:fixed].rpartition(".")[0]
        if not package_name:
            raise SuiteError(
                f"The rule for modules {rule.modules!r} names no package to look into.",
                "Begin the pattern with a package, such as 'shop.generators.*'.",
            )
        package = self._import(suite, package_name, lambda: _import_existing(package_name))
        if package is not None:
            for module in self._walk(suite, package, only=rule.modules):
                if fnmatchcase(module.__name__, rule.modules):
                    yield module

    def _walk(self, suite: _Suite, package: ModuleType | None, only: str = "*") -> Iterator[ModuleType]:
        """Import and yield the modules of a package, in depth; of those that are no package, only the matching."""
        if package is None:
            return
        for name, is_package in _children(package):
            if not is_package and not fnmatchcase(name, only):
                continue
            module = self._import(suite, name, lambda name=name: importlib.import_module(name))  # type: ignore[misc]
            if module is None:
                continue
            yield module
            if is_package:
                yield from self._walk(suite, module, only)

    def _import(self, suite: _Suite, name: str, load: Callable[[], ModuleType]) -> ModuleType | None:
        if (reason := self._broken.get((suite.name, name))) is not None:
            suite.add_broken(name, reason)
            return None
        self._before_import(suite.name, name)
        try:
            return load()
        except SuiteError:
            raise
        except BaseException as error:
            suite.add_broken(name, f"cannot be imported: {describe_exception(error)}")
            return None


class _Suite:
    """The features of one suite, as they are found. What two rules mean is one feature.

    Attributes:
        name: the suite's.
        added_count: how often something was added, the same thing twice included.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.added_count = 0
        self._found: dict[object, tuple[FeatureDefinition | None, str, str]] = {}

    def add_features_of(self, module: ModuleType) -> None:
        """Add the features defined while the module was executed, bound to a name or not, and those it imported."""
        namespace = vars(module)
        bound = {id(value) for value in list(namespace.values())}
        for definition in registered_definitions():
            if definition.namespace is namespace or id(definition.function) in bound:
                self._add(definition, definition, definition.qualified_name)

    def add_function(self, name: str, function: Callable[..., object], module: ModuleType, rule: DiscoverRule) -> None:
        """Add a function by a rule; if it is decorated, what the decorator says."""
        decorated = [definition for definition in registered_definitions() if definition.function is function]
        for definition in decorated:
            self._add(definition, definition, definition.qualified_name)
        if not decorated:
            definition = FeatureDefinition(
                function=function,
                name=name,
                qualified_name=f"{module.__name__}.{name}",
                category=rule.category,
                critical=rule.critical,
                scenarios=rule.scenarios,
            )
            self._add(id(function), definition, definition.qualified_name)

    def add_broken(self, name: str, reason: str) -> None:
        """Add a module that cannot be imported."""
        self._add(name, None, name, reason)

    def _add(
        self, identity: object, definition: FeatureDefinition | None, qualified_name: str, reason: str = ""
    ) -> None:
        self.added_count += 1
        self._found.setdefault(identity, (definition, qualified_name, reason))

    def features(self) -> Iterator[FoundFeature]:
        """The features, with ``#2`` and so on behind a qualified name that was there already."""
        seen: Counter[str] = Counter()
        for definition, qualified_name, reason in self._found.values():
            seen[qualified_name] += 1
            if seen[qualified_name] > 1:
                qualified_name = f"{qualified_name}#{seen[qualified_name]}"
            if definition is None:
                feature = Feature(suite=self.name, qualified_name=qualified_name, name=qualified_name, critical=True)
            else:
                feature = Feature(
                    suite=self.name,
                    qualified_name=qualified_name,
                    name=definition.name,
                    category=definition.category,
                    critical=definition.critical,
                )
            yield FoundFeature(feature, definition, reason)


def entry_point_modules() -> dict[str, str]:
    """The suites that installed packages announce: name to module."""
    from importlib.metadata import entry_points  # slow to import, and not needed for files

    return {point.name: point.module for point in entry_points(group=ENTRY_POINT_GROUP)}


def _is_own_function(name: str, candidate: object, module: ModuleType) -> bool:
    return (
        not name.startswith("_")
        and not inspect.isclass(candidate)
        and callable(candidate)
        and getattr(candidate, "__module__", None) == module.__name__
    )


def _import_existing(name: str) -> ModuleType:
    """Import a dotted module.

    Raises: SuiteError when there is no such module; whatever the module raises otherwise.
    """
    if not all(part.isidentifier() for part in name.split(".")):
        raise _no_such_suite(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # the module itself, or a package it is in; a missing module that it imports is its own error
        if f"{name}.".startswith(f"{error.name}."):
            raise _no_such_suite(name) from None
        raise


def _no_such_suite(name: str) -> SuiteError:
    existing = sorted(entry_point_modules())
    otherwise = f"A suite is a .py file, a dotted module, or one of: {', '.join(existing)}."
    hint = nearest_hint(name, existing, otherwise=otherwise)
    return SuiteError(f"There is no suite {name!r}: no entry point and no module of that name.", hint)


def _load_file(path: Path) -> ModuleType:
    """Execute a file as a module named by its stem, as ``python FILE`` would find its neighbours."""
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "the path ends in .py"
    assert spec.loader is not None, "a file has a loader"
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # pickles and dataclasses look for their module by name; one that others have imported is not pushed aside
    earlier = sys.modules.get(name)
    if earlier is None or getattr(earlier, _FILE_SUITE_MARK, False):
        setattr(module, _FILE_SUITE_MARK, True)
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_FILE_SUITE_MARK = "__aicmo_perf_file_suite__"


def _children(package: ModuleType) -> list[tuple[str, bool]]:
    """The modules directly inside a package, by name: dotted name, and whether it is a package itself."""
    paths = getattr(package, "__path__", None)
    if paths is None:
        return []
    children = {info.name: info.ispkg for info in pkgutil.iter_modules(paths, f"{package.__name__}.")}
    # pkgutil does not see folders without __init__.py, which are packages as well
    for folder in (Path(path) for path in paths):
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name.isidentifier() and entry.is_dir() and any(entry.glob("*.py")):
                children.setdefault(f"{package.__name__}.{entry.name}", True)
    # __main__ is a program, not a part of it
    return sorted((name, is_package) for name, is_package in children.items() if not name.endswith(".__main__"))
