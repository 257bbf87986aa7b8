"""Zip archives that are the same bytes whenever and wherever they are written: dates, order and rights are fixed."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

_UNIX = 3
_READABLE_FILE = 0o100644 << 16


def write_archive(files: Mapping[str, bytes], dated: dt.date) -> bytes:
    """A zip of these files, in the mapping's order, each dated midnight of one day."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (dated.year, dated.month, dated.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, content)
    return buffer.getvalue()


def read_archive(content: bytes) -> dict[str, bytes]:
    """The files of a zip by name, in order.

    Raises: zipfile.BadZipFile when it is damaged, or holds a name twice.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise zipfile.BadZipFile("the archive holds a name twice")
        return {name: archive.read(name) for name in names}
