"""Where Alembic gets its connection from: the store hands over its own, inside its transaction; a developer's
command line opens the database that ``alembic.ini`` names in the same way the store does.

Logging is left alone: ``fileConfig`` would switch off the loggers of the application that migrates.
"""

from __future__ import annotations

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from aicmo_perf.store.connection import Database
from aicmo_perf.store.models import metadata


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise CommandError("Migrations read the database they change, so they cannot be printed as SQL.")

if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    with Database(context.config.get_main_option("sqlalchemy.url") or "").migrating() as opened:
        migrate(opened)
