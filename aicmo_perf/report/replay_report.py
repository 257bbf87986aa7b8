"""What is said of a replay: each feature as it usually is, as it was in that iteration, and as it is now."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.flakiness.wording import iteration_text
from aicmo_perf.model import FeatureStatus, SelfTestResult, feature_labels
from aicmo_perf.model.replay import Observed, Replay, ReplayedFeature, Reproduction
from aicmo_perf.report.document import Block, Cell, Column, Document, Heading, Paragraph, Table, Tone, prose
from aicmo_perf.report.result_sections import problem_blocks
from aicmo_perf.report.wording import NOTHING, Labels, status_tone

_REPRODUCTIONS = {
    Reproduction.YES: Cell("yes", Tone.GOOD),
    Reproduction.OTHER_OUTPUT: Cell("with another output", Tone.WARN),
    Reproduction.NO: Cell("no", Tone.BAD),
}


def build_replay_report(replay: Replay) -> Document:
    """A replay: its conditions, a table of the features that are shown, and what is wrong with them now."""
    labels = feature_labels(each.feature for each in replay.features)
    return Document(
        (
            Heading(1, f"Iteration {replay.iteration.number} of {replay.run.title} again"),
            Paragraph(prose(f"Changed: {iteration_text(replay.iteration)}.")),
            *_features(replay, labels),
        )
    )


def _features(replay: Replay, labels: Labels) -> Iterator[Block]:
    if not replay.features:
        yield Paragraph(prose("No feature deviated in it from the run's first iteration; -v shows all."))
        return
    columns = (
        Column("Feature", wraps=True),
        Column("First iteration", wraps=True, optional=True),
        Column("Then", wraps=True),
        Column("Now", wraps=True),
        Column("Reproduced"),
    )
    yield Table(columns, tuple(_row(each, labels) for each in replay.features))
    found = tuple(FeatureStatus.from_iterations([each.now]) for each in replay.features if each.now is not None)
    yield Heading(2, "Errors and warnings now")
    yield from problem_blocks(SelfTestResult(replay.run, found), labels)


def _row(each: ReplayedFeature, labels: Labels) -> tuple[Cell, ...]:
    now = None if each.now is None else Observed(each.now.signature, each.now.output_digest)
    return (
        Cell(labels[each.feature.key]),
        _observed(each.usual),
        _observed(each.then, each.usual),
        _observed(now, each.usual),
        _REPRODUCTIONS[each.reproduction],
    )


def _observed(observed: Observed | None, usual: Observed | None = None) -> Cell:
    """A signature; where it is the usual one, and the output is not, that is said."""
    if observed is None:
        return Cell(f"{NOTHING} (not found)", Tone.MUTED)
    text = str(observed.signature)
    if usual and usual.signature == observed.signature and usual.output_digest != observed.output_digest:
        text += ", other output"
    return Cell(text, status_tone(observed.signature.status))
