"""What the engine is asked to do, and which features a selection means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from aicmo_perf.errors import NotFoundError, nearest_hint
from aicmo_perf.model import DiscoverRule, Feature, Mode, RunOptions


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
    """

    suites: tuple[str, ...]
    discover: tuple[DiscoverRule, ...] = ()
    mode: Mode = Mode.LIVE
    options: RunOptions = field(default_factory=RunOptions)
    project_root: Path = Path()
    relay_output: bool = False


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
    spellings = [
        (feature.name, feature.qualified_name, f"{feature.suite}:{feature.qualified_name}") for feature in listed
    ]
    chosen: set[int] = set()
    for glob in selection:
        matching = {
            position for position, names in enumerate(spellings) if any(fnmatchcase(name, glob) for name in names)
        }
        if not matching and not may_miss:
            everything = [name for names in spellings for name in names]
            hint = nearest_hint(glob, everything, otherwise=f"There are {len(listed)} features in these suites.")
            raise NotFoundError(f"No feature matches {glob!r}.", hint)
        chosen |= matching
    return frozenset(chosen)
