"""What a warm sample costs in the file: ``python benchmarks/sample_size.py``.

All pages of the table that holds the samples (keys, loop counts, unused space and all), over the samples in it. Their
summaries and signatures are not samples, and are kept without them too.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from large_store import build_large_store


def main() -> None:
    """Print bytes a sample for a few sample counts."""
    feature_count, run_count = 50, 200
    for sample_count in (10, 20, 100):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "history.db"
            build_large_store(path, feature_count, run_count, sample_count)
            with contextlib.closing(sqlite3.connect(path)) as database:
                (size,) = database.execute("SELECT SUM(pgsize) FROM dbstat WHERE name = 'samples'").fetchone()
        per_sample = size / (feature_count * run_count * sample_count)
        print(f"{sample_count} samples a result: {per_sample:.2f} bytes each (limit 10)")


if __name__ == "__main__":
    main()
