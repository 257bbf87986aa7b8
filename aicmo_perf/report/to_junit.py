"""A verdict as JUnit XML, which every CI system can show: a test case a feature, the gate's findings as failures.

A feature that fails without failing the gate is no failure here either: its status stands in its output, so that the
count of failures in a CI's overview is the gate's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from xml.etree import ElementTree as Xml

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.gate import Finding, Verdict
from aicmo_perf.model import Feature, FeatureKey, FeatureStatus, SelfTestResult, Status
from aicmo_perf.report.document import visible
from aicmo_perf.report.gate_report import RULE_TITLES, finding_text
from aicmo_perf.report.wording import change_cell
from aicmo_perf.units import format_change


def to_junit(verdict: Verdict, result: SelfTestResult, comparison: RunComparison | None = None) -> str:
    """The XML text, with its declaration; a feature that is in the findings alone has vanished and is a case too.

    The form is that of Jenkins's schema: ``testsuites`` > ``testsuite`` (one a suite) > ``testcase``.
    """
    statuses = {status.key: status for status in result.features}
    findings: dict[FeatureKey, list[Finding]] = {}
    for finding in verdict.findings:
        findings.setdefault(finding.feature.key, []).append(finding)
    features = [status.feature for status in result.features]
    features += [found[0].feature for key, found in findings.items() if key not in statuses]
    compared = comparison.by_key() if comparison is not None else {}
    root = Xml.Element("testsuites", name="aicmo-perf")
    for name in dict.fromkeys(feature.suite for feature in features):
        cases = [
            _case(feature, statuses.get(feature.key), findings.get(feature.key, ()), compared.get(feature.key))
            for feature in features
            if feature.suite == name
        ]
        runtime = sum(s.runtime_seconds or 0.0 for s in result.features if s.suite == name)
        root.append(_suite(name, cases, runtime, result))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(child.get(total, "0")) for child in root)))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(name: str, cases: Sequence[Xml.Element], runtime_seconds: float, result: SelfTestResult) -> Xml.Element:
    suite = Xml.Element(
        "testsuite",
        name=visible(name),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=_decimal(runtime_seconds),
        timestamp=result.run.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(cases)
    return suite


def _case(
    feature: Feature, status: FeatureStatus | None, findings: Sequence[Finding], compared: FeatureComparison | None
) -> Xml.Element:
    case = Xml.Element("testcase", classname=_class_name(feature), name=_case_name(feature))
    if status is not None and status.runtime_seconds is not None:
        case.set("time", _decimal(status.runtime_seconds))
    if findings:
        failure = Xml.SubElement(
            case,
            "failure",
            type=", ".join(finding.rule.value for finding in findings),
            message=visible("; ".join(RULE_TITLES[finding.rule] for finding in findings)),
        )
        failure.text = visible("\n".join(finding_text(finding) for finding in findings))
    elif status is not None and status.status is Status.SKIP:
        Xml.SubElement(case, "skipped", message=visible(status.skip_reason or "no reason given"))
    if status is not None:
        Xml.SubElement(case, "system-out").text = visible("\n".join(_output(status, compared)))
    return case


def _class_name(feature: Feature) -> str:
    """The module of a dotted name, below the suite; names of other shapes stay whole in the case's name."""
    module = feature.qualified_name.removesuffix(f".{feature.name}")
    return visible(f"{feature.suite}.{module}" if module != feature.qualified_name else feature.suite)


def _case_name(feature: Feature) -> str:
    dotted = feature.qualified_name.endswith(f".{feature.name}")
    return visible(feature.name if dotted else feature.qualified_name)


def _output(status: FeatureStatus, compared: FeatureComparison | None) -> Iterator[str]:
    yield f"status: {status.status}"
    if compared is not None and compared.ratio is not None:
        yield f"runtime against the baseline: {change_cell(compared).text}"
        if compared.smallest_visible_ratio is not None:
            yield f"slowdowns are visible from: {format_change(compared.smallest_visible_ratio)}"
    yield from (f"error: {text}" for text in status.errors)
    yield from (f"warning: {text}" for text in status.warnings)


def _decimal(seconds: float) -> str:
    """Seconds as an XML decimal, to the picosecond and without an exponent: microseconds must not read as zero."""
    text = f"{seconds:.12f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text
