"""What the features that a rule finds are called."""

from __future__ import annotations

import pytest

from aicmo_perf.model.discovery import DiscoverRule


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        ("shop.generators.*", "shop.generators"),
        ("shop.gen?rators", "shop.gen"),
        ("shop.[ab].make", "shop"),
        ("shop.generators", "shop.generators"),
        ("*", "*"),
    ],
)
def test_a_suite_is_called_by_what_its_modules_have_in_common(modules, name):
    assert DiscoverRule(modules=modules).suite_name == name
    assert DiscoverRule(modules=modules, suite="mine").suite_name == "mine"


@pytest.mark.parametrize(
    ("modules", "fixed"),
    [
        ("shop.generators.*", "shop.generators."),
        ("shop.gen?rators.*", "shop.gen"),
        ("shop.[ab].make", "shop."),
        ("shop.generators", "shop.generators"),
        ("*", ""),
    ],
)
def test_the_fixed_part_of_a_glob_ends_at_its_first_wildcard(modules, fixed):
    assert DiscoverRule(modules=modules).fixed_part == fixed
