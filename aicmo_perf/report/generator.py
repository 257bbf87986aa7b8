"""Reports of a self-test for callers from Python; the command line uses the builders and renderers directly."""

from __future__ import annotations

from aicmo_perf.comparison import RunComparison
from aicmo_perf.model import SelfTestResult
from aicmo_perf.report.run_report import build_run_report
from aicmo_perf.report.to_json import dumps, run_payload
from aicmo_perf.report.to_markdown import to_markdown


class ReportGenerator:
    """Writes a self-test result down. It holds no state and opens no files: the texts are returned."""

    def generate_markdown_report(self, result: SelfTestResult, comparison: RunComparison | None = None) -> str:
        """The report as GitHub Markdown, as in ``AICMO_SELF_TEST_REPORT.md``.

        Args:
            result: what the run said of each feature.
            comparison: the run beside its baselines; None when nothing was compared.
        """
        return to_markdown(build_run_report(result, comparison))

    def generate_json_report(self, result: SelfTestResult, comparison: RunComparison | None = None) -> str:
        """The report as JSON in the format ``aicmo-perf/run``, version 1; arguments as above."""
        return dumps(run_payload(result, comparison))
