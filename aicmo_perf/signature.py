"""Outputs reduced to a canonical form, so that "same status, different text" is seen, and nothing else is.

The canonical form is JSON: values that JSON has stand for themselves, everything else is an object with one key that
begins with an exclamation mark. What is accidental is left out (the order of a dict or set, an object's address, the
folder a file was written to), what is essential is kept (text, numbers to the last digit, the content of files).

A digest is tagged with the version of the form, ``c1``: two digests with different tags say nothing of each other. An
output of which something was scrubbed has a tag of its own.
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
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

FORM = "c1-sha256"

SCRUBBED_FORM = "c1-scrubbed-sha256"
"""Of digests of outputs out of which a scrubber took something."""

ReadFile = Callable[[str], Iterable[bytes] | None]
"""Gives the content of the file of that name in chunks; None when there is no such file."""

Scrub = Callable[[str], str]
"""Takes out of a text what must not count (`aicmo_perf.scrubbing.Scrubbing`)."""

Json = None | bool | int | float | str | list[Any] | dict[str, Any]

MAX_DEPTH = 60
"""Deeper values are named by their type alone."""

MAX_NODES = 1_000_000
"""Values looked at in one output; further ones are left out, lest a feature that returns the world stop it."""

MAX_FORM_LENGTH = 200_000
"""Characters of a form that is kept to be read."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_JSON_INTEGER_LIMIT = 1 << 64
_MAX_PATH_LENGTH = 1024
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PLAIN_VALUES = (datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, fractions.Fraction)
_HASHED_KINDS = frozenset({"!bytes", "!file", "!array"})
_SORTED_KINDS = frozenset({"!set", "!dict"})
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
    return canonical_output(value, read_file).digest


def canonical_form(value: object, read_file: ReadFile = _no_file) -> Json:
    """The value as JSON in which only what is essential is left.

    The form of a form is itself; it does not depend on the order in which dicts and sets were filled.

    Args:
        value, read_file: as in digest.
    """
    return canonical_output(value, read_file).form


@dataclasses.dataclass(frozen=True, slots=True)
class CanonicalOutput:
    """What an output comes down to.

    Attributes:
        form: its canonical form, scrubbed.
        is_scrubbed: whether something was taken out of it.
    """

    form: Json
    is_scrubbed: bool

    @property
    def digest(self) -> str:
        """As digest gives it, though with a tag of its own when it is scrubbed."""
        return _tagged(_sorted_json(self.form), is_scrubbed=self.is_scrubbed)


def canonical_output(
    value: object, read_file: ReadFile = _no_file, scrub: Scrub | None = None, *, shows_content: bool = False
) -> CanonicalOutput:
    """The canonical form, and the digest, of a value out of whose texts something may be taken.

    Args:
        value, read_file: as in digest.
        scrub: what must not count, in texts, in numbers as they are written and in files of text; None when all does.
        shows_content: whether bytes and files that are text show it beside their hash, to be read.
    """
    canonizer = _Canonizer(read_file, scrub, shows_content=shows_content)
    form = canonizer.form(value, 0)
    if scrub is not None:
        form = canonizer.scrubbed(form)
    return CanonicalOutput(form, canonizer.is_scrubbed)


def joint_digest(digests: Sequence[str | None]) -> str | None:
    """The digest of several outputs in their order; that of a single one is its own. None when none has one."""
    if all(one is None for one in digests):
        return None
    if len(digests) == 1:
        return digests[0]
    return _tagged(
        _sorted_json(list(digests)),
        is_scrubbed=any(one is not None and one.startswith(SCRUBBED_FORM) for one in digests),
    )


def form_text(form: Json, *, most_characters: int = MAX_FORM_LENGTH) -> str:
    """A canonical form to be read: one item a line, so that a line that differs shows where; cut when it is long."""
    text = json.dumps(form, sort_keys=True, ensure_ascii=False, indent=1)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= most_characters:
        return text
    note = f"\n… {len(text)} characters in all …"
    return text[: most_characters - len(note)] + note


def _sorted_json(form: Json) -> str:
    return _ENCODER.encode(form)


def _tagged(text: str, *, is_scrubbed: bool) -> str:
    return f"{SCRUBBED_FORM if is_scrubbed else FORM}:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


class _Canonizer:
    """One walk over one value.

    It remembers the containers it is within, so that a cycle ends, and how many values it has seen.

    Attributes:
        is_scrubbed: whether something was taken out so far.
    """

    def __init__(self, read_file: ReadFile, scrub: Scrub | None, *, shows_content: bool) -> None:
        self.is_scrubbed = False
        self._read_file = read_file
        self._scrub = scrub
        self._shows_content = shows_content
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
            content = self._content(chunks)
        except Exception:
            return None
        return {"!file": {"suffix": PurePath(name).suffix, **content}}

    def _content(self, chunks: Iterable[bytes | bytearray | memoryview]) -> dict[str, Any]:
        if self._scrub is None and not self._shows_content:
            hashed = hashlib.sha256()
            for chunk in chunks:
                hashed.update(chunk)
            return {"sha256": hashed.hexdigest()}
        data = b"".join(chunks)
        try:
            text = self._without_accidents(data.decode())
        except UnicodeDecodeError:
            return {"sha256": hashlib.sha256(data).hexdigest()}
        content = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
        return {**content, "text": text[:MAX_FORM_LENGTH]} if self._shows_content else content

    def _without_accidents(self, text: str) -> str:
        if self._scrub is None:
            return text
        scrubbed = self._scrub(text)
        self.is_scrubbed |= scrubbed != text
        return scrubbed

    def scrubbed(self, form: Json) -> Json:
        """A form without what the scrubber means; what was sorted is sorted anew."""
        if isinstance(form, str):
            return self._without_accidents(form)
        if isinstance(form, list):
            return [self.scrubbed(item) for item in form]
        if isinstance(form, int) and not isinstance(form, bool):
            written = str(form)
            scrubbed = self._without_accidents(written)
            return form if scrubbed == written else scrubbed
        if not isinstance(form, dict):
            return form
        kind = next(iter(form)) if len(form) == 1 else ""
        if kind in _HASHED_KINDS and "items" not in form[kind]:
            return form
        if kind in _SORTED_KINDS:
            return {kind: self._sorted(self.scrubbed(item) for item in form[kind])}
        if kind.startswith("!"):
            return {kind: self.scrubbed(form[kind])}
        pairs = [(self._without_accidents(key), self.scrubbed(item)) for key, item in form.items()]
        # two keys that were nothing but accidents are still two
        return (
            dict(pairs) if len({key for key, _ in pairs}) == len(pairs) else {"!dict": self._sorted(map(list, pairs))}
        )

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
            content = self._content((value,))
            return {"!bytes": content if "text" in content else content["sha256"]}
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
