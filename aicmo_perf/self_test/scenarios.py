"""The inputs of a feature: where they come from, what they are called, and a fresh copy of one for every call."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

from aicmo_perf.self_test.failure_text import describe_exception
from aicmo_perf.self_test.feature import ScenarioSource

QUICK_SCENARIO_COUNT = 2
"""How many scenarios a quick run exercises."""

_NAMING_ATTRIBUTES = ("name", "label", "title", "id")


class ScenarioFailure(Exception):
    """The scenarios of a feature cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One input.

    Attributes:
        label: what to call it in a report.
        value: the object as its source gave it; never handed to a feature unless it is immutable.
        immutable: whether it may be shared between calls, because copying gives the object itself.
    """

    label: str
    value: Any
    immutable: bool

    def fresh(self) -> Any:
        """A deep copy, so that no call sees what another did to its input."""
        return self.value if self.immutable else copy.deepcopy(self.value)

    def fresh_batch(self, count: int) -> Iterable[Any]:
        """So many copies, made now."""
        if self.immutable:
            return repeat(self.value, count)
        return [copy.deepcopy(self.value) for _ in range(count)]


class ScenarioLoader:
    """Loads scenarios; those named by a string only once a process.

    Args:
        quick: the first two only.
    """

    def __init__(self, *, quick: bool) -> None:
        self._limit = QUICK_SCENARIO_COUNT if quick else None
        self._named: dict[str, tuple[Scenario, ...]] = {}

    def load(self, source: ScenarioSource) -> tuple[Scenario, ...]:
        """The scenarios of one source.

        Raises: ScenarioFailure when the source fails, is no source, is empty, or gives what cannot be copied.
        """
        if not isinstance(source, str):
            return self._scenarios(source, "its scenarios")
        if source not in self._named:
            self._named[source] = self._scenarios(_attribute(source), f"its scenarios {source!r}")
        return self._named[source]

    def _scenarios(self, source: object, what: str) -> tuple[Scenario, ...]:
        try:
            listed = source() if callable(source) else source
            if not isinstance(listed, Iterable):
                raise ScenarioFailure(f"{what} are no sequence but {type(listed).__name__}")
            values = list(islice(listed, self._limit))
        except ScenarioFailure:
            raise
        except BaseException as error:
            raise ScenarioFailure(f"{what} cannot be loaded: {describe_exception(error)}") from error
        if not values:
            raise ScenarioFailure(f"{what} are empty, so there is nothing to call it with")
        return tuple(_scenario(value, number) for number, value in enumerate(values, start=1))


def _scenario(value: Any, number: int) -> Scenario:
    label = _label(value, number)
    try:
        immutable = copy.deepcopy(value) is value
    except BaseException as error:
        raise ScenarioFailure(
            f"{label} cannot be copied, and every call needs a fresh copy: {describe_exception(error)}"
        ) from error
    return Scenario(label, value, immutable)


def _label(value: Any, number: int) -> str:
    """``scenario 2 (Bella Cucina)``: the number, and a name if the value has one that can be read."""
    name: object = value if isinstance(value, str | int | float) else None
    try:
        for attribute in _NAMING_ATTRIBUTES:
            if name is None:
                name = value.get(attribute) if isinstance(value, dict) else getattr(value, attribute, None)
    except Exception:
        name = None
    if not isinstance(name, str | int | float):
        return f"scenario {number}"
    text = " ".join(str(name).split())
    return f"scenario {number} ({text if len(text) <= 40 else text[:39] + '…'})"


def _attribute(reference: str) -> object:
    module_name, separator, path = reference.partition(":")
    if not (separator and module_name and path):
        raise ScenarioFailure(f"its scenarios {reference!r} are not of the form 'module:attribute'")
    try:
        value: object = importlib.import_module(module_name)
        for name in path.split("."):
            value = getattr(value, name)
    except BaseException as error:
        raise ScenarioFailure(f"its scenarios {reference!r} cannot be loaded: {describe_exception(error)}") from error
    return value
