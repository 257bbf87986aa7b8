"""How an exception reads in a report: one line that says it all, then the traceback without our own frames."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

_ENGINE_FOLDER = f"{Path(__file__).parent}{os.sep}"
_STDLIB_FOLDER = f"{Path(os.__file__).parent}{os.sep}"
_MACHINERY = (
    _ENGINE_FOLDER,
    f"{_STDLIB_FOLDER}asyncio{os.sep}",
    f"{_STDLIB_FOLDER}importlib{os.sep}",
    "<frozen importlib",
    "<frozen runpy",
)


def describe_exception(error: BaseException) -> str:
    """The exception in one line, and its traceback from the first frame that is not machinery.

    Args:
        error: anything raised by a feature, a scenario source, a validator or an import; leaving the process and
            interrupting it count as well.
    """
    if isinstance(error, SystemExit):
        code = "" if error.code is None else error.code if isinstance(error.code, int) else repr(str(error.code))
        return f"called sys.exit({code})\n{_traceback(error)}".rstrip()
    text = _traceback(error)
    summary = "".join(traceback.format_exception_only(error)).strip().splitlines()
    return f"{summary[-1] if isinstance(error, SyntaxError) else summary[0]}\n{text}".rstrip()


def is_machinery(filename: str) -> bool:
    """Whether a frame of this file belongs to the engine or to what merely carries a call."""
    return filename.startswith(_MACHINERY)


def is_standard_library(filename: str) -> bool:
    """Whether the file comes with Python; site-packages does not."""
    return filename.startswith("<") or (filename.startswith(_STDLIB_FOLDER) and "-packages" not in filename)


def _traceback(error: BaseException) -> str:
    described = traceback.TracebackException.from_exception(error)
    _trim(described)
    return "".join(described.format())


def _trim(described: traceback.TracebackException) -> None:
    frames = described.stack
    while frames and is_machinery(frames[0].filename):
        del frames[0]
    # the network is refused from within the engine: what matters is who asked
    while frames and frames[-1].filename.startswith(_ENGINE_FOLDER):
        del frames[-1]
    for linked in (described.__cause__, described.__context__, *(described.exceptions or ())):
        if linked is not None:
            _trim(linked)
