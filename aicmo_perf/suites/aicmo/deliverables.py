"""Where the packagers' files go: one folder a process, which is removed when it exits; a killed one's is removed later.

A file's path is all that a packager returns, so what it was meant to say is remembered here for whoever checks it. The
same brief always gets the same path, hence files do not pile up, however often a packager is called.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import re
import shutil
import tempfile
import time
import unicodedata
from pathlib import Path

from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.outline import Outline

ORPHAN_AGE_SECONDS = 3600.0

_PREFIX = "aicmo-suite-"
_outlines: dict[Path, Outline] = {}


def write_deliverable(brief: ClientBrief, outline: Outline, name: str, content: bytes) -> Path:
    """Write a file for a client, and remember what it presents.

    Args:
        brief: whose it is; the company's name leads the file's.
        outline: what it is meant to say.
        name: the rest of its name with the suffix, like ``strategy.pdf``.
        content: all of it.

    Returns: its path.
    """
    folder = _folder(os.getpid()) / hashlib.sha256(brief.company.encode()).hexdigest()[:12]
    folder.mkdir(exist_ok=True)
    path = folder / f"{file_stem(brief.company)}-{name}"
    path.write_bytes(content)
    _outlines[path] = outline
    return path


def outline_behind(path: Path) -> Outline:
    """What a file written by this process is meant to say.

    Raises: KeyError when this process did not write it.
    """
    return _outlines[path]


def file_stem(company: str) -> str:
    """A company's name as part of a file name that every system takes: ``gasthof-zum-lowen``."""
    ascii_only = unicodedata.normalize("NFKD", company).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower())[:40].strip("-") or "client"


@functools.cache
def _folder(process_id: int) -> Path:
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{process_id}-"))
    atexit.register(_remove_own, folder, process_id)
    return folder


def _remove_own(folder: Path, process_id: int) -> None:
    # a forked child inherits this call, but not the folder
    if os.getpid() == process_id:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans() -> None:
    """Remove folders whose process was killed before it could; those made lately are left to be sure."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        process_id = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            # a process of another container that shares the folder is not seen from here, hence the wait
            is_recent = time.time() - folder.stat().st_mtime < ORPHAN_AGE_SECONDS
        except OSError:
            continue
        if process_id.isdigit() and not is_recent and not _is_alive(int(process_id)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
