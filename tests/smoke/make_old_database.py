"""Make a populated database of revision 0001: ``make_old_database.py PATH``."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parents[2]


def main(path: Path) -> None:
    """Migrate a new file to 0001 by the checkout's migrations, and fill it with plain SQL."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}".replace("%", "%%"))
    command.upgrade(config, "0001")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript((ROOT / "tests/store/populate_0001.sql").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
