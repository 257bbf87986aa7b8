"""The peak of resident memory, for one feature at a time where the system can forget an earlier one."""

from __future__ import annotations

import os
import re
import sys

_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


class PeakMemory:
    """Reads the process's peak resident memory.

    On Linux the peak is reset by writing 5 to ``/proc/self/clear_refs`` and read from ``/proc/self/status``
    (proc(5)); elsewhere, and where that is not permitted, it is that of the whole process so far.
    """

    def __init__(self) -> None:
        self._can_reset = sys.platform == "linux"

    def reset(self) -> None:
        """Forget the peak so far, if the system can."""
        if self._can_reset:
            self._can_reset = _write_once("/proc/self/clear_refs", b"5")

    def peak_bytes(self) -> int | None:
        """The peak since the last reset that worked; None where it is unknown."""
        if self._can_reset:
            # opened anew each time: a descriptor kept open is one that a feature can close
            match = _PEAK.search(_read_once("/proc/self/status"))
            if match is not None:
                return int(match[1]) * 1024
        return _lifetime_peak_bytes()


def _write_once(path: str, data: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True


def _read_once(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def _lifetime_peak_bytes() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kilobytes everywhere but on macOS (getrusage(2))
    return peak if sys.platform == "darwin" else peak * 1024
