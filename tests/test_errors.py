"""The error family: exit codes that scripts rely on, and hints that name what was meant."""

from __future__ import annotations

import pytest

from aicmo_perf import errors
from aicmo_perf.errors import AicmoPerfError, nearest_hint


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [
        ("UsageError", 2),
        ("ConfigError", 2),
        ("SuiteError", 3),
        ("StoreError", 3),
        ("NotFoundError", 3),
        ("EnvironmentFailure", 3),
        ("AicmoPerfError", 3),
    ],
)
def test_exit_codes_are_a_contract(name, exit_code):
    error = getattr(errors, name)("It does not work.", "Try again.")
    assert isinstance(error, AicmoPerfError)
    assert (error.exit_code, str(error), error.message, error.hint) == (
        exit_code,
        "It does not work.",
        "It does not work.",
        "Try again.",
    )


NAMES = ("persona_generator", "swot_generator", "social_calendar_generator", "generate_html_summary")


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("persona_generatr", "Did you mean persona_generator"),
        ("swot", "Did you mean swot_generator?"),
        ("*html*", "Did you mean generate_html_summary?"),
        ("SWOT_GENERATOR", "Did you mean swot_generator?"),
        ("xyzzy", "Run it first."),
        ("*", "Run it first."),
    ],
)
def test_nearest_names_are_suggested(wanted, hint):
    assert nearest_hint(wanted, NAMES, otherwise="Run it first.").startswith(hint)


def test_a_name_is_suggested_once_and_three_at_most():
    hint = nearest_hint("aaa", ["aaa1", "aaa1", "aaa2", "aaa3", "aaa4"])
    assert hint.count("aaa1") <= 1
    assert hint.count(" or ") == 2


def test_nothing_near_and_nothing_else_to_say():
    assert nearest_hint("xyzzy", NAMES) == ""
    assert nearest_hint("xyzzy", ()) == ""
