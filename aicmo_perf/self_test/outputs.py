"""Whether an output is what was promised: its type, its files, and what the validator says of it."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Iterable, Iterator
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

    Raises: Skip when the validator skips.
    """
    if definition.returns is not None:
        if not isinstance(output, definition.returns):
            promised = _type_names(definition.returns)
            if output is None:
                return [f"returned None where {promised} is promised"]
            return [f"returned {type(output).__name__} where {promised} is promised"]
    elif definition.category is Category.PACKAGER:
        if complaint := _package_complaint(output):
            return [complaint]
    elif definition.validate is not None and output is None:
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


def _package_complaint(output: Any) -> str | None:
    """Why this is no package; a package is a file or several, each there and not empty, or its bytes."""
    if output is None:
        return "returned None where a file is promised"
    if isinstance(output, bytes | bytearray | memoryview):
        return None if len(output) else "returned no bytes"
    if isinstance(output, str | os.PathLike):
        return _file_complaint(output)
    if isinstance(output, dict | list | tuple):
        parts = list(output.values() if isinstance(output, dict) else output)
        if not parts:
            return "returned no files"
        return next((complaint for part in parts if (complaint := _package_complaint(part))), None)
    return f"returned {type(output).__name__} where the path of a file, or bytes, are promised"


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

    A folder elsewhere is somewhere a feature works, not what it made; its files are nobody's output.
    """
    try:
        path = Path(name)
        if path.is_file():
            return _file_chunks(path)
        if not path.is_dir() or Path(tempfile.gettempdir()) not in path.parents:
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
