"""Since when: the change points of many features, newest first, together where they share a commit.

One commit that slows a dozen features is one piece of news, not a dozen: change points whose new level begins at the
same commit are one group. Without commits the run stands in for it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aicmo_perf.model import ChangePoint, Run, feature_labels
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Heading,
    Paragraph,
    Prose,
    Table,
    code,
    prose,
)
from aicmo_perf.report.wording import (
    NOTHING,
    Labels,
    confidence_text,
    level_tone,
    moment_text,
    run_text,
    runs_text,
)
from aicmo_perf.units import count_of, format_change, format_seconds

_RIGHT = Alignment.RIGHT
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The levels that shifted at one commit, or in one run where no commit is known.

    Attributes:
        changes: what got slower first, the largest change first.
    """

    changes: tuple[ChangePoint, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The first runs of the new levels, oldest first: several when a commit was measured more than once."""
        by_uuid = {change.run.uuid: change.run for change in self.changes}
        return tuple(sorted(by_uuid.values(), key=lambda run: run.moment))

    @property
    def previous_run(self) -> Run:
        """The newest run that any of them was still at its old level in: the cause they share lies after it."""
        return max((change.previous_run for change in self.changes), key=lambda run: run.moment)

    @property
    def commits(self) -> str:
        """The commits between, as git takes them; empty when not known."""
        return self.runs[0].commits_since(self.previous_run)

    @property
    def slower(self) -> tuple[ChangePoint, ...]:
        """Those that got slower."""
        return tuple(change for change in self.changes if change.ratio > 1)

    @property
    def faster(self) -> tuple[ChangePoint, ...]:
        """Those that got faster."""
        return tuple(change for change in self.changes if change.ratio <= 1)


def grouped_changes(changes: Iterable[ChangePoint]) -> tuple[ChangeGroup, ...]:
    """The change points by the commit of their first run (by that run where it has none), newest first."""
    groups: dict[str, list[ChangePoint]] = {}
    for change in changes:
        groups.setdefault(change.run.commit_sha or change.run.uuid, []).append(change)
    made = [ChangeGroup(tuple(sorted(members, key=_slower_first))) for members in groups.values()]
    return tuple(sorted(made, key=lambda group: group.runs[-1].moment, reverse=True))


def _slower_first(change: ChangePoint) -> tuple[bool, float, str]:
    return (change.ratio <= 1, -_size(change), change.feature.qualified_name)


def _size(change: ChangePoint) -> float:
    """How far apart the levels are, alike for a doubling and a halving."""
    return abs(math.log(change.ratio)) if change.ratio > 0 else math.inf


def build_changes_report(changes: Sequence[ChangePoint], run_count: int) -> Document:
    """All change points: a list of the groups, then each group's features.

    Args:
        changes: in any order.
        run_count: runs that were looked at.
    """
    title = Heading(1, "Changes")
    looked = count_of(run_count, "run")
    if not changes:
        return Document((title, Paragraph(prose(f"No level shifted in {looked}."))))
    labels = feature_labels(change.feature for change in changes)
    groups = grouped_changes(changes)
    noun = "commit" if all(group.commits for group in groups) else "run"
    lead = prose(
        f"{count_of(len(changes), 'level')} shifted at {count_of(len(groups), noun)} among {looked}; newest first. "
        "A level is the median of its runs' low quantiles."
    )
    details = [block for group in groups for block in _group_blocks(group, labels)]
    return Document((title, Paragraph(lead), Bullets(tuple(_group_prose(group, labels) for group in groups)), *details))


def _group_prose(group: ChangeGroup, labels: Labels) -> Prose:
    return prose(f"{group_title(group)}: {group_text(group, labels)}")


def group_title(group: ChangeGroup) -> str:
    """Where it happened: ``run 31, commits 1a2b3c4d5e..6f7a8b9c0d``."""
    return runs_text(group.runs) + (f", commits {group.commits}" if group.commits else "")


def group_text(group: ChangeGroup, labels: Labels) -> str:
    """How many features got slower and faster there: ``12 features slower (median +18.0%): a, b, ...; 1 faster: c``."""
    parts: list[str] = []
    for members, word in ((group.slower, "slower"), (group.faster, "faster")):
        if not members:
            continue
        noun = word if parts else f"{'feature' if len(members) == 1 else 'features'} {word}"
        typical = format_change(statistics.median(change.ratio for change in members))
        size = f"median {typical}" if len(members) > 1 else typical
        parts.append(f"{len(members)} {noun} ({size}): {_names(members, labels)}")
    return "; ".join(parts)


def _names(members: Sequence[ChangePoint], labels: Labels) -> str:
    names = list(dict.fromkeys(labels[change.feature.key] for change in members))
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _group_blocks(group: ChangeGroup, labels: Labels) -> tuple[Block, ...]:
    title = group_title(group)
    when = f"First measured {moment_text(group.runs[0].started_at)}"
    look = prose(f"{when}; what changed: ", code(f"git log {group.commits}")) if group.commits else prose(f"{when}.")
    return (Heading(2, title[:1].upper() + title[1:]), Paragraph(look), _members_table(group, labels))


def _members_table(group: ChangeGroup, labels: Labels) -> Table:
    columns = (
        Column("Feature", wraps=True),
        Column("Before", _RIGHT),
        Column("After", _RIGHT),
        Column("Change", _RIGHT),
        Column("Sure", _RIGHT),
        Column("First run", _RIGHT, optional=True),
        Column("Last run before", _RIGHT, optional=True),
    )
    rows = tuple(
        (
            Cell(labels[change.feature.key]),
            *_level_cells(change),
            Cell(run_text(change.run)),
            Cell(run_text(change.previous_run)),
        )
        for change in group.changes
    )
    return Table(columns, rows)


def _level_cells(change: ChangePoint) -> tuple[Cell, ...]:
    return (
        Cell(format_seconds(change.before_seconds)),
        Cell(format_seconds(change.after_seconds)),
        Cell(format_change(change.ratio), level_tone(change.ratio)),
        Cell(confidence_text(change.confidence)),
    )


def change_points_table(changes: Iterable[ChangePoint], labels: Labels) -> Table:
    """Change points one a row, newest first, with the commits between."""
    newest_first = sorted(changes, key=lambda change: (change.run.moment, _size(change)), reverse=True)
    columns = (
        Column("Feature", wraps=True),
        Column("Since run", _RIGHT),
        Column("Before", _RIGHT),
        Column("After", _RIGHT),
        Column("Change", _RIGHT),
        Column("Sure", _RIGHT),
        Column("Commits", optional=True),
    )
    rows = tuple(
        (
            Cell(labels[change.feature.key]),
            Cell(run_text(change.run)),
            *_level_cells(change),
            Cell(change.run.commits_since(change.previous_run) or NOTHING),
        )
        for change in newest_first
    )
    return Table(columns, rows)
