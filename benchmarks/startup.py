"""How long ``aicmo-perf --help`` takes, against a bare Click program: ``python benchmarks/startup.py``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from paired import command_seconds, paired

BARE = """\
import sys

import click


@click.group()
def cli():
    "A bare program."


@cli.command()
def hello():
    "Say hello."
    click.echo("hello")


if __name__ == "__main__":
    sys.exit(cli())
"""


def main() -> None:
    """Print medians and ratio, and what must not have been imported."""
    ours = Path(sys.executable).with_name("aicmo-perf")
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        result = paired(
            command_seconds([str(ours), "--help"]), command_seconds([sys.executable, str(bare), "--help"]), rounds=40
        )
    print(result.line("aicmo-perf --help against a bare Click program's", "1.5"))
    heavy = "import aicmo_perf.cli, sys; print(sorted({'sqlalchemy', 'alembic', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    print(f"heavy packages imported with the command line: {done.stdout.strip()}")


if __name__ == "__main__":
    main()
