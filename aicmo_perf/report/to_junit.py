"""A verdict as JUnit XML, which every CI system can show: a test case a feature, the gate's findings as failures.

A feature that fails without failing the gate is no failure here either: its status stands in its output, so that the
count of failures in a CI's overview is the gate's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from xml.etree import ElementTree as Xml

from aicmo_perf.gate import Finding, Verdict
from aicmo_perf.model import Feature, FeatureKey, FeatureStatus, SelfTestResult, Status
from aicmo_perf.report.document import visible
from aicmo_perf.report.gate_report import RULE_TITLES, finding_text


def gate_junit(verdict: Verdict, result: SelfTestResult) -> str:
    """The XML text, with its declaration.

    The form is that of Jenkins's schema: ``testsuites`` > ``testsuite`` (one a suite) > ``testcase``.
    """
    findings: dict[FeatureKey, list[Finding]] = {}
    for finding in verdict.findings:
        findings.setdefault(finding.feature.key, []).append(finding)
    statuses = {status.key: status for status in result.features}
    features = [status.feature for status in result.features]
    features += [f[0].feature for key, f in findings.items() if key not in statuses]
    root = Xml.Element("testsuites", name="aicmo-perf")
    for suite in dict.fromkeys(feature.suite for feature in features):
        of_suite = [feature for feature in features if feature.suite == suite]
        root.append(_suite(suite, of_suite, statuses, findings, result))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(child.get(name, "0")) for child in root)))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _suite(
    name: str,
    features: Sequence[Feature],
    statuses: dict[FeatureKey, FeatureStatus],
    findings: dict[FeatureKey, list[Finding]],
    result: SelfTestResult,
) -> Xml.Element:
    cases = [_case(f, statuses.get(f.key), findings.get(f.key, ())) for f in features]
    runtimes = [s.runtime_seconds for f in features if (s := statuses.get(f.key)) and s.runtime_seconds is not None]
    suite = Xml.Element(
        "testsuite",
        name=visible(name),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=_decimal(sum(runtimes)),
        timestamp=result.run.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(cases)
    return suite


def _case(feature: Feature, status: FeatureStatus | None, findings: Sequence[Finding]) -> Xml.Element:
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
    if status is not None and (status.errors or status.warnings):
        Xml.SubElement(case, "system-out").text = visible(_output(status))
    return case


def _class_name(feature: Feature) -> str:
    """The module of a dotted name, below the suite; names of other shapes stay whole in the case's name."""
    module = feature.qualified_name.removesuffix(f".{feature.name}")
    return visible(f"{feature.suite}.{module}" if module != feature.qualified_name else feature.suite)


def _case_name(feature: Feature) -> str:
    dotted = feature.qualified_name.endswith(f".{feature.name}")
    return visible(feature.name if dotted else feature.qualified_name)


def _output(status: FeatureStatus) -> str:
    lines = [f"status: {status.status}"]
    lines += [f"error: {text}" for text in status.errors]
    lines += [f"warning: {text}" for text in status.warnings]
    return "\n".join(lines)


def _decimal(seconds: float) -> str:
    """Seconds as an XML decimal, to the picosecond and without an exponent: microseconds must not read as zero."""
    text = f"{seconds:.12f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text
