"""The parent's view of one worker process: its messages, its end, and what can be said of its death.

Pipe and process are waited for together: a thread of its own waits for the process and wakes the one that reads, so
that the end is noticed at once even when a grandchild keeps the pipe open.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TextIO

from aicmo_perf.errors import EnvironmentFailure
from aicmo_perf.self_test.failure_text import is_machinery, is_standard_library
from aicmo_perf.self_test.protocol import LOST_CHANNEL_EXIT_CODE, Assignment
from aicmo_perf.units import format_seconds

_PACKAGE_PARENT = str(Path(__file__).parents[2])

_BOOTSTRAP = f"import sys; sys.path.append({_PACKAGE_PARENT!r}); from aicmo_perf.self_test.worker import main; main()"
"""Finds this very package even where it is not installed, and never instead of anything of the project's."""

_NOT_AT_ALL = 0.0
"""A deadline that has always passed already."""

_DUMP_SECONDS = 5.0
"""How long a hanging worker has to write down where it hangs: a moment's work, which a busy machine may put off."""

_FAREWELL_SECONDS = 2.0
"""How long a worker that is finished may clean up."""

_TAIL_BYTES = 8_000
_TAIL_LINES = 40
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)


class Silent(Exception):
    """The worker has not said anything more, or not in time."""


class Interrupted(Exception):
    """The run is to end early, and the worker has said all that it will."""


