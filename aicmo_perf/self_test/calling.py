"""How a feature is called: plain, drained when it is a generator, awaited when it is asynchronous.

The two ways of calling look alike from outside: once with the output kept, or a block of calls that is timed without
anything that surrounds them.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from aicmo_perf.self_test.measure import BatchTime, Clock, paused_garbage_collection

if TYPE_CHECKING:
    import asyncio


class CannotCall(Exception):
    """A feature cannot be called with what it would be given; the text says why."""


class Caller(Protocol):
    """One way to call one feature."""

    def call(self, scenario: Any) -> Any:
        """Call it once; the output."""

    def time_block(self, scenarios: Iterable[Any]) -> BatchTime:
        """Call it once with each scenario, and time nothing else; outputs are dropped."""

    def close(self) -> None:
        """Let go of what calling needed."""


def check_call(function: Callable[..., Any], *, takes_scenario: bool) -> None:
    """See that the feature can be called with one scenario, or without arguments when there are none.

    Raises: CannotCall when it cannot.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a callable that does not tell; the call itself will
    try:
        signature.bind(*([None] if takes_scenario else []))
    except TypeError as error:
        given = "one scenario" if takes_scenario else "no arguments (it has no scenarios)"
        raise CannotCall(f"it cannot be called with {given}: its signature is {signature}: {error}") from None


def caller_for(function: Callable[..., Any], *, takes_scenario: bool, clock: Clock) -> Caller:
    """The way to call this feature."""
    # an object whose __call__ is asynchronous is as good as a function
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(type(function), "__call__", None)):  # noqa: B004
        return AsyncCaller(function, takes_scenario=takes_scenario, clock=clock)
    if inspect.isasyncgenfunction(function):
        return AsyncCaller(_drained_asynchronously(function), takes_scenario=takes_scenario, clock=clock)
    if inspect.isgeneratorfunction(function):
        function = _drained(function)
    return PlainCaller(function, takes_scenario=takes_scenario, clock=clock)


def _drained(function: Callable[..., Any]) -> Callable[..., list[Any]]:
    """A generator that nobody iterates does nothing."""

    def call(*scenario: Any) -> list[Any]:
        return list(function(*scenario))

    return call


def _drained_asynchronously(function: Callable[..., AsyncIterator[Any]]) -> Callable[..., Awaitable[list[Any]]]:
    """The same of an asynchronous one."""

    async def call(*scenario: Any) -> list[Any]:
        return [item async for item in function(*scenario)]

    return call


class PlainCaller:
    """Calls a function; one that turns out to return an awaitable needs an AsyncCaller instead."""

    def __init__(self, function: Callable[..., Any], *, takes_scenario: bool, clock: Clock) -> None:
        self._function = function
        self._takes_scenario = takes_scenario
        self._clock = clock

    def call(self, scenario: Any) -> Any:
        """Call it once; the output."""
        return self._function(scenario) if self._takes_scenario else self._function()

    def time_block(self, scenarios: Iterable[Any]) -> BatchTime:
        """Call it once with each scenario, and time nothing else; outputs are dropped."""
        function, wall, cpu = self._function, self._clock.wall_nanoseconds, self._clock.cpu_nanoseconds
        with paused_garbage_collection():
            cpu_began, began = cpu(), wall()
            if self._takes_scenario:
                for scenario in scenarios:
                    function(scenario)
            else:
                for _ in scenarios:
                    function()
            ended = wall()
            return BatchTime(ended - began, cpu() - cpu_began)

    def close(self) -> None:
        """Nothing to let go."""


class AsyncCaller:
    """Awaits a function, always in one event loop, which is set up and left outside the timing."""

    def __init__(self, function: Callable[..., Awaitable[Any]], *, takes_scenario: bool, clock: Clock) -> None:
        import asyncio  # costs as much as half a worker's start, and most suites never need it

        self._function = function
        self._takes_scenario = takes_scenario
        self._clock = clock
        self._runner: asyncio.Runner = asyncio.Runner()
        self._runner.get_loop()

    def call(self, scenario: Any) -> Any:
        """Call it once; the output."""

        async def called() -> Any:
            return await (self._function(scenario) if self._takes_scenario else self._function())

        return self._runner.run(called())

    def finish(self, awaitable: Awaitable[Any]) -> Any:
        """Await what a plain call returned; its output."""

        async def awaited() -> Any:
            return await awaitable

        return self._runner.run(awaited())

    def time_block(self, scenarios: Iterable[Any]) -> BatchTime:
        """Call it once with each scenario, and time nothing else; outputs are dropped."""
        with paused_garbage_collection():
            return self._runner.run(self._timed(scenarios))

    async def _timed(self, scenarios: Iterable[Any]) -> BatchTime:
        function, wall, cpu = self._function, self._clock.wall_nanoseconds, self._clock.cpu_nanoseconds
        cpu_began, began = cpu(), wall()
        if self._takes_scenario:
            for scenario in scenarios:
                await function(scenario)
        else:
            for _ in scenarios:
                await function()
        ended = wall()
        return BatchTime(ended - began, cpu() - cpu_began)

    def close(self) -> None:
        """Cancel what the feature left running, and close the loop."""
        self._runner.close()
