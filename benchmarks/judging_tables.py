"""The measured figures as Markdown, for the docs and the terminal."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from judging_scores import DetectorScore, GateScore, SummarySpread
from measured import table

from aicmo_perf.version import __version__

_PACKAGES = ("numpy", "apache-otava", "asv", "ruptures")

Scores = Mapping[str, GateScore | None]
"""A gate's score by the title of the source; None where a run of one value is too little for it."""


def detector_table(scores: Mapping[str, DetectorScore]) -> str:
    """Detectors, one a row."""
    head = (
        "detector",
        "false per 1,000",
        "found at 3/5/10/20/50 %",
        "F1 one",
        "F1 many",
        "covering",
        "natural",
        "online: false per 1,000; 10 % found; after",
        "Turing F1; covering",
        "s",
    )
    return table(head, (_detector_row(title, score) for title, score in scores.items()))


def _detector_row(title: str, score: DetectorScore) -> Sequence[str]:
    online = score.online
    return (
        title,
        f"{score.false_per_thousand:.2f}",
        "/".join(f"{100 * share:.0f}" for share in score.found_shares.values()),
        f"{score.f1_one:.3f}",
        f"{score.f1_many:.3f}",
        f"{score.covering_many:.3f}",
        _percent(score.natural_share),
        f"{online.false_per_thousand:.2f}; {_percent(online.found_share)}; {_commits(online.delay_commits)}"
        if online
        else "–",
        f"{score.f1_annotated:.3f}; {score.covering_annotated:.3f}",
        f"{score.seconds:.1f}",
    )


def _commits(count: float) -> str:
    return f"{count:.0f}" if math.isfinite(count) else "never"


def gate_table(scores: Mapping[str, Scores]) -> str:
    """Gates, one a row: red; power at +2/5/10/20 %; extra runs, for each source."""
    sources = list(next(iter(scores.values())))
    return table(
        ("rule", *sources),
        ((title, *(_gate_cell(by_source[source]) for source in sources)) for title, by_source in scores.items()),
    )


def _gate_cell(score: GateScore | None) -> str:
    if score is None:
        return "–"
    powers = "/".join(f"{100 * share:.0f}" for share in score.powers.values())
    return f"{_percent(score.red_share)}; {powers}; {score.extra_run_count:.0f}"


def doubt_table(scores: Mapping[str, Scores]) -> str:
    """What our gates say they cannot judge, and the smallest slowdown they could see."""
    sources = list(next(iter(scores.values())))
    return table(
        ("rule", *sources),
        ((title, *(_doubt_cell(by_source[source]) for source in sources)) for title, by_source in scores.items()),
    )


def _doubt_cell(score: GateScore | None) -> str:
    if score is None:
        return "–"
    visible = f"{100 * (score.visible_ratio - 1):.0f} %" if score.visible_ratio is not None else "–"
    return f"{_percent(score.inconclusive_share)}; {visible}"


def summary_table(spreads: Mapping[str, Sequence[SummarySpread]]) -> str:
    """How well summaries of a run repeat, one a row."""
    names = [item.summary for item in next(iter(spreads.values()))]
    by_source = {title: {item.summary: item.spread_ratio for item in items} for title, items in spreads.items()}
    return table(
        ("summary of a run", *spreads),
        ((name, *(f"{100 * by_source[title][name]:.2f} %" for title in spreads)) for name in names),
    )


def provenance() -> str:
    """When and with what it was measured."""
    versions = [f"aicmo-perf {__version__}", f"{platform.python_implementation()} {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"Measured on {datetime.now(UTC):%Y-%m-%d} with {', '.join(versions)}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
