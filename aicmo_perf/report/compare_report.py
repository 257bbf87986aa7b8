"""What two sides say of each other: two runs, or the runs of two commits."""

from __future__ import annotations

from aicmo_perf.comparison import RunComparison
from aicmo_perf.model import SelfTestResult
from aicmo_perf.report.comparison_section import comparison_blocks, labels_of
from aicmo_perf.report.document import Bullets, Document, Heading, bold, prose
from aicmo_perf.report.wording import commit_text, environment_text, moment_text, run_text


def build_compare_report(result: SelfTestResult, comparison: RunComparison, *, first: str, second: str) -> Document:
    """The second side against the first.

    Args:
        result: the second side: the run whose features are looked at.
        comparison: that run beside the first side, whose runs are the baselines.
        first: what the user called the first side: ``12``, ``latest~1``, ``1a2b3c4d5e``.
        second: what the user called the second side.
    """
    run = result.run
    before, after = _side(first), _side(second)
    facts = (
        ("Run", run_text(run) if run.id is None else f"{run.id} ({run.uuid})"),
        ("Date", moment_text(run.started_at)),
        ("Commit", commit_text(run)),
        ("Mode", run.mode.value),
        ("Environment", environment_text(run.environment)),
    )
    return Document(
        (
            Heading(1, f"Comparison of {after} with {before}"),
            Bullets(tuple(prose(bold(f"{name}:"), f" {text}") for name, text in facts)),
            Heading(2, f"Compared with {before}"),
            *comparison_blocks(comparison, labels_of(result, comparison), side_names=(before, after)),
        )
    )


def _side(reference: str) -> str:
    """A bare number needs its noun to be read as a run."""
    return f"run {reference}" if reference.isdecimal() and len(reference) < 7 else reference
