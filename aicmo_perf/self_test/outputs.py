"""Whether an output is what was promised: its type, its files, and what the validator says of it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Any

from aicmo_perf.model import Category
from aicmo_perf.self_test.failure_text import describe_exception
from aicmo_perf.self_test.feature import FeatureDefinition, ReturnType, Skip

_CHUNK_BYTES = 1 << 20

MAX_FOLDER_ENTRIES = 10_000
"""Above it, what an output names is no package."""


def output_complaints(definition: FeatureDefinition, output: Any) -> list[str]:
    """What is wrong with an output; empty when it is as promised.

    Without ``returns``, a packager promises files: a path, a list or a mapping of them, or bytes, none of them missing
    or empty. With ``returns`` it promises the type and the files. An object of a type of its own names files by those
    of its attributes that are paths (``os.PathLike``; text may be a title, and a folder is where it worked); one
    without any is taken for a package only if its type was promised.

    Raises: Skip when the validator skips.
    """
    is_typed = definition.returns is not None
    if definition.returns is not None and not isinstance(output, definition.returns):
        promised = _type_names(definition.returns)
        returned = "None" if output is None else type(output).__name__
        return [f"returned {returned} where {promised} is promised"]
    if definition.category is Category.PACKAGER:
        if complaint := _package_complaint(output, is_typed=is_typed):
            return [complaint]
    elif not is_typed and definition.validate is not None and output is None:
        return ["returned None where an output is promised"]
    return [] if definition.validate is None else _validator_complaints(definition, output)


def _validator_complaints(definition: FeatureDefinition, output: Any) -> list[str]:
    assert definition.validate is not None, "only called with a validator"
    try:
        verdict = definition.validate(output)
        if inspect.isawaitable(verdict):
            verdict = _awaited(verdict)
        if verdict is None or verdict is True:
            return []
        if isinstance(verdict, str):
            return [verdict] if verdict else []
        if isinstance(verdict, Iterable):
            return [str(complaint) for complaint in verdict]
        return [] if verdict else [f"the validator does not accept the output: it returned {verdict!r}"]
    except Skip:
        raise
    except BaseException as error:
        return [f"the validator complains: {describe_exception(error)}"]


def _awaited(verdict: Any) -> Any:
    import asyncio

    async def waiting() -> Any:
        return await verdict

    return asyncio.run(waiting())


def _type_names(promised: ReturnType) -> str:
    if isinstance(promised, tuple):
        return " or ".join(_type_names(one) for one in promised)
    return str(promised) if isinstance(promised, UnionType) else promised.__name__


def _package_complaint(output: Any, *, is_typed: bool) -> str | None:
    """Why this is no package; a package is a file or several, each there and not empty, or its bytes.

    Args:
        output: what was returned, or a part of it.
        is_typed: whether its very type was promised, so that it need not name a file.
    """
    if output is None:
        return "returned None where a file is promised"
    if isinstance(output, bytes | bytearray | memoryview):
        return None if len(output) else "returned no bytes"
    if isinstance(output, str | os.PathLike):
        return _file_complaint(output)
    if isinstance(output, dict | list | tuple) and not hasattr(output, "_fields"):
        parts = list(output.values() if isinstance(output, dict) else output)
        if not parts:
            return "returned no files"
        return next((complaint for part in parts if (complaint := _package_complaint(part, is_typed=False))), None)
    paths = _path_attributes(output)
    if paths or is_typed:
        return next((complaint for path in paths if (complaint := _file_complaint(path))), None)
    return f"returned {type(output).__name__} where the path of a file, or bytes, are promised"


def _path_attributes(output: Any) -> list[os.PathLike[str]]:
    """The paths that an object carries in its attributes: of an instance, a dataclass with slots, a named tuple."""
    names = [*getattr(output, "__dict__", ()), *getattr(output, "_fields", ())]
    if is_dataclass(output):
        names += [one.name for one in fields(output)]
    values = [getattr(output, name, None) for name in dict.fromkeys(names)]
    return [value for value in values if isinstance(value, os.PathLike) and not Path(value).is_dir()]


def _file_complaint(output: str | os.PathLike[str]) -> str | None:
    path = Path(output)
    # what is no path at all, such as the text of a document, is not repeated in full
    shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:200]}…"
    try:
        if not path.exists():
            return f"returned {shown}, which does not exist"
        if not path.is_file():
            return f"returned {shown}, which is no file"
        return None if path.stat().st_size else f"returned {shown}, which is an empty file"
    except (OSError, ValueError):
        return f"returned {shown!r}, which is no path"


def read_output_file(name: str) -> Iterator[bytes] | None:
    """The content of a file, or of a folder of temporary files, that an output names; None when it names neither.

    A folder elsewhere is somewhere a feature works, not what it made; its files are nobody's output. Nor are those of
    the working directory, or above it.
    """
    try:
        path = Path(name)
        if path.is_file():
            return _file_chunks(path)
        if not path.is_dir():
            return None
        import tempfile  # brings archives and compression along, which most workers never need

        # a project may lie among temporary files, too
        if Path(tempfile.gettempdir()) not in path.parents or Path.cwd().is_relative_to(path):
            return None
        inside = list(islice(path.rglob("*"), MAX_FOLDER_ENTRIES + 1))
        return _folder_chunks(path, inside) if len(inside) <= MAX_FOLDER_ENTRIES else None
    except (OSError, ValueError):
        return None


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _folder_chunks(folder: Path, inside: Iterable[Path]) -> Iterator[bytes]:
    for path in sorted(inside):
        yield f"\0{path.relative_to(folder).as_posix()}\0".encode("utf-8", "surrogateescape")
        if path.is_file():
            yield from _file_chunks(path)
