"""A verdict for GitHub Actions: workflow commands that annotate the check, and Markdown for the job summary.

The escaping is that of the runner's toolkit (``@actions/core``, ``command.ts``): ``%``, carriage return and line feed
everywhere, in properties ``:`` and ``,`` besides.
"""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.comparison import RunComparison
from aicmo_perf.gate import Verdict
from aicmo_perf.model import SelfTestResult
from aicmo_perf.report.document import visible
from aicmo_perf.report.gate_report import RULE_TITLES, build_gate_report, coverage_text, finding_text
from aicmo_perf.report.to_markdown import to_markdown


def to_github(verdict: Verdict) -> str:
    """One line a finding (``::error``) and a note (``::notice``), and how much was judged."""
    return "".join(f"{line}\n" for line in _lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings:
        yield _workflow_command("error", RULE_TITLES[finding.rule], finding_text(finding))
    for note in (*verdict.notes, coverage_text(verdict.coverage)):
        yield _workflow_command("notice", "aicmo-perf gate", note)


def _workflow_command(level: str, title: str, message: str) -> str:
    """One workflow command on one line.

    Args:
        level: ``error``, ``warning`` or ``notice``.
        title: the annotation's heading.
        message: its text; may have several lines.
    """
    return f"::{level} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def job_summary(verdict: Verdict, result: SelfTestResult, comparison: RunComparison | None = None) -> str:
    """What goes into the file that ``GITHUB_STEP_SUMMARY`` names."""
    return to_markdown(build_gate_report(verdict, result, comparison))
