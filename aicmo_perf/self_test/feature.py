"""Declaring a feature is registering it: a definition is noted when the decorator runs, not found later.

So a function that is shadowed by a second one of its name, made by a factory or deleted again still counts:
features never vanish silently. A definition belongs to the module whose top-level code was running when it was
registered.

The decorated callable itself is returned unchanged and stays callable as before; ``add_error`` and
``add_warning`` do nothing when it is called outside the engine, so production code may be decorated without fear.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, NoReturn, TypeVar, overload

from aicmo_perf.model import Category

FeatureFunction = TypeVar("FeatureFunction", bound=Callable[..., Any])

ScenarioSource = Sequence[Any] | Callable[[], Iterable[Any]] | str
"""The scenarios themselves, a callable that returns them, or ``"module:attribute"`` naming either."""

ReturnType = type[Any] | UnionType | tuple[type[Any], ...]
"""What ``isinstance`` accepts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureDefinition:
    """What a decorator, or a rule of discovery, says of one callable.

    Attributes:
        function: what is called.
        name: the short name.
        qualified_name: the module and the explicit name or ``__qualname__``; not yet unique.
        category, critical: as in Feature.
        scenarios: where its inputs come from; None when it takes none.
        validate: looks at an output; returns or raises its complaints.
        returns: what an output must be an instance of; None when nothing is promised.
        timeout_seconds: of one call; None for the run's own.
        namespace: the globals of the module that registered it, which is what it belongs to.
    """

    function: Callable[..., Any]
    name: str
    qualified_name: str
    category: Category = Category.OTHER
    critical: bool = False
    scenarios: ScenarioSource | None = None
    validate: Callable[[Any], Any] | None = None
    returns: ReturnType | None = None
    timeout_seconds: float | None = None
    namespace: dict[str, Any] = field(default_factory=dict, repr=False)


class Skip(Exception):
    """Raised by ``skip``: this scenario cannot be exercised here, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Collector:
    """What a feature reports on itself during one call, from whichever thread."""

    __slots__ = ("errors", "warnings")

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []


_registry: list[FeatureDefinition] = []
_collector: Collector | None = None


def registered_definitions() -> tuple[FeatureDefinition, ...]:
    """Every definition registered in this process, in order."""
    return tuple(_registry)


def collect_into(collector: Collector | None) -> None:
    """Send what ``add_error`` and ``add_warning`` say to this collector; None to send it nowhere.

    It is global to the process rather than to the context, so that threads a feature starts are heard too.
    """
    global _collector
    _collector = collector


def add_error(text: str) -> None:
    """Report an error of the feature being called, which goes on; does nothing outside the engine."""
    if (collector := _collector) is not None:
        collector.errors.append(str(text))


def add_warning(text: str) -> None:
    """Report a warning of the feature being called, which goes on; does nothing outside the engine."""
    if (collector := _collector) is not None:
        collector.warnings.append(str(text))


def skip(reason: str) -> NoReturn:
    """Leave the call: this feature, or this scenario of it, cannot be exercised here.

    Raises: Skip, always; outside a call by the engine the caller has to deal with it.
    """
    raise Skip(str(reason))


@overload
def feature(function: FeatureFunction, /) -> FeatureFunction: ...


@overload
def feature(
    *,
    category: Category | str = Category.OTHER,
    critical: bool = False,
    name: str | None = None,
    scenarios: ScenarioSource | None = None,
    validate: Callable[[Any], Any] | None = None,
    returns: ReturnType | None = None,
    timeout_seconds: float | None = None,
) -> Callable[[FeatureFunction], FeatureFunction]: ...


def feature(
    function: Callable[..., Any] | None = None,
    /,
    *,
    category: Category | str = Category.OTHER,
    critical: bool = False,
    name: str | None = None,
    scenarios: ScenarioSource | None = None,
    validate: Callable[[Any], Any] | None = None,
    returns: ReturnType | None = None,
    timeout_seconds: float | None = None,
) -> Any:
    """Declare a callable to be a feature; ``@feature`` alone or with arguments.

    Args:
        function: the callable, plain or ``async``; it takes one scenario, or nothing when there are none.
        category: what kind of thing it is.
        critical: whether its failure fails the run.
        name: what people call it; the callable's own name by default.
        scenarios: its inputs: a sequence, a callable that returns one, or ``"module:attribute"``. Every call
            gets a fresh deep copy.
        validate: called with each output; returns None or True when content, else False, a complaint or
            several, or raises.
        returns: the type or types an output must be an instance of.
        timeout_seconds: of one call; the run's time-out by default.

    Returns: the callable itself, or a decorator.

    Raises:
        TypeError: what is decorated cannot be called.
        ValueError: no such category, or a time-out that is not positive.
    """
    if category not in tuple(Category):
        raise ValueError(f"{category!r} is no category; there are {', '.join(Category)}")
    if timeout_seconds is not None and not timeout_seconds > 0:
        raise ValueError(f"a time-out must be positive, not {timeout_seconds!r}")

    def register(target: FeatureFunction) -> FeatureFunction:
        if not callable(target):
            raise TypeError(f"@feature needs something that can be called, not {type(target).__name__}")
        namespace = _registering_namespace()
        kind = type(target)
        qualname = name or str(getattr(target, "__qualname__", kind.__qualname__))
        short_name = name or str(getattr(target, "__name__", kind.__name__))
        definition = FeatureDefinition(
            function=target,
            name=short_name,
            qualified_name=f"{namespace.get('__name__', target.__module__)}.{qualname}",
            category=Category(category),
            critical=critical,
            scenarios=scenarios,
            validate=validate,
            returns=returns,
            timeout_seconds=timeout_seconds,
            namespace=namespace,
        )
        _registry.append(definition)
        return target

    return register if function is None else register(function)


def _registering_namespace() -> dict[str, Any]:
    """The globals of the module whose top-level code is running, else of the decorator's caller.

    A factory in one module that is called at the top of another registers for the other.
    """
    caller = sys._getframe(2)
    frame = caller
    while frame.f_code.co_name != "<module>":
        if frame.f_back is None:
            return caller.f_globals
        frame = frame.f_back
    return frame.f_globals
