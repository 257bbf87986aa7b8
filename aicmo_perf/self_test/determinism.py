"""Deterministic mode: whatever may differ between two runs of unchanged code is fixed, inside the worker alone.

What must hold before an interpreter starts (hash seed, time zone, locale) is the worker's environment; the
generators of Python and NumPy are seeded before each call; the network is refused by an audit hook. The caller's
process is never touched, and in live mode nothing is changed but the name of the mode in ``AICMO_PERF_MODE``; unless
its flakiness is checked, which needs iterations that are the same when nothing is changed.

Not covered: what asks the operating system for randomness (``uuid4``, ``secrets``), the clock, and programs that a
feature starts.
"""

from __future__ import annotations

import importlib.machinery
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from aicmo_perf.model import Mode

MODE_VARIABLE = "AICMO_PERF_MODE"

FIXED_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "AICMO_USE_LLM": "0",
    "TZ": "UTC",
    "LC_ALL": "C",
    "PYTHONUTF8": "1",
}
"""What a worker's environment holds in deterministic mode, whatever the caller's says."""


FIXED_VARIABLES_OF_A_CHECK = {"PYTHONHASHSEED": "0"}
"""The same in live mode when flakiness is checked."""


def worker_environment(mode: Mode, environment: Mapping[str, str], *, flakiness_check: bool = False) -> dict[str, str]:
    """The environment variables of a worker.

    Args:
        mode: deterministic mode fixes some; live mode passes all on.
        environment: the caller's, which stays as it is.
        flakiness_check: whether it is checked; live mode, too, then fixes the hash seed.
    """
    fixed = FIXED_VARIABLES if mode is Mode.DETERMINISTIC else FIXED_VARIABLES_OF_A_CHECK if flakiness_check else {}
    return {**environment, **fixed, MODE_VARIABLE: str(mode)}


class Seeding(Protocol):
    """Fixes the global random generators."""

    def seed(self) -> None:
        """Put them into their initial state."""

    def consume_evidence(self) -> bool:
        """Whether they were used since; they must be seeded again afterwards."""


class NoSeeding:
    """Live mode: the generators are left alone, and nothing depends on their state."""

    def seed(self) -> None:
        """Do nothing."""

    def consume_evidence(self) -> bool:
        """Nobody needs to seed again."""
        return False


class FixedSeeding:
    """Deterministic mode: Python's generator, and NumPy's global one as soon as NumPy is there.

    The next number drawn tells whether a generator was used, which costs a tenth of comparing its whole state.

    Args:
        seed: of both generators.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # bound here, lest a feature that patches the module patches us
        self._seed_python: Callable[[int], None] = random.seed
        self._draw_python: Callable[[int], int] = random.getrandbits
        self._seed_numpy: Callable[[int], None] | None = None
        self._draw_numpy: Callable[[], float] | None = None
        random.seed(seed)
        self._first_python = random.getrandbits(64)
        self._first_numpy = 0.0
        if (numpy_random := sys.modules.get("numpy.random")) is not None:
            self.take_over_numpy(numpy_random)
        else:
            sys.meta_path.insert(0, _NumpySeeder(self.take_over_numpy))

    def take_over_numpy(self, numpy_random: ModuleType) -> None:
        """Seed NumPy's global generator now, and from now on."""
        self._seed_numpy = numpy_random.seed
        self._draw_numpy = numpy_random.random_sample
        numpy_random.seed(self._seed)
        self._first_numpy = numpy_random.random_sample()
        numpy_random.seed(self._seed)

    def seed(self) -> None:
        """Put the generators into their initial state."""
        self._seed_python(self._seed)
        if self._seed_numpy is not None:
            self._seed_numpy(self._seed)

    def consume_evidence(self) -> bool:
        """Whether a generator was used since it was seeded; seed again afterwards."""
        used = self._draw_python(64) != self._first_python
        if self._draw_numpy is not None:
            used = self._draw_numpy() != self._first_numpy or used
        return used


class _NumpySeeder:
    """Seeds NumPy's global generator at the end of the import of ``numpy.random``, once; a finder of modules."""

    def __init__(self, take_over: Callable[[ModuleType], None]) -> None:
        self._take_over = take_over

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "numpy.random":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        loader, take_over = spec.loader, self._take_over
        execute = loader.exec_module

        def execute_and_seed(module: ModuleType) -> None:
            execute(module)
            take_over(module)

        loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec


class NetworkRefused(RuntimeError):
    """A feature reached for the network in deterministic mode.

    It is no OSError: code that retries on those, or falls back on a cache, would hide it or wait in vain.
    """


_ADDRESSED_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING_EVENTS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def refuse_network() -> None:
    """Refuse connections, datagrams and name look-ups over IPv4 and IPv6, loopback included, from now on.

    Unix sockets stay allowed, and with them asyncio's own; so does listening. It cannot be undone: an audit hook
    stays until the process ends.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in _ADDRESSED_EVENTS:
        sender, address = arguments
        # a socket that is connected already sends without an address
        if isinstance(address, tuple) and address and sender.family.name in ("AF_INET", "AF_INET6"):
            raise NetworkRefused(f"connecting to {_host_and_port(*address[:2])} is refused in deterministic mode")
    elif event in _RESOLVING_EVENTS and arguments[0] not in (None, "", b""):
        raise NetworkRefused(f"looking up {_host_and_port(*arguments[:2])} is refused in deterministic mode")


def _host_and_port(host: object, port: object = None) -> str:
    name = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host)
    return name if port is None else f"{name}:{port}"
