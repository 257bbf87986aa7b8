"""What the engine is asked to do, and which features a selection means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aicmo_perf.errors import NotFoundError, nearest_hint
from aicmo_perf.model import DiscoverRule, Feature, Mode, RunOptions
from aicmo_perf.self_test.moved_tree import MovedTree

ENTRY_POINT_GROUP = "aicmo_perf.suites"
REFERENCE_SUITE = "aicmo"


def default_suites() -> tuple[str, ...]:
    """What to run when nobody says: the suites that installed packages announce, else the reference suite."""
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    announced = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)} - {REFERENCE_SUITE}
    return tuple(sorted(announced)) or (REFERENCE_SUITE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """What to run, and how.

    Attributes:
        suites: a path ending in ``.py``, the name of an entry point of the group ``aicmo_perf.suites``, or a dotted
            module, each.
        discover: rules for code that is not decorated.
        mode, options: as in Run.
        project_root: the working directory of the workers, and the first place they import from.
        relay_output: whether what the features print is passed on to our standard error.
        moved: the other version that the project's root belongs to; None for the user's own tree. What that version
            lacks is told, not refused.
    """

    suites: tuple[str, ...]
    discover: tuple[DiscoverRule, ...] = ()
    mode: Mode = Mode.LIVE
    options: RunOptions = field(default_factory=RunOptions)
    project_root: Path = Path()
    relay_output: bool = False
    moved: MovedTree | None = None


def select_features(features: Iterable[Feature], selection: Sequence[str], *, may_miss: bool = False) -> frozenset[int]:
    """The positions of the features that a selection means; all of them when it is empty.

    Args:
        features: all there are.
        selection: globs, case-sensitive, for the name, the qualified name or ``suite:qualified_name``.
        may_miss: whether a glob that means none is let pass.

    Raises: NotFoundError for a glob that means none, with the nearest names.
    """
    listed = list(features)
    if not selection:
        return frozenset(range(len(listed)))
    chosen: set[int] = set()
    for glob in selection:
        matching = {position for position, feature in enumerate(listed) if feature.is_meant_by(glob)}
        if not matching and not may_miss:
            names = [feature.qualified_name if "." in glob else feature.name for feature in listed]
            hint = nearest_hint(glob, names, otherwise=f"There are {len(listed)} features in these suites.")
            raise NotFoundError(f"No feature matches {glob!r}.", hint)
        chosen |= matching
    return frozenset(chosen)
