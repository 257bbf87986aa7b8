"""What the engine costs a feature, all included: ``python benchmarks/engine_overhead.py [FEATURES]``.

A suite of 500 trivial features is run by the command, workers and store included, with the default options. Against
it: a process that calls the same 500 functions in a loop and inserts a row for each with ``sqlite3``, committing each.
The cost of starting up is taken off both by measuring each with one feature too: what is compared is the slope.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from paired import command_seconds

LOOP = """\
import sqlite3
import sys
import time

sys.path.insert(0, ".")
import suite_{count} as suite

database = sqlite3.connect("loop_{count}.db")
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=NORMAL")
database.execute("CREATE TABLE IF NOT EXISTS results (name TEXT, seconds REAL)")
for name in [name for name in vars(suite) if name.startswith("feature_")]:
    started = time.perf_counter()
    vars(suite)[name]()
    with database:
        database.execute("INSERT INTO results VALUES (?, ?)", (name, time.perf_counter() - started))
"""


def write_suite(folder: Path, count: int) -> None:
    """A suite of trivial features, and the loop that calls the same functions."""
    features = "\n\n\n".join(f"@feature\ndef feature_{n}():\n    return {n}" for n in range(count))
    (folder / f"suite_{count}.py").write_text(f"from aicmo_perf import feature\n\n\n{features}\n", encoding="utf-8")
    (folder / f"loop_{count}.py").write_text(LOOP.format(count=count), encoding="utf-8")


def main() -> None:
    """Print the cost a feature, of the engine and of the loop."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rounds = 7
    ours = str(Path(sys.executable).with_name("aicmo-perf"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "aicmo-perf.toml").touch()
        measures = {}
        for count in (1, many):
            write_suite(folder, count)
            measures["engine", count] = command_seconds([ours, "run", f"suite_{count}.py"], cwd=name)
            measures["loop", count] = command_seconds([sys.executable, f"loop_{count}.py"], cwd=name)
        seconds: dict[tuple[str, int], list[float]] = {key: [] for key in measures}
        for _ in range(rounds):
            for key, measure in measures.items():
                seconds[key].append(measure())
    median = {key: statistics.median(values) for key, values in seconds.items()}
    for side in ("engine", "loop"):
        slope = (median[side, many] - median[side, 1]) / (many - 1)
        print(
            f"{side}: {median[side, many]:.2f} s for {many} features, {median[side, 1]:.2f} s for one: "
            f"{slope * 1e3:.3f} ms a feature"
        )
    engine = (median["engine", many] - median["engine", 1]) / (many - 1)
    loop = (median["loop", many] - median["loop", 1]) / (many - 1)
    print(f"overhead above the loop: {(engine - loop) * 1e3:.2f} ms a feature (limit 2)")


if __name__ == "__main__":
    main()
