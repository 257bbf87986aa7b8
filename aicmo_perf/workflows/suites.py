"""What ``run`` runs when nobody says: the suites that installed packages offer, else the reference suite."""

from __future__ import annotations

from importlib.metadata import entry_points

ENTRY_POINT_GROUP = "aicmo_perf.suites"
REFERENCE_SUITE = "aicmo"


def default_suites() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of suites, and a sentence that says why these where it is not obvious."""
    offered = sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)} - {REFERENCE_SUITE})
    if offered:
        return tuple(offered), ()
    return (REFERENCE_SUITE,), (
        "No suite is named or configured: this ran the reference suite; 'aicmo-perf init' sets up your own.",
    )