class WorkerProcess:
    """A running worker; a context manager that leaves no process of its group behind.

    Args:
        assignment: what it is to do.
        environment: its environment variables.
        directory: its working directory; None for the project's root.
        relay_output: whether what it writes is passed on to our standard error.
        interrupt: a descriptor that becomes readable when the run is to end early; None for never.

    Raises: EnvironmentFailure when no process can be started.
    """

    def __init__(
        self,
        assignment: Assignment,
        environment: Mapping[str, str],
        *,
        directory: Path | None = None,
        relay_output: bool,
        interrupt: int | None = None,
    ) -> None:
        self._root = Path(assignment.project_root)
        self._marked_bytes = 0
        self._is_killed = False
        self._output = tempfile.TemporaryFile(prefix="aicmo-perf-worker-")  # noqa: SIM115 - closed on exit
        self._relay = OutputRelay(self._output.fileno(), sys.stderr) if relay_output else None
        try:
            # a file, since a pipe holds so much and no more: thousands of features would wait for the worker to read
            with tempfile.TemporaryFile(prefix="aicmo-perf-assignment-") as asked:
                asked.write(assignment.to_json().encode("ascii") + b"\n")
                asked.seek(0)
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _BOOTSTRAP],
                    stdin=asked,
                    stdout=subprocess.PIPE,
                    stderr=self._output,
                    env=dict(environment),
                    cwd=directory or self._root,
                    bufsize=0,
                    start_new_session=True,
                )
        except OSError as error:
            self._output.close()
            raise EnvironmentFailure(
                f"No worker process can be started: {error}.", f"The interpreter is {sys.executable}."
            ) from error
        assert self._process.stdout is not None, "a pipe was asked for"
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._lines: deque[bytes] = deque()
        self._partial = b""
        self._ended = False
        self._interrupt = interrupt
        self._interrupted = False
        self._wake_up, self._waker = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._selector.register(self._wake_up, selectors.EVENT_READ)
        if interrupt is not None:
            self._selector.register(interrupt, selectors.EVENT_READ)
        self._watcher = threading.Thread(target=self._watch, name="aicmo-perf-worker-watch", daemon=True)
        self._watcher.start()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None and not self._ended:
            with contextlib.suppress(Silent):
                self._await_end(time.monotonic() + _FAREWELL_SECONDS)
        self._kill_and_reap()
        self._watcher.join()
        if self._relay is not None:
            self._relay.pass_on(final=True)
        self._selector.close()
        assert self._process.stdout is not None, "a pipe was asked for"
        self._process.stdout.close()
        os.close(self._wake_up)
        os.close(self._waker)
        self._output.close()

    def fileno(self) -> int:
        """A descriptor that becomes readable when there may be more to receive, once receive has said that it is
        silent.
        """
        return self._selector.fileno()

    def receive(self) -> bytes | None:
        """The worker's next line, without waiting for it; None when it has ended and said all.

        Raises:
            Silent: there is none yet.
            Interrupted: the run is to end early; whatever the worker had said by then was returned before.
        """
        while not self._lines:
            if self._interrupted:
                raise Interrupted
            if self._ended:
                return None
            self._wait(_NOT_AT_ALL)
        return self._lines.popleft()

    def mark_output(self, output_bytes: int) -> None:
        """What the worker wrote from there on belongs to what it is busy with; only it can know how far it was."""
        if self._relay is not None:
            self._relay.pass_on()
        self._marked_bytes = output_bytes

    def describe_death(self, *, threads_left: bool) -> str:
        """How the process ended, in plain words, and what it last wrote.

        Args:
            threads_left: whether earlier features left threads running, which may have done it.
        """
        code = self._kill_and_reap()
        if code < 0:
            reason = f"the worker process was killed by signal {-code}{_signal_name(-code)}{self._crash_site()}"
        elif code == LOST_CHANNEL_EXIT_CODE:
            reason = "the worker process lost its connection: a file descriptor was closed that was not the feature's"
        else:
            reason = f"the worker process ended with exit code {code} (os._exit?)"
        if threads_left:
            reason += "; a thread that an earlier feature left running may be to blame"
        return reason + self._tail()

    def stop_and_describe(self, timeout_seconds: float) -> str:
        """End a worker that overran its time-out; where it hung, and what it last wrote."""
        dump_from = self._written_bytes()
        with contextlib.suppress(ProcessLookupError):
            # not by Popen, which reaps a process that has just ended
            os.kill(self._process.pid, signal.SIGUSR1)
        # the dump ends the wait; a worker whose signals are blocked never writes it
        give_up = time.monotonic() + _DUMP_SECONDS
        dump = ""
        while time.monotonic() < give_up and not _FRAME.search(dump):
            with contextlib.suppress(Silent):
                self._await_end(min(give_up, time.monotonic() + 0.01))
            dump = self._read_output(dump_from)
        self._kill_and_reap()
        tail = self._tail(until=dump_from)
        return f"overran its time-out of {_plain_seconds(timeout_seconds)}{self._site(dump)}{tail}"

    def _watch(self) -> None:
        """In a thread of its own: wake the reader when the process has ended, and leave it for others to reap."""
        _await_death(self._process.pid)
        os.write(self._waker, b"x")

    def _wait(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        ready = self._selector.select(max(0.0, remaining))
        if not ready:
            if remaining <= 0:
                raise Silent
            return
        descriptors = {key.fd for key, _ in ready}
        if self._interrupt is not None and self._interrupt in descriptors:
            self._selector.unregister(self._interrupt)
            self._drain()
            self._interrupted = True
        elif self._wake_up in descriptors:
            self._drain()
            self._ended = True
        else:
            self._read_chunk()

    def _await_end(self, deadline: float) -> None:
        while not self._ended:
            self._wait(deadline)

    def _drain(self) -> None:
        while self._read_chunk():
            pass

    def _read_chunk(self) -> bool:
        try:
            chunk = os.read(self._pipe, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            # every writer has closed it; that the process ends is still to come
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._pipe)
            return False
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        self._lines.extend(lines)
        return True

    def _kill_and_reap(self) -> int:
        """Leave nothing of the group behind; the exit code of its leader.

        The number is the group's for as long as its leader is not reaped; later it may be another's. So the group is
        killed first, and only once.
        """
        if not self._is_killed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._is_killed = True
        return self._process.wait()

    def _written_bytes(self) -> int:
        return os.fstat(self._output.fileno()).st_size

    def _read_output(self, begin: int, end: int | None = None) -> str:
        length = (self._written_bytes() if end is None else end) - begin
        return os.pread(self._output.fileno(), max(0, length), begin).decode("utf-8", "replace")

    def _tail(self, until: int | None = None) -> str:
        end = self._written_bytes() if until is None else until
        text = self._read_output(max(self._marked_bytes, end - _TAIL_BYTES), end)
        lines = [line for line in text.strip().splitlines() if not _is_machinery_line(line)]
        return "\nIt last wrote:\n" + "\n".join(lines[-_TAIL_LINES:]) if lines else ""

    def _crash_site(self) -> str:
        _, separator, dump = self._read_output(self._marked_bytes).rpartition("Fatal Python error: ")
        return self._site(dump) if separator else ""

    def _site(self, dump: str) -> str:
        """`` at file.py:12 in f``: the innermost frame of the user's in faulthandler's dump; empty when unknown."""
        for frame in _FRAME.finditer(dump):
            name = frame["file"]
            if not is_standard_library(name) and not is_machinery(name):
                path = Path(name)
                shown = path.relative_to(self._root) if path.is_relative_to(self._root) else path
                return f" at {shown}:{frame['line']} in {frame['function']}"
        # what an asynchronous feature waits for is on no stack
        return " while it awaited something" if f"{os.sep}asyncio{os.sep}" in dump else ""


class OutputRelay:
    """Passes on what is appended to a file, each byte once, however it falls between two looks.

    Args:
        descriptor: of the file.
        stream: where its text goes.
    """

    def __init__(self, descriptor: int, stream: TextIO) -> None:
        self._descriptor = descriptor
        self._stream = stream
        self._passed_bytes = 0
        # half a character waits for its other half
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def pass_on(self, *, final: bool = False) -> None:
        """Pass on what is new; for the last time if it is final."""
        end = os.fstat(self._descriptor).st_size
        data = os.pread(self._descriptor, max(0, end - self._passed_bytes), self._passed_bytes)
        self._passed_bytes += len(data)
        if text := self._decoder.decode(data, final):
            self._stream.write(text)
            self._stream.flush()


def _await_death(pid: int) -> None:
    """Return when a child has ended, and leave it for others to reap."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    elif sys.platform == "darwin":
        # before Python 3.13; an error says that it has ended already
        with contextlib.suppress(OSError), contextlib.closing(select.kqueue()) as queue:
            ending = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
            queue.control([ending], 1)


def _is_machinery_line(line: str) -> bool:
    frame = _FRAME.match(line)
    return frame is not None and (is_machinery(frame["file"]) or frame["file"] == "<string>")


def _signal_name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _plain_seconds(seconds: float) -> str:
    """``2 s`` as it was asked for, not ``2.00 s`` as if it were measured."""
    return f"{seconds:g} s" if seconds >= 1 else format_seconds(seconds)
