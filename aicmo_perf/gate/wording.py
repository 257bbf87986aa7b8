"""How the gate's sentences are put together."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from aicmo_perf.model import FeatureStatus, Run, telling_line

_MOST_NAMES = 5
_LONGEST_QUOTE = 160


def title_of(run: Run | None) -> str:
    """A run as people call it."""
    return run.title if run is not None else "the baseline"


def reference_of(run: Run) -> str:
    """How the command line takes a run."""
    return str(run.id) if run.id is not None else run.uuid[:13]


def quoted(name: str) -> str:
    """A name as a shell takes it; globs and spaces need quotes."""
    return shlex.quote(name)


def p_text(p_value: float) -> str:
    """A p-value with four decimals."""
    return f"p = {p_value:.4f}" if p_value >= 0.0001 else "p < 0.0001"


def skip_reason(status: FeatureStatus) -> str:
    """Why it is skipped, as the end of a sentence: the first line of its reason; empty when there is none."""
    line = next((line.strip() for line in (status.skip_reason or "").splitlines() if line.strip()), "")
    return f": {line.rstrip('.')}" if line else ""


def quote_of(error: str) -> str:
    """The telling line of an error within a sentence, shortened."""
    line = telling_line(error).rstrip(".") or "without a message"
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def listing(texts: Sequence[str], separator: str = ", ") -> str:
    """Some of the texts, and how many more there are."""
    rest = len(texts) - _MOST_NAMES
    listed = separator.join(texts[:_MOST_NAMES])
    return f"{listed}{separator}and {rest} more" if rest > 0 else listed
