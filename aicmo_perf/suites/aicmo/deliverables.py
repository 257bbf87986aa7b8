"""Where the packagers' files go: one folder a process, which is removed when it exits.

A file's path is all that a packager returns, so what it was meant to say is remembered here for whoever checks it. The
same brief always gets the same path, hence files do not pile up, however often a packager is called.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.outline import Outline

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
    folder = Path(_folder(os.getpid()).name) / hashlib.sha256(brief.company.encode()).hexdigest()[:12]
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
def _folder(process_id: int) -> tempfile.TemporaryDirectory[str]:
    # by process, so that a forked child does not write into its parent's; each is removed as its process exits
    return tempfile.TemporaryDirectory(prefix=f"aicmo-{process_id}-")
