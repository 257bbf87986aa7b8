"""Least effects of some features."""

from __future__ import annotations

import pytest

from aicmo_perf.model import Feature, FeatureThresholds

PERSONA = Feature(suite="shop", qualified_name="shop.persona", name="persona")


@pytest.mark.parametrize(
    ("thresholds", "ratio", "seconds"),
    [
        ([], None, None),
        ([("other", 0.1, 0.2)], None, None),
        ([("persona", 0.1, None)], 0.1, None),
        ([("persona*", 0.1, 0.2), ("shop:shop.persona", 0.3, None)], 0.3, 0.2),
        ([("persona", 0.3, None), ("*", 0.1, 0.2)], 0.1, 0.2),
        ([("persona", 0.3, 0.2), ("*", 0.0, None)], 0.0, 0.2),
    ],
)
def test_of_those_that_match_the_last_one_that_says_anything_counts(thresholds, ratio, seconds):
    given = [
        FeatureThresholds(match=match, min_effect_ratio=of_ratio, min_effect_seconds=of_seconds)
        for match, of_ratio, of_seconds in thresholds
    ]
    found = FeatureThresholds.of(PERSONA, given)
    assert (found.min_effect_ratio, found.min_effect_seconds) == (ratio, seconds)
