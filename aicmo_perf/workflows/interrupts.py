"""Ctrl-C and SIGTERM as something to wait for, so that they strike between two steps and not in the middle of one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signals_as_descriptor() -> Iterator[int | None]:
    """A descriptor that becomes readable by Ctrl-C or SIGTERM, which CI sends to a cancelled job; None in a thread.

    A signal that raised just anywhere would undo the result being stored. A second one does raise, for a user whose
    first was not answered.
    """
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    readable, writable = os.pipe()

    def pass_on(signum: int, frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, raise_interrupt)
        os.write(writable, b"x")

    def raise_interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield readable
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
