"""What can be changed about an iteration on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from aicmo_perf.model import Mode, Possibilities
from aicmo_perf.self_test.conditions import can_shift_clock
from aicmo_perf.self_test.determinism import FIXED_VARIABLES
from aicmo_perf.self_test.load import usable_cpu_count
from aicmo_perf.self_test.plan import EnginePlan

_LIST_SECONDS = 10.0
_PLAIN_NAMES = frozenset({"c", "posix", ""})


def possibilities(plan: EnginePlan) -> Possibilities:
    """What can be changed about the iterations of a plan, in this environment."""
    caller = os.environ if plan.mode is Mode.LIVE else FIXED_VARIABLES
    plain = _normal(_locale_of(caller))
    locales = {_normal(name): name for name in _installed_locales()}
    return Possibilities(
        locales=tuple(sorted(name for normal, name in locales.items() if normal != plain)),
        clock=can_shift_clock(),
        cpu_count=usable_cpu_count(),
        random_seed=plan.mode is Mode.LIVE,
    )


def _locale_of(environment: Mapping[str, str]) -> str:
    """The one that counts most (setlocale(3))."""
    return environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C"


def _normal(name: str) -> str:
    """``de_DE.UTF-8`` and ``de_DE.utf8`` are one locale; so are C and POSIX."""
    normal = name.lower().replace("-", "")
    return "c" if normal in _PLAIN_NAMES else normal


def _installed_locales() -> list[str]:
    """The names that ``locale -a`` tells; none where there is no such program."""
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, timeout=_LIST_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return listed.decode("ascii", "ignore").split()
