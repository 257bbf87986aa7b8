"""What conditions mean to a worker: its environment before it starts, and what it does to itself before any import.

Whatever can be set from outside is, so that programs which a feature starts see the same. The clock and the number of
CPUs cannot, and are changed in the worker before anything of the user's is imported: a module that asks for the date
as it is loaded has to see the shifted one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from aicmo_perf.errors import EnvironmentFailure
from aicmo_perf.model import Conditions

if TYPE_CHECKING:
    from aicmo_perf.self_test.working_directory import WorkingDirectory

_UTF8_VARIABLE = "PYTHONUTF8"
_TEMPORARY_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_CLOCK_MODULE = "time_machine"


def environment_under(
    conditions: Conditions, environment: Mapping[str, str], directory: WorkingDirectory | None
) -> dict[str, str]:
    """The environment variables of a worker.

    Args:
        conditions: what it runs under.
        environment: that of its mode.
        directory: whose folder of temporary files it uses; None for the usual one.
    """
    changed = dict(environment)
    if conditions.hash_seed is not None:
        changed["PYTHONHASHSEED"] = str(conditions.hash_seed)
    if conditions.time_zone is not None:
        changed["TZ"] = conditions.time_zone
    if conditions.locale is not None:
        changed["LC_ALL"] = conditions.locale
        # Python's mode for UTF-8 would hide the encoding that belongs to the locale
        changed.pop(_UTF8_VARIABLE, None)
    if conditions.cpu_count is not None:
        changed["PYTHON_CPU_COUNT"] = str(conditions.cpu_count)
    if directory is not None:
        changed |= dict.fromkeys(_TEMPORARY_VARIABLES, str(directory.temporary))
    return changed


def can_shift_clock() -> bool:
    """Whether the library is there that moves the date and time."""
    return importlib.util.find_spec(_CLOCK_MODULE) is not None


def refuse_impossible(conditions: Conditions) -> None:
    """See that a worker can do what conditions ask of it.

    Raises: EnvironmentFailure when it cannot.
    """
    if conditions.clock_shift_seconds and not can_shift_clock():
        raise EnvironmentFailure(
            "The date and time cannot be shifted: time-machine is not installed.", "pip install 'aicmo-perf[clock]'"
        )


def take_on(conditions: Conditions) -> None:
    """Change in this process what cannot be set from outside; once, before anything of the user's is imported."""
    if conditions.cpu_count is not None:
        _show_cpus(conditions.cpu_count)
    if conditions.clock_shift_seconds:
        _shift_clock(conditions.clock_shift_seconds)


def _show_cpus(count: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        # where it is forbidden, they are at least told the number
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, set(islice(sorted(os.sched_getaffinity(0)), count)))
    # from Python 3.13 on PYTHON_CPU_COUNT says it
    if sys.version_info < (3, 13):
        os.cpu_count = lambda: count


def _shift_clock(shift_seconds: float) -> None:
    # it looks for pytest, which takes longer to import than all else that a worker does
    hidden = {} if "pytest" in sys.modules else {"pytest": None}
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        import time_machine
    finally:
        for name in hidden:
            del sys.modules[name]
    time_machine.travel(time.time() + shift_seconds, tick=True).start()
