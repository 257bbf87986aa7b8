"""How our values lie in columns: UTC times as integers, samples as packed floats, text that every database accepts.

Each type is compact in SQLite, sorts as the value does where order matters, and means the same in PostgreSQL.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Enum, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from aicmo_perf.model import Environment, RunOptions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware time as integer microseconds since 1970 UTC: exact, sortable, seven bytes at most."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("the store keeps timezone-aware times only")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


class PackedFloats(TypeDecorator[tuple[float, ...]]):
    """Floats as little-endian IEEE 754 doubles side by side: eight bytes each, no loss."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sequence[float] | None, dialect: Dialect) -> bytes | None:
        return None if value is None else struct.pack(f"<{len(value)}d", *value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> tuple[float, ...] | None:
        return None if value is None else struct.unpack(f"<{len(value) // 8}d", value)


def storable_text(text: str) -> str:
    r"""The text with what a database refuses written out: lone surrogates as ``\udc80``, NUL as ``\x00``.

    Error texts quote file names and outputs of the code under test, so both do occur.
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", r"\x00")


class FreeText(TypeDecorator[str]):
    """Text from outside, of any length; see storable_text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_text(value)


def _canonical_json(values: Mapping[str, object]) -> str:
    """One text for one value, in ASCII, so that equal values are equal text and every database accepts it."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=1024)
def _options(text: str) -> RunOptions:
    return RunOptions.from_dict(json.loads(text))


@lru_cache(maxsize=1024)
def _environment(text: str) -> Environment:
    return Environment(json.loads(text))


class OptionsJson(TypeDecorator[RunOptions]):
    """Run options as JSON. A long history has few different ones, so each text is parsed once."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: RunOptions | None, dialect: Dialect) -> str | None:
        return None if value is None else _canonical_json(value.to_dict())

    def process_result_value(self, value: str | None, dialect: Dialect) -> RunOptions | None:
        return None if value is None else _options(value)


class EnvironmentJson(TypeDecorator[Environment]):
    """The facts of an environment as JSON; each text is parsed once."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Environment | None, dialect: Dialect) -> str | None:
        return None if value is None else _canonical_json(value.facts)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Environment | None:
        return None if value is None else _environment(value)


def choice(members: type[StrEnum], name: str) -> Enum:
    """A member of an enumeration as its short text, which a CHECK constraint of that name holds to the known ones."""
    values: Any = [member.value for member in members]
    return Enum(
        members, name=name, native_enum=False, create_constraint=True, length=16, values_callable=lambda _: values
    )
