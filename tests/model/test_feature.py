"""Features, their statuses and labels."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.model import (
    Category,
    Feature,
    FeatureStatus,
    IterationResult,
    Signature,
    Status,
    feature_labels,
    telling_line,
)

FEATURE = Feature(suite="shop", qualified_name="shop.make", name="make", category=Category.GENERATOR, critical=True)


def iteration(status=Status.PASS, **values):
    return IterationResult(feature=FEATURE, status=status, **values)


@given(st.lists(st.sampled_from(Status), min_size=1, max_size=6))
def test_the_worst_status_counts_wherever_it_stands(statuses):
    merged = FeatureStatus.from_iterations([iteration(status) for status in statuses])
    assert merged.status.severity == max(status.severity for status in statuses)
    assert merged.signatures == tuple(Signature(status, 0, 0) for status in statuses)


def test_severity_runs_from_harmless_to_worst():
    ascending = sorted(Status, key=lambda status: status.severity)
    assert ascending == [Status.PASS, Status.SKIP, Status.PARTIAL, Status.FAIL, Status.ERROR]
    assert [status.is_failing for status in ascending] == [False, False, True, True, True]


def test_messages_are_those_of_the_first_worst_iteration():
    merged = FeatureStatus.from_iterations(
        [
            iteration(warnings=("harmless",)),
            iteration(Status.FAIL, errors=("first",), scenario_count=2),
            iteration(Status.FAIL, errors=("second",)),
        ]
    )
    assert (merged.errors, merged.warnings, merged.scenario_count) == (("first",), (), 2)


@given(st.lists(st.lists(st.floats(0, 1e3), max_size=5), min_size=1, max_size=4))
def test_runtime_is_the_median_of_all_warm_samples(samples):
    merged = FeatureStatus.from_iterations([iteration(samples_seconds=tuple(values)) for values in samples])
    every = [value for values in samples for value in values]
    assert merged.sample_count == len(every)
    assert merged.runtime_seconds == (statistics.median(every) if every else None)
    assert merged.min_seconds == (min(every) if every else None)
    assert (merged.stddev_seconds is None) is (len(every) < 2)
    assert (merged.mean_seconds is None) is (not every)


def test_other_quantities_are_merged_over_the_iterations():
    merged = FeatureStatus.from_iterations(
        [
            iteration(first_call_seconds=0.3, cpu_seconds=0.1, peak_rss_bytes=10),
            iteration(first_call_seconds=0.1, cpu_seconds=0.3, peak_rss_bytes=30),
            iteration(first_call_seconds=0.2, cpu_seconds=0.2, peak_rss_bytes=20),
            iteration(),
        ]
    )
    assert (merged.first_call_seconds, merged.cpu_seconds, merged.peak_rss_bytes) == (0.2, 0.2, 30)
    bare = FeatureStatus.from_iterations([iteration()])
    assert (bare.first_call_seconds, bare.cpu_seconds, bare.peak_rss_bytes) == (None, None, None)


def test_a_feature_survives_the_merge():
    merged = FeatureStatus.from_iterations([iteration()])
    assert merged.feature == FEATURE
    assert merged.key == FEATURE.key == ("shop", "shop.make")


def test_no_iterations_make_no_status():
    with pytest.raises(ValueError, match="at least one iteration"):
        FeatureStatus.from_iterations([])


@pytest.mark.parametrize("sample", [math.nan, math.inf, -1e-9])
def test_impossible_samples_are_refused(sample):
    with pytest.raises(ValueError, match=r"shop\.make"):
        iteration(samples_seconds=(1.0, sample))


@pytest.mark.parametrize(
    ("iterations", "is_flaky", "output_varies"),
    [
        ([iteration()], False, False),
        ([iteration(output_digest="a"), iteration(output_digest="a")], False, False),
        ([iteration(output_digest="a"), iteration(output_digest="b")], False, True),
        ([iteration(output_digest="a"), iteration(Status.FAIL, output_digest="b")], True, False),
        ([iteration(warnings=("w",)), iteration()], True, False),
    ],
)
def test_flaky_and_varying_are_kept_apart(iterations, is_flaky, output_varies):
    merged = FeatureStatus.from_iterations(iterations)
    assert (merged.is_flaky, merged.output_varies) == (is_flaky, output_varies)


def test_a_status_by_hand_takes_plain_texts():
    status = FeatureStatus("swot", "generator", "pass")
    assert (status.category, status.status, status.qualified_name) == (Category.GENERATOR, Status.PASS, "swot")
    with pytest.raises(ValueError, match="passed"):
        FeatureStatus("swot", "generator", "passed")


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        (Signature(Status.PASS, 0, 0), "pass, 0 errors, 0 warnings"),
        (Signature(Status.FAIL, 1, 1), "fail, 1 error, 1 warning"),
    ],
)
def test_signature_for_people(signature, text):
    assert str(signature) == text


NAMES = st.sampled_from(["make", "pack", "a.make", "b.make", "a.pack"])
FEATURES = st.lists(
    st.builds(
        lambda suite, module, name: Feature(suite=suite, qualified_name=f"{module}.{name}", name=name),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["a", "b"]),
        NAMES,
    ),
    max_size=12,
)


@given(FEATURES)
def test_labels_tell_all_features_apart(features):
    labels = feature_labels(features)
    assert set(labels) == {feature.key for feature in features}
    assert len(set(labels.values())) == len(labels)


def test_a_name_that_is_anothers_qualified_name_is_not_used():
    plain = Feature(suite="one", qualified_name="a.make", name="make")
    dotted = Feature(suite="one", qualified_name="b.a.make", name="a.make")
    assert list(feature_labels([plain, dotted]).values()) == ["make", "b.a.make"]


def test_labels_are_as_short_as_they_may_be():
    alone = Feature(suite="one", qualified_name="a.swot", name="swot")
    twin_a = Feature(suite="one", qualified_name="a.make", name="make")
    twin_b = Feature(suite="one", qualified_name="b.make", name="make")
    same_1 = Feature(suite="one", qualified_name="a.pack", name="pack")
    same_2 = Feature(suite="two", qualified_name="a.pack", name="pack")
    labels = feature_labels([alone, twin_a, twin_b, same_1, same_2, alone])
    assert list(labels.values()) == ["swot", "a.make", "b.make", "one:a.pack", "two:a.pack"]


def test_what_is_judged_is_the_middle_iteration_and_not_the_pool():
    # one disturbed process of three moves the pooled quantiles, but not the median of each one's own
    processes = [(1.0, 1.2, 1.4), (1.1, 1.3, 1.5), (9.0, 9.5, 9.9)]

    merged = FeatureStatus.from_iterations([iteration(samples_seconds=samples) for samples in processes])

    assert merged.low_seconds == 1.1
    assert merged.high_seconds == 1.5


def test_nothing_measured_has_nothing_to_judge():
    merged = FeatureStatus.from_iterations([iteration()])
    assert merged.low_seconds is None
    assert merged.high_seconds is None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("", ""),
        ("  \n", ""),
        ("\n\nno title\nin slide 2", "no title"),
        ("Traceback (most recent call last):\n  File 'x'\nValueError: no title\n", "ValueError: no title"),
        # as the engine writes it: the summary first, however many lines the message has
        ("ValueError: no title\nTraceback (most recent call last):\n  File 'x'\nmore of it", "ValueError: no title"),
        ("cannot be imported:\nImportError: shop", "cannot be imported: ImportError: shop"),
    ],
)
def test_the_telling_line_of_an_error(error, line):
    assert telling_line(error) == line
