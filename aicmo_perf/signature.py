"""Outputs reduced to a canonical form, so that "same status, different text" is seen, and nothing else is.

The canonical form is JSON: values that JSON has stand for themselves, everything else is an object with one key that
begins with an exclamation mark. What is accidental is left out (the order of a dict or set, an object's address, the
folder a file was written to), what is essential is kept (text, numbers to the last digit, the content of files).

A digest is tagged with the version of the form, ``c1``: two digests with different tags say nothing of each other.
A fingerprint, ``f1``, is the opposite of a digest: it forgets whatever differs between two failures of one kind.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

FORM = "c1-sha256"

ReadFile = Callable[[str], Iterable[bytes] | None]
"""Gives the content of the file of that name in chunks; None when there is no such file."""

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

MAX_DEPTH = 60
"""Deeper values are named by their type alone."""

MAX_NODES = 1_000_000
"""Values looked at in one output; further ones are left out, lest a feature that returns the world stop it."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_JSON_INTEGER_LIMIT = 1 << 64
_MAX_PATH_LENGTH = 1024
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PLAIN_VALUES = (datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, fractions.Fraction)
_NAMED_THINGS = (type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)


def _no_file(name: str) -> None:
    """Read no files."""


def digest(value: object, read_file: ReadFile = _no_file) -> str:
    """The tagged digest of a value's canonical form: ``c1-sha256:`` and 64 hex digits.

    Args:
        value: any object; odd ones are named by their type, and nothing is ever raised.
        read_file: gives the content of files that paths name. Such a path counts by its suffix and its content;
            without the content, by its text.
    """
    text = _sorted_json(canonical_form(value, read_file))
    return f"{FORM}:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def canonical_form(value: object, read_file: ReadFile = _no_file) -> Json:
    """The value as JSON in which only what is essential is left.

    The form of a form is itself; it does not depend on the order in which dicts and sets were filled.

    Args:
        value, read_file: as in digest.
    """
    return _Canonizer(read_file).form(value, 0)


def _sorted_json(form: Json) -> str:
    return _ENCODER.encode(form)


class _Canonizer:
    """One walk over one value.

    It remembers the containers it is within, so that a cycle ends, and how many values it has seen.
    """

    def __init__(self, read_file: ReadFile) -> None:
        self._read_file = read_file
        self._within: set[int] = set()
        self._node_count = 0

    def form(self, value: object, depth: int) -> Json:
        kind = type(value)
        if value is None or kind is bool:
            return value  # type: ignore[return-value]
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]
        if kind is int:
            return value if -_JSON_INTEGER_LIMIT < value < _JSON_INTEGER_LIMIT else {"!int": hex(value)}  # type: ignore[operator, return-value, arg-type]
        if kind is float:
            return {"!float": repr(value)}
        self._node_count += 1
        if depth > MAX_DEPTH or self._node_count > MAX_NODES:
            return {"!omitted": _type_name(kind)}
        if id(value) in self._within:
            return {"!cycle": _type_name(kind)}
        self._within.add(id(value))
        try:
            return self._compound(value, depth + 1)
        except Exception:
            # a property that raises, an attribute that lies: the type is all that can be said
            return {"!unreadable": _type_name(kind)}
        finally:
            self._within.discard(id(value))

    def _text(self, text: str) -> Json:
        # only what is written like an absolute path is looked for: a text may say "report.pdf" without meaning a file
        if text.startswith("/") and len(text) <= _MAX_PATH_LENGTH and "\n" not in text:
            return self._file(text) or text
        return text

    def _file(self, name: str) -> dict[str, Any] | None:
        try:
            chunks = self._read_file(name)
            if chunks is None:
                return None
            hashed = hashlib.sha256()
            for chunk in chunks:
                hashed.update(chunk)
        except Exception:
            return None
        return {"!file": {"suffix": PurePath(name).suffix, "sha256": hashed.hexdigest()}}

    def _compound(self, value: object, depth: int) -> Json:
        if isinstance(value, enum.Enum):
            return {"!enum": f"{_type_name(type(value))}.{value.name}"}
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, int):
            return self.form(int.__int__(value), depth)
        if isinstance(value, float):
            return {"!float": float.__repr__(value)}
        if isinstance(value, bytes | bytearray | memoryview):
            return {"!bytes": hashlib.sha256(value).hexdigest()}
        if isinstance(value, PurePath):
            return self._file(str(value)) or {"!path": value.as_posix()}
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, AbstractSet):
            return {"!set": self._sorted(self.form(item, depth) for item in value)}
        if isinstance(value, list | tuple):
            if names := getattr(value, "_fields", None):
                return self._object(value, dict(zip(names, value, strict=True)), depth)
            return [self.form(item, depth) for item in value]
        return self._other(value, depth)

    def _other(self, value: object, depth: int) -> Json:
        kind = type(value)
        if isinstance(value, _PLAIN_VALUES):
            return {f"!{kind.__name__}": str(value)}
        if isinstance(value, uuid.UUID | complex):
            return {f"!{kind.__name__}": str(value)}
        if kind.__module__.partition(".")[0] == "numpy" and hasattr(value, "tobytes"):
            return self._array(value, depth)
        if isinstance(value, _NAMED_THINGS):
            return {"!name": str(getattr(value, "__qualname__", getattr(value, "__name__", _type_name(kind))))}
        if isinstance(value, BaseException):
            return self._object(value, {"args": value.args}, depth)
        if dataclasses.is_dataclass(value):
            return self._object(value, {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}, depth)
        attributes = _attributes(value)
        if attributes:
            return self._object(value, attributes, depth)
        return {"!repr": _ADDRESS.sub("", repr(value))}

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> Json:
        if all(type(key) is str for key in value):
            return {key: self.form(item, depth) for key, item in value.items()}
        pairs = ([self.form(key, depth), self.form(item, depth)] for key, item in value.items())
        return {"!dict": self._sorted(pairs)}

    def _sorted(self, forms: Iterable[Json]) -> list[Json]:
        return sorted(forms, key=_sorted_json)

    def _object(self, value: object, attributes: Mapping[str, Any], depth: int) -> Json:
        fields = {str(name): self.form(item, depth) for name, item in attributes.items()}
        return {"!object": {"type": _type_name(type(value)), "fields": fields}}

    def _array(self, array: Any, depth: int) -> Json:
        if array.dtype.hasobject:
            return {"!array": {"dtype": str(array.dtype), "items": self.form(array.tolist(), depth)}}
        content = hashlib.sha256(array.tobytes()).hexdigest()
        return {"!array": {"dtype": str(array.dtype), "shape": list(array.shape), "sha256": content}}


def _type_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _attributes(value: object) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for kind in reversed(type(value).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                attributes[name] = getattr(value, name)
    attributes.update(getattr(value, "__dict__", {}))
    return attributes


# in this order: an address, a uuid or a time is made of numbers, and a path of them all
_ACCIDENTS = (
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"(?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm)/[^\s'\"`,;:)\]}>]*"), "<temporary>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b"), "<hex>"),
    (re.compile(r"(?<![A-Za-z_])\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?"), "<number>"),
)


def failure_fingerprint(text: str) -> str:
    """What groups alike failures: ``f1-`` and twelve hex digits.

    Addresses, uuids, times, paths of temporary files and all numbers, those of lines included, are forgotten.

    Args:
        text: an error or a warning.
    """
    for pattern, word in _ACCIDENTS:
        text = pattern.sub(word, text)
    normal = " ".join(text.split())
    return "f1-" + hashlib.sha256(normal.encode("utf-8", "backslashreplace")).hexdigest()[:12]
