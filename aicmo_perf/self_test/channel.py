"""The worker's end of the pipes: protected from the features that run beside it.

Before anything of the user's is imported, the descriptors of the protocol are moved to high numbers that no child
inherits. Standard input then reads nothing, and standard output goes where standard error goes: into the parent's
file. So a feature may print, write to descriptor 1, close what it likes or fork, and no message is garbled.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TextIO

from aicmo_perf.self_test.protocol import LOST_CHANNEL_EXIT_CODE, Message, Tick, encode

_LOWEST_PRIVATE_DESCRIPTOR = 100

TICK_SECONDS = 0.1
"""The parent hears of calls at most so often; a time-out may come as much later."""


class Channel:
    """Sends messages to the parent; only the process that opened it can.

    Args:
        descriptor: of the pipe to the parent.
        output: of the file that standard output and error go to.
    """

    def __init__(self, descriptor: int, output: int) -> None:
        self._descriptor = descriptor
        self._output = output
        self._identity = _identity(descriptor)
        self._pid = os.getpid()
        self._parent_pid = os.getppid()
        self._clock: Callable[[], float] = time.monotonic
        self._next_tick = 0.0
        # ends a line that something printed before the descriptors were moved
        os.write(descriptor, b"\n")

    def send(self, *messages: Message) -> None:
        """Send messages in one piece, so that the parent has all or none of them.

        It does not return in a child of the worker, when the parent is gone, and when a feature closed the pipe.
        """
        self._end_if_orphaned()
        data = b"".join(map(encode, messages))
        try:
            # the number may have been closed, and given to a file of the feature's
            if _identity(self._descriptor) != self._identity:
                os._exit(LOST_CHANNEL_EXIT_CODE)
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            os._exit(LOST_CHANNEL_EXIT_CODE)
        self._next_tick = self._clock() + TICK_SECONDS

    def tick(self) -> None:
        """Tell the parent that another call begins, unless it has heard from us a moment ago."""
        if self._clock() >= self._next_tick:
            self.send(Tick())

    def output_bytes(self) -> int:
        """How much has been written to standard output and error so far."""
        try:
            return os.fstat(self._output).st_size
        except OSError:
            return 0

    def _end_if_orphaned(self) -> None:
        if os.getpid() != self._pid:
            os._exit(0)
        if os.getppid() != self._parent_pid:
            os._exit(LOST_CHANNEL_EXIT_CODE)


def take_over_standard_streams() -> tuple[TextIO, Channel]:
    """Move the protocol out of the features' reach: what the parent sends, and the channel to answer on."""
    incoming, outgoing, errors = (_private_copy(descriptor) for descriptor in (0, 1, 2))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # dumps where it was when it crashes, and when the parent asks before it kills
    faulthandler.enable(errors)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, errors, all_threads=False)
    return open(incoming, encoding="utf-8"), Channel(outgoing, errors)  # noqa: PTH123 - the worker reads and closes it


def _private_copy(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _LOWEST_PRIVATE_DESCRIPTOR)


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


class StandardState:
    """What a feature should find as the one before it did: the working directory and the standard streams."""

    def __init__(self) -> None:
        self._directory = os.getcwd()  # noqa: PTH109 - asked for after every feature
        self._streams = (sys.stdin, sys.stdout, sys.stderr)

    def restore(self) -> None:
        """Put back what was replaced, reopen what was closed, and write out what was printed."""
        with contextlib.suppress(OSError):
            os.chdir(self._directory)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = getattr(sys, name)
            try:
                stream.flush()
            except (OSError, ValueError):
                setattr(sys, name, _reopened(number))
        self._streams = (sys.stdin, sys.stdout, sys.stderr)


def _reopened(descriptor: int) -> TextIO:
    try:
        return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    except OSError:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
