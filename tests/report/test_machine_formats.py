"""JUnit, GitHub annotations and CSV: well-formed for any text, and saying what the verdict says."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo_perf.gate import Finding, Rule, Verdict
from aicmo_perf.model import Category, Feature, FeatureStatus, PastResult, Run, SelfTestResult, Series, Status
from aicmo_perf.report.document import visible
from aicmo_perf.report.to_csv import changes_csv, history_csv
from aicmo_perf.report.to_github import job_summary, to_github
from aicmo_perf.report.to_junit import to_junit

ANY_TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("\x00\x08\x1b\r\n\u2028\ud800\ufffe\uffff]]><&\"'%:,é"), max_size=20),
)


def result_with(status: FeatureStatus) -> SelfTestResult:
    return SelfTestResult(Run(uuid="0195", started_at=datetime(2025, 3, 1, tzinfo=UTC)), (status,))


def unescaped(text: str) -> str:
    """The runner's reverse of the escaping."""
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_junit_counts_the_gates_findings_alone(failed_verdict, rich_result, rich_comparison, golden):
    text = to_junit(failed_verdict, rich_result, rich_comparison)
    golden("gate.junit.xml", text)
    root = Xml.fromstring(text)
    (suite,) = root.findall("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9", "failures": "3", "errors": "0", "skipped": "1",
    }  # fmt: skip
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert cases["deck"].find("failure").get("type") == "critical_failing"
    assert cases["old_generator"].find("failure") is not None
    assert cases["html"].find("failure") is None
    assert "status: partial" in cases["html"].findtext("system-out")
    assert cases["pdf"].find("skipped").get("message") == "fpdf2 is not installed"
    assert float(cases["swot_generator"].get("time")) == pytest.approx(4.2e-6)
    assert "e" not in cases["swot_generator"].get("time")
    assert cases["deck"].get("time") is None


def test_two_findings_of_one_feature_are_one_failure(rich_result):
    feature = rich_result.features[0].feature
    findings = tuple(
        Finding(rule=rule, feature=feature, message=f"{rule}.", advice="Look.") for rule in (Rule.FLAKY, Rule.SLOWER)
    )
    root = Xml.fromstring(to_junit(Verdict(findings=findings), rich_result))
    (failure,) = root.iter("failure")
    assert failure.get("type") == "flaky, slower"
    assert failure.text == "flaky. Look.\nslower. Look."
    assert root.get("failures") == "1"


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_junit_is_well_formed_for_any_text(name, text):
    status = FeatureStatus(name or "x", Category.OTHER, Status.ERROR, errors=(text,), warnings=(name,), suite=text)
    verdict = Verdict(findings=(Finding(rule=Rule.SLOWER, feature=status.feature, message=text, advice=name),))
    xml = to_junit(verdict, result_with(status))
    root = Xml.fromstring(xml.encode("utf-8"))
    assert root.find("testsuite").get("name").split() == visible(text).split()
    assert root.findtext(".//system-out") == visible(f"status: error\nerror: {text}\nwarning: {name}")


def test_github_annotations(failed_verdict, rich_result, rich_comparison, golden):
    golden("gate.github.txt", to_github(failed_verdict))
    assert to_github(Verdict()).splitlines() == [
        "::notice title=aicmo-perf gate::Judged for speed: 0 features; inconclusive: 0; new: 0; vanished: 0."
    ]


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_a_github_annotation_is_one_line_for_any_text(name, text):
    status = FeatureStatus(name or "x", Category.OTHER, Status.PASS, suite="s")
    finding = Finding(rule=Rule.SLOWER, feature=status.feature, message=text, advice="")
    printed = to_github(Verdict(findings=(finding,), notes=(text,)))
    printed.encode("utf-8")
    error, notice, _ = printed.splitlines()
    prefix, title, message = error.split("::")[0], *error.removeprefix("::error title=").split("::", 1)
    assert prefix == ""
    assert ":" not in title
    assert "," not in title
    assert unescaped(title) == "Slower"
    assert unescaped(message) == visible(text.strip())
    assert unescaped(notice.removeprefix("::notice title=aicmo-perf gate::")) == visible(text)


def test_job_summary_is_the_gate_report(failed_verdict, rich_result, rich_comparison, golden):
    golden("gate.md", job_summary(failed_verdict, rich_result, rich_comparison))


def test_csv_has_a_line_a_feature_and_run(history_series, golden):
    text = history_csv(history_series)
    golden("history.csv", text)
    lines = list(csv.DictReader(StringIO(text)))
    assert [(line["name"], line["run_id"]) for line in lines] == [
        *(("persona_generator", str(number)) for number in range(1, 9)),
        *(("deck", str(number)) for number in (1, 3, 4, 5, 6, 7, 8)),
    ]
    # not a digit is lost
    for line, point in zip(lines, (p for series in history_series for p in series.points), strict=True):
        assert (float(line["runtime_seconds"]) if line["runtime_seconds"] else None) == point.runtime_seconds


def test_csv_of_changes_loses_no_digit(changes):
    lines = list(csv.DictReader(StringIO(changes_csv(changes))))
    assert [(line["name"], line["run_id"], line["previous_run_id"]) for line in lines] == [
        ("deck", "7", "5"),
        ("persona_generator", "7", "6"),
        ("persona_generator", "5", "4"),
    ]
    assert [float(line["ratio"]) for line in lines] == [changes[2].ratio, changes[0].ratio, changes[1].ratio]


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_any_name_stays_one_field_of_csv(name):
    run = Run(uuid="0195", started_at=datetime(2025, 3, 1, tzinfo=UTC), branch=name)
    feature = Feature(suite="s", qualified_name="q", name=name)
    series = Series(feature, (PastResult(run=run, status=Status.PASS),))
    text = history_csv([series])
    text.encode("utf-8")
    (line,) = csv.DictReader(StringIO(text, newline=""))
    assert (line["name"], line["branch"]) == (visible(name), visible(name))
    assert (line["qualified_name"], line["status"]) == ("q", "pass")
