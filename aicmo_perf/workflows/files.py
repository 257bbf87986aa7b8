"""Write a file whole or not at all: a report already written survives a failure to write its successor."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from aicmo_perf.errors import EnvironmentFailure


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` through a temporary file beside it; folders are made as needed.

    Raises: EnvironmentFailure when the folder or the file cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp makes files private; a report is as public as the umask lets it be.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise EnvironmentFailure(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place, or make room there."
        ) from error
