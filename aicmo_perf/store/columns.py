"""How our values lie in columns: UTC times as integers, samples as packed floats, text that every database accepts.

Each type is compact in SQLite, sorts as the value does where order matters, and means the same in PostgreSQL.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Enum, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from aicmo_perf.model import Cause, Explanation, FeatureKey, OrderRole

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


class PackedIntegers(TypeDecorator[tuple[int, ...]]):
    """Integers side by side, little-endian: two bytes each if all fit into these, else four; the first byte says which.

    It is the letter that `struct` has for them: ``h`` or ``i``.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        kind = "h" if all(-(2**15) <= number < 2**15 for number in value) else "i"
        return kind.encode() + struct.pack(f"<{len(value)}{kind}", *value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> tuple[int, ...] | None:
        if value is None:
            return None
        kind = value[:1].decode()
        return struct.unpack(f"<{(len(value) - 1) // struct.calcsize(kind)}{kind}", value[1:])


class JsonText(TypeDecorator[Any]):
    """A value as JSON: one text for one value, in ASCII, so that equal values are equal text and any database takes it.

    A long history has few different values of a column, so each text is parsed once.

    Args:
        dump: what JSON has, of the value.
        load: the value, immutable, of what JSON has.
    """

    impl = Text
    cache_ok = True

    def __init__(self, dump: Callable[[Any], object], load: Callable[[Any], Any]) -> None:
        super().__init__()
        self.dump, self.load = dump, load  # by which SQLAlchemy tells two such types apart
        self._parsed = lru_cache(maxsize=1024)(lambda text: load(json.loads(text)))

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(self.dump(value), sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self._parsed(value)


def explanations_to_json(explanations: Iterable[Explanation]) -> list[dict[str, object]]:
    """What JSON has, of the explanations of a finding."""
    return [
        {
            "causes": list(explanation.causes),
            "role": explanation.role,
            "features": list(explanation.features),
            "detail": explanation.detail,
            "confirmed_count": explanation.confirmed_count,
        }
        for explanation in explanations
    ]


def explanations_of_json(values: Iterable[Mapping[str, Any]]) -> tuple[Explanation, ...]:
    """The reverse of explanations_to_json."""
    return tuple(
        Explanation(
            causes=tuple(map(Cause, value["causes"])),
            role=None if value["role"] is None else OrderRole(value["role"]),
            features=keys_of_json(value["features"]),
            detail=value["detail"],
            confirmed_count=value["confirmed_count"],
        )
        for value in values
    )


def keys_of_json(pairs: Iterable[Sequence[str]]) -> tuple[FeatureKey, ...]:
    """Keys of features, of the pairs that JSON makes of them."""
    return tuple((suite, qualified_name) for suite, qualified_name in pairs)


def choice(members: type[StrEnum], name: str) -> Enum:
    """A member of an enumeration as its short text, which a CHECK constraint of that name holds to the known ones."""
    values: Any = [member.value for member in members]
    return Enum(
        members, name=name, native_enum=False, create_constraint=True, length=16, values_callable=lambda _: values
    )
