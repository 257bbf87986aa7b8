"""Migrations on populated databases: nothing is lost, and what fails leaves nothing behind."""

from __future__ import annotations

import ast
import contextlib
import logging
import re
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from aicmo_perf.errors import StoreError
from aicmo_perf.model import Mode, RunRole, Status, high_quantile, low_quantile
from aicmo_perf.store import check_database, open_store, stored_revision
from aicmo_perf.store import migrate as migrate_module
from aicmo_perf.store.connection import Database
from aicmo_perf.store.migrate import REVISIONS, alembic_config, head_revision, script_location, upgrade
from aicmo_perf.store.models import metadata

CHECKOUT = Path(__file__).resolve().parents[2]
NEW_TABLES = (
    "baselines",
    "accepted_changes",
    "analyses",
    "analysed_series",
    "change_points",
    "iterations",
    "flakiness_findings",
    "quarantine",
)
"""Those of later revisions than the first."""


def content_of(path: Path, *, without: tuple[str, ...] = ("alembic_version",)) -> dict[str, list[tuple]]:
    """All rows of all tables."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)
            for name in names
            if name not in without and not name.startswith("sqlite_")
        }


def schema_of(path: Path) -> dict[str, list[str]]:
    """The words of each table and index, whatever the order of constraints, new columns and quotes.

    A reference that a column carries inline says the same as one beside it; Alembic compares where they lead.
    """
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    passed_over = re.compile(r"/\*.*?\*/|FOREIGN KEY\s*\(\w+\)")
    return {name: sorted(re.findall(r"\w+", passed_over.sub("", sql))) for name, sql in rows}


def test_an_upgrade_keeps_every_row_and_a_backup(old_path):
    before, schema_before = content_of(old_path), schema_of(old_path)
    assert {name: len(rows) for name, rows in before.items()} == {
        "environments": 1,
        "suites": 2,
        "features": 3,
        "runs": 2,
        "run_suites": 3,
        "results": 4,
        "signatures": 5,
        "samples": 1,
        "messages": 2,
        "result_messages": 3,
    }

    with open_store(old_path) as store:
        notices = store.notices

    assert notices == (
        "Upgraded history.db from revision 0001 to 0005; the file as it was is kept as history.db.0001.bak.",
    )
    after = content_of(old_path)
    for new in NEW_TABLES:
        assert after.pop(new) == []
    new_of_runs = [row[len(before["runs"][0]) :] for row in after["runs"]]
    assert new_of_runs == [(None, None, "single", None)] * 2, "label, pull request, role, companion of"
    new_of_results = [row[len(before["results"][0]) :] for row in after["results"]]
    assert new_of_results == [(0.25, 0.5), (None, None), (None, None), (None, None)], "quantiles"
    assert {row[len(before["signatures"][0]) :] for row in after["signatures"]} == {(None,)}, "scrubbed"
    for grown in ("runs", "results", "signatures"):
        after[grown] = [row[: len(before[grown][0])] for row in after[grown]]
    assert after == before
    assert check_database(old_path) == ()
    backup = old_path.with_name("history.db.0001.bak")
    assert content_of(backup) == before
    assert schema_of(backup) == schema_before
    assert stored_revision(backup) == "0001"
    assert sorted(item.name for item in old_path.parent.iterdir()) == ["history.db", "history.db.0001.bak"]
    with open_store(old_path) as store:
        assert store.notices == (), "said once"


def test_what_revision_0001_stored_can_be_read(old_path):
    with open_store(old_path) as store:
        run = store.find_run("4")
        assert (run.mode, run.suites, run.options.iterations, run.label) == (
            Mode.DETERMINISTIC,
            ("billing", "shop"),
            2,
            None,
        )
        statuses = {status.qualified_name: status for status in store.result(run).features}
        assert list(statuses) == ["billing.invoice", "shop.swot", "shop.deck"]
        assert statuses["shop.swot"].errors == ("ValueError: no weaknesses",) * 2
        assert statuses["shop.swot"].is_flaky
        assert statuses["shop.deck"].skip_reason == "python-pptx is not installed"
        assert statuses["billing.invoice"].status is Status.PASS
        assert statuses["billing.invoice"].warnings == ("DeprecationWarning: old",)
        assert store.samples(run, statuses["shop.swot"].feature) == ((0.25, 0.5), ())
        assert [run.id for run in store.running()] == [9]


def test_numbers_of_runs_go_on_after_the_upgrade(old_path, history_in):
    with open_store(old_path) as store:
        assert history_in(store).add().id == 10


def test_an_old_database_is_not_touched_by_reading(old_path):
    before = old_path.read_bytes()
    with pytest.raises(StoreError) as caught:
        open_store(old_path, write=False)
    assert "revision 0001" in caught.value.message
    assert "aicmo-perf db upgrade" in caught.value.hint
    assert old_path.read_bytes() == before
    assert stored_revision(old_path) == "0001"


def test_an_earlier_backup_is_never_overwritten(old_path):
    earlier = old_path.with_name("history.db.0001.bak")
    earlier.write_text("precious")
    with open_store(old_path) as store:
        assert "history.db.0001-2.bak" in store.notices[0]
    assert earlier.read_text() == "precious"


def test_the_way_back_keeps_the_children_of_the_rebuilt_table(old_path):
    before, schema_before = content_of(old_path), schema_of(old_path)
    database = Database(old_path)
    upgrade(database)

    with database.migrating() as connection:
        command.downgrade(alembic_config(connection), "0001")

    assert content_of(old_path) == before
    assert schema_of(old_path) == schema_before
    upgrade(database)
    database.close()
    assert check_database(old_path) == ()


@pytest.fixture
def path_of_0002(old_path) -> Path:
    """The populated database at revision 0002, with a label, a pinned run, and samples of many shapes."""
    with Database(old_path).migrating() as connection:
        command.upgrade(alembic_config(connection), "0002")
    with contextlib.closing(sqlite3.connect(old_path)) as connection:
        connection.execute("UPDATE runs SET label = 'release' WHERE id = 4")
        connection.execute("INSERT INTO baselines VALUES (1, 'v1', 4, 1740830400000000, NULL, '')")
        packed = [(number, struct.pack(f"<{len(values)}d", *values)) for number, values in SAMPLES.items()]
        connection.execute(
            "INSERT INTO results (feature_id, run_id, position, status, critical, error_count, warning_count, "
            "scenario_count, sample_count, is_flaky, output_varies) VALUES (3, 9, 1, 'pass', 0, 0, 0, 0, 28, 0, 0)"
        )
        connection.executemany(
            "INSERT INTO signatures VALUES (?, ?, ?, ?, 'pass', 0, 0, NULL)",
            [(11, 2, 4, 2), (12, 3, 9, 1), (13, 2, 4, 3), (14, 3, 9, 2), (15, 3, 9, 3)],
        )
        connection.executemany("INSERT INTO samples VALUES (?, 1, ?)", packed)
        connection.commit()
    return old_path


SAMPLES: dict[int, tuple[float, ...]] = {
    11: tuple(float(value) for value in (11, 3, 7, 5, 2, 9, 10, 4, 6, 8, 1)),
    12: (3.0, 1.0, 2.0),
    13: (),
    14: (9.0,),
    15: tuple(1.0 + number / 7 for number in range(24)),
}
"""By the number of the signature."""


def test_quantiles_are_computed_from_the_samples_as_runs_compute_them(path_of_0002):
    with open_store(path_of_0002) as store:
        assert "from revision 0002 to" in store.notices[0]
        assert store.pinned("v1") == store.find_run("release") == store.find_run("4")
        found = {
            (run, status.name): (status.low_seconds, status.high_seconds)
            for run in ("4", "9")
            for status in store.result(store.find_run(run)).features
        }
    measured = [SAMPLES[number] for number in (12, 14, 15)]
    assert found == {
        ("4", "invoice"): (None, None),
        ("4", "swot"): (0.25, 0.5),
        ("4", "deck"): (1.1, 10.0),
        ("9", "swot"): (None, None),
        ("9", "invoice"): (
            statistics.median(map(low_quantile, measured)),
            statistics.median(map(high_quantile, measured)),
        ),
    }
    assert check_database(path_of_0002) == ()


LATER_ROWS = {
    "0002": "INSERT INTO baselines VALUES (1, 'v1', 4, 1740830400000000, NULL, '');",
    "0003": "UPDATE runs SET role = 'rerun_head', companion_of = 4 WHERE id = 9;",
    "0004": """
        INSERT INTO accepted_changes VALUES (1, 2, 4, 1740830400000000, 'mara', 'worth it');
        INSERT INTO analyses VALUES (1, 1, 'deterministic', 1, 'main', '', 'a1', 2, x'00');
        INSERT INTO analysed_series VALUES (1, 2, 3, 0, '{}');
        INSERT INTO change_points VALUES (1, 2, 4, 9, 0.5, 1.0, 0.99);
    """,
}
"""What each revision was the first to have room for."""


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_databases_of_each_revision_are_upgraded_without_loss(old_path, revision):
    for reached in REVISIONS[: REVISIONS.index(revision) + 1]:
        with Database(old_path).migrating() as connection:
            command.upgrade(alembic_config(connection), reached)
        with contextlib.closing(sqlite3.connect(old_path)) as connection:
            connection.executescript(LATER_ROWS.get(reached, ""))
    before, schema_before = content_of(old_path), schema_of(old_path)
    assert all(before.values()), "each table has rows to lose"

    with open_store(old_path) as store:
        assert f"from revision {revision} to {head_revision()}" in store.notices[0]
        assert store.result(store.find_run("4")).iterations == ()

    after = content_of(old_path)
    for table, rows in before.items():
        assert sorted((row[: len(rows[0])] for row in after[table]), key=repr) == rows, table
    assert check_database(old_path) == ()
    database = Database(old_path)
    with database.migrating() as connection:
        command.downgrade(alembic_config(connection), revision)
    database.close()
    assert content_of(old_path) == before
    assert schema_of(old_path) == schema_before


def test_a_number_of_a_deleted_run_is_not_given_again_after_the_upgrade(path_of_0002, history_in):
    with contextlib.closing(sqlite3.connect(path_of_0002)) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 40 WHERE name = 'runs'")
        connection.commit()
    with open_store(path_of_0002) as store:
        assert history_in(store).add().id == 41


def test_the_way_back_to_0002_takes_along_what_it_cannot_tell_apart(path_of_0002, history_in, make_iteration):
    before, schema_before = content_of(path_of_0002), schema_of(path_of_0002)
    with open_store(path_of_0002) as store:
        history = history_in(store)
        facts = {"role": RunRole.RERUN_HEAD, "companion_of": 4, "environment": store.environments()[0]}
        run = store.start_run(history.new_run(**facts))
        history.record(run, make_iteration("swot", samples_seconds=(1.0,), warnings=("old",)))
        store.pin("companion", run, pinned_at=run.started_at, pinned_by=None, reason="")

    database = Database(path_of_0002)
    with database.migrating() as connection:
        command.downgrade(alembic_config(connection), "0002")
    database.close()

    after = content_of(path_of_0002)
    assert schema_of(path_of_0002) == schema_before
    for table in ("runs", "run_suites", "results", "signatures", "samples", "result_messages", "baselines"):
        assert after[table] == before[table], table


def test_the_way_back_to_nothing(tmp_path):
    database = Database(tmp_path / "history.db")
    upgrade(database)
    with database.migrating() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert content_of(tmp_path / "history.db") == {}
    upgrade(database)
    database.close()
    assert check_database(tmp_path / "history.db") == ()


@pytest.fixture
def migrations_with(tmp_path, monkeypatch):
    """Migrations whose newest goes wrong in a given way at its end."""

    def with_ending(ending: str) -> None:
        scripts = tmp_path / "migrations 100%"
        shutil.copytree(script_location(), scripts)
        newest = next(scripts.glob(f"versions/{head_revision()}_*.py"))
        source = newest.read_text()
        newest.write_text(source.replace("\n\ndef downgrade", f"    {ending}\n\n\ndef downgrade"))
        assert newest.read_text() != source
        monkeypatch.setattr(migrate_module, "script_location", lambda: scripts)

    return with_ending


@pytest.mark.parametrize(
    ("ending", "raised"),
    [
        ("raise RuntimeError('half-way')", RuntimeError),
        ("op.execute('INSERT INTO nowhere VALUES (1)')", StoreError),
        # what a rebuild under foreign keys would do: parents gone, children left
        ("op.execute('DELETE FROM runs WHERE id = 4')", StoreError),
        ("from alembic.util import CommandError; raise CommandError('no such script')", StoreError),
    ],
)
def test_a_failing_migration_leaves_nothing_behind(old_path, migrations_with, ending, raised):
    before, schema_before = content_of(old_path, without=()), schema_of(old_path)
    migrations_with(ending)

    with pytest.raises(raised):
        open_store(old_path)

    assert content_of(old_path, without=()) == before
    assert schema_of(old_path) == schema_before
    assert [item.name for item in old_path.parent.iterdir()] == ["history.db"], "no backup of what did not change"


def test_a_failing_creation_leaves_an_empty_file_that_the_next_one_fills(tmp_path, migrations_with, monkeypatch):
    path = tmp_path / "new" / "history.db"
    migrations_with("op.execute('INSERT INTO nowhere VALUES (1)')")
    with pytest.raises(StoreError):
        open_store(path)
    assert stored_revision(path) is None
    monkeypatch.undo()
    open_store(path).close()
    assert check_database(path) == ()


def test_the_constant_says_what_the_scripts_say(store_path):
    with Database(store_path).migrating() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_heads() == [head_revision()]


def test_the_models_are_the_migrated_schema(tmp_path, store_path):
    created = Database(tmp_path / "created.db")
    with created.migrating() as connection:
        metadata.create_all(connection)
    created.close()
    migrated = Database(store_path)
    with migrated.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated.close()

    # Alembic compares neither checks, nor names of constraints, nor row ids
    of_migrations = schema_of(store_path)
    del of_migrations["alembic_version"]
    assert of_migrations == schema_of(tmp_path / "created.db")


def test_the_models_can_be_created_in_postgresql():
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for index in table.indexes:
            assert len(index.name or "") <= 63
            assert str(CreateIndex(index).compile(dialect=postgresql.dialect()))


def test_versions_import_nothing_of_ours():
    for script in script_location().glob("versions/*.py"):
        imported = set()
        for node in ast.walk(ast.parse(script.read_text())):
            if isinstance(node, ast.Import):
                imported |= {item.name for item in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
        assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {"alembic", "sqlalchemy"}


def test_migrating_leaves_loggers_alone(tmp_path):
    logger = logging.getLogger("application.of.somebody")
    handlers = list(logging.getLogger().handlers)
    open_store(tmp_path / "history.db").close()
    assert not logger.disabled
    assert logging.getLogger().handlers == handlers


def test_a_database_at_the_newest_revision_is_opened_without_alembic(history, store_path):
    history.add({"swot": 1.0})
    history.store.close()
    script = (
        "import sys; from aicmo_perf.store import open_store\n"
        "with open_store(sys.argv[1]) as store: store.result(store.find_run('latest'))\n"
        "print([name for name in ('alembic', 'sqlalchemy.orm', 'numpy', 'rich') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", script, store_path], check=True, capture_output=True, text=True)
    assert finished.stdout.strip() == "[]"


def test_developers_can_use_alembics_own_commands(tmp_path, capsys):
    config = Config(str(CHECKOUT / "alembic.ini"), stdout=sys.stdout)
    assert "dev.db" in (config.get_main_option("sqlalchemy.url") or "")
    database = tmp_path / "100%" / "dev.db"
    config.set_main_option("sqlalchemy.url", f"sqlite:///{database}".replace("%", "%%"))

    command.upgrade(config, "head")
    command.check(config)
    command.downgrade(config, "0001")
    assert stored_revision(database) == "0001"
    command.upgrade(config, "head")

    assert "No new upgrade operations detected" in capsys.readouterr().out
    assert check_database(database) == ()
    with pytest.raises(CommandError, match="cannot be printed as SQL"):
        command.upgrade(config, "head", sql=True)
