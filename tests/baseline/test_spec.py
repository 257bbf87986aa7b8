"""What people write to ask for a baseline."""

from __future__ import annotations

import pytest

from aicmo_perf.baseline import BaselineKind, BaselineSpec
from aicmo_perf.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("auto", BaselineSpec()),
        ("run:12", BaselineSpec(BaselineKind.RUN, "12")),
        ("run:latest~3", BaselineSpec(BaselineKind.RUN, "latest~3")),
        (" last : 10 ", BaselineSpec(BaselineKind.LAST, "10")),
        ("branch:feature/x:y", BaselineSpec(BaselineKind.BRANCH, "feature/x:y")),
        ("commit:ABCDEF0", BaselineSpec(BaselineKind.COMMIT, "ABCDEF0")),
        ("name:release 1", BaselineSpec(BaselineKind.NAME, "release 1")),
    ],
)
def test_a_baseline_is_parsed(text, spec):
    assert BaselineSpec.parse(text) == spec
    assert BaselineSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "'' is not a baseline.", "Write auto, run:ID"),
        ("brunch:main", "'brunch:main' is not a baseline.", "Did you mean branch or run? Write auto"),
        ("12", "'12' is not a baseline.", "run:ID"),
        ("auto:1", "The baseline auto takes no value, but was given '1'.", "Write auto"),
        ("branch:", "The baseline branch needs a value.", "branch:NAME"),
        ("run", "The baseline run needs a value.", "run:ID"),
        ("last:0", "The baseline last:0 needs a number of runs.", "last:10"),
        ("last:-3", "The baseline last:-3 needs a number of runs.", "last:10"),
        ("last:²", "The baseline last:² needs a number of runs.", "last:10"),
        ("commit:abc", "The baseline commit:abc needs a commit of 7 hexadecimal digits or more.", "git rev-parse"),
        ("commit:main~12", "The baseline commit:main~12 needs a commit of 7 hexadecimal digits or more.", "git"),
    ],
)
def test_what_is_no_baseline_is_refused_with_a_hint(text, message, hint):
    with pytest.raises(UsageError) as caught:
        BaselineSpec.parse(text)
    assert caught.value.message == message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "has_levels"),
    [
        ("auto", True),
        ("last:3", True),
        ("branch:x", True),
        ("run:1", False),
        ("commit:abcdef0", False),
        ("name:x", False),
    ],
)
def test_runs_that_are_named_are_taken_as_they_are(text, has_levels):
    assert BaselineSpec.parse(text).has_levels is has_levels
