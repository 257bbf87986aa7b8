"""The decorator notes what it is told, and leaves the callable as it was."""

from __future__ import annotations

import functools

import pytest

from aicmo_perf.model import Category
from aicmo_perf.self_test.feature import (
    Collector,
    Skip,
    add_error,
    add_warning,
    collect_into,
    feature,
    registered_definitions,
    skip,
)


def last():
    return registered_definitions()[-1]


def test_a_bare_decorator_registers_and_returns_the_callable():
    def swot(brief):
        return brief

    assert feature(swot) is swot
    assert swot("a") == "a"
    definition = last()
    assert (definition.function, definition.name, definition.category) == (swot, "swot", Category.OTHER)
    assert definition.qualified_name.endswith("<locals>.swot")


def test_settings_are_noted():
    @feature(
        category="packager", critical=True, name="Deck", scenarios=["a"], validate=len, returns=str, timeout_seconds=2
    )
    def deck():
        pass

    definition = last()
    assert (definition.category, definition.critical, definition.name) == (Category.PACKAGER, True, "Deck")
    assert (definition.scenarios, definition.validate, definition.returns) == (["a"], len, str)
    assert definition.timeout_seconds == 2
    assert definition.qualified_name.endswith(".Deck")


@pytest.mark.parametrize("target", [functools.partial(max, 1), len, type("Callable", (), {"__call__": len})()])
def test_whatever_can_be_called_can_be_a_feature(target):
    assert feature(name="odd")(target) is target
    assert last().function is target


def test_one_callable_can_be_two_features():
    def swot():
        pass

    feature(name="one")(swot)
    feature(name="two")(swot)
    assert [definition.name for definition in registered_definitions()[-2:]] == ["one", "two"]


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"category": "generater"}, ValueError, "'generater' is no category; there are generator, packager"),
        ({"timeout_seconds": 0}, ValueError, "a time-out must be positive, not 0"),
    ],
)
def test_bad_settings_are_refused(settings, error, text):
    with pytest.raises(error, match=text):
        feature(**settings)


def test_what_cannot_be_called_is_no_feature():
    with pytest.raises(TypeError, match="needs something that can be called, not str"):
        feature()("swot")


def test_reports_go_to_the_collector_and_nowhere_without_one():
    add_error("unheard")
    collector = Collector()
    collect_into(collector)
    try:
        add_error("wrong")
        add_warning("odd")
    finally:
        collect_into(None)
    add_warning("unheard")
    assert (collector.errors, collector.warnings) == (["wrong"], ["odd"])


def test_skip_raises_with_its_reason():
    with pytest.raises(Skip) as caught:
        skip("no LaTeX")
    assert caught.value.reason == "no LaTeX"
