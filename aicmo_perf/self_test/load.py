"""How many CPUs there are, how busy the machine is, and keeping it busy on purpose.

What depends on time fails when there is less of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from aicmo_perf.errors import EnvironmentFailure

_SPIN = "import os\nparent = {parent}\nwhile os.getppid() == parent:\n    sum(range(100_000))\n"
"""It ends by itself when nobody is left to end it."""


def usable_cpu_count() -> int:
    """CPUs this process and those it starts may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_average() -> float | None:
    """Processes that ran or waited for a CPU over the last minute, per CPU; None where the system does not tell."""
    try:
        # it counts the processes of the whole machine, and so has to be shared among all of its CPUs
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return None


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep so many processes spinning inside.

    Raises: EnvironmentFailure when one cannot be started.
    """
    with ExitStack() as stack:
        for _ in range(count):
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _SPIN.format(parent=os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                raise EnvironmentFailure(
                    f"No process can be started to keep the machine busy: {error}.",
                    f"The interpreter is {sys.executable}.",
                ) from error
            stack.callback(_end, process)
        yield


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
